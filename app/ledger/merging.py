"""Two memberships of one person become one: a state is the sum of its effects, so the other's are added."""

from __future__ import annotations

from collections.abc import Iterator

from app.loyalty.effects import (
    AnyEffect,
    Counted,
    Enrolled,
    Granted,
    PointsEarned,
    PointsTakenBack,
    ReceiptCounted,
    StampsChanged,
)
from app.loyalty.state import MemberState, apply


def merge(state: MemberState, other: MemberState, at_ms: int) -> MemberState:
    """What a member has who was two: every lot, stamp, count and grant of both; one's debt is the other's."""
    return apply(state, effects_of_state(other), at_ms)


def effects_of_state(state: MemberState) -> Iterator[AnyEffect]:
    """The effects that lead from a new member to this state."""
    if state.enrolled_at_ms is not None:
        yield Enrolled(state.enrolled_at_ms, state.referred_by)
    for lot in state.lots:
        yield PointsEarned(lot)
    if state.debt_centi:
        yield PointsTakenBack("", "", state.debt_centi)
    for rule, card in state.stamps.items():
        yield StampsChanged(rule, card.have, card.idle_days)
    for key, buckets in state.counters.items():
        for day in buckets:
            yield Counted(
                key,
                day.day,
                day.receipts,
                day.spend_minor,
                day.points_centi,
                day.units_milli,
                day.uses,
                day.keep_days,
            )
    for grant in state.grants:
        yield Granted(grant)
    if state.receipts or state.spend_minor:
        yield ReceiptCounted(state.receipts, state.spend_minor)
