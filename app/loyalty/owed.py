"""What a referrer is owed, as effects on the referrer: paid within the month's limit, or taken back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final

import msgspec

from app.loyalty.effects import AnyEffect, Counted, Lot, PointsEarned, PointsTakenBack, ReferralDue
from app.loyalty.moment import EPOCH_ORDINAL
from app.loyalty.standing import Standing

KEEP_DAYS: Final = 62
"""How long a month's payments are counted: a till may be alone for weeks."""

Effects = tuple[AnyEffect, ...]


def settlement(state: Standing, due: ReferralDue) -> Effects:
    """What a decision's `ReferralDue` does to its referrer; nothing where the month's limit is reached."""
    if due.lot is None or not due.points_centi:
        return ()
    if due.points_centi < 0:
        return taken_back(paid(due.rule, due.lot, due.day))
    return () if reached(state, due.rule, due.cap_per_month, due.day) else paid(due.rule, due.lot, due.day)


def reached(state: Standing, rule: str, cap_per_month: int | None, day: int) -> bool:
    """Whether a referrer was paid as often as the rule allows in the calendar month of a local day."""
    if cap_per_month is None:
        return False
    first = date.fromordinal(day + EPOCH_ORDINAL).replace(day=1)
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    days = first.toordinal() - EPOCH_ORDINAL, following.toordinal() - 1 - EPOCH_ORDINAL
    return state.counted(_counter(rule), *days).uses >= cap_per_month


def paid(rule: str, lot: Lot, day: int) -> Effects:
    """The points, and their count."""
    return PointsEarned(lot), Counted(_counter(rule), day, uses=1, keep_days=KEEP_DAYS)


def taken_back(effects: Iterable[AnyEffect]) -> Effects:
    """The opposite of what was paid."""
    undone: list[AnyEffect] = []
    for effect in effects:
        if isinstance(effect, PointsEarned):
            undone.append(PointsTakenBack(effect.lot.rule, effect.lot.id, effect.lot.amount_centi))
        elif isinstance(effect, Counted):
            undone.append(msgspec.structs.replace(effect, uses=-effect.uses))
    return tuple(undone)


def _counter(rule: str) -> str:
    return f"{rule}#referrals"
