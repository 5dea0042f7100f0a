from __future__ import annotations

import pytest

from tests.loyalty.support import line, off, price, programme, why

P = "  - {id: %s, kind: price, NAME, %s}\n"


@pytest.mark.parametrize(
    ("how", "qty", "amount"),
    [
        ("percent: 10%", "2", 378),
        ("percent: 12.5%", "1", 236),
        ("amount: 0.50", "3", 150),
        ("amount: 50", "1", 1890),
        ("price: 15.00", "2", 780),
        ("price: 20.00", "2", 0),
        ("price: 0", "2", 3780),
    ],
)
def test_percent_amount_and_fixed_price(how: str, qty: str, amount: int) -> None:
    assert off(price(programme(P % ("a", how)), line("x", "18.90", qty))).get("a", 0) == amount


def test_a_weighed_line_is_priced_by_its_weight() -> None:
    decision = price(programme(P % ("a", "amount: 10.00")), line("x", "29.90", "0.642"))
    assert (decision.lines[0].gross_minor, off(decision)) == (1920, {"a": 642})


def test_a_group_gives_the_best_and_says_which() -> None:
    compiled = programme(P % ("small", "percent: 5%") + P % ("large", "percent: 10%"))
    decision = price(compiled, line("x", "10"))
    assert off(decision) == {"large": 100}
    reason = why(decision, "small")
    assert (reason.code, reason.params["winner"]) == ("same_group_smaller", "large")


def test_groups_follow_one_another_on_the_discounted_price() -> None:
    compiled = programme(P % ("a", "percent: 10%") + P % ("b", "percent: 10%, group: more"))
    assert off(price(compiled, line("x", "10"))) == {"a": 100, "b": 90}
    first = programme(
        P % ("a", "percent: 10%") + P % ("b", "amount: 5, group: more"), "groups: [more, line]\n"
    )
    assert off(price(first, line("x", "10"))) == {"a": 50, "b": 500}


def test_exclusive_ends_the_lines_discounts() -> None:
    compiled = programme(P % ("a", "percent: 10%, exclusive: true") + P % ("b", "percent: 10%, group: more"))
    decision = price(compiled, line("x", "10"))
    assert off(decision) == {"a": 100}
    assert why(decision, "b").params == {"winner": "a"}


@pytest.mark.parametrize(("priority", "winner"), [("priority: 1", "b"), ("priority: 0", "a")])
def test_equal_gains_go_by_priority_then_id(priority: str, winner: str) -> None:
    compiled = programme(P % ("a", "percent: 10%") + P % ("b", f"amount: 1, {priority}"))
    assert off(price(compiled, line("x", "10"))) == {winner: 100}


def test_down_and_half_up_round_once() -> None:
    up = programme(P % ("p", "percent: 50%"))
    down = programme(P % ("p", "percent: 50%"), "rounding: down\n")
    assert off(price(up, line("x", "0.01"))) == {"p": 1}
    assert off(price(down, line("x", "0.01"))) == {}
    capped = P % ("p", "percent: 50%, max_discount: 1")
    assert off(price(programme(capped), line("x", "0.03"))) == {"p": 2}
    assert off(price(programme(capped, "rounding: down\n"), line("x", "0.03"))) == {"p": 1}
