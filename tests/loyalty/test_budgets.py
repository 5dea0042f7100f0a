"""A budget pays for discounts and points, whatever kind gives them, and pauses its rule once it is spent."""

from __future__ import annotations

import pytest

from app.loyalty.basket import Birthday, Code, Context, Redeem
from app.loyalty.effects import BudgetSpent, Enrolled, Lot, PointsEarned, ReferralDue
from app.loyalty.events import Event, enrol, evaluate_event
from app.loyalty.state import DAY_MS, EMPTY, apply
from tests.loyalty.support import NOON, line, price, programme, then, why

WORTH = "  - {id: w, kind: points, NAME, redeem: {value: 0.10}}\n"
FRIEND = apply(EMPTY, [Enrolled(NOON - 400 * DAY_MS, "anna")], NOON)
GIVERS = {
    "points": "earn: {points: 50, per: visit}",
    "cashback": "rate: 50%",
    "partner": "partner: p, points: 5, per: 1, products: {skus: [a]}",
    "stamps": "size: 2, per: 5, reward: {points: 50}",
    "nth_purchase": "every: 1, give: {points: 50}",
    "threshold": "steps: [{from: 5, give: {points: 50}}]",
    "welcome": "give: {points: 50}",
    "promo_code": "codes: [FIVE], give: {points: 50}",
    "tenure": "steps: [{years: 1, give: {points: 50}}]",
    "birthday": "give: {points: 50}",
    "referral": "friend_points: 50",
    "challenge": "goal: receipts, target: 1, give: {points: 50}",
}
"""Fifty points each for this test's sale, which are worth 5.00."""


@pytest.mark.parametrize("kind", GIVERS)
@pytest.mark.parametrize(
    ("left_minor", "points", "charged_minor"), [(900, 50, 500), (200, 20, 200), (0, 0, 0)]
)
def test_points_are_charged_at_what_they_are_worth(
    kind: str, left_minor: int, points: int, charged_minor: int
) -> None:
    compiled = programme(WORTH + f"  - {{id: r, kind: {kind}, NAME, {GIVERS[kind]}, budget: {{total: 9}}}}\n")
    wishes = {"codes": (Code("FIVE"),), "birthday": Birthday(1, 15, 0), "budgets": {"r": left_minor}}
    decision = price(compiled, line("a", "10"), state=FRIEND, **wishes)
    assert decision.points.earned_centi == points * 100
    charged = [effect for effect in decision.effects if isinstance(effect, BudgetSpent)]
    assert charged == ([BudgetSpent("r", charged_minor, new_member=True)] if charged_minor else [])
    if not left_minor:
        assert why(decision, "r").code == "budget_spent"


@pytest.mark.parametrize(("left_minor", "charged_minor"), [(900, 250), (120, 120)])
@pytest.mark.parametrize("tags", [(), ("no_discount",)])
def test_a_discount_on_the_receipt_is_charged_to_the_penny(
    left_minor: int, charged_minor: int, tags: tuple[str, ...]
) -> None:
    rule = (
        "  - {id: r, kind: threshold, NAME, steps: [{from: 5, give: {percent: 10%}}], budget: {total: 9}}\n"
    )
    goods = (line("a", "10"), line("b", "15"), line("c", "0", tags=tags))
    decision = price(programme(rule), *goods, budgets={"r": left_minor})
    assert decision.discount_minor == charged_minor
    assert [effect for effect in decision.effects if isinstance(effect, BudgetSpent)] == [
        BudgetSpent("r", charged_minor, new_member=True)
    ]


def test_what_the_receipts_cap_takes_back_is_not_charged() -> None:
    rule = "  - {id: r, kind: price, NAME, percent: 50%, budget: {total: 99}}\n"
    decision = price(programme(rule, "caps: {receipt_amount: 3}"), line("a", "10"), line("b", "15"))
    assert decision.discount_minor == 300
    assert BudgetSpent("r", 300, new_member=True) in decision.effects


def test_a_budget_that_pays_not_even_a_hundredth_of_a_point_gives_nothing() -> None:
    dear = "  - {id: w, kind: points, NAME, redeem: {value: 3}}\n"
    rule = "  - {id: r, kind: welcome, NAME, give: {points: 5}, budget: {total: 9}}\n"
    decision = price(programme(dear + rule), line("a", "10"), budgets={"r": 2})
    assert not [effect for effect in decision.effects if isinstance(effect, PointsEarned | BudgetSpent)]
    assert decision.points.by_rule == ()


def test_a_referrers_points_are_charged_too() -> None:
    compiled = programme(
        WORTH + "  - {id: r, kind: referral, NAME, referrer_points: 50, budget: {total: 9}}\n"
    )
    decision = price(compiled, line("a", "10"), state=FRIEND, budgets={"r": 300})
    due = [effect for effect in decision.effects if isinstance(effect, ReferralDue | BudgetSpent)]
    lot = Lot("s:r:", "r", 3_000, NOON)
    day = NOON // DAY_MS
    assert due == [
        ReferralDue("r", "anna", 3_000, NOON, lot=lot, day=day),
        BudgetSpent("r", 300, new_member=True),
    ]


def test_a_prize_of_the_wheel_is_charged_once_at_its_cost() -> None:
    wheel = "wheel: [{weight: 1, give: {points: 50}, cost: 1.50}]"
    compiled = programme(WORTH + f"  - {{id: r, kind: challenge, NAME, {wheel}, budget: {{total: 9}}}}\n")
    decision = price(compiled, line("a", "10"))
    assert decision.points.earned_centi == 5_000
    assert [e for e in decision.effects if isinstance(e, BudgetSpent)] == [
        BudgetSpent("r", 150, new_member=True)
    ]


@pytest.mark.parametrize(("left_minor", "friend", "referrer"), [(900, 50, 40), (300, 30, 0), (2000, 50, 50)])
def test_a_friend_and_a_referrer_share_what_is_left(left_minor: int, friend: int, referrer: int) -> None:
    rule = "  - {id: r, kind: referral, NAME, friend_points: 50, referrer_points: 50, budget: {total: 20}}\n"
    decision = price(programme(WORTH + rule), line("a", "10"), state=FRIEND, budgets={"r": left_minor})
    assert decision.points.earned_centi == friend * 100
    assert [e.points_centi for e in decision.effects if isinstance(e, ReferralDue)] == [referrer * 100]
    charged = sum(e.amount_minor for e in decision.effects if isinstance(e, BudgetSpent))
    assert charged == (friend + referrer) * 10


@pytest.mark.parametrize(("total", "cups"), [("10", 0), ("15", 1)])
def test_what_a_challenge_gave_is_no_longer_there_for_its_wheel(total: str, cups: int) -> None:
    won = "goal: receipts, target: 1, give: {points: 100}, wheel: [{weight: 1, give: {gift: cup}, cost: 5}]"
    compiled = programme(WORTH + f"  - {{id: r, kind: challenge, NAME, {won}, budget: {{total: {total}}}}}\n")
    decision = price(compiled, line("a", "10"))
    assert (decision.points.earned_centi, len(decision.issued)) == (10_000, cups)
    charged = [e.amount_minor for e in decision.effects if isinstance(e, BudgetSpent)]
    assert sum(charged) == 1000 + 500 * cups


@pytest.mark.parametrize(("total", "cups"), [("10", 0), ("15", 1)])
def test_what_a_coupon_took_off_is_no_longer_there_for_the_wheel(total: str, cups: int) -> None:
    """The discount is charged once: at 15 it leaves 5.00 for the prize."""
    won = "goal: receipts, target: 1, repeat: true, give: {amount: 10}"
    wheel = f"wheel: [{{weight: 1, give: {{gift: cup}}, cost: 5}}], budget: {{total: {total}}}"
    compiled = programme(f"  - {{id: r, kind: challenge, NAME, {won}, {wheel}}}\n")
    state = then(EMPTY, price(compiled, line("a", "10")))
    codes = tuple(Code(grant.code) for grant in state.grants if grant.kind == "coupon")
    later_ms = NOON + DAY_MS
    decision = price(compiled, line("a", "50"), state=state, at_ms=later_ms, sale_id="t", codes=codes)
    assert decision.discount_minor == 1000
    assert [each.item for each in decision.issued if each.kind == "reward"] == ["cup"] * cups
    charged = sum(e.amount_minor for e in decision.effects if isinstance(e, BudgetSpent))
    assert charged == 1000 + 500 * cups


def test_events_and_enrolments_keep_to_the_budget_and_to_the_rules_time() -> None:
    review = "  - {id: r, kind: activity, NAME, event: review, points: 50, budget: {total: 9}}\n"
    context = Context(at_ms=NOON, member_id="me", budgets={"r": 200})
    paid = evaluate_event(programme(WORTH + review), EMPTY, Event("e", "review"), context)
    assert paid.earned_centi == 2_000
    assert BudgetSpent("r", 200, new_member=True) in paid.effects
    friend = "  - {id: r, kind: referral, NAME, pays_on: enrolment, friend_points: 50, %s}\n"
    for setting, points in (("budget: {total: 9}", 20), ("when: {until: 2026-01-14}", 0)):
        begun = enrol(programme(WORTH + friend % setting), context, "anna")
        assert begun.earned_centi == points * 100


def test_what_a_budget_does_not_pay_is_not_spent_in_the_sale_that_would_have_earned_it() -> None:
    terms = "earn: {points: 50, per: visit}, redeem: {value: 0.10, block: 0.01, same_sale: true}"
    compiled = programme(f"  - {{id: r, kind: points, NAME, {terms}, budget: {{total: 9}}}}\n")
    for left_minor, points in ((200, 20), (900, 50)):
        decision = price(compiled, line("a", "10"), redeem=Redeem("max"), budgets={"r": left_minor})
        assert (decision.points.earned_centi, decision.points.spent_centi) == (points * 100, points * 100)
