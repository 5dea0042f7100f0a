"""Stages 5 and 6: points spent and earned, levels, what is left to pay."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from math import floor, lcm
from typing import Any

from app.loyalty.rules.cashback import CashbackRule
from app.loyalty.rules.partner import PartnerRule
from app.loyalty.rules.points import PointsRule
from app.loyalty.rules.reward import RewardRule
from app.loyalty.rules.tier import TierRule
from app.loyalty.rules.vip import VipRule
from app.loyalty.state import DAY_MS
from tests.loyalty.naive.goods import F, Priced, portions
from tests.loyalty.naive.receipt import ReceiptStage


class PointsStage(ReceiptStage):
    """What is spent depends on what is earned, and what is earned on what is spent."""

    def base(self, each: Priced, base: str) -> int:
        return {"gross": each.gross, "net": each.net, "paid": each.net - each.points}[base]

    def multiplier(self) -> Fraction:
        rules = {rule.id: rule for rule in self.programme.rules if isinstance(rule, TierRule)}
        levels = [
            rules[id].levels[n - 1].multiplier
            for id, n in self.levels.items()
            if n and self.allowed(rules[id])
        ]
        vips = [
            rule.multiplier
            for rule in self.programme.rules
            if isinstance(rule, VipRule) and self.held(rule.id) and self.allowed(rule)
        ]
        return max([F(1), *levels, *vips])

    def earnings(self) -> dict[str, int]:
        """Hundredths of points by rule, for what is paid in points now."""
        earned: dict[str, int] = {}
        for rule in self.programme.rules:
            if self.state is None or not self.allowed(rule):
                continue
            if isinstance(rule, PointsRule) and rule.earn is not None:
                if self.goods() >= rule.earn.min_receipt:
                    earned[rule.id] = self.by_points(rule)
            elif isinstance(rule, PartnerRule) and rule.points is not None and rule.per is not None:
                paid = sum(self.base(each, "paid") for each in self.of(rule))
                earned[rule.id] = self.round(F(paid * rule.points, rule.per))
            elif isinstance(rule, CashbackRule) and self.goods() >= rule.min_receipt:
                exact = sum(
                    (
                        self.base(each, rule.base) * self.cashback_rate(rule, each.line.category)
                        for each in self.of(rule)
                    ),
                    F(0),
                )
                earned[rule.id] = self.rounded(
                    exact * 100 / self.point_minor() * self.multiplier(), rule.round_to
                )
        for rule in self.programme.rules:
            if rule.id in earned:
                earned[rule.id] = min(earned[rule.id], self.most(rule))
        return earned

    def rounded(self, centi: Fraction, to: str) -> int:
        if to == "hundredth":
            return self.round(centi)
        return 100 * self.round(centi / 100, "down" if to == "point_down" else "half_up")

    def by_points(self, rule: PointsRule) -> int:
        earn = rule.earn
        assert earn is not None
        if earn.per == "visit":
            exact = F(1 if self.goods() > 0 and self.of(rule) else 0)
        else:
            exact = F(0)
            for each in self.of(rule):
                times = [m.times for m in rule.multipliers if self.match(m.products, each.line)]
                if earn.per == "unit":
                    measure = F(each.line.qty_milli, 1000)
                else:
                    measure = F(self.base(each, earn.base), earn.per)
                exact += measure * (times[0] if times else 1)
        return self.rounded(exact * earn.points * self.multiplier(), earn.round_to)

    def cashback_rate(self, rule: CashbackRule, category: str) -> Fraction:
        above: list[str] = []
        while category:
            above.append(category)
            parent = self.programme.categories.get(category)
            category = parent.parent if parent else ""
        named = [rule.rates[name] for name in above if name in rule.rates]
        rate = named[0] if named else rule.rate
        if rule.chosen is None:
            return rate
        held = sorted(g.item for g in self.held(rule.id) if g.item in rule.chosen.categories)
        picked = bool(set(held[: rule.chosen.picks]) & set(above))
        return max(rate, rule.chosen.rate) if picked else rate

    def spend(self) -> tuple[int, int]:
        """Spent and spendable."""
        rule = self.redeeming()
        if rule is None or rule.redeem is None or self.state is None or not self.allowed(rule):
            return 0, 0
        redeem = rule.redeem
        per_centi = redeem.value / 100
        step = lcm(redeem.block, per_centi.denominator)
        lines = self.of(rule, redeem.products)
        money = min(sum(each.net for each in lines), floor(self.goods() * redeem.max_share))
        limit = floor(money / per_centi)
        if self.context.points_limit_centi is not None:
            limit = min(limit, self.context.points_limit_centi - self.bought)
        at_ms = self.context.at_ms
        balance = sum(lot.amount_centi for lot in self.lots() if lot.spendable_at_ms <= at_ms)
        balance = balance - self.state.debt_centi - self.bought
        most = limit // step * step
        while most > 0:
            self.put(lines, int(most * per_centi))
            if most <= balance + (self.ready_at_once() if redeem.same_sale else 0):
                break
            most -= step
        least = redeem.min_points or 0
        most = most if most >= max(least, 0) and most > 0 else 0
        wish = self.context.redeem.points_centi
        spent = most if wish == "max" else min(int(wish), most) // step * step
        spent = spent if spent >= least else 0
        self.put(lines, int(spent * per_centi))
        return spent, most

    def ready_at_once(self) -> int:
        waiting = {r.id for r in self.programme.rules if _waits(r)}
        return sum(centi for rule, centi in self.earnings().items() if rule not in waiting)

    def buy(self) -> None:
        """Rewards for points, and gifts that are held, in the order in which they are wished."""
        wishes = self.context.redeem.rewards
        gifts = {g.code: g for g in (self.state.grants if self.state else ()) if g.kind == "reward"}
        for wish, gift in gifts.items():
            begun = gift.starts_at_ms <= self.context.at_ms
            self.used[gift.rule] += min(wishes.count(wish), gift.uses) if begun and gift.uses > 0 else 0
        for rule in self.programme.rules:
            if not isinstance(rule, RewardRule) or self.state is None or not self.allowed(rule):
                continue
            given: Counter[str] = Counter()
            for name in [wish.partition("/")[2] for wish in wishes if wish.partition("/")[0] == rule.id]:
                item = next((item for item in rule.items if item.id == name), None)
                if item is None:
                    continue
                at_ms = self.context.at_ms
                ready = sum(lot.amount_centi for lot in self.lots() if lot.spendable_at_ms <= at_ms)
                stock = self.context.budgets.get(f"{rule.id}/{name}", item.stock)
                had = given[name] + self.uses(f"{rule.id}#{name}")
                if stock is not None and given[name] >= stock:
                    continue
                if item.per_member is not None and had >= item.per_member:
                    continue
                limit = self.context.points_limit_centi
                if limit is not None and limit - self.bought < item.points:
                    continue
                if ready - self.bought >= item.points:
                    given[name] += 1
                    self.bought += item.points

    def put(self, lines: list[Priced], minor: int) -> None:
        for each, part in zip(lines, portions(minor, [e.net for e in lines]), strict=True):
            each.points = part

    def pay(self) -> int:
        """What is left to pay once points and gift cards are spent; cards pay for no card."""
        due = sum(each.net for each in self.everything) - self.put_in_points()
        cards = sum(each.net for each in self.aside_lines if self.gift_card(each.line))
        return due - min(
            due - cards, sum(max(0, card.balance_minor) for card in self.context.redeem.gift_cards)
        )

    def put_in_points(self) -> int:
        return sum(each.points for each in self.lines)

    # -- levels ------------------------------------------------------------------------------------------

    def figure(self, rule: TierRule) -> int:
        assert self.state is not None
        day = self.context.at_ms // DAY_MS
        first = {"lifetime": 0, "calendar_year": 20_454}.get(str(rule.window), day - 29)  # 2026 begins then
        buckets = [b for b in self.state.counters.get(rule.id, ()) if first <= b.day <= day]
        name = {"spend": "spend_minor", "points": "points_centi", "receipts": "receipts"}[rule.basis]
        return sum(getattr(b, name) for b in buckets)

    def reached(self, rule: TierRule, figure: int) -> int:
        scale = {"spend": 100, "points": 100, "receipts": 1}[rule.basis]
        return sum(figure >= F(level.from_) * scale for level in rule.levels)

    def this_sale(self, rule: TierRule) -> int:
        lines = self.of(rule)
        if not self.allowed(rule):
            return 0
        if rule.basis == "spend":
            return sum(each.net for each in lines)
        return (self.all_points() if rule.basis == "points" else 1) if lines else 0

    def all_points(self) -> int:
        return sum(self.earned.values()) + sum(self.hand.points.values())


def _waits(rule: Any) -> bool:
    lots = getattr(rule, "lots", None)
    return lots is not None and lots.spendable_after_days > 0
