from __future__ import annotations

import pytest

from app.loyalty.basket import Basket, Context, Line
from app.loyalty.engine import evaluate
from app.loyalty.state import EMPTY
from tests.loyalty.support import NOON, line, off, price, programme, why

P = "  - {id: %s, kind: price, NAME, %s}\n"
B = "  - {id: %s, kind: bundle, NAME, %s}\n"


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


def test_of_two_that_are_the_same_the_one_that_gives_nothing_says_why() -> None:
    compiled = programme(B % ("a", "n_for_m: {take: 3, pay: 2}") + B % ("b", "n_for_m: {take: 3, pay: 2}"))
    decision = price(compiled, line("x", "10", "3"))
    assert off(decision) == {"a": 1000}
    assert why(decision, "b").code == "same_group_smaller"
    assert why(decision, "b").params == {"winner": "a", "amount_minor": 1000}


def test_two_bundles_over_one_line_keep_to_its_cap_together() -> None:
    """Five of the six units go to the larger; what the set would take off the sixth finds no room."""
    rules = B % ("a", "n_for_m: {take: 5, pay: 1}, products: {skus: [x]}")
    rules += B % ("b", "set: [{products: {skus: [x]}}, {products: {skus: [y]}}], price: 5")
    decision = price(programme(rules, "caps: {line: 50%}"), line("x", "10", "6"), line("y", "10"))
    assert [each.net_minor for each in decision.lines] == [3000, 500]
    assert off(decision) == {"a": 3000, "b": 500}


def test_a_bundles_own_cap_is_spread_over_its_lines() -> None:
    compiled = programme(B % ("b", "n_for_m: {take: 2, pay: 1}, max_discount: 3"))
    decision = price(compiled, line("x", "10", "2"), line("y", "5", "2"))
    assert [sum(d.amount_minor for d in each.discounts) for each in decision.lines] == [200, 100]


def test_a_bundle_out_of_its_time_gives_nothing() -> None:
    for until, given in (("2026-01-14", {}), ("2026-01-15", {"b": 1000})):
        compiled = programme(B % ("b", f"n_for_m: {{take: 3, pay: 2}}, when: {{until: {until}}}"))
        assert off(price(compiled, line("x", "10", "3"))) == given


def test_a_bundle_whose_goods_are_taken_leaves_the_next_its_own() -> None:
    rules = B % ("a", "n_for_m: {take: 3, pay: 1}, products: {skus: [x]}")
    rules += B % ("b", "n_for_m: {take: 2, pay: 1}, products: {skus: [x]}")
    rules += B % ("c", "n_for_m: {take: 2, pay: 1}, products: {skus: [y]}")
    goods = line("x", "10", "3"), line("y", "1", "2")
    assert off(price(programme(rules), *goods)) == {"a": 2000, "c": 100}


def test_a_capped_bundle_takes_its_cap_of_what_another_left() -> None:
    rules = B % ("a", "n_for_m: {take: 3, pay: 1}")
    rules += B % ("b", "n_for_m: {take: 2, pay: 1}, max_discount: %s")
    for cap, given in (("5", 500), ("9.99", 999), ("10", 1000), ("50", 1000)):
        compiled = programme(rules % cap)
        assert off(price(compiled, line("x", "10", "5"))) == {"a": 2000, "b": given}


@pytest.mark.parametrize(
    ("cap", "nets"),
    [("100%", [600, 100, 200, 300]), ("80%", [600, 200, 200, 300]), ("50%", [1500, 500, 500, 500])],
)
def test_three_sets_over_one_line_keep_to_its_cap_together(cap: str, nets: list[int]) -> None:
    """They take 9, 8 and 7 off the pieces of x, as long as the line has room for it."""
    sets = (("a", 2), ("b", 4), ("c", 6))
    rules = "".join(
        B % (id, f"set: [{{products: {{skus: [x]}}}}, {{products: {{skus: [{id}]}}}}], price: {price}")
        for id, price in sets
    )
    goods = line("x", "10", "3"), *(line(id, "10") for id, _ in sets)
    decision = price(programme(rules, f"caps: {{line: {cap}}}"), *goods)
    assert [each.net_minor for each in decision.lines] == nets


def test_what_one_bundle_takes_of_several_lines_no_other_takes_again() -> None:
    rules = B % ("a", "n_for_m: {take: 3, pay: 1}") + B % ("b", "n_for_m: {take: 2, pay: 1}")
    for goods in ((line("x", "10", "3"), line("y", "10", "2")), (line("x", "10"), line("y", "10", "4"))):
        assert off(price(programme(rules), *goods)) == {"a": 2000, "b": 1000}


def test_a_line_of_which_a_bundle_takes_nothing_keeps_its_own_discount() -> None:
    rules = B % ("b", "n_for_m: {take: 2, pay: 1}") + P % ("p", "percent: 10%")
    assert off(price(programme(rules), line("x", "10", "2"), line("y", "5"))) == {"b": 1000, "p": 50}


def test_equally_dear_pieces_line_up_by_what_they_are() -> None:
    """Three at 1.00 are 0.33 each and a third of a penny, which a bundle leaves where it is."""
    rules = P % ("p", "percent: 2%, products: {skus: [b]}, group: first")
    rules += B % ("four", "n_for_m: {take: 4, pay: 1}")
    decision = price(programme(rules), line("a", "0.33"), line("b", "0.34", "3"))
    assert [each.net_minor for each in decision.lines] == [33, 1]


@pytest.mark.parametrize("terms", ["when: {until: 2026-01-14}", "max_discount: 1", "audience: {who: guests}"])
def test_of_two_that_are_the_same_one_under_terms_does_not_stand_in_for_the_other(terms: str) -> None:
    n_for_m = "n_for_m: {take: 2, pay: 1}"
    for rules in (
        B % ("a", f"{n_for_m}, {terms}") + B % ("b", n_for_m),
        B % ("a", f"{n_for_m}, {terms}") + B % ("b", n_for_m) + B % ("c", f"{n_for_m}, {terms}"),
    ):
        basket, where = Basket((line("x", "10", "2"),)), Context(at_ms=NOON, sale_id="s")
        assert off(evaluate(programme(rules), EMPTY, basket, where)) == {"b": 1000}


@pytest.mark.parametrize(("rounding", "given"), [("half_up", 2), ("down", 1)])
def test_half_of_an_odd_penny_is_rounded_as_the_programme_says(rounding: str, given: int) -> None:
    for rule in (
        "n_for_m: {take: 2, pay: 1, percent: 50%}",
        "buy: 1, products: {skus: [x]}, get: {products: {skus: [y]}, percent: 50%}",
        "set: [{products: {skus: [x]}}, {products: {skus: [y]}}], percent: 25%",
    ):
        compiled = programme(B % ("b", rule), f"rounding: {rounding}\n")
        assert off(price(compiled, line("x", "0.03"), line("y", "0.03"))) == {"b": given}


def test_a_bundle_that_is_complete_and_loses_does_not_ask_for_more() -> None:
    rules = B % ("b", "n_for_m: {take: 3, pay: 2}") + P % ("p", "percent: 90%")
    for units, code in (
        (1, "missing_units"),
        (2, "missing_units"),
        (3, "same_group_smaller"),
        (4, "same_group_smaller"),
    ):
        assert why(price(programme(rules), line("x", "10", str(units))), "b").code == code


def test_a_piece_fills_one_place_of_a_set() -> None:
    rule = "set: [{products: {skus: [x]}}, {products: {categories: [c]}, qty: 2}], price: 10"
    compiled = programme(B % ("b", rule))
    for units, given in (("1", {}), ("2", {"b": 900}), ("3", {"b": 900})):
        goods = line("x", "9", category="c"), line("y", "5", units, category="c")
        assert off(price(compiled, *goods)) == given


def test_three_places_on_one_shelf_need_three_pieces() -> None:
    place = "{products: {categories: [c]}}"
    compiled = programme(B % ("b", f"set: [{place}, {place}, {place}], price: 10"))
    for x, y, given in (("2", "1", 500), ("2", "2", 500), ("1", "1", 0), ("4", "2", 1000)):
        goods = line("x", "5", x, category="c"), line("y", "5", y, category="c")
        assert off(price(compiled, *goods)).get("b", 0) == given


def test_a_set_says_how_many_of_a_piece_lack_and_its_order_does_not_matter() -> None:
    rule = "set: [{products: {skus: [roll]}, qty: 3}, {products: {skus: [soup]}}], price: 9.99"
    compiled = programme(B % ("b", rule))
    short = why(price(compiled, line("soup", "8"), line("roll", "1", "2")), "b")
    assert (short.code, short.params) == ("missing_units", {"n": 1})
    assert off(price(compiled, line("soup", "8"), line("roll", "1", "3"))) == {"b": 101}


BUY = "products: {skus: [pen]}, buy: 2, get: {products: {categories: [ink]}, percent: 50%}"


@pytest.mark.parametrize(
    ("pens", "inks", "given"),
    [
        ("4", ("1", "0"), {"b": 450}),
        ("5", ("1", "0"), {"b": 450, "c": 200}),
        ("6", ("2", "0"), {"b": 900}),
        ("7", ("2", "0"), {"b": 900, "c": 200}),
        ("6", ("1", "1"), {"b": 850}),
        ("7", ("1", "1"), {"b": 850, "c": 200}),
    ],
)
def test_what_is_bought_for_something_else_is_taken_too(
    pens: str, inks: tuple[str, str], given: dict[str, int]
) -> None:
    rules = B % ("b", BUY) + B % ("c", "n_for_m: {take: 3, pay: 1}, products: {skus: [pen]}")
    dear, cheap = (
        line(sku, money, units, category="ink")
        for sku, money, units in zip("ij", ("9", "8"), inks, strict=True)
    )
    assert off(price(programme(rules), line("pen", "1", pens), dear, cheap)) == given


def test_what_is_bought_beside_is_the_dearest_and_only_what_one_gets_is_reduced() -> None:
    beside = "beside: [{products: {categories: [pad]}}]"
    rules = B % ("b", f"{BUY}, {beside}") + P % ("p", "percent: 10%, products: {categories: [pad]}")
    goods = line("pen", "1", "2"), line("ink", "9", category="ink")
    pads = line("dear", "5", category="pad"), line("cheap", "3", category="pad")
    assert off(price(programme(rules), *goods)) == {}
    assert off(price(programme(rules), *goods, *pads)) == {"b": 450, "p": 30}


def test_a_set_that_saves_nothing_is_none_and_a_penny_is_something() -> None:
    parts = "set: [{products: {categories: [x]}}, {products: {categories: [y]}}]"
    rules = B % ("b", f"{parts}, price: %s") + P % ("p", "percent: 10%%")
    goods = [
        line(sku, money, category=category)
        for sku, money, category in (("a", "5", "x"), ("b", "4", "x"), ("c", "5", "y"), ("d", "4", "y"))
    ]
    assert off(price(programme(rules % "8"), *goods)) == {"b": 200, "p": 80}
    penny = B % ("b", f"{parts}, price: 9.99")
    assert off(price(programme(penny), *goods)) == {"b": 1}


def test_two_bought_and_one_got_of_the_same_goods_is_three_for_two() -> None:
    same = "products: {categories: [c]}, buy: 2, get: {products: {categories: [c]}, percent: %s}"
    goods = line("dear", "10", "3", category="c"), line("cheap", "1", "3", category="c")
    for share, given in (("100%", 1100), ("50%", 550)):
        assert off(price(programme(B % ("b", same % share)), *goods)) == {"b": given}
    beside = B % ("b", same % "100%" + ", beside: [{products: {skus: [bag]}}]")
    assert off(price(programme(beside), *goods, line("bag", "2"))) == {"b": 100}
    assert off(price(programme(beside), *goods)) == {}


def test_of_two_that_are_the_same_each_has_its_own_time() -> None:
    timed = "n_for_m: {take: 2, pay: 1}, when: {until: %s}"
    rules = B % ("a", timed % "2026-01-14") + B % ("b", timed % "2026-01-31")
    basket, where = Basket((line("x", "10", "2"),)), Context(at_ms=NOON, sale_id="s")
    assert off(evaluate(programme(rules), EMPTY, basket, where)) == {"b": 1000}


def test_a_line_that_is_used_up_is_passed_by() -> None:
    """Two sets at 1.00: x, x and y; then x and z, as there is no y left, and w."""
    rule = "set: [{products: {categories: [c]}, qty: 2}, {products: {skus: [y, w]}}], price: 1"
    shelf = line("x", "9", "3", category="c"), line("y", "5", category="c"), line("z", "3", "3", category="c")
    assert off(price(programme(B % ("b", rule)), *shelf, line("w", "1"))) == {"b": 2200 + 1200}


DRINKS = {"coffee": "12", "tea": "8", "juice": "7", "cola": "6", "wine": "30"}


def drinks(*names: str) -> list[Line]:
    return [line(name, DRINKS[name], category="drink") for name in names]


@pytest.mark.parametrize(
    ("names", "given"),
    [
        (("coffee", "tea"), 0),
        (("coffee", "tea", "juice"), 1200),
        (("coffee", "tea", "juice", "cola"), 1200),
        (("coffee", "wine", "juice"), 1200),
        (("tea", "juice", "cola"), 0),
    ],
)
def test_what_one_gets_is_not_taken_for_what_one_buys(names: tuple[str, ...], given: int) -> None:
    """The dearest of the drinks bought would be the coffee, of which there is but one."""
    rule = "products: {categories: [drink]}, buy: 2, get: {products: {skus: [coffee]}}"
    assert off(price(programme(B % ("b", rule)), *drinks(*names))).get("b", 0) == given


def test_a_place_gives_up_no_more_than_another_lacks() -> None:
    """Of three coffees two are bought and one is got; of two one is bought, beside the next dearest."""
    rule = "products: {categories: [drink]}, buy: 2, get: {products: {skus: [coffee]}, percent: 50%}"
    single = P % ("p", "percent: 10%")
    for coffees, taken in (("3", {}), ("2", {"wine": 0}), ("1", {"wine": 0, "tea": 0})):
        goods = line("coffee", "40", coffees, category="drink"), *drinks("tea", "juice", "wine")
        decision = price(programme(B % ("b", rule) + single), *goods)
        assert off(decision)["b"] == 2000
        tenth = {"wine": 300, "tea": 80, "juice": 70} | taken
        assert {each.id: each.gross_minor - each.net_minor for each in decision.lines[1:]} == tenth


@pytest.mark.parametrize("order", [("any", "hot", "own"), ("own", "hot", "any"), ("hot", "any", "own")])
def test_places_of_a_set_make_way_for_one_another_in_turn(order: tuple[str, ...]) -> None:
    """Any drink, a hot one, and coffee: the first place that is filled would take the coffee."""
    parts = {"any": "categories: [drink]", "hot": "skus: [coffee, tea]", "own": "skus: [coffee]"}
    places = ", ".join(f"{{products: {{{parts[each]}}}}}" for each in order)
    compiled = programme(B % ("b", f"set: [{places}], price: 20"))
    assert off(price(compiled, *drinks("coffee", "tea", "juice"))) == {"b": 700}
    assert off(price(compiled, *drinks("coffee", "tea", "juice", "wine"))) == {"b": 3000}
    assert off(price(compiled, *drinks("coffee", "juice", "cola"))) == {}


@pytest.mark.parametrize(("qty", "tags", "amount"), [("3", (), 420), ("3", ("weighed",), 0), ("2.5", (), 0)])
def test_what_is_weighed_forms_no_set(qty: str, tags: tuple[str, ...], amount: int) -> None:
    """Three kilograms are no three pieces."""
    compiled = programme(B % ("b", "n_for_m: {take: 3, pay: 2}"))
    assert off(price(compiled, line("x", "4.20", qty, tags=tags))).get("b", 0) == amount
