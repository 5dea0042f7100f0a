"""Many rules of one group over the same goods: the best wins, wherever it stands, by value then rank."""

from __future__ import annotations

from itertools import permutations

import pytest

from app.loyalty.basket import Basket, Context, Line
from app.loyalty.engine import Compiled, carry_out, evaluate
from app.loyalty.pricing import take_lines
from app.loyalty.state import EMPTY
from tests.loyalty.support import NOON, line, off, price, programme


def both(compiled: Compiled, *lines: Line) -> dict[str, int]:
    """Discounts by rule: the same with reasons (rule by rule), without (in one search), and in brief (only
    the rules that a glance leaves)."""
    context = Context(at_ms=NOON, sale_id="s")
    plain = evaluate(compiled, EMPTY, Basket(lines), context)
    assert off(plain) == off(price(compiled, *lines))
    assert (
        off(plain) == carry_out(compiled, EMPTY, context, lambda run: take_lines(compiled, run, lines)).given
    )
    return off(plain)


SHARES = (
    "  - {id: a, kind: price, NAME, percent: 33%}\n",
    "  - {id: b, kind: price, NAME, percent: 15%}\n",
    "  - {id: c, kind: price, NAME, percent: 50%}\n",
    "  - {id: d, kind: price, NAME, percent: 1%}\n",
)


@pytest.mark.parametrize("order", list(permutations(SHARES)))
def test_the_largest_of_many_shares_wins_wherever_it_stands(order: tuple[str, ...]) -> None:
    assert both(programme("".join(order)), line("x", "10")) == {"c": 500}


@pytest.mark.parametrize(
    ("one", "two", "winner"),
    [("priority: 1", "", "a"), ("", "priority: 1", "b"), ("", "", "a"), ("priority: -1", "", "b")],
)
def test_equal_shares_go_by_priority_then_id(one: str, two: str, winner: str) -> None:
    for order in (("a", one, "b", two), ("b", two, "a", one)):
        rules = "".join(
            f"  - {{id: {id}, kind: price, NAME, percent: 10%{', ' + more if more else ''}}}\n"
            for id, more in (order[:2], order[2:])
        )
        assert both(programme(rules), line("x", "10")) == {winner: 100}


def test_shares_that_round_to_the_same_amount_go_by_priority() -> None:
    rules = (
        "  - {id: a, kind: price, NAME, percent: 10%}\n"
        "  - {id: b, kind: price, NAME, percent: 9.9%, priority: 1}\n"
        "  - {id: c, kind: price, NAME, percent: 9.8%, priority: 2}\n"
    )
    assert both(programme(rules), line("x", "0.99")) == {"c": 10}


def test_a_share_and_an_amount_of_the_same_value_go_by_priority() -> None:
    for priority, winner in ((0, "a"), (1, "b")):
        rules = (
            "  - {id: a, kind: price, NAME, percent: 10%}\n"
            f"  - {{id: b, kind: price, NAME, amount: 1, priority: {priority}}}\n"
        )
        assert both(programme(rules), line("x", "10")) == {winner: 100}


STEPS = (
    "  - {id: a, kind: threshold, NAME,"
    " steps: [{from: 10, give: {percent: 20%}}, {from: 50, give: {percent: 5%}}]}\n",
    "  - {id: b, kind: threshold, NAME, steps: [{from: 20, give: {percent: 10%}}]}\n",
    "  - {id: c, kind: threshold, NAME, steps: [{from: 100, give: {percent: 33%}}]}\n",
    "  - {id: d, kind: threshold, NAME, steps: [{from: 100, give: {percent: 15%}}]}\n",
    "  - {id: e, kind: threshold, NAME, steps: [{from: 100, give: {percent: 50%}}]}\n",
)


@pytest.mark.parametrize("order", list(permutations(STEPS))[::7])
def test_of_many_thresholds_each_counts_by_its_highest_step_alone(order: tuple[str, ...]) -> None:
    compiled = programme("".join(order))
    for total, given in (
        ("9.99", {}),
        ("10", {"a": 200}),
        ("49.99", {"a": 1000}),
        ("50", {"b": 500}),
        ("99.99", {"b": 1000}),
        ("100", {"e": 5000}),
    ):
        assert both(compiled, line("x", total)) == given


def test_equal_thresholds_go_by_priority_then_id() -> None:
    step = "steps: [{from: 10, give: {percent: 10%}}]"
    for one, two, winner in ((0, 0, "a"), (0, 1, "b"), (2, 1, "a")):
        rules = (
            f"  - {{id: b, kind: threshold, NAME, priority: {two}, {step}}}\n"
            f"  - {{id: a, kind: threshold, NAME, priority: {one}, {step}}}\n"
        )
        assert both(programme(rules), line("x", "20")) == {winner: 200}


def test_thresholds_over_different_goods_are_measured_by_their_own() -> None:
    rules = (
        "  - {id: a, kind: threshold, NAME, products: {skus: [x]}, %s}\n"
        "  - {id: b, kind: threshold, NAME, products: {skus: [y]}, %s}\n"
    )
    step = "steps: [{from: 10, give: {percent: 10%}}]"
    compiled = programme(rules % (step, step))
    assert both(compiled, line("x", "9"), line("y", "30")) == {"b": 300}
    assert both(compiled, line("x", "40"), line("y", "30")) == {"a": 400}


def test_a_threshold_and_a_fixed_amount_compete_by_what_they_give() -> None:
    rules = (
        "  - {id: a, kind: threshold, NAME, steps: [{from: 10, give: {percent: 10%}}]}\n"
        "  - {id: b, kind: threshold, NAME, steps: [{from: 10, give: {amount: 2}}]}\n"
    )
    compiled = programme(rules)
    assert both(compiled, line("x", "19.90")) == {"b": 200}
    assert both(compiled, line("x", "20")) == {"a": 200}
    assert both(compiled, line("x", "30")) == {"a": 300}


def test_equal_bundles_go_by_priority_and_what_they_leave_to_the_next() -> None:
    rules = (
        "  - {id: a, kind: bundle, NAME, n_for_m: {take: 2, pay: 1}}\n"
        "  - {id: b, kind: bundle, NAME, n_for_m: {take: 2, pay: 1}, priority: 1}\n"
    )
    assert both(programme(rules), line("x", "3", "5")) == {"b": 600}
    three = rules + "  - {id: c, kind: bundle, NAME, n_for_m: {take: 3, pay: 1}, priority: 2}\n"
    assert both(programme(three), line("x", "3", "5")) == {"b": 300, "c": 600}


def test_bundles_and_the_line_rules_of_what_they_left_beat_the_line_rules_alone_or_lose_to_them() -> None:
    rules = (
        "  - {id: a, kind: bundle, NAME, n_for_m: {take: 2, pay: 1}, products: {skus: [x]}}\n"
        "  - {id: b, kind: price, NAME, percent: %d%%}\n"
    )
    lines = (line("x", "10", "2"), line("y", "10"))
    assert both(programme(rules % 30), *lines) == {"a": 1000, "b": 300}
    assert both(programme(rules % 49), *lines) == {"a": 1000, "b": 490}
    assert both(programme(rules % 50), *lines) == {"b": 1500}
    assert both(programme(rules % 51), *lines) == {"b": 1530}


def test_a_later_group_sees_the_discounted_price_and_nothing_of_an_exclusive_line() -> None:
    rules = (
        "  - {id: a, kind: price, NAME, percent: 50%%, products: {skus: [x]}%s}\n"
        "  - {id: b, kind: price, NAME, percent: 10%%, group: second}\n"
        "  - {id: c, kind: threshold, NAME, steps: [{from: 1, give: {percent: 10%%}}]}\n"
    )
    lines = (line("x", "10"), line("y", "10"))
    assert both(programme(rules % ""), *lines) == {"a": 500, "b": 150, "c": 135}
    assert both(programme(rules % ", exclusive: true"), *lines) == {"a": 500, "b": 100, "c": 90}
    first = "groups: [second, line]\n"
    assert both(programme(rules % "", first), *lines) == {"b": 200, "a": 450, "c": 135}


STEP = "  - {id: %s, kind: threshold, NAME, steps: [{from: 0.01, give: {%s}}]%s}\n"


def test_shares_of_the_receipt_that_round_to_the_same_go_by_priority() -> None:
    rules = STEP % ("a", "percent: 10%", "") + STEP % ("b", "percent: 9.9%", ", priority: 1")
    rules += STEP % ("c", "percent: 9.8%", ", priority: 2") + STEP % ("d", "percent: 1%", ", priority: 3")
    assert both(programme(rules), line("x", "0.99")) == {"c": 10}


@pytest.mark.parametrize(("share", "amount"), [("a", "b"), ("b", "a")])
def test_a_share_and_an_amount_off_the_receipt_of_the_same_value_go_by_priority_then_id(
    share: str, amount: str
) -> None:
    for priority, winner in ((-1, share), (0, "a"), (1, amount)):
        rules = STEP % (share, "percent: 10%", "")
        rules += STEP % (amount, "amount: 1", f", priority: {priority}")
        assert both(programme(rules), line("x", "10")) == {winner: 100}


@pytest.mark.parametrize(("rounding", "given"), [("half_up", {"a": 2}), ("down", {"b": 2})])
def test_a_share_of_the_receipt_is_rounded_before_it_is_compared(
    rounding: str, given: dict[str, int]
) -> None:
    """10 % of 0.19 are 0.02 or 0.01; the other rule gives 0.02."""
    rules = STEP % ("a", "percent: 10%", "") + STEP % ("b", "amount: 0.02", "")
    assert both(programme(rules, f"rounding: {rounding}\n"), line("x", "0.19")) == given


@pytest.mark.parametrize(
    ("first", "head", "given"),
    [
        ("percent: 10%, exclusive: true", "", {"p": 100, "b": 150}),
        ("percent: 10%", "floors: [{products: {skus: [x]}, price: 9}]\n", {"p": 100, "b": 150}),
        ("percent: 10%", "", {"p": 100, "a": 190}),
    ],
)
def test_rules_over_the_receipt_compete_by_what_its_lines_can_take(
    first: str, head: str, given: dict[str, int]
) -> None:
    """10 % of 9.00 and 10.00 are more than 1.50, unless the first line takes nothing of it."""
    rules = f"  - {{id: p, kind: price, NAME, products: {{skus: [x]}}, {first}}}\n"
    rules += STEP % ("a", "percent: 10%", "") + STEP % ("b", "amount: 1.50", "")
    assert both(programme(rules, head), line("x", "10"), line("y", "10")) == given


def test_an_exclusive_discount_of_the_receipt_ends_its_lines_discounts_too() -> None:
    first = (
        "  - {id: a, kind: threshold, NAME, products: {skus: [x]},"
        " steps: [{from: 1, give: {percent: 10%%}}]%s}\n"
    )
    more = STEP % ("b", "percent: 10%", ", group: more")
    goods = line("x", "10"), line("y", "10")
    assert both(programme(first % "" + more), *goods) == {"a": 100, "b": 190}
    assert both(programme(first % ", exclusive: true" + more), *goods) == {"a": 100, "b": 100}


def test_groups_run_in_the_order_that_the_programme_names_whatever_the_order_of_the_rules() -> None:
    rules = "  - {id: b, kind: price, NAME, amount: 1, group: more}\n"
    rules += "  - {id: a, kind: price, NAME, percent: 10%}\n"
    assert both(programme(rules), line("x", "10")) == {"b": 100, "a": 90}
    for head in ("groups: [line, more]\n", "groups: [line]\n"):
        assert both(programme(rules, head), line("x", "10")) == {"a": 100, "b": 100}
    rules = STEP % ("b", "amount: 1", ", group: more") + STEP % ("a", "percent: 10%", "")
    assert both(programme(rules), line("x", "10")) == {"b": 100, "a": 90}
    for head in ("groups: [receipt, more]\n", "groups: [receipt]\n"):
        assert both(programme(rules, head), line("x", "10")) == {"a": 100, "b": 100}


@pytest.mark.parametrize(
    ("terms", "given"),
    [
        ("", {"a": 100}),
        (", max_discount: 0.99", {"a": 99}),
        (", max_discount: 1", {"a": 100}),
        (", budget: {total: 0.30}", {"a": 30}),
        (", when: {until: 2026-01-14}", {"b": 1}),
        (", when: {until: 2026-01-15}", {"a": 100}),
        (", audience: {who: guests}", {"b": 1}),
    ],
)
def test_a_share_of_the_receipt_keeps_to_its_terms_beside_one_without_any(
    terms: str, given: dict[str, int]
) -> None:
    rules = STEP % ("a", "percent: 10%", terms) + STEP % ("b", "percent: 0.1%", "")
    assert both(programme(rules), line("x", "10")) == given


def test_a_share_of_the_receipt_competes_with_its_cap() -> None:
    rules = STEP % ("a", "percent: 20%", ", max_discount: CAP") + STEP % ("b", "percent: 15%", "")
    for cap, given in (("1.49", {"b": 150}), ("1.50", {"a": 150}), ("2", {"a": 200})):
        assert both(programme(rules.replace("CAP", cap)), line("x", "10")) == given
