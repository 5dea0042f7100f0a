from __future__ import annotations

import pytest

from app.loyalty.basket import Context, Redeem
from app.loyalty.by_hand import give_by_hand
from app.loyalty.decision import Reason
from app.loyalty.effects import Grant, Granted, Lot, PointsEarned
from app.loyalty.state import EMPTY, apply
from tests.loyalty.support import NOON, at, line, price, programme, why

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


@pytest.mark.parametrize(("base", "centi"), [("paid", 700), ("net", 900), ("gross", 1_000)])
def test_the_money_that_comes_back_in_part(base: str, centi: int) -> None:
    """Of 100.00 less 10 %, 20.00 of it paid in points: 10 % of what counts, in points of 1.00."""
    rules = (
        "  - {id: d, kind: price, NAME, percent: 10%}\n  - {id: p, kind: points, NAME, redeem: {value: 1}}\n"
    )
    held = apply(EMPTY, [PointsEarned(Lot("l", "p", 2_000, NOON))], NOON)
    for rate in ("rate: 10%", "rates: {food: 10%}", "rate: 1%, rates: {food: 10%}"):
        compiled = programme(rules + f"  - {{id: c, kind: cashback, NAME, base: {base}, {rate}}}\n", TREE)
        goods = line("a", "100", category="food")
        decision = price(compiled, goods, state=held, redeem=Redeem(2_000))
        assert decision.points.spent_value_minor == 2_000
        assert decision.points.earned_centi == centi


def test_a_least_receipt_and_whole_points() -> None:
    compiled = programme(
        "  - {id: c, kind: cashback, NAME, rate: 10%, min_receipt: 20, round_to: point_down}\n"
    )
    short = price(compiled, line("a", "19.99"))
    assert (short.points.earned_centi, why(short, "c").params) == (0, {"missing_minor": 1})
    for spent, centi in (("20", 200), ("29.99", 200), ("30", 300)):
        assert price(compiled, line("a", spent)).points.earned_centi == centi


def test_a_chosen_category_helps_only_where_it_is_the_higher_rate_and_only_as_many_as_may_be_picked() -> None:
    chosen = "chosen: {categories: [food, toys], rate: 4.5%}"
    rates = "rate: 1%, rates: {fruit: 5%, toys: 2%}"
    compiled = programme(f"  - {{id: c, kind: cashback, NAME, {rates}, {chosen}}}\n", TREE)
    goods = [line(name, "100", category=name) for name in ("food", "fruit", "apples", "toys", "none")]

    def rates_with(*picks: str) -> list[int]:
        grants = [Granted(Grant(f"c:{each}", "c", "status", NOON, item=each)) for each in picks]
        decision = price(compiled, *goods, state=apply(EMPTY, grants, NOON))
        return [each.earned[0].amount_centi for each in decision.lines]

    assert rates_with() == [100, 500, 500, 200, 100]
    assert rates_with("food") == [450, 500, 500, 200, 100]
    assert rates_with("toys") == [100, 500, 500, 450, 100]
    assert rates_with("toys", "food") == [450, 500, 500, 200, 100]  # one may be picked: the first by name
    assert rates_with("fruit") == [100, 500, 500, 200, 100]  # which may not be picked at all


@pytest.mark.parametrize(("rounding", "centi"), [("half_up", 2), ("down", 1)])
def test_hundredths_round_as_the_programme_says_with_or_without_a_tree(rounding: str, centi: int) -> None:
    for rate in ("rate: 5%", "rates: {toys: 5%}"):
        for tree in ("", TREE):
            rule = f"  - {{id: c, kind: cashback, NAME, {rate}}}\n"
            compiled = programme(rule, f"rounding: {rounding}\n{tree}")
            assert price(compiled, line("a", "0.39", category="toys")).points.earned_centi == centi


def test_a_pick_is_a_status_until_the_month_ends_where_the_rule_holds() -> None:
    chosen = "chosen: {categories: [food], rate: 10%}, audience: {stores: [w1]}"
    compiled = programme(f"  - {{id: c, kind: cashback, NAME, {chosen}}}\n", TREE)
    here, there = (Context(at_ms=NOON, sale_id="f", store=store) for store in ("w1", "w2"))
    effects = give_by_hand(compiled, EMPTY, here, "c", "food")
    assert not isinstance(effects, Reason)
    picks = [each.grant for each in effects if isinstance(each, Granted)]
    assert [(each.rule, each.kind, each.item) for each in picks] == [("c", "status", "food")]
    assert picks[0].expires_at_ms == at("2026-02-01 00:00")
    refused = give_by_hand(compiled, EMPTY, there, "c", "food")
    assert isinstance(refused, Reason)
    assert refused.code == "other_store"
