from __future__ import annotations

from app.loyalty.effects import Grant, Granted
from app.loyalty.state import EMPTY, apply
from tests.loyalty.support import NOON, line, price, programme

TREE = "categories: {food: {}, fruit: {parent: food}, apples: {parent: fruit}, toys: {}}\n"


def test_five_percent_of_1000_is_50() -> None:
    compiled = programme("  - {id: c, kind: cashback, NAME, rate: 5%}\n")
    assert price(compiled, line("a", "1000")).points.earned_centi == 5_000


def test_the_most_specific_category_wins() -> None:
    compiled = programme("  - {id: c, kind: cashback, NAME, rate: 1%, rates: {food: 2%, fruit: 3%}}\n", TREE)
    decision = price(
        compiled,
        line("a", "100", category="apples"),
        line("b", "100", category="food"),
        line("c", "100", category="toys"),
    )
    assert [each.earned[0].amount_centi for each in decision.lines] == [300, 200, 100]


def test_the_category_of_the_month_earns_more() -> None:
    chosen = "chosen: {categories: [food, toys], rate: 10%}"
    compiled = programme(f"  - {{id: c, kind: cashback, NAME, rate: 1%, {chosen}}}\n", TREE)
    pick = Grant("c:2026-01", "c", "status", NOON, item="toys")
    state = apply(EMPTY, [Granted(pick)], NOON)
    goods = (line("a", "100", category="toys"), line("b", "100", category="food"))
    assert price(compiled, *goods, state=state).points.earned_centi == 1_000 + 100
    assert price(compiled, *goods).points.earned_centi == 200


def test_money_is_turned_into_points_by_their_value() -> None:
    points = "  - {id: p, kind: points, NAME, redeem: {value: 0.01}}\n"
    compiled = programme(points + "  - {id: c, kind: cashback, NAME, rate: 2%}\n")
    assert price(compiled, line("a", "19.20")).points.earned_centi == 3_840
