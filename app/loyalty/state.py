"""A member's loyalty state: a fold of effects, independent of any programme.

`apply` folds effects, `advance` does what the date alone does (expiry). Both are total: effects that
come late, twice as many as expected, or before what they refer to never raise and never lose a point.
"""

from __future__ import annotations

from collections.abc import Iterable

from app.loyalty.effects import AnyEffect
from app.loyalty.life import Life
from app.loyalty.standing import DAY_MS, EMPTY, Bucket, Card, MemberState, Standing, lot_order, take_from

__all__ = [
    "DAY_MS", "EMPTY", "Bucket", "Card", "MemberState", "Standing", "advance", "apply", "lot_order",
    "take_from",
]  # fmt: skip


def apply(state: MemberState, effects: Iterable[AnyEffect], at_ms: int) -> MemberState:
    """The state after a fact that happened at `at_ms`."""
    life = Life(state)
    life.live(effects, at_ms)
    return life.frozen()


def advance(state: MemberState, at_ms: int) -> MemberState:
    """The state at a later moment with no purchase in between: lots, cards, grants and buckets expire."""
    if not (state.lots or state.stamps or state.counters or state.grants):
        return state  # there is nothing that could lapse
    life = Life(state)
    life.advance(at_ms)
    return life.frozen() if life.changed else state
