"""Discounts that a cashier gives: after the programme's own, within floors, before points and earning.

What is earned and what points may pay for follow from what is really paid, so they have to pass the engine.
"""

from __future__ import annotations

from typing import Final

from app.loyalty.model import Names, Rule
from app.loyalty.plan import Plan, Run

MANUAL: Final = "manual"
"""The rule id under which they stand in a Decision."""
RULE: Final = Rule(
    id=MANUAL, kind=MANUAL, name=Names(ru="Скидка кассира", pl="Rabat kasjera", en="Cashier's discount")
)


class _Given(Plan):
    """No rule of the programme: it only names the discount."""

    rule = RULE
    id = MANUAL

    def __init__(self) -> None:
        """There are no settings to compile."""


_GIVEN: Final = _Given()


def take_manual(run: Run) -> None:
    """Take off each line what the cashier gave on it, as far as its floor lets."""
    for work in run.works:
        amount = min(work.line.manual_minor, work.net - work.floor)
        if amount > 0:
            run.take_off(work, amount)
            work.discounts.append((_GIVEN, amount))
