"""What happens outside a sale: what an event or an enrolment pays, to whom, and what is said of it."""

from __future__ import annotations

import pytest

from app.loyalty.basket import Context
from app.loyalty.decision import Reason
from app.loyalty.effects import BudgetSpent, Counted, Enrolled, Lot, PointsEarned, ReferralDue
from app.loyalty.events import Event, enrol, evaluate_event, knows
from app.loyalty.state import EMPTY, apply
from tests.loyalty.support import NOON, programme

HERE = Context(at_ms=NOON, sale_id="not of a sale", member_id="jan")
REVIEW = "  - {id: v, kind: activity, NAME, event: review, points: 5%s}\n"
BOUGHT = "  - {id: q, kind: activity, NAME, event: bought, percent: 10%}\n"
FUEL = (
    "  - {id: p, kind: partner, NAME, partner: fuel, points: 2, per: 10.00, products: {brands: [fuel]}%s}\n"
)
REFERRAL = "  - {id: r, kind: referral, NAME, pays_on: %s, referrer_points: 10, friend_points: 5%s}\n"


def test_a_programme_knows_an_event_by_its_name_or_by_its_partner() -> None:
    compiled = programme(REVIEW % "" + FUEL % "")
    assert knows(compiled, Event("e", "review"))
    assert knows(compiled, Event("e", "", partner="fuel"))
    for unknown in (Event("e", "like"), Event("e", "fuel"), Event("e", "like", partner="review")):
        assert not knows(compiled, unknown)
        assert evaluate_event(compiled, EMPTY, unknown, HERE).why == ()


def test_the_points_of_an_event_are_a_lot_named_by_it() -> None:
    decision = evaluate_event(programme(REVIEW % ""), EMPTY, Event("e7", "review"), HERE)
    assert decision.effects[0] == PointsEarned(Lot("e7:v", "v", 500, NOON))


def test_every_rule_that_pays_says_how_much() -> None:
    compiled = programme(REVIEW % "" + BOUGHT + FUEL % "")
    decision = evaluate_event(compiled, EMPTY, Event("e", "bought", 5_000, partner="fuel"), HERE)
    assert decision.why == (
        Reason("q", True, "points_earned", {"points_centi": 500}),
        Reason("p", True, "points_earned", {"points_centi": 1_000}),
    )
    nothing = evaluate_event(compiled, EMPTY, Event("e", "bought"), HERE)
    assert (nothing.earned_centi, nothing.why[0].params) == (0, {"points_centi": 0})


def test_a_rule_that_does_not_hold_pays_nothing_and_says_why() -> None:
    over = ", when: {until: 2026-01-14}"
    compiled = programme(REVIEW % over + FUEL % over)
    decision = evaluate_event(compiled, EMPTY, Event("e", "review", 5_000, partner="fuel"), HERE)
    assert (decision.earned_centi, decision.effects) == (0, ())
    assert [(each.rule, each.applied, each.code) for each in decision.why] == [
        ("v", False, "ended"),
        ("p", False, "ended"),
    ]


def test_an_event_may_be_for_members_of_a_level() -> None:
    tier = "  - {id: t, kind: tier, NAME, basis: receipts, levels: [{id: gold, NAME, from: 1}]}\n"
    compiled = programme(tier + REVIEW % ", audience: {tiers: [gold]}")
    gold = apply(EMPTY, [Counted("t", 0, receipts=1)], NOON)
    for state, earned in ((EMPTY, 0), (gold, 500)):
        assert evaluate_event(compiled, state, Event("e", "review"), HERE).earned_centi == earned


@pytest.mark.parametrize(("rounding", "earned"), [("half_up", 1), ("down", 0)])
def test_a_share_of_an_events_money_is_rounded_as_the_programme_says(rounding: str, earned: int) -> None:
    worth = "  - {id: w, kind: points, NAME, redeem: {value: 2}}\n"
    compiled = programme(worth + BOUGHT, head=f"rounding: {rounding}")
    decision = evaluate_event(compiled, EMPTY, Event("e", "bought", 10), HERE)
    assert decision.earned_centi == earned


def test_whoever_enrols_alone_is_owed_to_nobody() -> None:
    for pays_on in ("enrolment", "first_purchase"):
        decision = enrol(programme(REFERRAL % (pays_on, "")), HERE)
        assert decision.effects == (Enrolled(NOON),)


def test_a_friend_is_brought_by_whom_they_say_and_both_are_paid_on_enrolment() -> None:
    decision = enrol(programme(REFERRAL % ("enrolment", ", budget: {total: 99}")), HERE, "anna")
    lot = Lot("not of a sale:r:jan", "r", 1_000, NOON)
    assert decision.earned_centi == 500
    assert decision.effects[0] == Enrolled(NOON, "anna")
    assert ReferralDue("r", "anna", 1_000, NOON, lot=lot, day=NOON // 86_400_000) in decision.effects
    spent = [each for each in decision.effects if isinstance(each, BudgetSpent)]
    assert spent == [BudgetSpent("r", 500, new_member=True), BudgetSpent("r", 1_000, new_member=True)]


def test_a_referral_that_waits_for_a_purchase_pays_nothing_on_enrolment() -> None:
    decision = enrol(programme(REFERRAL % ("first_purchase", "")), HERE, "anna")
    assert decision.effects == (Enrolled(NOON, "anna"),)
