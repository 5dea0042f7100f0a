"""The fold of effects: total, and the same whatever the order in which facts of two tills arrive."""

from __future__ import annotations

from itertools import permutations

import msgspec
import pytest

from app.loyalty.effects import (
    AnyEffect,
    Counted,
    Enrolled,
    Grant,
    Granted,
    GrantUsed,
    Lot,
    PointsEarned,
    PointsReturned,
    PointsSpent,
    PointsTakenBack,
    ReceiptCounted,
    StampsChanged,
)
from app.loyalty.state import DAY_MS, EMPTY, Bucket, Card, MemberState, advance, apply

T = 20_000 * DAY_MS


def lot(id: str, centi: int, expires_at_ms: int | None = None, earned_at_ms: int = T) -> Lot:
    return Lot(id, "points", centi, earned_at_ms, expires_at_ms=expires_at_ms)


def test_lots_are_spent_soonest_to_expire_first() -> None:
    state = apply(EMPTY, [PointsEarned(lot("late", 500)), PointsEarned(lot("soon", 75, T + DAY_MS))], T)
    state = apply(state, [PointsSpent("points", 500)], T)
    assert [(each.id, each.amount_centi) for each in state.lots] == [("late", 75)]


def test_575_points_less_500_leave_75_of_the_younger_lot() -> None:
    old, young = lot("a", 30_000, T + 5 * DAY_MS), lot("b", 27_500, T + 9 * DAY_MS)
    state = apply(EMPTY, [PointsEarned(young), PointsEarned(old)], T)
    state = apply(
        state, [PointsSpent("points", 50_000, (old, msgspec.structs.replace(young, amount_centi=20_000)))], T
    )
    assert state.balance_centi == 7_500
    assert [each.id for each in state.lots] == ["b"]


def test_what_two_tills_both_spent_becomes_a_debt_and_is_repaid() -> None:
    state = apply(EMPTY, [PointsEarned(lot("a", 1000))], T)
    for _ in range(2):
        state = apply(state, [PointsSpent("points", 1000, (lot("a", 1000),))], T)
    assert (state.balance_centi, state.lots) == (-1000, ())
    state = apply(state, [PointsEarned(lot("b", 1500))], T)
    assert state.balance_centi == 500
    assert state.debt_centi == 0


def test_points_given_back_return_to_their_lot_with_its_terms() -> None:
    before = apply(EMPTY, [PointsEarned(lot("a", 1000, T + DAY_MS))], T)
    spent = apply(before, [PointsSpent("points", 400, (lot("a", 400, T + DAY_MS),))], T)
    after = apply(spent, [PointsReturned("points", (lot("a", 400, T + DAY_MS),))], T)
    assert after == before


def test_points_taken_back_may_push_the_balance_below_zero() -> None:
    state = apply(EMPTY, [PointsEarned(lot("a", 300))], T)
    state = apply(state, [PointsSpent("points", 200)], T)
    state = apply(state, [PointsTakenBack("points", "a", 300)], T)
    assert state.balance_centi == -200


def test_a_lot_expires_at_its_moment_and_not_before() -> None:
    state = apply(EMPTY, [PointsEarned(lot("a", 300, T + 10))], T)
    assert advance(state, T + 9).balance_centi == 300
    assert advance(state, T + 10).balance_centi == 0


def test_idle_lots_expire_by_the_last_receipt_of_their_rule() -> None:
    idle = Lot("a", "points", 300, T, idle_days=30)
    state = apply(EMPTY, [PointsEarned(idle), Counted("points", 20_000, receipts=1, keep_days=30)], T)
    assert advance(state, T + 30 * DAY_MS).balance_centi == 300
    assert advance(state, T + 31 * DAY_MS).balance_centi == 0
    visited = apply(state, [Counted("points", 20_020, receipts=1, keep_days=30)], T + 20 * DAY_MS)
    assert advance(visited, T + 50 * DAY_MS).balance_centi == 300


def test_dated_buckets_are_dropped_when_no_window_can_ask_for_them() -> None:
    state = apply(EMPTY, [Counted("tier", 20_000, spend_minor=100, keep_days=10)], T)
    assert advance(state, T + 11 * DAY_MS) == state
    assert advance(state, T + 12 * DAY_MS).counters == {}


def test_a_grant_used_before_it_arrives_is_not_left_over() -> None:
    coupon = Grant("c", "welcome", "coupon", T)
    late = apply(EMPTY, [GrantUsed(coupon)], T)
    assert late.held("welcome", T) == ()
    assert apply(late, [Granted(coupon)], T) == EMPTY


def test_windows_sum_both_ends_included() -> None:
    state = MemberState(counters={"t": tuple(Bucket(day, receipts=1) for day in (5, 6, 7))})
    assert state.counted("t", 5, 6).receipts == 2
    assert state.counted("t", 6).receipts == 2


FACTS: list[list[AnyEffect]] = [
    [PointsEarned(lot("a", 700)), ReceiptCounted(1, 5000), Counted("tier", 20_000, spend_minor=5000)],
    [PointsSpent("points", 900), StampsChanged("card", 3)],
    [PointsEarned(lot("b", 250, T + 9 * DAY_MS)), StampsChanged("card", -5), ReceiptCounted(1, 700)],
    [Granted(Grant("c", "r", "coupon", T)), GrantUsed(Grant("c", "r", "coupon", T))],
]


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_late_facts_add_up_whatever_their_order(order: tuple[int, ...]) -> None:
    state = EMPTY
    for number in order:
        state = apply(state, FACTS[number], T)
    assert state.balance_centi == 50
    assert state.stamps == {"card": Card(-2)}
    assert (state.receipts, state.spend_minor) == (2, 5700)
    assert state.counted("tier").spend_minor == 5000
    assert state.grants == ()


def test_the_earlier_enrolment_counts() -> None:
    state = apply(EMPTY, [Enrolled(T, "friend"), Enrolled(T - 5), Enrolled(T + 5, "other")], T)
    assert (state.enrolled_at_ms, state.referred_by) == (T - 5, "friend")


def test_state_and_effects_survive_json() -> None:
    for effects in FACTS:
        state = apply(EMPTY, effects, T)
        assert msgspec.json.decode(msgspec.json.encode(state), type=MemberState) == state
        assert msgspec.json.decode(msgspec.json.encode(effects), type=list[AnyEffect]) == effects
