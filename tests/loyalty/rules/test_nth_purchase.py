from __future__ import annotations

import pytest

from app.loyalty.state import EMPTY
from tests.loyalty.support import line, off, price, programme, then, why


@pytest.mark.parametrize("every", [5, 10, 20])
def test_every_nth_receipt(every: int) -> None:
    compiled = programme(f"  - {{id: n, kind: nth_purchase, NAME, every: {every}, give: {{percent: 10%}}}}\n")
    state, hits = EMPTY, []
    for visit in range(1, 2 * every + 1):
        decision = price(compiled, line("a", "10"), state=state, sale_id=str(visit))
        if off(decision):
            hits.append(visit)
        else:
            assert why(decision, "n").params["n"] == -visit % every
        state = then(state, decision)
    assert hits == [every, 2 * every]


def test_every_so_much_spent_with_the_remainder_carried_over() -> None:
    rule = "  - {id: n, kind: nth_purchase, NAME, every_spend: 100, give: {points: 5}}\n"
    compiled = programme(rule)
    first = price(compiled, line("a", "70"))
    assert why(first, "n").params == {"missing_minor": 3_000}
    second = price(compiled, line("a", "140"), state=then(EMPTY, first))
    assert second.points.earned_centi == 1_000


def test_points_of_a_round_outlive_the_sale_though_the_rule_counts_without_days() -> None:
    lots = "lots: {expires: {idle_days: 20}}"
    compiled = programme(f"  - {{id: n, kind: nth_purchase, NAME, every: 1, give: {{points: 5}}, {lots}}}\n")
    decision = price(compiled, line("a", "10"))
    assert then(EMPTY, decision).balance_centi == decision.points.balance_after_centi == 500


def test_a_receipt_below_the_minimum_does_not_count() -> None:
    rule = "  - {id: n, kind: nth_purchase, NAME, every: 2, min_receipt: 20, give: {amount: 5}}\n"
    compiled = programme(rule)
    state = then(EMPTY, price(compiled, line("a", "10")))
    assert off(price(compiled, line("a", "30"), state=state)) == {}


def test_what_lacks_to_the_next_round_is_said() -> None:
    rule = "  - {id: n, kind: nth_purchase, NAME, every_spend: 100, give: {points: 5}}\n"
    assert why(price(programme(rule), line("a", "70")), "n").code == "missing_spend"
