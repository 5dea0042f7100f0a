from __future__ import annotations

import pytest

from app.loyalty.effects import Counted
from app.loyalty.state import DAY_MS, EMPTY
from tests.loyalty.support import NOON, line, off, price, programme, then, why


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
    state = then(EMPTY, first)
    second = price(compiled, line("a", "140"), state=state)
    assert second.points.earned_centi == 1_000
    state = then(state, second)
    assert price(compiled, line("a", "89.99"), state=state).points.earned_centi == 0
    assert price(compiled, line("a", "90"), state=state).points.earned_centi == 500


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


@pytest.mark.parametrize(("spent", "times"), [("99.99", 0), ("100", 1), ("199.99", 1), ("200", 2)])
def test_an_amount_is_given_for_every_full_sum_and_a_share_once(spent: str, times: int) -> None:
    rule = "  - {id: n, kind: nth_purchase, NAME, every_spend: 100, give: {%s}}\n"
    amount = price(programme(rule % "amount: 3"), line("a", spent))
    assert off(amount).get("n", 0) == 300 * times
    share = price(programme(rule % "percent: 10%"), line("a", spent))
    assert share.discount_minor == (share.goods_minor + 5) // 10 * bool(times)


@pytest.mark.parametrize(
    ("rule", "goods", "code", "params"),
    [
        ("every: 5", "10", "missing_visits", {"n": 4, "every": 5}),
        ("every: 1, min_receipt: 20", "19.99", "missing_for_count", {"missing_minor": 1}),
        ("every: 1, min_receipt: 20", "20", "applied", {"amount_minor": 500}),
        ("every: 5, min_receipt: 20", "20", "missing_visits", {"n": 4, "every": 5}),
        ("every_spend: 100", "99.99", "missing_spend", {"missing_minor": 1}),
    ],
)
def test_what_stands_between_a_receipt_and_its_round(
    rule: str, goods: str, code: str, params: dict[str, int]
) -> None:
    compiled = programme(f"  - {{id: n, kind: nth_purchase, NAME, {rule}, give: {{amount: 5}}}}\n")
    reason = why(price(compiled, line("a", goods)), "n")
    assert (reason.code, reason.params) == (code, params)
    assert why(price(compiled, line("a", goods), state=None), "n").code == "members_only"


def test_only_receipts_with_the_rules_goods_on_its_days_are_counted() -> None:
    rule = "every: 2, products: {skus: [a]}, when: {weekdays: [thu]}, give: {amount: 5}"
    compiled = programme(f"  - {{id: n, kind: nth_purchase, NAME, {rule}}}\n")
    for goods, moment, given in (
        (line("b", "10"), NOON, {}),
        (line("a", "10"), NOON - DAY_MS, {}),
        (line("a", "10"), NOON, {"n": 500}),
    ):
        state = then(EMPTY, price(compiled, goods, at_ms=moment))
        assert off(price(compiled, line("a", "10"), state=state)) == given


def test_what_counts_is_what_the_goods_cost_before_the_rules_own_discount() -> None:
    rule = "every_spend: 100, min_receipt: 100, give: {percent: 10%}"
    compiled = programme(f"  - {{id: n, kind: nth_purchase, NAME, {rule}}}\n")
    decision = price(compiled, line("a", "100"))
    assert off(decision) == {"n": 1_000}
    assert Counted("n", 0, receipts=1, spend_minor=10_000) in decision.effects


def test_a_discount_taken_at_once_leaves_no_coupon() -> None:
    compiled = programme("  - {id: n, kind: nth_purchase, NAME, every: 1, give: {percent: 10%}}\n")
    assert price(compiled, line("a", "10")).issued == ()


def test_a_round_that_another_rule_has_beaten_says_by_which() -> None:
    rules = "  - {id: n, kind: nth_purchase, NAME, every: 1, give: {percent: 10%}}\n"
    rules += "  - {id: x, kind: threshold, NAME, steps: [{from: 1, give: {percent: 50%}}]}\n"
    reason = why(price(programme(rules), line("a", "10")), "n")
    assert (reason.code, reason.params) == ("same_group_smaller", {"winner": "x", "amount_minor": 100})


def test_a_gift_comes_with_its_round_and_not_before() -> None:
    compiled = programme("  - {id: n, kind: nth_purchase, NAME, every: 2, give: {gift: cup}}\n")
    first = price(compiled, line("a", "10"))
    second = price(compiled, line("a", "10"), state=then(EMPTY, first), sale_id="t")
    assert [len(each.issued) for each in (first, second)] == [0, 1]
