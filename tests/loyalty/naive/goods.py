"""Goods as they are priced: what matches, what they cost, how far they may be discounted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor

from app.loyalty.basket import Basket, Context, Line
from app.loyalty.model import Benefit, Filter, Programme, Rule
from app.loyalty.rules.gift_card import GiftCardRule
from app.loyalty.rules.points import PointsRule
from app.loyalty.state import DAY_MS, MemberState
from tests.loyalty.naive.visits import Handed, Visit

F = Fraction


@dataclass
class Priced:
    """A line; `off` is its discount by rule."""

    line: Line
    gross: int
    floor: int
    off: Counter[str] = field(default_factory=Counter[str])
    closed: bool = False
    points: int = 0

    @property
    def net(self) -> int:
        return self.gross - sum(self.off.values())

    @property
    def room(self) -> int:
        return 0 if self.closed else max(0, self.net - self.floor)

    @property
    def units(self) -> int:
        weighed = "weighed" in self.line.tags or self.line.qty_milli % 1000
        return 0 if weighed else self.line.qty_milli // 1000

    @property
    def unit(self) -> int:
        return self.net // self.units


def portions(amount: int, weights: list[int]) -> list[int]:
    """Largest remainder."""
    total = sum(weights)
    if not amount or not total:
        return [0] * len(weights)
    exact = [F(amount * weight, total) for weight in weights]
    parts = [floor(part) for part in exact]
    order = sorted(range(len(weights)), key=lambda n: (parts[n] - exact[n], n))
    for n in order[: amount - sum(parts)]:
        parts[n] += 1
    return parts


class Goods(Visit):
    """A member's basket, and what its rules have made of it so far."""

    def __init__(
        self, programme: Programme, state: MemberState | None, basket: Basket, context: Context
    ) -> None:
        super().__init__(programme, state, context)
        self.everything = [Priced(line, self.gross(line), self.gross(line)) for line in basket.lines]
        lines = sorted(
            (line for line in basket.lines if not self.aside(line)),
            key=lambda x: (x.sku, x.unit_price_minor, x.qty_milli, x.category, x.brand, x.tags, x.tax, x.id),
        )
        self.lines = [self.priced(line) for line in lines]
        priced = {each.line.id: each for each in self.lines}
        self.everything = [priced.get(each.line.id, each) for each in self.everything]
        self.aside_lines = [each for each in self.everything if each.line.id not in priced]
        self.hand = Handed()
        self.used: Counter[str] = Counter()
        self.steps: dict[str, Benefit] = {}
        self.asked: dict[str, tuple[Benefit, int] | None] = {}
        self.bought = 0
        self.stampable: dict[str, bool] = {}
        self.levels: dict[str, int] = {}
        self.free: dict[str, int] = {}
        self.earned: Counter[str] = Counter()

    def round(self, exact: Fraction, how: str = "") -> int:
        return floor(exact) if (how or self.programme.rounding) == "down" else floor(exact + F(1, 2))

    def gross(self, line: Line) -> int:
        return self.round(F(line.unit_price_minor * line.qty_milli, 1000))

    def gift_card(self, line: Line) -> bool:
        cards = [rule for rule in self.programme.rules if isinstance(rule, GiftCardRule)]
        return "gift_card" in line.tags or any(self.match(rule.products, line) for rule in cards)

    def aside(self, line: Line) -> bool:
        """Neither delivery nor a gift card, nor nothing of something, is goods to discount or to earn on."""
        kept_out = {"delivery", "deposit"} & set(line.tags)
        return bool(kept_out) or self.gift_card(line) or line.qty_milli <= 0

    def priced(self, line: Line) -> Priced:
        gross = self.gross(line)
        floors = [0]
        for rule in self.programme.floors:
            if self.match(rule.products, line):
                if rule.price is not None:
                    floors.append(self.round(F(rule.price * line.qty_milli, 1000), "half_up"))
                if rule.share is not None:
                    floors.append(ceil(gross * rule.share))
        if self.programme.caps.line is not None:
            floors.append(gross - floor(gross * self.programme.caps.line))
        if "no_discount" in line.tags:
            floors.append(gross)
        return Priced(line, gross, min(gross, max(floors)))

    def match(self, goods: Filter, line: Line) -> bool:
        above = [line.category]
        while above[-1] in self.programme.categories and self.programme.categories[above[-1]].parent:
            above.append(self.programme.categories[above[-1]].parent)
        mine = [(goods, {line.sku}), (goods.not_, {line.sku})]
        inside = [
            not wanted or bool(set(wanted) & have)
            for wanted, have in [
                (mine[0][0].skus, {line.sku}),
                (goods.categories, set(above)),
                (goods.brands, {line.brand}),
                (goods.tags, set(line.tags)),
            ]
        ]
        out = goods.not_
        outside = [
            bool(set(out.skus) & {line.sku}),
            bool(set(out.categories) & set(above)),
            bool(set(out.brands) & {line.brand}),
            bool(set(out.tags) & set(line.tags)),
        ]
        return all(inside) and not any(outside)

    def of(self, rule: Rule, goods: Filter | None = None) -> list[Priced]:
        return [each for each in self.lines if self.match(goods or rule.products, each.line)]

    def by_id(self, id: str) -> Priced:
        return next(each for each in self.lines if each.line.id == id)

    def goods(self) -> int:
        return sum(each.net for each in self.lines)

    def limit(self, rule: Rule) -> int | None:
        """What the rule's cap and budget leave it on this receipt."""
        limits = [each for each in (rule.max_discount, self.budget_left(rule)) if each is not None]
        given = sum(each.off[rule.id] for each in self.everything)
        return max(0, min(limits) - given) if limits else None

    def give(self, rule: Rule, off: dict[str, int]) -> None:
        for id, amount in off.items():
            each = self.by_id(id)
            each.off[rule.id] += amount
            each.closed = each.closed or rule.exclusive

    def redeeming(self) -> PointsRule | None:
        return next((r for r in self.programme.rules if isinstance(r, PointsRule) and r.redeem), None)

    def point_minor(self) -> Fraction:
        rule = self.redeeming()
        return rule.redeem.value if rule and rule.redeem else F(100)

    def most(self, rule: Rule) -> int:
        """Points that the rule's budget still pays for, in hundredths."""
        left = self.budget_left(rule)
        return 10**15 if left is None else floor(left * 100 / self.point_minor())

    def stamped_today(self, rule: Rule) -> int:
        day = self.context.at_ms // DAY_MS
        assert self.state is not None
        return sum(b.uses for b in self.state.counters.get(rule.id, ()) if b.day == day)
