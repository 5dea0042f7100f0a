"""Ledger entries: the double-entry view of what facts do to members' accounts.

An entry moves `amount` from `contra` to the member's `account`; both sides of every entry sum to zero, and
the sum of a member's points entries is the balance that the fold of the same facts gives before expiry.
Accounts: "points" in hundredths, "stamps:<rule>" in stamps. Contra accounts name why: issued, redeemed,
returned, withdrawn, imported, adjusted, filled.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from app.ledger.facts import AnyFact, OpeningBalance, PointsAdjusted, effects_of
from app.loyalty.effects import PointsEarned, PointsReturned, PointsSpent, PointsTakenBack, StampsChanged

POINTS = "points"


class Entry(NamedTuple):
    """`amount` is what the member's account gains (negative: loses) from `contra`."""

    account: str
    contra: str
    amount: int


def entries(fact: AnyFact) -> Iterator[Entry]:
    """The entries of a fact, in the order of its effects."""
    issued = _issued_by(fact)
    for effect in effects_of(fact):
        match effect:
            case PointsEarned(lot):
                yield Entry(POINTS, issued, lot.amount_centi)
            case PointsSpent(_, amount):
                yield Entry(POINTS, "adjusted" if issued == "adjusted" else "redeemed", -amount)
            case PointsReturned(_, lots):
                yield Entry(POINTS, "returned", sum(lot.amount_centi for lot in lots))
            case PointsTakenBack(_, _, amount):
                yield Entry(POINTS, "withdrawn", -amount)
            case StampsChanged(rule, delta):
                yield Entry(f"stamps:{rule}", "issued" if delta > 0 else "filled", delta)
            case _:
                pass


def _issued_by(fact: AnyFact) -> str:
    if isinstance(fact, OpeningBalance):
        return "imported"
    return "adjusted" if isinstance(fact, PointsAdjusted) else "issued"
