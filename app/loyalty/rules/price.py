"""`price`: a percentage, an amount off, or a fixed price per piece or kilogram."""

from __future__ import annotations

from collections.abc import Iterable

from app.loyalty.model import Money, PositiveMoney, Programme, Rule, Share
from app.loyalty.plan import Kind, LinePlan, Plan, Scope, Work
from app.loyalty.promise import Said, percent, say
from app.values import line_gross, mul_rate


class PriceRule(Rule, frozen=True, kw_only=True):
    percent: Share | None = None
    amount: PositiveMoney | None = None
    """Off each piece or kilogram."""
    price: Money | None = None
    """The new price of each piece or kilogram; never a dearer one."""

    def takes_off(self) -> bool:
        return True


class Percent(LinePlan):
    def __init__(self, rule: PriceRule, share: Share, scope: Scope) -> None:
        super().__init__(rule, scope)
        self.share = share
        self.percent = (share.numerator, share.denominator)

    def value(self, work: Work) -> int:
        return mul_rate(work.net, self.share, self.rounding)


class AmountOff(LinePlan):
    def __init__(self, rule: PriceRule, amount: int, scope: Scope) -> None:
        super().__init__(rule, scope)
        self.off = amount

    def value(self, work: Work) -> int:
        qty = work.line.qty_milli
        return min(
            work.net, self.off * work.units if work.units else line_gross(self.off, qty, self.rounding)
        )


class FixedPrice(LinePlan):
    def __init__(self, rule: PriceRule, price: int, scope: Scope) -> None:
        super().__init__(rule, scope)
        self.price = price

    def value(self, work: Work) -> int:
        return max(0, work.net - line_gross(self.price, work.line.qty_milli, self.rounding))


def plans(rule: PriceRule, scope: Scope) -> list[Plan]:
    if rule.percent is not None:
        return [Percent(rule, rule.percent, scope)]
    if rule.amount is not None:
        return [AmountOff(rule, rule.amount, scope)]
    return [FixedPrice(rule, rule.price or 0, scope)]


def check(rule: PriceRule, programme: Programme) -> Iterable[tuple[str, str, str]]:
    if sum(value is not None for value in (rule.percent, rule.amount, rule.price)) != 1:
        yield (
            "",
            "it needs exactly one of percent, amount and price",
            "write percent: 10%, amount: 2.00 or price: 9.99",
        )


def terms(rule: PriceRule, programme: Programme) -> Said:
    if rule.percent is not None:
        yield say("gives_percent", percent=percent(rule.percent))
    elif rule.amount is not None:
        yield say("off_each", amount_minor=rule.amount)
    else:
        yield say("price_each", amount_minor=rule.price or 0)


KIND = Kind(PriceRule, plans, check, terms=terms)
