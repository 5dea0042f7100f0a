"""One reason for every rule: what stands in its way comes before the goods that it lacks."""

from __future__ import annotations

import pytest

from app.loyalty.state import EMPTY, MemberState
from tests.loyalty.support import line, price, programme, why

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
