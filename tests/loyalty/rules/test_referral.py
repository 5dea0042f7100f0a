from __future__ import annotations

import pytest

from app.loyalty.basket import Context, Line
from app.loyalty.effects import Counted, Enrolled, Lot, ReferralDue
from app.loyalty.events import enrol
from app.loyalty.state import DAY_MS, EMPTY, apply
from tests.loyalty.support import NOON, line, price, programme, then, why

REFERRAL = (
    "  - {id: r, kind: referral, NAME, referrer_points: 10, friend_points: 5,"
    " after_days: 14, cap_per_month: 3%s}\n"
)
FRIEND = apply(EMPTY, [Enrolled(NOON - DAY_MS, "anna")], NOON)


def test_a_friend_pays_both_on_the_first_purchase_only() -> None:
    compiled = programme(REFERRAL % "")
    first = price(compiled, line("a", "10"), state=FRIEND, member_id="jan")
    assert first.points.earned_centi == 500
    due_at_ms = NOON + 14 * DAY_MS
    lot = Lot("s:r:jan", "r", 1_000, NOON, due_at_ms)
    assert ReferralDue("r", "anna", 1_000, due_at_ms, 3, lot, NOON // DAY_MS) in first.effects
    second = price(compiled, line("a", "10"), state=then(FRIEND, first), member_id="jan")
    assert why(second, "r").code == "referral_paid"


def test_nobody_brings_themselves() -> None:
    compiled = programme(REFERRAL % "")
    assert why(price(compiled, line("a", "10"), state=FRIEND, member_id="anna"), "r").code == "self_referral"
    assert enrol(compiled, Context(at_ms=NOON, member_id="anna"), "anna").effects == (Enrolled(NOON),)


def test_a_referral_may_pay_on_enrolment_or_on_each_of_some_purchases() -> None:
    at_once = enrol(programme(REFERRAL % ", pays_on: enrolment"), Context(at_ms=NOON, sale_id="e"), "anna")
    assert at_once.earned_centi == 500
    compiled = programme(REFERRAL % ", pays_on: each_purchase, purchases: 2")
    state, earned = FRIEND, []
    for _ in range(3):
        decision = price(compiled, line("a", "10"), state=state)
        earned.append(decision.points.earned_centi)
        state = then(state, decision)
    assert earned == [500, 500, 0]


def test_what_pays_on_enrolment_pays_nothing_on_a_purchase() -> None:
    rule = "  - {id: r, kind: referral, NAME, pays_on: enrolment, friend_points: 20}\n"
    decision = price(programme(rule), line("a", "10"), state=FRIEND)
    assert (decision.points.earned_centi, why(decision, "r").code) == (0, "referral_paid")


@pytest.mark.parametrize(
    ("goods", "code", "params"),
    [
        (line("a", "19.99"), "missing_for_referral", {"missing_minor": 1}),
        (line("b", "20"), "missing_for_referral", {"missing_minor": 2_000}),
        (line("a", "20"), "points_earned", {"points_centi": 500}),
    ],
)
def test_a_friends_least_receipt_is_of_the_rules_goods(
    goods: Line, code: str, params: dict[str, int]
) -> None:
    compiled = programme(REFERRAL % ", min_receipt: 20, products: {skus: [a]}")
    decision = price(compiled, goods, state=FRIEND, member_id="jan")
    assert (why(decision, "r").code, why(decision, "r").params) == (code, params)
    assert any(isinstance(each, ReferralDue) for each in decision.effects) == (code == "points_earned")


def test_only_who_was_brought_by_somebody_is_a_friend() -> None:
    compiled = programme(REFERRAL % "")
    assert why(price(compiled, line("a", "10"), state=None), "r").code == "members_only"
    assert why(price(compiled, line("a", "10")), "r").code == "not_referred"


@pytest.mark.parametrize(
    ("points", "friend", "referrer"), [("friend_points: 5", 500, []), ("referrer_points: 10", 0, [1_000])]
)
def test_either_alone_may_be_paid(points: str, friend: int, referrer: list[int]) -> None:
    compiled = programme(f"  - {{id: r, kind: referral, NAME, {points}}}\n")
    decision = price(compiled, line("a", "10"), state=FRIEND, member_id="jan")
    assert decision.points.earned_centi == friend
    due = [each for each in decision.effects if isinstance(each, ReferralDue)]
    assert [each.points_centi for each in due] == referrer
    assert [(each.due_at_ms, each.lot) for each in due] == [(NOON, Lot("s:r:jan", "r", 1_000, NOON))] * len(
        referrer
    )
    assert Counted("r", 0, uses=1) in decision.effects
