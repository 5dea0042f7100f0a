"""What rules of every kind share: moments, people, goods, floors, caps and budgets."""

from __future__ import annotations

import pytest

from tests.loyalty.support import line, off, price, programme, why

P = "  - {id: %s, kind: price, NAME, %s}\n"


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
        ("skus: [apple, soap], categories: [food]", {"apple"}),
        ("skus: [apple, bread], brands: [mill]", {"bread"}),
        ("categories: [food], tags: [organic]", {"apple"}),
        ("brands: [mill], tags: [organic]", set()),
        ("not: {brands: [mill]}", {"apple", "soap"}),
        ("not: {tags: [organic]}", {"bread", "soap"}),
        ("not: {brands: [mill], tags: [organic]}", {"soap"}),
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


@pytest.mark.parametrize(("goods", "matched"), [("skus: [b]", ["b"]), ("not: {skus: [b]}", ["a", "c"])])
def test_articles_of_one_category_are_told_apart_by_name(goods: str, matched: list[str]) -> None:
    for order in ("abc", "cba", "bca"):
        compiled = programme(P % ("p", f"percent: 10%, products: {{{goods}}}"))
        decision = price(compiled, *(line(sku, "10", category="food") for sku in order))
        assert sorted(each.id for each in decision.lines if each.discounts) == matched


def test_two_articles_of_one_category_may_each_have_a_rule() -> None:
    compiled = programme(
        P % ("p", "percent: 10%, products: {skus: [a]}") + P % ("q", "percent: 20%, products: {skus: [b]}")
    )
    for order in ("abc", "cba"):
        goods = [line(sku, "10", category="food") for sku in order]
        assert off(price(compiled, *goods)) == {"p": 100, "q": 200}


def test_an_article_that_costs_nothing_is_goods_all_the_same() -> None:
    rule = "  - {id: p, kind: points, NAME, earn: {points: 1, per: unit}}\n"
    for head in ("", "caps: {line: 50%}", "floors: [{products: {skus: [gift]}, share: 10%}]"):
        assert price(programme(rule, head), line("gift", "0", "2")).points.earned_centi == 200


def test_a_line_that_an_exclusive_rule_has_closed_takes_no_penny_of_a_later_discount() -> None:
    rules = P % ("a", "percent: 10%, products: {skus: [x]}, exclusive: true")
    rules += "  - {id: b, kind: threshold, NAME, steps: [{from: 0.01, give: {percent: 100%}}]}\n"
    decision = price(programme(rules), line("x", "10"), line("y", "0.03"))
    assert [each.net_minor for each in decision.lines] == [900, 0]
