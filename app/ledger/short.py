"""A member in short: what a till knows of those whom its store has never seen, when nobody can be asked.

A level and an amount of points that may be spent are enough to sell at the right price and take some points;
what rules count besides is not there. A sale names the whole of it as the snapshot that it was priced from,
so that the server can price it again without keeping what it once sent.
"""

from __future__ import annotations

from typing import Final

import msgspec

from app.loyalty.compiled import Compiled
from app.loyalty.effects import Lot
from app.loyalty.moment import moment_of
from app.loyalty.rules.tier import Ladder, TierRule
from app.loyalty.state import Bucket, MemberState, advance
from app.values import minor_digits

PREFIX: Final = "short:"
"""Begins the name of such a snapshot; the state in JSON follows."""
FIELDS: Final = {"spend": "spend_minor", "points": "points_centi", "receipts": "receipts"}
"""What a tier's basis is called in a counter."""
Counters = dict[str, tuple[Bucket, ...]]

_state: Final = msgspec.json.Decoder(MemberState)
_encode: Final = msgspec.json.Encoder().encode


def short_state(points_centi: int, level: Counters, *, bought: bool) -> MemberState:
    """The state that stands for a member: `level` are the least counters that give it, `bought` whether they
    have ever bought anything, so that no welcome is given to an old customer."""
    lots = (Lot("", "", points_centi, 0),) if points_centi > 0 else ()
    return MemberState(lots=lots, counters=level, receipts=1 if bought else 0)


def named(state: MemberState) -> str:
    """The name of a snapshot that is a member in short."""
    return PREFIX + _encode(state).decode()


def state_named(snapshot: str) -> MemberState | None:
    """The state in such a name; None for any other, and for one that cannot be read."""
    if not snapshot.startswith(PREFIX):
        return None
    try:
        return _state.decode(snapshot.removeprefix(PREFIX))
    except msgspec.DecodeError:
        return None


class Levels:
    """The levels of a programme's tiers, on one day, and what members of each are in short."""

    def __init__(self, compiled: Compiled | None, at_ms: int) -> None:
        programme = None if compiled is None else compiled.programme
        self.at_ms = at_ms
        self._day = 0 if programme is None else moment_of(at_ms // 60_000, programme.time_zone).day
        rules = () if programme is None else programme.rules
        digits = 2 if programme is None else minor_digits(programme.currency)
        self._ladders = [Ladder(rule, digits) for rule in rules if isinstance(rule, TierRule)]

    def of(self, state: MemberState) -> tuple[int, ...]:
        """The level in each tier, 0 for none."""
        if not state.counters:
            return (0,) * len(self._ladders)
        return tuple(ladder.current(state, self._day) for ladder in self._ladders)

    def counters(self, levels: tuple[int, ...]) -> Counters:
        """The least that a member of these levels has counted."""
        found: Counters = {}
        for ladder, level in zip(self._ladders, levels, strict=True):
            if not level:
                continue
            rule = ladder.rule
            day = 0 if ladder.keep_days is None else self._day
            figure = {FIELDS[rule.basis]: ladder.limits[level - 1]}
            found[rule.id] = (Bucket(day, keep_days=ladder.keep_days, **figure),)
            if rule.downgrade == "never":
                found[ladder.mark(rule.levels[level - 1])] = (Bucket(0, uses=1),)
        return found

    def spendable_centi(self, state: MemberState) -> int:
        """The points that may be spent; 0 for a debt."""
        at_ms, lots = self.at_ms, state.lots
        if any(lot.idle_days is not None for lot in lots):
            lots = advance(state, at_ms).lots  # what lapses by idleness asks the purchases
        free = [
            lot.amount_centi
            for lot in lots
            if lot.spendable_at_ms <= at_ms and (lot.expires_at_ms is None or at_ms < lot.expires_at_ms)
        ]
        return max(sum(free) - state.debt_centi, 0)
