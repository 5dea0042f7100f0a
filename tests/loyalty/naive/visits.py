"""Who may, what a visit is worth, what is held and handed over."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.loyalty.basket import Code, Context
from app.loyalty.effects import Grant, Lot
from app.loyalty.model import WEEKDAYS, Benefit, BirthdayWindow, Programme, Rule
from app.loyalty.rules.birthday import BirthdayRule
from app.loyalty.rules.challenge import ChallengeRule
from app.loyalty.rules.come_back import ComeBackRule
from app.loyalty.rules.nth_purchase import NthPurchaseRule
from app.loyalty.rules.promo_code import PromoCodeRule
from app.loyalty.rules.referral import ReferralRule
from app.loyalty.rules.stamps import StampsRule
from app.loyalty.rules.tenure import TenureRule
from app.loyalty.rules.welcome import WelcomeRule
from app.loyalty.state import MemberState

EPOCH = date(1970, 1, 1)


def local(at_ms: int, programme: Programme) -> datetime:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)
    return moment.astimezone(ZoneInfo(programme.time_zone))


def on_year(month: int, day: int, year: int) -> date:
    return date(year, 2, 28) if (month, day) == (2, 29) and year % 4 else date(year, month, day)


class Visit:
    """A member at a till at a moment."""

    def __init__(self, programme: Programme, state: MemberState | None, context: Context) -> None:
        self.programme, self.state, self.context = programme, state, context
        self.now = local(context.at_ms, programme)
        self.today = self.now.date()

    # -- who may -----------------------------------------------------------------------------------------

    def allowed(self, rule: Rule) -> bool:
        left = self.budget_left(rule)
        return self.in_time(rule) and self.in_audience(rule) and (left is None or left > 0)

    def in_time(self, rule: Rule) -> bool:
        when, day = rule.when, self.today
        if when.hours is not None:
            start, end = when.hours
            minute = self.now.hour * 60 + self.now.minute
            if not (start <= minute < end if start < end else minute >= start or minute < end):
                return False
            if start >= end and minute < end:
                day -= timedelta(days=1)
        if (when.from_ and day < when.from_) or (when.until and day > when.until):
            return False
        return not when.weekdays or WEEKDAYS[day.weekday()] in when.weekdays

    def in_audience(self, rule: Rule) -> bool:
        who, context, member = rule.audience, self.context, self.state is not None
        return (
            (not who.stores or context.store in who.stores)
            and (not who.channels or context.channel in who.channels)
            and (who.who == "anyone" or (who.who == "members") == member)
            and (not who.segments or (member and bool(set(who.segments) & set(context.segments))))
            and (not who.vip or any(self.held(rule) for rule in who.vip))
            and (who.birthday is None or (member and self.near_birthday(who.birthday)))
        )

    def near_birthday(self, window: BirthdayWindow) -> bool:
        return self.birthday_window(window) is not None

    def birthday_window(self, window: BirthdayWindow) -> date | None:
        """The first day of the window that today lies in."""
        birthday = self.context.birthday
        if birthday is None:
            return None
        known = local(birthday.known_since_ms, self.programme).date()
        days = [on_year(birthday.month, birthday.day, self.today.year + n) for n in (-1, 0, 1)]
        near = [day for day in days if -window.before <= (self.today - day).days <= window.after]
        if not near or (self.today - known).days < window.known_days:
            return None
        return max(near) - timedelta(days=window.before)

    def budget_left(self, rule: Rule) -> int | None:
        if rule.budget is None:
            return None
        given = self.context.budgets
        if rule.budget.new_members is None:
            return max(0, given.get(rule.id, rule.budget.total))
        if self.state is not None and self.state.receipts <= 0:
            return max(0, given.get(f"{rule.id}#new", rule.budget.new_members))
        return max(0, given.get(f"{rule.id}#existing", rule.budget.total - rule.budget.new_members))

    # -- what is held and counted ------------------------------------------------------------------------

    def held(self, rule: str) -> list[Grant]:
        at_ms = self.context.at_ms
        return [
            grant
            for grant in (self.state.grants if self.state else ())
            if grant.rule == rule and grant.uses > 0 and grant.starts_at_ms <= at_ms
            if grant.expires_at_ms is None or grant.expires_at_ms > at_ms
        ]

    def buckets(self, key: str, days: int | None = None) -> list[Any]:
        """What was counted under a key: ever, or on the last so many days and today."""
        first = 0 if days is None else (self.today - EPOCH).days - days
        found = self.state.counters.get(key, ()) if self.state else ()
        return [bucket for bucket in found if bucket.day >= first]

    def uses(self, key: str, days: int | None = None) -> int:
        return sum(bucket.uses for bucket in self.buckets(key, days))

    def card(self, rule: Rule) -> int:
        """Stamps on a card that has not lapsed since the last purchase."""
        card = self.state.stamps.get(rule.id) if self.state else None
        bought = self.last_bought()
        if card is None or card.idle_days is None or bought is None:
            return card.have if card else 0
        return card.have if (self.today - bought).days <= card.idle_days else 0

    def last_bought(self) -> date | None:
        """The day of the member's last purchase, as far as that is known."""
        days = [EPOCH + timedelta(bucket.day) for bucket in self.buckets("#purchases") if bucket.receipts > 0]
        return max(days, default=None)

    def lots(self) -> list[Lot]:
        """Points that have not lapsed, by their own date or because nothing was bought for so long."""
        found: list[Lot] = []
        for lot in self.state.lots if self.state else ():
            over = lot.expires_at_ms is not None and lot.expires_at_ms <= self.context.at_ms
            earned = (datetime(1970, 1, 1) + timedelta(milliseconds=lot.earned_at_ms)).date()
            since = max(earned, self.last_bought() or earned)
            idle = lot.idle_days is not None and (self.today - since).days > lot.idle_days
            if not over and not idle:
                found.append(lot)
        return found

    # -- what a receipt is worth -------------------------------------------------------------------------

    def benefit(self, rule: Any, net: int) -> tuple[Benefit, int] | None:
        """What the rule gives for goods of this price, and how many times; None where it may not."""
        if not self.allowed(rule):
            return None
        match rule:
            case PromoCodeRule():
                code = self.code(rule)
                limited = rule.per_member is not None and self.state is None
                return None if code is None or limited or net < rule.min_receipt else (rule.give, 1)
            case _ if self.state is None:
                return self.coupon_benefit(rule, net)
            case NthPurchaseRule():
                times = self.times(rule, net)
                return (rule.give, times) if times and net >= rule.min_receipt else None
            case WelcomeRule():
                first = self.state.receipts <= 0 and not self.uses(rule.id)
                return (rule.give, 1) if first and net >= rule.min_receipt else None
            case BirthdayRule():
                first = self.birthday_window(rule.window)
                had = rule.once and first is not None and self.uses(rule.id, (self.today - first).days)
                return (rule.give, 1) if first is not None and not had else None
            case TenureRule():
                give = self.tenure(rule)
                return (give, 1) if give else None
            case _:
                return self.coupon_benefit(rule, net)

    def times(self, rule: NthPurchaseRule, net: int) -> int:
        receipts = sum(bucket.receipts for bucket in self.buckets(rule.id))
        spend = sum(bucket.spend_minor for bucket in self.buckets(rule.id))
        if rule.every is not None:
            return int((receipts + 1) % rule.every == 0)
        assert rule.every_spend is not None
        return (spend + net) // rule.every_spend - spend // rule.every_spend

    def tenure(self, rule: TenureRule) -> Benefit | None:
        assert self.state is not None
        if self.state.enrolled_at_ms is None:
            return None
        start = local(self.state.enrolled_at_ms, self.programme).date()
        last = max(
            day
            for day in (on_year(start.month, start.day, self.today.year - n) for n in (0, 1))
            if day <= self.today
        )
        reached = [step for step in rule.steps if last.year - start.year >= step.years]
        if not reached:
            return None
        if rule.within_days is not None:
            late = (self.today - last).days > rule.within_days
            if late or self.uses(rule.id, (self.today - last).days):
                return None
        return max(reached, key=lambda step: step.years).give

    def code(self, rule: PromoCodeRule) -> Code | None:
        shared = {code.casefold() for code in rule.codes}
        for code in self.context.codes:
            if code.rule != rule.id and code.code.casefold() not in shared:
                continue
            total = rule.total if code.code.casefold() in shared else 1
            by_member = max(code.used_by_member, self.uses(rule.id))
            over = rule.per_member is not None and by_member >= rule.per_member
            if not over and (total is None or code.used < total):
                return code
        return None

    def coupon(self, rule: Rule) -> Grant | None:
        """The first coupon of a rule that is presented and held (none of these is signed elsewhere)."""
        held = {grant.code: grant for grant in self.held(rule.id)}
        for code in self.context.codes:
            if code.code in held and not code.used and not code.used_by_member:
                grant = held[code.code]
                return grant if grant.kind == "coupon" else None
        return None

    def coupon_benefit(self, rule: Any, net: int) -> tuple[Benefit, int] | None:
        coupon = self.coupon(rule)
        if coupon is None:
            return None
        if isinstance(rule, StampsRule):
            return (rule.reward, 1) if rule.reward else None
        if isinstance(rule, ChallengeRule):
            return (rule.give, 1) if rule.give else None
        if not isinstance(rule, ComeBackRule):
            return None
        days = (self.today - local(coupon.issued_at_ms, self.programme).date()).days
        steps = [step for step in rule.steps if days <= step.days]
        if not steps or days < 0 or net < rule.min_receipt:
            return None
        return Benefit(percent=min(steps, key=lambda step: step.days).percent), 1

    # -- referrals, challenges, wheels ----------------------------------------------------------------------

    def referred(self, rule: ReferralRule, net: int) -> bool:
        if self.state is None or not self.allowed(rule) or net < rule.min_receipt:
            return False
        friend = self.state.referred_by not in ("", self.context.member_id)
        times = {"enrolment": 0, "first_purchase": 1, "each_purchase": rule.purchases}[rule.pays_on]
        return friend and self.uses(rule.id) < times

    def challenge_won(self, rule: ChallengeRule, lines: list[Any]) -> bool:
        """Whether this receipt reaches the target; `lines` are the rule's goods, as priced."""
        today = (self.today - EPOCH).days
        wins = [bucket.day for bucket in self.buckets(f"{rule.id}#done") if bucket.uses > 0]
        if wins and (not rule.repeat or max(wins) >= today):
            return False
        days = rule.window_days - 1 if rule.window_days is not None else None
        past = [b for b in self.buckets(rule.id, days) if b.day > max(wins, default=-1)]
        if rule.goal_spend is not None:
            return sum(b.spend_minor for b in past) + sum(e.net for e in lines) >= rule.goal_spend
        if rule.goal == "categories":
            names = {each.line.category for each in lines}
            for key in self.state.counters if self.state else ():
                bought = [b for b in self.buckets(key, days) if b.day > max(wins, default=-1)]
                if key.startswith(f"{rule.id}#category:") and sum(b.receipts for b in bought) > 0:
                    names.add(key.partition(":")[2])
            figure = len(names)
        elif rule.goal == "weeks":
            weeks = {self.week(b.day) for b in past if b.receipts > 0} | {self.week(today)}
            figure = next(n for n in range(1, 10_000) if self.week(today) - n not in weeks)
        elif rule.goal == "units":
            figure = (sum(b.units_milli for b in past) + sum(e.line.qty_milli for e in lines)) // 1000
        else:
            figure = sum(b.receipts for b in past) + 1
        return figure >= (rule.target or 1)

    def week(self, day: int) -> int:
        return (EPOCH + timedelta(days=day) - date(1969, 12, 29)).days // 7  # a Monday

    def drawn(self, rule: ChallengeRule) -> Benefit | None:
        """What the wheel gives: a number of the sale's id and the rule's, over the weights."""
        digest = hashlib.sha256(f"{self.context.sale_id}\n{rule.id}".encode()).digest()
        fields = [prize for prize in rule.wheel for _ in range(prize.weight)]
        prize = fields[int.from_bytes(digest, "big") % len(fields)]
        left = self.budget_left(rule)
        return prize.give if left is None or prize.cost <= left else None


class Handed:
    """What a sale hands over: points by rule, things by rule, kind and name."""

    def __init__(self) -> None:
        self.points: Counter[str] = Counter()
        self.things: Counter[tuple[str, str, str]] = Counter()

    def give(
        self, rule: str, benefit: Benefit, times: int = 1, *, taken: bool, most: int | None = None
    ) -> None:
        """`taken`: a discount has been taken off already, so no coupon for later; `most`: of points."""
        if benefit.points is not None:
            centi = benefit.points * times
            self.points[rule] += centi if most is None else min(centi, most)
        elif benefit.gift:
            self.things[rule, "reward", benefit.gift] += times
        elif not taken:
            for number in range(1, times + 1):
                self.things[rule, "coupon", str(number) if number > 1 else ""] += 1


def is_discount(benefit: Benefit | None) -> bool:
    return benefit is not None and (benefit.percent is not None or benefit.amount is not None)
