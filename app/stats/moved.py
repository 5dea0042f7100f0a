"""What became of members' points and stamps, by rule and reason: the loyalty columns of a report.

The reasons are the ledger's contra accounts, and each sum is that of the ledger's entries.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from app.ledger.facts import AnyFact, OpeningBalance, PointsAdjusted, effects_of
from app.loyalty.effects import PointsEarned, PointsReturned, PointsSpent, PointsTakenBack, StampsChanged


class PointsMoved(msgspec.Struct, frozen=True, omit_defaults=True):
    """One rule's points by reason, named as the ledger's contra accounts. Each is what members gained by it:

    redeemed and withdrawn are zero or less, returned zero or more.
    """

    issued_centi: int = 0
    redeemed_centi: int = 0
    returned_centi: int = 0
    withdrawn_centi: int = 0
    adjusted_centi: int = 0
    imported_centi: int = 0

    @property
    def net_centi(self) -> int:
        """What the members' balances rose by: the sum of the ledger's entries."""
        earned = self.issued_centi + self.redeemed_centi + self.returned_centi + self.withdrawn_centi
        return earned + self.adjusted_centi + self.imported_centi


class StampsMoved(msgspec.Struct, frozen=True, omit_defaults=True):
    """One rule's stamps: given, and taken off (a card that was full, or goods that came back)."""

    issued: int = 0
    filled: int = 0


def move(fact: AnyFact, points: dict[str, PointsMoved], stamps: dict[str, StampsMoved]) -> None:
    """Add what a fact does to its member to the sums by rule, in place."""
    for effect in effects_of(fact):
        match effect:
            case PointsEarned(lot):
                _add(points, lot.rule, PointsMoved(**{_reason(fact): lot.amount_centi}))
            case PointsSpent(rule, amount):
                reason = "adjusted_centi" if isinstance(fact, PointsAdjusted) else "redeemed_centi"
                _add(points, rule, PointsMoved(**{reason: -amount}))
            case PointsReturned(rule, lots):
                _add(points, rule, PointsMoved(returned_centi=sum(lot.amount_centi for lot in lots)))
            case PointsTakenBack(rule, _, amount):
                _add(points, rule, PointsMoved(withdrawn_centi=-amount))
            case StampsChanged(rule, delta):
                was = stamps.get(rule, StampsMoved())
                stamps[rule] = StampsMoved(was.issued + max(delta, 0), was.filled + max(-delta, 0))
            case _:
                pass


def total(moved: Iterable[PointsMoved]) -> PointsMoved:
    """Over several rules."""
    whole = PointsMoved()
    for each in moved:
        whole = _sum(whole, each)
    return whole


def _reason(fact: AnyFact) -> str:
    if isinstance(fact, OpeningBalance):
        return "imported_centi"
    return "adjusted_centi" if isinstance(fact, PointsAdjusted) else "issued_centi"


def _add(points: dict[str, PointsMoved], rule: str, more: PointsMoved) -> None:
    points[rule] = _sum(points.get(rule, PointsMoved()), more)


def _sum(one: PointsMoved, two: PointsMoved) -> PointsMoved:
    fields = one.__struct_fields__
    return PointsMoved(**{field: getattr(one, field) + getattr(two, field) for field in fields})
