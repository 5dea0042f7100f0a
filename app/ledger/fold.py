"""Member state as a fold of facts: the till and the server run this same code.

Facts are folded in the order (occurred at, origin, seq). Effects are deltas, so a fact that comes late is
folded by refolding its member, and two tills that were offline together add up.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from app.ledger.facts import AnyFact, MemberEnrolled, SaleCompleted, effects_of
from app.loyalty.state import EMPTY, MemberState, apply


class Placed(NamedTuple):
    """A fact with the place that orders it among facts of other origins."""

    origin: uuid.UUID
    epoch: int
    seq: int
    fact: AnyFact


def fold(state: MemberState, fact: AnyFact) -> MemberState:
    """The member's state after a fact that names it."""
    state = apply(state, effects_of(fact), fact.at_ms)
    # Afterwards: of two equal moments the one that says who brought them counts.
    return enrolled(state, fact.at_ms) if isinstance(fact, MemberEnrolled) else state


def changes_state(fact: AnyFact) -> bool:
    """Whether a fact that names a member is folded into their state at the till that wrote it."""
    return bool(effects_of(fact)) or isinstance(fact, MemberEnrolled | SaleCompleted)


def enrolled(state: MemberState, at_ms: int) -> MemberState:
    """The state of a member who enrolled at `at_ms`; of two enrolments the earlier counts."""
    since = at_ms if state.enrolled_at_ms is None else min(state.enrolled_at_ms, at_ms)
    return msgspec.structs.replace(state, enrolled_at_ms=since)


def refold(facts: Iterable[Placed], start: MemberState = EMPTY) -> MemberState:
    """The state from all facts of one member, whatever the order they arrived in."""
    state = start
    for placed in sorted(facts, key=lambda p: (p.fact.at_ms, p.origin, p.epoch, p.seq)):
        state = fold(state, placed.fact)
    return state
