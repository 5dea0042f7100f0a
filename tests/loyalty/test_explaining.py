"""One reason for every rule: what stands in its way comes before the goods that it lacks."""

from __future__ import annotations

import pytest

from app.loyalty.decision import Reason
from app.loyalty.effects import StampsChanged
from app.loyalty.state import EMPTY, MemberState, apply
from tests.loyalty.support import NOON, line, off, price, programme, why

X = "products: {skus: [x]}"


@pytest.mark.parametrize(
    ("rule", "state", "code"),
    [
        ("kind: price, percent: 5%", EMPTY, "no_goods"),
        ("kind: price, percent: 5%, when: {until: 2026-01-14}", EMPTY, "ended"),
        ("kind: price, percent: 5%, audience: {who: members}", None, "members_only"),
        ("kind: bundle, n_for_m: {take: 3, pay: 2}", EMPTY, "no_goods"),
        ("kind: bundle, n_for_m: {take: 3, pay: 2}, when: {until: 2026-01-14}", EMPTY, "ended"),
        ("kind: stamps, size: 6, free: cheapest", EMPTY, "no_goods"),
        ("kind: stamps, size: 6, free: cheapest", None, "members_only"),
        ("kind: threshold, steps: [{from: 5, give: {percent: 5%}}]", EMPTY, "missing_to_percent"),
    ],
)
def test_a_rule_without_its_goods(rule: str, state: MemberState | None, code: str) -> None:
    decision = price(programme(f"  - {{id: r, NAME, {X}, {rule}}}\n"), line("y", "10"), state=state)
    assert why(decision, "r").code == code


def test_a_set_asks_for_the_first_piece_that_lacks() -> None:
    parts = "set: [{products: {skus: [soup]}}, {products: {skus: [roll]}, qty: 2}], price: 9.99"
    compiled = programme(f"  - {{id: r, NAME, kind: bundle, {parts}}}\n")
    for goods, missing in ((line("y", "1"), 1), (line("soup", "1"), 2), (line("roll", "1", "2"), 1)):
        reason = why(price(compiled, goods), "r")
        assert (reason.code, reason.params) == ("missing_units", {"n": missing})


def test_what_a_rule_gave() -> None:
    rules = (
        "  - {id: h, kind: price, NAME, percent: 50%}\n"
        "  - {id: p, kind: points, NAME, earn: {points: 1, per: 1}}\n"
        "  - {id: s, kind: stamps, NAME, size: 6, free: cheapest}\n"
    )
    decision = price(programme(rules), line("a", "10"), state=apply(EMPTY, [StampsChanged("s", 2)], NOON))
    assert why(decision, "h") == Reason("h", True, "applied", {"amount_minor": 500})
    assert why(decision, "p") == Reason("p", True, "points_earned", {"points_centi": 500})
    assert why(decision, "s") == Reason("s", True, "stamps_earned", {"n": 1, "have": 3, "size": 6})
    capped = price(programme(rules, head="caps: {receipt: 20%}"), line("a", "10"))
    assert why(capped, "h") == Reason("h", True, "applied_capped", {"amount_minor": 200})


def test_a_discount_that_the_cap_over_the_receipt_leaves_nothing_lost_to_no_other_rule() -> None:
    rules = (
        "  - {id: a, kind: price, NAME, percent: 50%, products: {skus: [x]}}\n"
        "  - {id: b, kind: price, NAME, percent: 10%, products: {skus: [y]}}\n"
    )
    decision = price(programme(rules, head="caps: {receipt_amount: 0.01}"), line("x", "10"), line("y", "1"))
    assert off(decision) == {"a": 1}
    assert why(decision, "b") == Reason("b", False, "applied_capped", {"amount_minor": 0})


HALF = "  - {id: h, kind: price, NAME, percent: 50%%%s}\n"


@pytest.mark.parametrize("group", ["", "other"])
@pytest.mark.parametrize(
    ("rule", "amount"), [("percent: 5%", 50), ("price: 9.99", 1), ("price: 10", 0), ("price: 11", 0)]
)
def test_of_a_group_the_best_alone_applies_and_the_others_say_what_they_would_have_given(
    group: str, rule: str, amount: int
) -> None:
    """Whichever group is asked first."""
    own = f", group: {group}" if group else ""
    rules = f"  - {{id: r, kind: price, NAME, {rule}{own}}}\n" + HALF % own
    rules += "  - {id: t, kind: threshold, NAME, steps: [{from: 1, give: {percent: 2%}}]}\n"
    rules += "  - {id: u, kind: threshold, NAME, steps: [{from: 1, give: {percent: 1%}}]}\n"
    decision = price(programme(rules), line("a", "10"))
    smaller = Reason("r", False, "same_group_smaller", {"winner": "h", "amount_minor": amount})
    assert why(decision, "r") == (smaller if amount else Reason("r", False, "nothing_to_give"))
    smaller = Reason("u", False, "same_group_smaller", {"winner": "t", "amount_minor": 5})
    assert why(decision, "u") == smaller


@pytest.mark.parametrize(
    "rule",
    [
        "kind: points, earn: {points: 1, per: 1}, redeem: {value: 0.01}",
        "kind: points, earn: {points: 1, per: 1, min_receipt: 20}",
        "kind: points, redeem: {value: 0.01}",
        "kind: cashback, rate: 5%",
        "kind: partner, partner: bar, points: 1, per: 1, products: {skus: [x]}",
        "kind: threshold, steps: [{from: 1, give: {points: 10}}]",
        "kind: threshold, steps: [{from: 1, give: {gift: cup}}]",
    ],
)
def test_a_guest_is_told_that_points_are_for_members(rule: str) -> None:
    compiled = programme(f"  - {{id: r, NAME, {rule}}}\n")
    assert why(price(compiled, line("x", "10"), state=None), "r") == Reason("r", False, "members_only")
    assert price(compiled, line("x", "10"), state=None).offers == ()
    assert why(price(compiled, line("x", "10")), "r").code != "members_only"


def test_a_threshold_that_takes_something_off_is_for_guests_too() -> None:
    steps = "steps: [{from: 5, give: {percent: 10%}}, {from: 20, give: {points: 10}}]"
    compiled = programme(f"  - {{id: r, NAME, kind: threshold, {steps}}}\n")
    reasons = [why(price(compiled, line("x", cost), state=None), "r") for cost in ("1", "10", "20")]
    assert [each.code for each in reasons] == ["missing_to_percent", "applied", "members_only"]


@pytest.mark.parametrize(
    ("limit", "amount"), [("max_discount: 1", 100), ("budget: {total: 2}", 200), ("max_discount: 99", 5000)]
)
def test_a_rule_that_loses_says_what_it_would_have_given_within_its_cap(limit: str, amount: int) -> None:
    rules = f"  - {{id: a, kind: price, NAME, percent: 50%, {limit}}}\n"
    rules += "  - {id: b, kind: price, NAME, percent: 60%}\n"
    reason = why(price(programme(rules), line("x", "50"), line("y", "50")), "a")
    assert (reason.code, reason.params) == ("same_group_smaller", {"winner": "b", "amount_minor": amount})


def test_a_rule_that_allows_nothing_beside_it_is_named() -> None:
    rules = HALF % ", exclusive: true"
    rules += "  - {id: t, kind: threshold, NAME, steps: [{from: 1, give: {percent: 2%}}]}\n"
    decision = price(programme(rules), line("a", "10"))
    assert why(decision, "t") == Reason("t", False, "exclusive", {"winner": "h"})


def test_a_price_at_its_floor_and_a_share_that_rounds_to_nothing() -> None:
    compiled = programme("  - {id: r, kind: price, NAME, percent: 1%}\n")
    pledged, sweet = line("a", "10", tags=("no_discount",)), line("b", "0.01")
    assert why(price(compiled, pledged), "r") == Reason("r", False, "at_floor")
    assert why(price(compiled, sweet), "r") == Reason("r", False, "nothing_to_give")
    assert why(price(compiled, pledged, sweet), "r") == Reason("r", False, "nothing_to_give")


def test_an_offer_is_as_near_as_the_share_of_the_way_that_is_missing() -> None:
    rules = (
        HALF
        % ", products: {skus: [elsewhere]}"
        + "  - {id: far, kind: threshold, NAME, steps: [{from: 100, give: {percent: 5%}}]}\n"
        "  - {id: pieces, kind: bundle, NAME, n_for_m: {take: 9, pay: 2}}\n"
        "  - {id: piece, kind: bundle, NAME, n_for_m: {take: 2, pay: 1}}\n"
        "  - {id: again, kind: bundle, NAME, n_for_m: {take: 2, pay: 1}}\n"
        "  - {id: half, kind: threshold, NAME, steps: [{from: 20, give: {percent: 1%}}]}\n"
        "  - {id: same, kind: threshold, NAME, steps: [{from: 20, give: {percent: 2%}}]}\n"
        "  - {id: nearer, kind: threshold, NAME, steps: [{from: 19.99, give: {percent: 2%}}]}\n"
        "  - {id: near, kind: points, NAME, earn: {points: 1, per: 1, min_receipt: 12}}\n"
        "  - {id: listed, kind: complement, NAME, pairs: [{bought: {skus: [a]}, offer: {skus: [b]}},"
        " {bought: {skus: [a]}, offer: {skus: [c]}}]}\n"
    )
    offers = price(programme(rules), line("a", "10")).offers
    order = ["near", "nearer", "half", "same", "far", "listed", "piece", "again", "pieces"]
    assert [offer.rule for offer in offers] == order
    assert offers[0].params == {"missing_minor": 200}
    assert next(offer for offer in offers if offer.rule == "listed").params == {"sku": "b"}


def test_the_way_is_as_long_as_the_rule_says_for_its_own_goods() -> None:
    rules = (
        "  - {id: part, kind: threshold, NAME, products: {skus: [b]},"
        " steps: [{from: 8, give: {percent: 5%}}]}\n"
        "  - {id: whole, kind: threshold, NAME, steps: [{from: 24, give: {percent: 5%}}]}\n"
    )
    offers = price(programme(rules), line("a", "10"), line("b", "2")).offers
    lacking = [(offer.rule, offer.params["missing_minor"], offer.params["from_minor"]) for offer in offers]
    assert lacking == [("whole", 1200, 2400), ("part", 600, 800)]
