"""A life of many facts in place is the same as each fact applied to a frozen state, whatever comes."""

from __future__ import annotations

from random import Random

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from app.loyalty.effects import (
    PURCHASES,
    AnyEffect,
    BudgetSpent,
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
from app.loyalty.state import DAY_MS, EMPTY, Bucket, Card, MemberState, advance, apply
from tests.loyalty.support import NOON


def effect(rng: Random, now_ms: int, number: int) -> AnyEffect:
    """Any effect, sound or not: late days, lots never earned, coupons used before they are granted."""
    rule = rng.choice("abc")
    day = rng.choice([0, *[now_ms // DAY_MS - ago for ago in (0, 0, 0, 1, 5, 30)]])
    known = f"l{rng.randrange(8)}"
    match rng.randrange(12):
        case 0:
            expires = rng.choice([None, now_ms + rng.randrange(-1, 40) * DAY_MS])
            lot = rng.choice([known, f"new{number}"])
            idle = rng.choice([None, None, 5, 20])
            ready = rng.choice([0, now_ms + DAY_MS])
            return PointsEarned(Lot(lot, rule, rng.randrange(500), now_ms, ready, expires, idle))
        case 1:
            taken = tuple(Lot(f"l{rng.randrange(8)}", rule, rng.randrange(200), 0) for _ in range(2))
            return PointsSpent(rule, rng.randrange(600), taken)
        case 2:
            return PointsReturned(rule, (Lot(known, rule, rng.randrange(200), now_ms),))
        case 3:
            return PointsTakenBack(rule, known, rng.randrange(300))
        case 4:
            return StampsChanged(rule, rng.randrange(-3, 4), rng.choice([None, 3, 30]))
        case 5 | 6 | 7:
            key = rng.choice([rule, f"{rule}#x", PURCHASES])
            receipts = rng.choice([1, 1, -1, 0])
            spend = rng.randrange(-5, 100)
            return Counted(key, day, receipts, spend, keep_days=rng.choice([None, None, 10, 30]))
        case 8:
            return ReceiptCounted(1, 100)
        case 9:
            return rng.choice([Enrolled(now_ms - DAY_MS, "friend"), BudgetSpent(rule, 100)])
        case which:
            expires = rng.choice([None, now_ms + rng.randrange(-1, 20) * DAY_MS])
            grant = Grant(f"g{rng.randrange(6)}", rule, "coupon", now_ms, rng.randrange(3), 0, expires)
            return Granted(grant) if which == 10 else GrantUsed(grant)


def encoded(state: MemberState) -> bytes:
    return msgspec.json.encode(state)


@given(st.integers(0, 10**9))
def test_living_on_equals_thawing_and_freezing(seed: int) -> None:
    rng = Random(seed)
    now_ms, state, life = NOON, EMPTY, Life()
    for number in range(20):
        now_ms += rng.choice([0, 1000, DAY_MS // 3, DAY_MS, 3 * DAY_MS, 20 * DAY_MS, 60 * DAY_MS])
        effects = [effect(rng, now_ms, number) for _ in range(rng.randrange(6))]
        state = apply(state, effects, now_ms)
        life.live(effects, now_ms)
        assert encoded(life.frozen()) == encoded(state)
        assert_reads_the_same(life, state, now_ms)
        if rng.random() < 0.5:
            now_ms += rng.randrange(40) * DAY_MS
            state = advance(state, now_ms)
            life.advance(now_ms)
            assert encoded(life.frozen()) == encoded(state)
            assert_reads_the_same(life, state, now_ms)


def assert_reads_the_same(life: Life, state: MemberState, now_ms: int) -> None:
    assert life.balance_centi == state.balance_centi
    assert life.spendable_centi(now_ms) == state.spendable_centi(now_ms)
    assert (life.lots, life.grants, life.receipts) == (state.lots, state.grants, state.receipts)
    assert (life.enrolled_at_ms, life.referred_by) == (state.enrolled_at_ms, state.referred_by)
    today = now_ms // DAY_MS
    for rule in "abc":
        assert life.card(rule) == state.card(rule)
        assert life.held(rule, now_ms) == state.held(rule, now_ms)
        for since, until in ((0, None), (today - 10, None), (today - 40, today - 1)):
            one, two = life.counted(rule, since, until), state.counted(rule, since, until)
            assert (one.receipts, one.spend_minor, one.uses) == (two.receipts, two.spend_minor, two.uses)


@given(st.integers(0, 10**9))
def test_a_state_without_a_day_gone_by_is_itself(seed: int) -> None:
    rng = Random(seed)
    state = apply(EMPTY, [effect(rng, NOON, number) for number in range(8)], NOON)
    assert advance(state, NOON) is state


def test_what_is_held_holds_from_its_first_millisecond_until_before_its_last() -> None:
    grant = Grant("g", "r", "coupon", NOON, starts_at_ms=NOON + 5, expires_at_ms=NOON + 9)
    state = MemberState(grants=(grant,))
    for standing in (state, Life(state)):
        held = [len(standing.held("r", NOON + late)) for late in (4, 5, 8, 9)]
        assert held == [0, 1, 1, 0]
        assert standing.held("other", NOON + 5) == ()


def test_a_lot_is_gone_on_the_moment_it_expires_before_anything_is_spent_of_it() -> None:
    lot = Lot("l", "p", 100, NOON, expires_at_ms=NOON + DAY_MS)
    for late, left in ((-1, (60, 0)), (0, (0, 40)), (1, (0, 40))):
        life = Life()
        life.live([PointsEarned(lot)], NOON)
        life.live([PointsSpent("p", 40)], NOON + DAY_MS + late)
        assert (life.balance_centi, life.debt_centi) == (left[0] - left[1], left[1])
    waiting = Life()
    waiting.live([PointsEarned(lot)], NOON)
    waiting.advance(NOON + DAY_MS)
    assert waiting.balance_centi == 0
    late = Life()
    late.live([PointsEarned(lot)], NOON + DAY_MS)
    assert (late.balance_centi, late.lots) == (0, ())


def test_what_amounts_to_nothing_is_no_part_of_a_state() -> None:
    grant = Grant("g", "r", "coupon", NOON, uses=0)
    nothings = MemberState(lots=(Lot("l", "p", 0, NOON),), stamps={"s": Card(0)}, grants=(grant,))
    assert advance(nothings, NOON) == EMPTY
    for one in ({"lots": nothings.lots}, {"stamps": nothings.stamps}, {"grants": nothings.grants}):
        assert advance(MemberState(**one), NOON) == EMPTY  # pyright: ignore[reportArgumentType]


def test_a_life_knows_how_long_what_it_holds_may_idle() -> None:
    lot, card = Lot("l", "p", 5, NOON, idle_days=1), Card(1, 3)
    for state, days in ((EMPTY, 0), (MemberState(lots=(lot,)), 1), (MemberState((lot,), 0, {"s": card}), 3)):
        assert Life(state).idle_days == state.idle_days == days
    life = Life()
    life.live([PointsEarned(lot)], NOON)
    assert life.idle_days == 1
    life.live([StampsChanged("s", 1, 3)], NOON)
    assert life.idle_days == 3
    carded = Life()
    carded.live([StampsChanged("s", 1, 3)], NOON)
    assert carded.idle_days == 3


def test_what_idles_lapses_as_its_last_day_ends() -> None:
    state = MemberState(lots=(Lot("l", "p", 5, NOON, idle_days=20),))
    midnight = (NOON // DAY_MS + 21) * DAY_MS
    assert [advance(state, midnight + late).balance_centi for late in (-1, 0)] == [5, 0]


def test_days_past_their_use_go_and_leave_the_others() -> None:
    today = NOON // DAY_MS
    long, short = Bucket(today - 9, receipts=1, keep_days=30), Bucket(today - 8, receipts=2, keep_days=6)
    state = MemberState(counters={"a": (long, short), "b": (short,), "c": (long,)})
    assert advance(state, NOON - DAY_MS) is state
    assert advance(state, NOON).counters == {"a": (long,), "c": (long,)}


def test_points_that_no_lot_is_named_for_go_to_the_last_hundredth_then_into_debt() -> None:
    state = MemberState(lots=(Lot("l", "p", 100, NOON),))
    for spent, balance, debt in ((1, 99, 0), (99, 1, 0), (100, 0, 0), (101, -1, 1)):
        after = apply(state, [PointsSpent("p", spent)], NOON)
        assert (after.balance_centi, after.debt_centi) == (balance, debt)
    twice = apply(state, [PointsSpent("p", 130), PointsTakenBack("p", "l", 50)], NOON)
    assert (twice.lots, twice.debt_centi) == ((), 80)


def test_what_idles_counts_from_the_first_purchase_and_from_the_last_that_was_not_taken_back() -> None:
    day = NOON // DAY_MS
    card = Life()
    card.live([StampsChanged("s", 1, 3)], NOON)
    card.advance(NOON + 30 * DAY_MS)
    card.live([Counted(PURCHASES, day + 30, receipts=1)], NOON + 30 * DAY_MS)
    for days, have in ((33, 1), (34, 0)):
        card.advance((day + days) * DAY_MS)
        assert card.card("s") == have
    for back, lapsed in ((0, 9), (-1, 6)):
        lots = Life()
        lots.live([PointsEarned(Lot("l", "p", 5, NOON, idle_days=5))], NOON)
        lots.live([Counted(PURCHASES, day, receipts=1)], NOON)
        lots.live([Counted(PURCHASES, day + 3, receipts=1)], NOON + 3 * DAY_MS)
        lots.live([Counted(PURCHASES, day + 3, receipts=back)], NOON + 4 * DAY_MS)
        for days in (5, 6, 8, 9):
            lots.advance((day + days) * DAY_MS)
            assert lots.balance_centi == (0 if days >= lapsed else 5)


def test_a_purchase_that_is_forgotten_prolongs_nothing_any_more() -> None:
    """No rule forgets one before what it prolongs has lapsed; a state from elsewhere may."""
    day = NOON // DAY_MS
    bought = Bucket(day, receipts=1), Bucket(day + 3, receipts=1, keep_days=1)
    frozen = MemberState(lots=(Lot("l", "p", 5, NOON, idle_days=5),), counters={PURCHASES: bought})
    life = Life(frozen)
    for late_ms in (5 * DAY_MS, 6 * DAY_MS, 6 * DAY_MS + 1):
        life.advance(day * DAY_MS + late_ms)
        frozen = advance(frozen, day * DAY_MS + late_ms)
        assert life.balance_centi == frozen.balance_centi
    assert frozen.balance_centi == 0
