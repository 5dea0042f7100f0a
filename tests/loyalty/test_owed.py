"""What a referrer is owed: within the month's limit, taken back by a refund, in a pipe of cases."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.loyalty.contract import Contract
from app.loyalty.effects import Counted, Enrolled, Lot, PointsEarned, PointsTakenBack, ReferralDue
from app.loyalty.owed import settlement
from app.loyalty.plain import PlainProblem
from app.loyalty.refund import refund
from app.loyalty.state import DAY_MS, EMPTY, apply
from tests.loyalty.support import NOON, line, price, programme

REFERRAL = (
    "  - {id: r, kind: referral, NAME, referrer_points: 10, friend_points: 5, cap_per_month: 2}\n"
    "  - {id: w, kind: points, NAME, redeem: {value: 0.10}}\n"
)
FRIEND = apply(EMPTY, [Enrolled(NOON - DAY_MS, "anna")], NOON)
TODAY = NOON // DAY_MS
"""15 January 2026."""


def day_of(date_text: str) -> int:
    return (date.fromisoformat(date_text) - date(1970, 1, 1)).days


def due(number: int, day: int = TODAY, points_centi: int = 1_000) -> ReferralDue:
    lot = Lot(f"s{number}:r:f{number}", "r", abs(points_centi), day * DAY_MS)
    return ReferralDue("r", "anna", points_centi, lot.earned_at_ms, 2, lot, day)


def test_the_limit_is_of_the_calendar_month_of_the_friends_purchase() -> None:
    state = EMPTY
    for number, day in enumerate((TODAY - 14, TODAY + 16, TODAY, TODAY - 15, TODAY + 17)):
        state = apply(state, settlement(state, due(number, day)), NOON)
    # 1, 31 and (one too many) 15 January, 31 December, 1 February.
    assert {lot.id[:2] for lot in state.lots} == {"s0", "s1", "s3", "s4"}


@pytest.mark.parametrize(
    ("paid_on", "asked_on", "room"),
    [
        ("2026-01-31", "2026-01-01", False),
        ("2026-01-31", "2026-02-01", True),
        ("2026-02-01", "2026-01-31", True),
        ("2026-12-01", "2026-12-31", False),
        ("2026-12-31", "2026-12-01", False),
        ("2027-01-01", "2026-12-31", True),
        ("2025-12-31", "2026-12-31", True),
    ],
)
def test_a_limit_once_reached_is_reached_for_its_month(paid_on: str, asked_on: str, room: bool) -> None:
    state = EMPTY
    for number in range(2):
        state = apply(state, settlement(state, due(number, day_of(paid_on))), day_of(paid_on) * DAY_MS)
    asked = settlement(state, due(9, day_of(asked_on)))
    assert bool(asked) == room


def test_a_payment_and_its_way_back_to_the_letter() -> None:
    owed = due(1)
    assert owed.lot is not None
    counted = Counted("r#referrals", TODAY, uses=1, keep_days=62)
    assert settlement(EMPTY, owed) == (PointsEarned(owed.lot), counted)
    assert settlement(EMPTY, due(1, points_centi=-1_000)) == (
        PointsTakenBack("r", owed.lot.id, 1_000),
        msgspec.structs.replace(counted, uses=-1),
    )


def test_nothing_owed_uses_up_nothing_of_the_month_and_no_limit_is_no_limit() -> None:
    assert settlement(EMPTY, due(1, points_centi=0)) == ()
    assert settlement(EMPTY, msgspec.structs.replace(due(1), lot=None)) == (), "older than the field"
    state = EMPTY
    for number in range(5):
        owed = msgspec.structs.replace(due(number), cap_per_month=None)
        state = apply(state, settlement(state, owed), NOON)
    assert state.balance_centi == 5_000


@given(st.lists(st.integers(0, 5), max_size=12))
def test_whatever_came_back_pays_again_and_nothing_else_does(friends: list[int]) -> None:
    """Each friend's number says: bought, if not yet, else brought it all back."""
    state, bought = EMPTY, set[int]()
    for friend in friends:
        if friend in bought:
            state = apply(state, settlement(state, due(friend, points_centi=-1_000)), NOON)
            bought.remove(friend)
        elif effects := settlement(state, due(friend)):
            state = apply(state, effects, NOON)
            bought.add(friend)
        assert state.balance_centi == 1_000 * len(bought)
        assert state.counted("r#referrals").uses == len(bought) <= 2


def test_a_refunded_sale_owes_back_what_it_owed() -> None:
    compiled = programme(REFERRAL)
    sale = price(compiled, line("a", "10"), state=FRIEND, member_id="jan")
    (owed,) = [effect for effect in sale.effects if isinstance(effect, ReferralDue)]
    state = apply(EMPTY, settlement(EMPTY, owed), NOON)
    assert state.balance_centi == 1_000
    back = refund(sale, {"a": 1_000}, at_ms=NOON + 1)
    (owed,) = [effect for effect in back.effects if isinstance(effect, ReferralDue)]
    state = apply(state, settlement(state, owed), NOON + 1)
    assert (state.balance_centi, state.debt_centi, state.counters) == (0, 0, {})


def test_a_referrers_life_runs_through_the_pipe_too() -> None:
    contract = Contract(programme(REFERRAL))
    goods = [{"line": "1", "sku": "a", "qty": "1", "unit_price": "10.00"}]

    def answer(member: dict[str, Any], sale: str) -> dict[str, Any]:
        case = {"at": "2026-01-15T12:00:00+01:00", "sale": sale, "member": member, "basket": goods}
        return contract.answer(json.dumps(case))

    friend = {"referred_by": "anna", "enrolled_at": "2026-01-14T12:00:00+01:00"}
    sold = answer({"id": "jan", "state": friend}, "s1")
    owed = [effect for effect in sold["effects"] if effect["do"] == "referral"]
    anna = answer({"id": "anna", "state": {}, "referrals": owed}, "s2")
    assert anna["points"]["balance_before"] == "10"
    assert [lot["amount"] for lot in anna["state_after"]["lots"]] == ["10"]
    with pytest.raises(PlainProblem) as refused:
        answer({"id": "ewa", "state": {}, "referrals": owed}, "s3")
    assert refused.value.path == "member.referrals[0].referrer"
