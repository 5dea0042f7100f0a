"""The fold of effects: total, and the same whatever the order in which facts of two tills arrive."""

from __future__ import annotations

from itertools import permutations

import msgspec
import pytest

from app.loyalty.effects import (
    PURCHASES,
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
from app.loyalty.life import Life
from app.loyalty.standing import longest_idle
from app.loyalty.state import DAY_MS, EMPTY, Bucket, Card, MemberState, advance, apply, take_from

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


def purchase(day: int, receipts: int = 1, keep_days: int = 30) -> Counted:
    return Counted(PURCHASES, day, receipts=receipts, keep_days=keep_days)


def test_idle_lots_expire_by_the_last_purchase_whatever_rule_counts_it() -> None:
    idle = Lot("a", "points", 300, T, idle_days=30)
    state = apply(EMPTY, [PointsEarned(idle), purchase(20_000)], T)
    assert advance(state, T + 30 * DAY_MS).balance_centi == 300
    assert advance(state, T + 31 * DAY_MS).balance_centi == 0
    visited = apply(state, [purchase(20_020)], T + 20 * DAY_MS)
    assert [advance(visited, T + days * DAY_MS).balance_centi for days in (50, 51)] == [300, 0]
    counted = apply(state, [Counted("points", 20_020, receipts=1)], T + 20 * DAY_MS)
    assert advance(counted, T + 31 * DAY_MS).balance_centi == 0


def test_a_refunded_purchase_is_none_for_idle_lots() -> None:
    idle = Lot("a", "points", 300, T, idle_days=30)
    state = apply(EMPTY, [PointsEarned(idle), purchase(20_000), purchase(20_020)], T + 20 * DAY_MS)
    refunded = apply(state, [purchase(20_020, -1)], T + 21 * DAY_MS)
    assert advance(state, T + 31 * DAY_MS).balance_centi == 300
    assert [advance(refunded, T + days * DAY_MS).balance_centi for days in (30, 31)] == [300, 0]
    assert apply(state, [purchase(20_020, -1)], T + 40 * DAY_MS).balance_centi == 0


def test_points_earned_beside_any_purchase_lapse_by_the_day_they_were_earned() -> None:
    idle = Lot("a", "review", 300, T + 9 * DAY_MS, idle_days=30)
    for past in ([], [purchase(20_000)]):
        state = apply(EMPTY, [*past, PointsEarned(idle)], T + 9 * DAY_MS)
        assert [advance(state, T + days * DAY_MS).balance_centi for days in (39, 40)] == [300, 0]


def test_how_long_the_longest_of_what_is_held_outlives_a_purchase() -> None:
    lots = [PointsEarned(Lot(f"{days}", "a", 300, T, idle_days=days)) for days in (30, None, 90)]
    assert (EMPTY.idle_days, apply(EMPTY, lots[:2], T).idle_days) == (0, 30)
    state = apply(EMPTY, [*lots, StampsChanged("card", 1, 120), StampsChanged("other", 1)], T)
    for days in (120, 90):
        assert state.idle_days == Life(state).idle_days == days
        state = apply(state, [StampsChanged("card", -1, 120)], T)
    assert Life(EMPTY).idle_days == 0


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


def test_points_are_taken_from_the_named_lot_then_in_the_order_of_spending() -> None:
    lots = [
        lot("late", 300, T + 9),
        lot("never", 200),
        lot("soon", 100, T + 5),
        lot("older", 50, None, T - 1),
    ]
    state = apply(EMPTY, [PointsEarned(each) for each in lots], T)
    assert [each.id for each in state.lots] == ["soon", "late", "older", "never"]
    named = apply(state, [PointsSpent("points", 120, (lot("never", 120),))], T)
    assert [(each.id, each.amount_centi) for each in named.lots] == [
        ("soon", 100),
        ("late", 300),
        ("older", 50),
        ("never", 80),
    ]
    more = apply(state, [PointsSpent("points", 350, (lot("never", 250),))], T)
    assert [(each.id, each.amount_centi) for each in more.lots] == [("late", 250), ("older", 50)]
    back = apply(state, [PointsTakenBack("points", "late", 420)], T)
    assert [(each.id, each.amount_centi) for each in back.lots] == [("older", 30), ("never", 200)]


def test_lots_of_one_moment_go_by_their_name() -> None:
    state = apply(EMPTY, [PointsEarned(lot("b", 5)), PointsEarned(lot("a", 5))], T)
    assert [each.id for each in state.lots] == ["a", "b"]


def test_the_same_lot_again_adds_to_it_and_a_debt_is_repaid_to_the_last_hundredth() -> None:
    state = apply(EMPTY, [PointsEarned(lot("a", 5)), PointsEarned(lot("a", 6))], T)
    assert [(each.id, each.amount_centi) for each in state.lots] == [("a", 11)]
    owing = apply(EMPTY, [PointsSpent("points", 10)], T)
    assert (owing.debt_centi, owing.balance_centi) == (10, -10)
    paid = apply(owing, [PointsEarned(lot("a", 10))], T)
    assert (paid.debt_centi, paid.lots) == (0, ())
    over = apply(owing, [PointsEarned(lot("a", 11))], T)
    assert (over.debt_centi, over.balance_centi) == (0, 1)


def test_only_points_past_their_waiting_time_may_be_spent() -> None:
    ready = Lot("a", "points", 100, T, spendable_at_ms=T + 10)
    state = apply(EMPTY, [PointsEarned(ready), PointsEarned(lot("b", 5))], T)
    assert [state.spendable_centi(moment) for moment in (T + 9, T + 10)] == [5, 105]
    assert state.balance_centi == 105


def test_what_is_held_has_its_rule_its_uses_and_its_time() -> None:
    grant = Grant("g", "r", "coupon", T, starts_at_ms=T + 1, expires_at_ms=T + 5)
    state = apply(EMPTY, [Granted(grant), Granted(Grant("h", "other", "coupon", T))], T)
    assert [bool(state.held("r", moment)) for moment in (T, T + 1, T + 4, T + 5)] == [
        False,
        True,
        True,
        False,
    ]
    assert [each.code for each in state.held("other", T + 10**12)] == ["h"]
    used = apply(state, [GrantUsed(grant)], T)
    assert [each.code for each in used.grants] == ["h"]
    many = apply(
        EMPTY, [Granted(msgspec.structs.replace(grant, uses=3)), GrantUsed(grant), Granted(grant)], T
    )
    assert [each.uses for each in many.grants] == [3]
    assert [each.code for each in apply(state, [], T + 4).grants] == ["g", "h"]
    assert [each.code for each in apply(state, [], T + 5).grants] == ["h"]


def test_counters_add_up_by_day_and_vanish_at_nothing() -> None:
    one = Counted("k", 7, 1, 20, 30, 40, 5, 9)
    state = apply(EMPTY, [one, Counted("k", 8, uses=1), one], 7 * DAY_MS)
    assert state.counters == {"k": (Bucket(7, 2, 40, 60, 80, 10, 9), Bucket(8, uses=1))}
    assert state.counted("k") == Bucket(0, 2, 40, 60, 80, 11)
    assert state.counted("k", 8, 8) == Bucket(8, uses=1)
    assert state.counted("k", 9) == Bucket(9)
    assert state.counted("unheard-of") == Bucket(0)
    undone = [Counted("k", 7, -2, -40, -60, -80, -10, 9), Counted("k", 8, uses=-1)]
    assert apply(state, undone, 7 * DAY_MS).counters == {}
    for field in ("receipts", "spend_minor", "points_centi", "units_milli", "uses"):
        kept = apply(EMPTY, [Counted("k", 7, **{field: 1})], 7 * DAY_MS)
        assert kept.counters == {"k": (Bucket(7, **{field: 1}),)}


def test_keys_of_a_state_stand_in_order_whatever_came_first() -> None:
    effects = [Counted("b", 1, uses=1), Counted("a", 1, uses=1), StampsChanged("d", 1), StampsChanged("c", 2)]
    effects += [Granted(Grant("f", "r", "coupon", T)), Granted(Grant("e", "r", "coupon", T))]
    state = apply(EMPTY, effects, T)
    assert (list(state.counters), list(state.stamps)) == (["a", "b"], ["c", "d"])
    assert [each.code for each in state.grants] == ["e", "f"]
    assert (state.card("c"), state.card("d"), state.card("none")) == (2, 1, 0)


def test_a_card_lapses_some_days_after_the_last_purchase() -> None:
    state = apply(EMPTY, [StampsChanged("s", 3, 10), purchase(20_000)], T)
    assert [advance(state, T + days * DAY_MS).card("s") for days in (10, 11)] == [3, 0]
    again = apply(state, [StampsChanged("s", 1, 20)], T)
    assert (again.card("s"), advance(again, T + 11 * DAY_MS).card("s")) == (4, 4)
    refunded = apply(state, [purchase(20_000, -1)], T)
    assert advance(refunded, T + 11 * DAY_MS).card("s") == 3
    later = apply(refunded, [purchase(20_005)], T + 12 * DAY_MS)
    assert [advance(later, T + days * DAY_MS).card("s") for days in (15, 16)] == [3, 0]
    assert apply(state, [StampsChanged("s", -3, 10)], T).stamps == {}


def test_a_receipt_of_a_life_and_its_end() -> None:
    state = apply(EMPTY, [ReceiptCounted(1, 500), ReceiptCounted(1, 70)], T)
    assert (state.receipts, state.spend_minor) == (2, 570)
    back = apply(state, [ReceiptCounted(-1, -70)], T)
    assert (back.receipts, back.spend_minor) == (1, 500)
    joined = apply(EMPTY, [Enrolled(T + 5, "friend"), Enrolled(T)], T)
    assert (joined.enrolled_at_ms, joined.referred_by) == (T, "friend")
    same = apply(joined, [Enrolled(T, "late")], T)
    assert same.referred_by == "friend"


def test_parts_of_lots_make_up_an_amount() -> None:
    lots = (lot("a", 5), lot("b", 0), lot("c", 7))
    taken = [
        [(each.id, each.amount_centi) for each in take_from(lots, amount)] for amount in (0, 5, 6, 12, 99)
    ]
    assert taken == [[], [("a", 5)], [("a", 5), ("c", 1)], [("a", 5), ("c", 7)], [("a", 5), ("c", 7)]]


def test_a_date_that_changes_nothing_leaves_the_very_state() -> None:
    state = apply(EMPTY, FACTS[0] + FACTS[2], T)
    assert advance(state, T + 1) is state


def test_what_has_no_use_left_is_not_held() -> None:
    for uses in (-1, 0, 1):
        state = MemberState(grants=(Grant("g", "r", "coupon", T, uses),))
        assert len(state.held("r", T)) == (uses > 0)


def test_nothing_held_lapses_by_idleness() -> None:
    assert longest_idle(()) == EMPTY.idle_days == 0
    assert longest_idle((Card(1), Card(1, 5), Card(1, 3))) == 5
