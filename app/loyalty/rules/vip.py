"""`vip`: a status that is sold or given, for a term, with privileges."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

import msgspec

from app.loyalty.benefit import day_start_ms, make_grant, open_net, percent_text
from app.loyalty.decision import Reason
from app.loyalty.effects import Grant
from app.loyalty.model import EVERYTHING, Factor, Filter, Programme, Rule, Share, TermDays
from app.loyalty.moment import moment_of
from app.loyalty.plan import Kind, Plan, ReceiptPlan, Run, Scope
from app.loyalty.promise import Said, factor, percent, say, some
from app.loyalty.unused import unused
from app.values import mul_rate


class VipRule(Rule, frozen=True, kw_only=True):
    """`products` are the goods that sell the status; leave `sold` out where it is only given by hand."""

    sold: bool = False
    term_days: TermDays = 365
    percent: Share | None = None
    goods: Filter = EVERYTHING
    """Goods that `percent` is for."""
    multiplier: Factor = Fraction(1)

    def takes_off(self) -> bool:
        return bool(self.percent)

    def grants(self) -> bool:
        return True


class VipDiscount(ReceiptPlan):
    conditional = True

    def __init__(self, rule: VipRule, share: Share, scope: Scope) -> None:
        super().__init__(rule, scope, rule.goods)
        self.share = share
        self.percent_text = percent_text(share)

    def refusal(self, run: Run) -> Reason | None:
        if not run.member:
            return self.no("members_only")
        if not run.state.held(self.id, run.context.at_ms):
            return self.no("vip_needed", needed=self.id, percent=self.percent_text)
        return None

    def amount(self, run: Run) -> int:
        return mul_rate(open_net(self, run), self.share, self.rounding)


class VipStatus(Plan):
    """Knows whether the status is in force, and begins or extends it when it is bought."""

    hand_valuable = True

    def __init__(self, rule: VipRule, scope: Scope) -> None:
        super().__init__(rule, scope)
        self.settings = rule

    def enter(self, run: Run, risen: int | None = None) -> None:
        if self.settings.multiplier > 1 and run.state.held(self.id, run.context.at_ms):
            run.standing.append((self, self.settings.multiplier))

    def settle(self, run: Run) -> None:
        if not run.member or not self.settings.sold or not self.may(run):
            return
        start_day = self._first_free_day(run)
        for work in self.works(run):
            days = self.settings.term_days * max(1, work.units)
            run.grant(self._status(run, work.line.id, start_day, days), work.line.id)
            start_day += days

    def at_hand(self, run: Run) -> Sequence[str]:
        return () if self.settings.sold else ("",)

    def hand(self, run: Run, item: str) -> None:
        run.grant(self._status(run, item, self._first_free_day(run), self.settings.term_days))

    def _first_free_day(self, run: Run) -> int:
        """Today, or the day on which the status held now (and any bought ahead) ends."""
        ends = [g.expires_at_ms for g in run.state.grants if g.rule == self.id and g.uses > 0]
        last = max((end for end in ends if end is not None), default=0)
        return max(run.now.day, moment_of(last // 60_000, run.zone).day)

    def _status(self, run: Run, item: str, start_day: int, days: int) -> Grant:
        grant = make_grant(self, run, "status", item=item)
        starts_at_ms = run.context.at_ms if start_day == run.now.day else day_start_ms(start_day, run.zone)
        ends_at_ms = day_start_ms(start_day + days, run.zone)
        return msgspec.structs.replace(grant, starts_at_ms=starts_at_ms, expires_at_ms=ends_at_ms)


def plans(rule: VipRule, scope: Scope) -> list[Plan]:
    made: list[Plan] = [VipStatus(rule, scope)]
    if rule.percent:
        made.append(VipDiscount(rule, rule.percent, scope))
    return made


def check(rule: VipRule, programme: Programme) -> Iterable[tuple[str, str, str]]:
    if rule.sold and rule.products == EVERYTHING:
        yield "products", "every article would sell the status", "name the goods that do"
    if not rule.sold:
        yield from unused(rule, "products", because="nothing sells this status", hint="add sold: true")
    if rule.multiplier < 1:
        yield "multiplier", "a status never earns less than none", "write 1 or more, or leave it out"
    if not rule.percent:
        yield from unused(rule, "goods", because="there is no percent that these goods could be for")


def terms(rule: VipRule, programme: Programme) -> Said:
    if rule.percent:
        yield say(
            "level_percent", percent=percent(rule.percent), parts={"goods": some(programme, rule.goods)}
        )
    if rule.multiplier != 1:
        yield say("level_multiplier", times=factor(rule.multiplier))
    yield say("vip_term", n=rule.term_days)
    yield say("vip_sold" if rule.sold else "vip_given")


KIND = Kind(VipRule, plans, check, terms=terms)
