"""The figures of one shift at one till, as a fold of facts: what an X report says so far, and a Z at the end.

Feed it every fact that the till wrote from the shift's opening to its close, in order. Money is in minor
units, points in hundredths, stamps and receipts are counted. Amounts of refunds are positive, as in their
facts.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Final, TypeVar

import msgspec

from app.ledger.facts import (
    AnyFact,
    CashMoved,
    LineVoided,
    MemberEnrolled,
    NoSale,
    Privileged,
    SaleAbandoned,
    SaleCompleted,
    SaleRefunded,
    SaleVoided,
    ShiftClosed,
    ShiftOpened,
    SoldLine,
    effects_of,
)
from app.stats.moved import PointsMoved, StampsMoved, move, total
from app.values import div_round, spread

CASH: Final = "cash"
_RATE: Final = re.compile(r"(\d{1,2}(?:\.\d{1,4})?)\s*%?", re.ASCII)

V = TypeVar("V")


class Takings(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one means of payment brought in by sales, and gave back by refunds."""

    sales: int = 0
    sales_minor: int = 0
    refunds: int = 0
    refunds_minor: int = 0

    @property
    def net_minor(self) -> int:
        return self.sales_minor - self.refunds_minor


class ShiftFigures(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A shift so far. `closed_ms` is None while it is open, `counted_minor` None if nobody counted."""

    shift: uuid.UUID
    number: int
    business_day: str
    cashier: str
    opened_ms: int
    closed_ms: int | None = None
    closed_by: str = ""
    currency: str = ""
    """Empty until something was sold."""

    sales: int = 0
    goods_minor: int = 0
    discount_minor: int = 0
    total_minor: int = 0
    """Goods less discounts; what points paid for is in it."""
    points_paid_minor: int = 0
    first_number: int = 0
    last_number: int = 0
    """Receipts' numbers, those of refunds included."""
    member_sales: int = 0
    member_total_minor: int = 0

    refunds: int = 0
    refunded_minor: int = 0
    points_refunded_minor: int = 0
    """The part of `refunded_minor` that went back in points."""
    voided: int = 0
    """Sales given up after a card terminal or fiscal device had been asked."""
    voids: int = 0
    voids_minor: int = 0
    """Lines taken out of open baskets, wholly or in part, and what they were worth before discounts."""
    abandoned: int = 0
    abandoned_minor: int = 0
    """The same for whole baskets: emptied, or parked and given up."""

    rounding_minor: int = 0
    """What was let go (below zero: taken) because cash has a smallest coin; sales and refunds together."""
    tenders: dict[str, Takings] = {}
    taxes: dict[str, int] = {}
    """By the rate's text, what was paid in money for its goods, tax included, less refunds."""
    rules: dict[str, int] = {}
    """What each rule took off prices, less what refunds took back."""

    float_minor: int = 0
    paid_in_minor: int = 0
    paid_out_minor: int = 0
    """Pay-outs, as a positive amount."""
    no_sales: int = 0
    counted_minor: int | None = None

    points: dict[str, PointsMoved] = {}
    stamps: dict[str, StampsMoved] = {}
    enrolled: int = 0
    privileged: dict[str, int] = {}
    """How often each act was done that not everybody may do."""

    @property
    def net_minor(self) -> int:
        """Sales less refunds."""
        return self.total_minor - self.refunded_minor

    @property
    def average_minor(self) -> int:
        """A sale on average, rounded down; 0 without sales."""
        return self.total_minor // self.sales if self.sales else 0

    @property
    def expected_minor(self) -> int:
        """Cash that should be in the drawer."""
        cash = self.tenders.get(CASH, Takings()).net_minor
        return self.float_minor + cash + self.paid_in_minor - self.paid_out_minor

    @property
    def difference_minor(self) -> int | None:
        """Counted less expected: below zero, cash is missing. None if nobody counted."""
        return None if self.counted_minor is None else self.counted_minor - self.expected_minor

    @property
    def points_moved(self) -> PointsMoved:
        """Over all rules."""
        return total(self.points.values())


def opened(fact: ShiftOpened) -> ShiftFigures:
    """The figures of a shift that has just begun."""
    return ShiftFigures(
        shift=fact.shift,
        number=fact.number,
        business_day=fact.business_day,
        cashier=fact.cashier,
        opened_ms=fact.at_ms,
        float_minor=fact.float_minor,
    )


def fold(facts: Iterable[AnyFact]) -> ShiftFigures:
    """The figures of the shift that the first of the facts opens; ValueError if it opens none."""
    rest = iter(facts)
    first = next(rest, None)
    if not isinstance(first, ShiftOpened):
        raise ValueError("the facts of a shift begin with its opening")
    figures = opened(first)
    for fact in rest:
        figures = add(figures, fact)
    return figures


def add(figures: ShiftFigures, fact: AnyFact) -> ShiftFigures:
    """The figures after one more fact. One that names another shift changes nothing."""
    if getattr(fact, "shift", figures.shift) != figures.shift:
        return figures
    match fact:
        case SaleCompleted():
            figures = _sold(figures, fact)
        case SaleRefunded():
            figures = _refunded(figures, fact)
        case _:
            figures = msgspec.structs.replace(figures, **_changed(figures, fact))
    if not effects_of(fact):
        return figures
    points, stamps = dict(figures.points), dict(figures.stamps)
    move(fact, points, stamps)
    return msgspec.structs.replace(figures, points=points, stamps=stamps)


def tax_included_minor(amount_minor: int, tax: str) -> int | None:
    """The tax inside an amount that includes it, by the rate's text ("23", "8 %"), rounded half up once.

    None for a text that is no rate ("zw", "np"): exempt or outside the tax.
    """
    found = _RATE.fullmatch(tax.strip())
    if found is None:
        return None
    rate = Fraction(found[1])
    return div_round(amount_minor * rate.numerator, 100 * rate.denominator + rate.numerator)


def _changed(figures: ShiftFigures, fact: AnyFact) -> dict[str, object]:
    """What a fact that moves no goods changes."""
    match fact:
        case CashMoved(amount_minor=amount) if amount >= 0:
            return {"paid_in_minor": figures.paid_in_minor + amount}
        case CashMoved(amount_minor=amount):
            return {"paid_out_minor": figures.paid_out_minor - amount}
        case NoSale():
            return {"no_sales": figures.no_sales + 1}
        case SaleVoided():
            return {"voided": figures.voided + 1}
        case LineVoided(qty_milli=qty_milli, amount_minor=amount):
            sign = 1 if qty_milli > 0 else -1
            return {"voids": figures.voids + sign, "voids_minor": figures.voids_minor + amount}
        case SaleAbandoned(lines=lines, amount_minor=amount):
            sign = 1 if lines and lines[0].qty_milli > 0 else -1
            return {
                "abandoned": figures.abandoned + sign,
                "abandoned_minor": figures.abandoned_minor + amount,
            }
        case MemberEnrolled():
            return {"enrolled": figures.enrolled + 1}
        case Privileged(act=act):
            return {"privileged": _plus(figures.privileged, {act: 1})}
        case ShiftClosed():
            return {"closed_ms": fact.at_ms, "closed_by": fact.cashier, "counted_minor": fact.counted_minor}
        case _:
            return {}


def _sold(figures: ShiftFigures, sale: SaleCompleted) -> ShiftFigures:
    by_member = sale.member is not None
    tenders = dict(figures.tenders)
    for tender in sale.tenders:
        was = tenders.get(tender.means, Takings())
        tenders[tender.means] = msgspec.structs.replace(
            was, sales=was.sales + 1, sales_minor=was.sales_minor + tender.amount_minor
        )
    return msgspec.structs.replace(
        figures,
        currency=sale.currency,
        sales=figures.sales + 1,
        goods_minor=figures.goods_minor + sale.goods_minor,
        discount_minor=figures.discount_minor + sale.discount_minor,
        total_minor=figures.total_minor + sale.total_minor,
        points_paid_minor=figures.points_paid_minor + sale.points_minor,
        rounding_minor=figures.rounding_minor + sale.rounding_minor,
        first_number=figures.first_number or sale.number,
        last_number=sale.number,
        member_sales=figures.member_sales + by_member,
        member_total_minor=figures.member_total_minor + (sale.total_minor if by_member else 0),
        tenders=tenders,
        taxes=_plus(figures.taxes, paid_by_tax(sale.lines, sale.points_minor)),
        rules=_plus(figures.rules, _by_rule(sale.lines)),
    )


def _refunded(figures: ShiftFigures, refund: SaleRefunded) -> ShiftFigures:
    tenders = dict(figures.tenders)
    for tender in refund.tenders:
        was = tenders.get(tender.means, Takings())
        tenders[tender.means] = msgspec.structs.replace(
            was, refunds=was.refunds + 1, refunds_minor=was.refunds_minor + tender.amount_minor
        )
    return msgspec.structs.replace(
        figures,
        currency=refund.currency,
        first_number=figures.first_number or refund.number,
        last_number=refund.number,
        rounding_minor=figures.rounding_minor - refund.rounding_minor,
        refunds=figures.refunds + 1,
        refunded_minor=figures.refunded_minor + refund.total_minor,
        points_refunded_minor=figures.points_refunded_minor + refund.points_minor,
        tenders=tenders,
        taxes=_plus(figures.taxes, paid_by_tax(refund.lines, refund.points_minor), -1),
        rules=_plus(figures.rules, _by_rule(refund.lines), -1),
    )


def _plus(sums: Mapping[str, int], more: Mapping[str, int], sign: int = 1) -> dict[str, int]:
    return {**sums, **{key: sums.get(key, 0) + sign * amount for key, amount in more.items()}}


def _by_rule(lines: Iterable[SoldLine]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for line in lines:
        for discount in line.discounts:
            sums[discount.rule] = sums.get(discount.rule, 0) + discount.amount_minor
    return sums


def paid_by_tax(lines: tuple[SoldLine, ...], points_minor: int) -> dict[str, int]:
    """What was paid in money by rate: points lower what is taxed, like a discount."""
    nets = [max(line.net_minor, 0) for line in lines]
    in_points = [line.points_minor for line in lines]
    if points_minor != sum(in_points) and any(nets):
        in_points = spread(points_minor, nets)  # a fact older than the field on its lines
    sums: dict[str, int] = {}
    for line, points in zip(lines, in_points, strict=True):
        sums[line.tax] = sums.get(line.tax, 0) + line.net_minor - points
    return sums
