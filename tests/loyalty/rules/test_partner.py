from __future__ import annotations

import pytest

from app.loyalty.basket import Context, Redeem
from app.loyalty.effects import (
    Lot,
    PartnerSettled,
    PointsEarned,
)
from app.loyalty.events import Event, evaluate_event, knows
from app.loyalty.state import DAY_MS, EMPTY, MemberState, apply
from tests.loyalty.support import NOON, line, price, programme


def holding(centi: int) -> MemberState:
    return apply(EMPTY, [PointsEarned(Lot("old", "p", centi, NOON - DAY_MS))], NOON - DAY_MS)


ACTIVITY = (
    "  - {id: v, kind: activity, NAME, event: review, points: 5,"
    " limits: {per_day: 1, per_week: 2, ever: 3}}\n"
    "  - {id: q, kind: activity, NAME, event: partner-purchase, percent: 10%}\n"
)
PARTNER = (
    "  - {id: p, kind: partner, NAME, partner: fuel, points: 2, per: 10.00, products: {brands: [fuel]}}\n"
    "  - {id: s, kind: partner, NAME, partner: cinema, partner_stores: [kino]}\n"
)


def test_a_purchase_at_a_partners_earns_as_its_goods_do_here_and_is_settled() -> None:
    compiled = programme(ACTIVITY + PARTNER)
    bought = Event("x", "partner-purchase", 5_000, partner="fuel")
    decision = evaluate_event(compiled, EMPTY, bought, Context(at_ms=NOON, member_id="m"))
    assert decision.earned_centi == 500 + 1_000
    settled = [effect for effect in decision.effects if isinstance(effect, PartnerSettled)]
    assert settled == [PartnerSettled("p", "fuel", 1_000)]
    assert [(why.rule, why.applied) for why in decision.why] == [("q", True), ("p", True)]
    assert knows(compiled, Event("x", "", partner="fuel"))
    assert not knows(compiled, Event("x", "", partner="cinema")), "it only settles what is spent there"
    assert not knows(compiled, Event("x", "unheard-of", partner="unheard-of"))
    assert not knows(compiled, Event("x", "unheard-of"))


def test_partners_are_settled_both_ways() -> None:
    rules = (
        "  - {id: k, kind: partner, NAME, partner: roaster, products: {brands: [roaster]},"
        " points: 2, per: 1, partner_stores: [r1]}\n"
        "  - {id: p, kind: points, NAME, redeem: {value: 0.01}}\n"
    )
    compiled = programme(rules)
    earned = price(compiled, line("a", "10", brand="roaster"), line("b", "10"))
    assert earned.points.earned_centi == 2_000
    assert PartnerSettled("k", "roaster", 2_000) in earned.effects
    spent = price(compiled, line("b", "10"), state=holding(10_000), redeem=Redeem("max"), store="r1")
    assert PartnerSettled("k", "roaster", -10_000) in spent.effects
    over = programme(rules.replace("points: 2,", "when: {until: 2025-12-31}, points: 2,"))
    ended = price(over, line("b", "10"), state=holding(10_000), redeem=Redeem("max"), store="r1")
    assert ended.points.spent_centi == 10_000
    assert not any(isinstance(effect, PartnerSettled) for effect in ended.effects)


@pytest.mark.parametrize(("rounding", "earned"), [("half_up", 2), ("down", 1)])
def test_a_partners_points_are_rounded_as_the_programme_says(rounding: str, earned: int) -> None:
    rule = "  - {id: p, kind: partner, NAME, partner: fuel, points: 0.03, per: 0.02, products: {skus: [a]}}\n"
    compiled = programme(rule, head=f"rounding: {rounding}")
    assert price(compiled, line("a", "0.01")).points.earned_centi == earned
    event = Event("x", "", 1, partner="fuel")
    assert evaluate_event(compiled, EMPTY, event, Context(at_ms=NOON)).earned_centi == earned


def test_points_spent_anywhere_else_are_owed_to_no_partner() -> None:
    rules = PARTNER + "  - {id: w, kind: points, NAME, redeem: {value: 0.01}}\n"
    for store, settled in (("kino", [PartnerSettled("s", "cinema", -1_000)]), ("w1", [])):
        spent = price(
            programme(rules),
            line("b", "0.10"),
            state=holding(10_000),
            redeem=Redeem("max"),
            store=store,
        )
        assert [each for each in spent.effects if isinstance(each, PartnerSettled)] == settled
