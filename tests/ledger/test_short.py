"""Members in short: their level is that of all of their facts, and a sale's name of it reads back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ledger.inputs import state_digest
from app.ledger.short import Levels, named, short_state, state_named
from app.loyalty.effects import Counted, Lot, PointsEarned, PointsSpent
from app.loyalty.state import DAY_MS, EMPTY, advance, apply
from tests.loyalty.support import NOON, line, price, programme

TIER = """
  - id: t
    kind: tier
    NAME
    basis: %s
    window: %s
    downgrade: %s
    levels:
      - {id: silver, NAME, from: 2, percent: 5%%}
      - {id: gold, NAME, from: 30, percent: 10%%, multiplier: 2}
"""
KINDS = [
    ("spend", "lifetime", "figures"),
    ("spend", "30", "figures"),
    ("points", "calendar_year", "figures"),
    ("receipts", "365", "never"),
    ("spend", "30", "one_step"),
]


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
@given(days=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 50)), max_size=6))
def test_a_member_in_short_has_the_level_they_have(
    kind: tuple[str, str, str], days: list[tuple[int, int]]
) -> None:
    compiled, today = programme(TIER % kind), NOON // DAY_MS
    levels = Levels(compiled, NOON)
    state = EMPTY
    for ago, n in sorted(days, reverse=True):
        counted = Counted(
            "t", 0 if kind[1] == "lifetime" else today - ago, n, n * 100, n * 100, keep_days=900
        )
        state = apply(state, [counted], NOON - ago * DAY_MS)
    reached = levels.of(state)
    short = short_state(0, levels.counters(reached), bought=True)
    assert levels.of(short) == reached
    mine, theirs = (price(compiled, line("a", "10"), state=one).tiers[0].level for one in (short, state))
    assert mine == theirs


def test_points_in_short_are_those_that_may_be_spent() -> None:
    levels = Levels(None, NOON)
    lots = [Lot("a", "p", 500, NOON - 5), Lot("b", "p", 70, NOON - 5, spendable_at_ms=NOON + 1)]
    gone = Lot("c", "p", 9, NOON - 5, expires_at_ms=NOON - 1)
    state = apply(EMPTY, [PointsEarned(lot) for lot in (*lots, gone)], NOON - 5)
    assert levels.spendable_centi(state) == 500
    assert levels.spendable_centi(apply(state, [PointsSpent("p", 900)], NOON)) == 0, "nobody spends a debt"
    assert short_state(500, {}, bought=False).spendable_centi(NOON) == 500
    assert short_state(0, {}, bought=False) == EMPTY


@given(
    lots=st.lists(
        st.builds(
            Lot, st.uuids().map(str), st.just("p"), st.integers(1, 900),
            st.integers(NOON - 10 * DAY_MS, NOON), st.sampled_from([0, NOON, NOON + 1]),
            st.sampled_from([None, NOON - 1, NOON, NOON + 1]), st.sampled_from([None, None, 5]),
        ),
        max_size=5,
    ),
    spent_centi=st.integers(0, 2000),
)  # fmt: skip
def test_points_in_short_are_what_a_life_has_left(lots: list[Lot], spent_centi: int) -> None:
    state = apply(EMPTY, [PointsEarned(lot) for lot in lots], NOON - 10 * DAY_MS)
    state = apply(state, [PointsSpent("p", spent_centi)], NOON - 10 * DAY_MS)
    now = advance(state, NOON)
    left = max(now.spendable_centi(NOON) - now.debt_centi, 0)
    assert Levels(None, NOON).spendable_centi(state) == left


def test_a_snapshot_in_short_names_itself() -> None:
    levels = Levels(programme(TIER % KINDS[1]), NOON)
    state = short_state(12_300, levels.counters((2,)), bought=True)
    again = state_named(named(state))
    assert again is not None
    assert state_digest(again) == state_digest(state)
    assert state_named("f:12") is None
    assert state_named("short:{") is None
