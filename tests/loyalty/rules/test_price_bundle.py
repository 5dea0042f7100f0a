from __future__ import annotations

import pytest

from tests.loyalty.support import line, off, price, programme, why

P = "  - {id: %s, kind: price, NAME, %s}\n"
B = "  - {id: %s, kind: bundle, NAME, %s}\n"


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


@pytest.mark.parametrize(
    ("units", "amount"), [("2", 0), ("3", 420), ("5", 420), ("6", 840), ("1000000", 333_333 * 420)]
)
def test_three_for_the_price_of_two(units: str, amount: int) -> None:
    compiled = programme(B % ("b", "n_for_m: {take: 3, pay: 2}"))
    assert off(price(compiled, line("x", "4.20", units))).get("b", 0) == amount


def test_the_cheapest_of_each_set_is_free_and_more_goods_never_cost_the_gain() -> None:
    compiled = programme(B % ("b", "n_for_m: {take: 3, pay: 2}"))
    dear = line("dear", "10", "3")
    assert off(price(compiled, dear)) == {"b": 1000}
    assert off(price(compiled, dear, line("cheap", "1", "3"))) == {"b": 1100}


def test_buy_two_get_one_of_another_at_half_price() -> None:
    compiled = programme(
        B % ("b", "products: {skus: [pen]}, buy: 2, get: {products: {skus: [ink]}, percent: 50%}")
    )
    assert off(price(compiled, line("pen", "3", "4"), line("ink", "9", "1"))) == {"b": 450}
    assert off(price(compiled, line("pen", "3", "4"), line("ink", "9", "5"))) == {"b": 900}
    assert off(price(compiled, line("pen", "3", "1"), line("ink", "9", "5"))) == {}


def test_a_set_at_a_fixed_price_is_spread_to_the_cent() -> None:
    rule = "set: [{products: {skus: [soup]}}, {products: {skus: [roll]}, qty: 2}], price: 9.99"
    decision = price(programme(B % ("b", rule)), line("soup", "8.50", "2"), line("roll", "1.25", "5"))
    assert off(decision) == {"b": 202}
    assert decision.total_minor == 2 * 999 + 125


def test_bundles_claim_units_by_what_each_would_give_alone() -> None:
    compiled = programme(
        B % ("small", "n_for_m: {take: 2, pay: 1, percent: 10%}")
        + B % ("large", "n_for_m: {take: 3, pay: 2}")
    )
    assert off(price(compiled, line("x", "10", "3"))) == {"large": 1000}
    assert off(price(compiled, line("x", "10", "5"))) == {"large": 1000, "small": 100}


def test_a_bundle_and_single_prices_share_a_group_line_by_line() -> None:
    compiled = programme(
        B % ("b", "products: {skus: [x]}, n_for_m: {take: 2, pay: 1}") + P % ("p", "percent: 10%")
    )
    assert off(price(compiled, line("x", "10", "2"), line("y", "10"))) == {"b": 1000, "p": 100}


def test_a_missing_piece_is_offered() -> None:
    compiled = programme(B % ("b", "products: {skus: [x]}, n_for_m: {take: 3, pay: 2}"))
    decision = price(compiled, line("x", "10", "2"))
    assert (decision.offers[0].code, decision.offers[0].params) == ("missing_units", {"n": 1})


def test_floors_and_caps_hold_whatever_the_rules_say() -> None:
    floor = "floors: [{products: {skus: [book]}, price: 20.00}, {products: {skus: [pen]}, share: 95%}]\n"
    compiled = programme(P % ("p", "percent: 50%"), floor)
    decision = price(compiled, line("book", "30"), line("pen", "10"), line("x", "10"))
    assert [each.net_minor for each in decision.lines] == [2000, 950, 500]
    capped = programme(P % ("p", "percent: 50%"), "caps: {line: 30%, receipt: 20%}\n")
    decision = price(capped, line("a", "10"), line("b", "20"))
    assert decision.discount_minor == 600
    assert [each.net_minor for each in decision.lines] == [800, 1600]


def test_a_rules_own_cap_is_spread_over_its_lines() -> None:
    compiled = programme(P % ("p", "percent: 50%, max_discount: 3.00"))
    decision = price(compiled, line("a", "10"), line("b", "20"))
    assert [each.net_minor for each in decision.lines] == [900, 1800]


def test_a_budget_pauses_its_rule_when_it_is_spent() -> None:
    compiled = programme(P % ("p", "percent: 50%, budget: {total: 100}"))
    part = price(compiled, line("a", "10"), budgets={"p": 200})
    assert off(part) == {"p": 200}
    assert [effect.__class__.__name__ for effect in part.effects][-1] == "BudgetSpent"
    assert why(price(compiled, line("a", "10"), budgets={"p": 0}), "p").code == "budget_spent"


def test_a_budget_kept_for_new_members() -> None:
    compiled = programme(
        P % ("p", "percent: 50%, audience: {who: members}, budget: {total: 8, new_members: 3}")
    )
    assert off(price(compiled, line("a", "100"))) == {"p": 300}


@pytest.mark.parametrize(
    ("when", "code"),
    [
        ("from: 2026-01-16", "not_yet"),
        ("until: 2026-01-14", "ended"),
        ("from: 2026-01-15, until: 2026-01-15", "applied"),
        ("weekdays: [thu]", "applied"),
        ("weekdays: [fri, sat]", "not_today"),
        ("hours: 08:00-12:00", "not_at_this_hour"),
        ("hours: 12:00-13:00", "applied"),
        ("hours: 22:00-12:01", "applied"),
        ("hours: 22:00-12:01, weekdays: [wed]", "applied"),
    ],
)
def test_when_a_rule_holds(when: str, code: str) -> None:
    compiled = programme(P % ("p", f"percent: 5%, when: {{{when}}}"))
    assert why(price(compiled, line("x", "10")), "p").code == code


@pytest.mark.parametrize(
    ("audience", "context", "code"),
    [
        ("stores: [s1]", {"store": "s1"}, "applied"),
        ("stores: [s1]", {"store": "s2"}, "other_store"),
        ("channels: [web]", {}, "other_channel"),
        ("segments: [staff]", {"segments": ("staff",)}, "applied"),
        ("segments: [staff]", {}, "other_segment"),
        ("who: guests", {}, "guests_only"),
    ],
)
def test_who_a_rule_is_for(audience: str, context: dict[str, object], code: str) -> None:
    compiled = programme(P % ("p", f"percent: 5%, audience: {{{audience}}}"))
    assert why(price(compiled, line("x", "10"), **context), "p").code == code  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("goods", "matched"),
    [
        ("categories: [food]", {"apple", "bread"}),
        ("categories: [fruit], brands: [orchard]", {"apple"}),
        ("brands: [mill]", {"bread"}),
        ("tags: [organic]", {"apple"}),
        ("not: {categories: [fruit]}", {"bread", "soap"}),
        ("categories: [food], not: {skus: [apple]}", {"bread"}),
    ],
)
def test_which_goods_a_filter_means(goods: str, matched: set[str]) -> None:
    tree = "categories: {food: {}, fruit: {parent: food}}\n"
    compiled = programme(P % ("p", f"percent: 10%, products: {{{goods}}}"), tree)
    decision = price(
        compiled,
        line("apple", "10", category="fruit", brand="orchard", tags=("organic",)),
        line("bread", "10", category="food", brand="mill"),
        line("soap", "10", category="other"),
    )
    assert {each.id for each in decision.lines if each.discounts} == matched


def test_down_and_half_up_round_once() -> None:
    up = programme(P % ("p", "percent: 50%"))
    down = programme(P % ("p", "percent: 50%"), "rounding: down\n")
    assert off(price(up, line("x", "0.01"))) == {"p": 1}
    assert off(price(down, line("x", "0.01"))) == {}
