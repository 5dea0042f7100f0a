"""Stages 1 to 3: what goods are, how low their price may fall, and who gives when several would."""

from __future__ import annotations

import pytest

from app.loyalty.basket import Line
from app.loyalty.decision import Decision
from tests.loyalty.support import line, off, price, programme, why

HALF = "  - {id: h, kind: price, NAME, percent: 50%}\n"
ALL = "  - {id: all, kind: price, NAME, percent: 100%}\n"


def nets(decision: Decision) -> list[int]:
    return [each.net_minor for each in decision.lines]


@pytest.mark.parametrize(("rounding", "gross"), [("half_up", 2), ("down", 1)])
def test_a_weighed_price_is_rounded_as_the_programme_says(rounding: str, gross: int) -> None:
    decision = price(programme(HALF, f"rounding: {rounding}\n"), line("x", "0.03", "0.5"))
    assert decision.goods_minor == gross


def test_a_gram_and_a_gift_at_no_price_are_goods_and_nothing_of_something_is_not() -> None:
    visit = "  - {id: v, kind: points, NAME, earn: {points: 1, per: visit}, products: {skus: [x]}}\n"
    beside = line("y", "10")
    for head in ("", "caps: {line: 60%}\n"):
        compiled = programme(HALF + visit, head)
        for x, net, points in (
            (line("x", "100", "0.001"), 5, 100),
            (line("x", "0"), 0, 100),
            (line("x", "100", "0"), 0, 0),
        ):
            decision = price(compiled, x, beside)
            assert (nets(decision), decision.points.earned_centi) == ([net, 500], points)


@pytest.mark.parametrize(
    ("tags", "net"), [((), 500), (("no_discount",), 1000), (("deposit",), 1000), (("delivery",), 1000)]
)
def test_what_takes_no_discount(tags: tuple[str, ...], net: int) -> None:
    assert nets(price(programme(HALF), line("x", "10", tags=tags))) == [net]


@pytest.mark.parametrize(
    ("floor", "goods", "net"),
    [
        ("price: 20", line("x", "30", "2"), 4000),
        ("price: 20", line("x", "29.90", "0.642"), 1284),
        ("price: 20", line("x", "15", "2"), 3000),  # never dearer than on the shelf
        ("share: 95%", line("x", "9.99"), 950),  # 9.4905: a share is rounded up
        ("share: 95%", line("x", "10"), 950),
        ("price: 4, share: 50%", line("x", "10"), 500),
        ("price: 6, share: 50%", line("x", "10"), 600),
    ],
)
def test_a_floor_is_a_price_for_each_or_a_share(floor: str, goods: Line, net: int) -> None:
    compiled = programme(ALL, f"floors: [{{products: {{skus: [x]}}, {floor}}}]\n")
    assert nets(price(compiled, goods, line("y", "10"))) == [net, 0]


def test_of_several_floors_the_highest_holds() -> None:
    floors = "floors: [{share: 10%}, {products: {skus: [x]}, share: 30%}, {share: 20%}]\n"
    assert nets(price(programme(ALL, floors), line("x", "10"), line("y", "10"))) == [300, 200]


@pytest.mark.parametrize(("cap", "discount"), [("33%", 3), ("39.9%", 3), ("40%", 4), ("100%", 10)])
def test_a_cap_by_line_is_rounded_down_and_stands_beside_floors(cap: str, discount: int) -> None:
    head = f"caps: {{line: {cap}}}\nfloors: [{{products: {{skus: [y]}}, share: 90%}}]\n"
    decision = price(programme(ALL, head), line("x", "0.10"), line("y", "0.10"))
    assert nets(decision) == [10 - discount, 9]


@pytest.mark.parametrize(
    ("caps", "parts"),
    [
        ("receipt: 20%", (200, 400)),
        ("receipt_amount: 3", (100, 200)),
        ("receipt: 20%, receipt_amount: 3", (100, 200)),
        ("receipt: 5%, receipt_amount: 3", (50, 100)),
        ("receipt: 33.33%", (333, 666)),  # 9.999: a cap is rounded down
        ("receipt: 50%", (500, 1000)),
        ("receipt_amount: 15", (500, 1000)),
        ("receipt_amount: 14.99", (500, 999)),
        ("receipt_amount: 0.01", (0, 1)),
    ],
)
def test_the_receipts_cap_takes_back_from_each_discount_in_proportion(
    caps: str, parts: tuple[int, int]
) -> None:
    """Half off 10.00 and 20.00, by two groups that share it."""
    rules = "  - {id: a, kind: price, NAME, percent: 20%}\n"
    rules += "  - {id: b, kind: price, NAME, percent: 37.5%, group: more}\n"
    decision = price(programme(rules, f"caps: {{{caps}}}\n"), line("x", "10"), line("y", "20"))
    assert tuple(each.gross_minor - each.net_minor for each in decision.lines) == parts
    given = off(decision)
    assert sum(given.values()) == sum(parts) == decision.discount_minor
    assert abs(given.get("a", 0) * 3 - given.get("b", 0) * 2) <= 5  # 20 % and then 30 % of the shelf price
    code = "applied" if sum(parts) == 1500 else "applied_capped"
    assert {why(decision, rule).code for rule in given} == {code}


def test_a_capped_rule_competes_with_its_part_of_the_cap() -> None:
    """3.00 over 10.00 and 20.00 are 1.00 and 2.00: less than 12 % of them, as much as 10 %."""
    capped = "  - {id: b, kind: price, NAME, percent: 50%, max_discount: 3}\n"
    for other, given in (
        ("percent: 12%", {"a": 360}),
        ("percent: 10%", {"a": 300}),
        ("percent: 10%, priority: -1", {"b": 300}),
        ("percent: 8%", {"b": 300}),
        ("amount: 1.50", {"a": 150, "b": 200}),
    ):
        rules = f"  - {{id: a, kind: price, NAME, {other}}}\n" + capped
        assert off(price(programme(rules), line("x", "10"), line("y", "20"))) == given


def test_a_cap_that_is_not_reached_changes_nothing() -> None:
    for cap, given in (("15.01", 1500), ("15", 1500), ("14.99", 1499)):
        rule = f"  - {{id: b, kind: price, NAME, percent: 50%, max_discount: {cap}}}\n"
        assert off(price(programme(rule), line("x", "10"), line("y", "20"))) == {"b": given}


def test_a_discount_on_the_receipt_passes_by_what_cannot_take_it() -> None:
    """An amount goes to the goods that have room for it; of a share the part of a closed line is lost."""
    floors = "floors: [{products: {skus: [x]}, price: 9}]\n"
    step = "  - {id: t, kind: threshold, NAME, steps: [{from: 1, give: {%s}}]}\n"
    goods = line("x", "10"), line("y", "10")
    assert nets(price(programme(step % "amount: 11", floors), *goods)) == [900, 0]
    assert nets(price(programme(step % "amount: 5.50", floors), *goods)) == [950, 500]
    assert nets(price(programme(step % "percent: 50%", floors), *goods)) == [900, 500]
    assert nets(price(programme(step % "percent: 5%", floors), *goods)) == [950, 950]


@pytest.mark.parametrize(
    ("more", "given"),
    [
        ("", [1000, 0, 0]),
        ("max_discount: 12", [1000, 0, 0]),
        ("max_discount: 10", [1000, 0, 0]),
        ("max_discount: 6", [600, 0, 0]),
        ("budget: {total: 10}", [1000, 0, 0]),
        ("budget: {total: 7}", [700, 0, 0]),
    ],
)
def test_a_rules_cap_is_of_what_lines_can_take(more: str, given: list[int]) -> None:
    """The share that a line at its floor loses is no part of what a cap or a budget limits."""
    rule = f"  - {{id: t, kind: threshold, NAME, steps: [{{from: 50, give: {{percent: 20%}}}}], {more}}}\n"
    goods = line("food", "50"), line("smoke", "50", tags=("no_discount",)), line("gum", "0.01")
    decision = price(programme(rule), *goods)
    assert [each.gross_minor - each.net_minor for each in decision.lines] == given


def test_a_cap_is_spread_over_what_floors_leave() -> None:
    rule = "  - {id: t, kind: threshold, NAME, steps: [{from: 1, give: {percent: 20%}}], max_discount: 15}\n"
    floor = "floors: [{products: {skus: [b]}, share: 90%}]\n"
    goods = line("a", "100"), line("b", "100"), line("c", "50")
    assert nets(price(programme(rule, floor), *goods)) == [10000 - 750, 10000 - 375, 5000 - 375]


def test_every_capped_rule_has_its_own_cap() -> None:
    rule = "  - {id: %s, kind: price, NAME, percent: 50%%, max_discount: %s, products: {skus: [%s]}}\n"
    compiled = programme(rule % ("a", 1, "x") + rule % ("b", 2, "y") + rule % ("c", 3, "x"))
    assert off(price(compiled, line("x", "10"), line("y", "20"))) == {"c": 300, "b": 200}
    assert off(price(compiled, line("x", "0.02"))) == {"a": 1}
