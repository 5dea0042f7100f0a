"""The figures of one business day at one till, as a fold of facts.

Goods are before discounts, sales after them and before points; what points paid for is shown apart.
"""

from __future__ import annotations

import msgspec

from app.ledger.facts import AnyFact, MemberEnrolled, SaleCompleted, SaleRefunded
from app.loyalty.effects import PointsEarned, PointsSpent


class DayFigures(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Money in minor units of `currency`, points in hundredths, everything else counted."""

    business_day: str
    currency: str = ""
    sales: int = 0
    member_sales: int = 0
    goods_minor: int = 0
    discount_minor: int = 0
    total_minor: int = 0
    member_total_minor: int = 0
    points_paid_minor: int = 0
    earned_centi: int = 0
    spent_centi: int = 0
    enrolled: int = 0
    tenders: dict[str, int] = {}
    rules: dict[str, int] = {}
    """What each rule took off, in minor units."""
    refunds: int = 0
    refunded_minor: int = 0
    """What goods that came back were worth; `tenders` are less what went back that way."""
    points_refunded_minor: int = 0

    @property
    def net_minor(self) -> int:
        """Sales less refunds."""
        return self.total_minor - self.refunded_minor

    @property
    def average_minor(self) -> int:
        """Sales per receipt, rounded down; 0 without sales."""
        return self.total_minor // self.sales if self.sales else 0


def add(figures: DayFigures, fact: AnyFact) -> DayFigures:
    """The figures after one more fact of the day."""
    if isinstance(fact, MemberEnrolled):
        return msgspec.structs.replace(figures, enrolled=figures.enrolled + 1)
    if isinstance(fact, SaleRefunded):
        return _refunded(figures, fact)
    if not isinstance(fact, SaleCompleted):
        return figures
    tenders = dict(figures.tenders)
    for tender in fact.tenders:
        tenders[tender.means] = tenders.get(tender.means, 0) + tender.amount_minor
    rules = dict(figures.rules)
    for line in fact.lines:
        for discount in line.discounts:
            rules[discount.rule] = rules.get(discount.rule, 0) + discount.amount_minor
    by_member = fact.member is not None
    return msgspec.structs.replace(
        figures,
        currency=fact.currency,
        sales=figures.sales + 1,
        member_sales=figures.member_sales + by_member,
        goods_minor=figures.goods_minor + fact.goods_minor,
        discount_minor=figures.discount_minor + fact.discount_minor,
        total_minor=figures.total_minor + fact.total_minor,
        member_total_minor=figures.member_total_minor + (fact.total_minor if by_member else 0),
        points_paid_minor=figures.points_paid_minor + fact.points_minor,
        earned_centi=figures.earned_centi + _earned(fact),
        spent_centi=figures.spent_centi + _spent(fact),
        tenders=tenders,
        rules=rules,
    )


def _refunded(figures: DayFigures, fact: SaleRefunded) -> DayFigures:
    tenders = dict(figures.tenders)
    for tender in fact.tenders:
        tenders[tender.means] = tenders.get(tender.means, 0) - tender.amount_minor
    return msgspec.structs.replace(
        figures,
        currency=fact.currency,
        refunds=figures.refunds + 1,
        refunded_minor=figures.refunded_minor + fact.total_minor,
        points_refunded_minor=figures.points_refunded_minor + fact.points_minor,
        tenders=tenders,
    )


def _earned(sale: SaleCompleted) -> int:
    return sum(effect.lot.amount_centi for effect in sale.effects if isinstance(effect, PointsEarned))


def _spent(sale: SaleCompleted) -> int:
    return sum(effect.amount_centi for effect in sale.effects if isinstance(effect, PointsSpent))
