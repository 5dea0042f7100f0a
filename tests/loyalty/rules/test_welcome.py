from __future__ import annotations

import msgspec

from app.loyalty.effects import Counted, ReceiptCounted
from app.loyalty.refund import refund
from app.loyalty.state import EMPTY, apply
from tests.loyalty.support import NOON, line, off, price, programme, then, why


def test_the_first_purchase_of_a_person() -> None:
    compiled = programme("  - {id: w, kind: welcome, NAME, give: {percent: 10%}}\n")
    first = price(compiled, line("a", "10"))
    assert off(first) == {"w": 100}
    state = then(EMPTY, first)
    assert why(price(compiled, line("a", "10"), state=state), "w").code == "not_first_purchase"
    again = apply(state, refund(first, {"a": 1000}, at_ms=NOON).effects, NOON)
    assert off(price(compiled, line("a", "10"), state=again)) == {"w": 100}


def test_who_is_not_welcomed_and_why() -> None:
    compiled = programme("  - {id: w, kind: welcome, NAME, give: {percent: 10%}, min_receipt: 10}\n")
    assert why(price(compiled, line("a", "10"), state=None), "w").code == "members_only"
    reason = why(price(compiled, line("a", "9.99")), "w")
    assert (reason.code, reason.params) == ("missing_for_welcome", {"missing_minor": 1})


def test_a_welcome_that_another_rule_has_beaten_is_kept_for_later() -> None:
    rules = "  - {id: w, kind: welcome, NAME, give: {percent: 10%}}\n"
    rules += "  - {id: t, kind: threshold, NAME, steps: [{from: 1, give: {percent: 20%}}]}\n"
    beaten = price(programme(rules), line("a", "10"))
    assert off(beaten) == {"t": 200}
    assert "w" not in then(EMPTY, beaten).counters


def test_a_welcome_of_points_or_a_gift_is_given_once_to_whom_it_is_for() -> None:
    for give, points, gifts in (("points: 5", 500, []), ("gift: cup", 0, ["cup"])):
        rule = f"{{id: w, kind: welcome, NAME, give: {{{give}}}, min_receipt: 10, products: {{skus: [a]}}}}"
        compiled = programme(f"  - {rule}\n")
        first = price(compiled, line("a", "10"))
        assert (first.points.earned_centi, [each.item for each in first.issued]) == (points, gifts)
        for state, goods in (
            (None, line("a", "10")),
            (EMPTY, line("a", "9.99")),
            (EMPTY, line("b", "10")),
            (then(EMPTY, first), line("a", "10")),
        ):
            other = price(compiled, goods, state=state)
            assert (other.points.earned_centi, other.issued) == (0, ())


def test_a_welcome_once_taken_is_remembered_whatever_else_was_counted() -> None:
    compiled = programme("  - {id: w, kind: welcome, NAME, give: {percent: 10%}}\n")
    first = price(compiled, line("a", "10"))
    assert Counted("w", 0, uses=1) in first.effects
    forgotten = msgspec.structs.replace(then(EMPTY, first), receipts=0)
    assert off(price(compiled, line("a", "10"), state=forgotten)) == {}
    visited = apply(EMPTY, [ReceiptCounted(1, 100)], NOON)
    assert off(price(compiled, line("a", "10"), state=visited)) == {}


def test_a_discount_taken_at_once_leaves_no_coupon() -> None:
    compiled = programme("  - {id: w, kind: welcome, NAME, give: {percent: 10%}}\n")
    assert price(compiled, line("a", "10")).issued == ()
