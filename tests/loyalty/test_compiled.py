"""A programme made ready: which goods a filter means, what goods are set aside, who shares what is known."""

from __future__ import annotations

from fractions import Fraction

import pytest

from app.loyalty.basket import Line
from app.loyalty.compiled import stages_by_group
from app.loyalty.effects import ReceiptCounted
from app.loyalty.state import EMPTY, apply
from tests.loyalty.support import NOON, line, off, price, programme

TREE = "categories: {food: {}, dairy: {parent: food}, cheese: {parent: dairy}, books: {}}"
HALF = "  - {id: h, kind: price, NAME, percent: 50%%, products: {%s}}\n"
BRIE = line("brie", "10", category="cheese", brand="alp", tags=("fresh", "imported"))


@pytest.mark.parametrize(
    ("goods", "meant"),
    [
        ("skus: [brie]", True),
        ("skus: [gouda, brie]", True),
        ("skus: [gouda]", False),
        ("categories: [cheese]", True),
        ("categories: [dairy]", True),
        ("categories: [books, food]", True),
        ("categories: [books]", False),
        ("brands: [alp]", True),
        ("brands: [sea]", False),
        ("tags: [imported]", True),
        ("tags: [frozen]", False),
        ("skus: [brie], categories: [food], brands: [alp], tags: [fresh]", True),
        ("skus: [brie], categories: [books]", False),
        ("skus: [brie], brands: [sea]", False),
        ("skus: [brie], tags: [frozen]", False),
        ("categories: [food], brands: [sea]", False),
        ("brands: [alp], tags: [frozen]", False),
        ("not: {skus: [gouda]}", True),
        ("not: {skus: [brie]}", False),
        ("not: {categories: [food]}", False),
        ("not: {categories: [books]}", True),
        ("not: {brands: [alp]}", False),
        ("not: {tags: [fresh]}", False),
        ("not: {tags: [frozen], brands: [sea]}", True),
        ("categories: [food], not: {brands: [alp]}", False),
        ("categories: [food], not: {brands: [sea]}", True),
    ],
)
def test_a_filter_means_what_is_named_in_every_way_and_not_what_is_left_out(goods: str, meant: bool) -> None:
    compiled = programme(HALF % goods, head=TREE)
    assert off(price(compiled, BRIE)) == ({"h": 500} if meant else {})


def test_a_category_above_is_no_goods_of_one_below() -> None:
    compiled = programme(HALF % "categories: [cheese]", head=TREE)
    assert off(price(compiled, line("milk", "10", category="dairy"))) == {}
    assert off(price(compiled, line("x", "10", category="nobody knows it"))) == {}


@pytest.mark.parametrize(
    ("goods", "discounted", "earning"),
    [
        (line("a", "10"), True, True),
        (line("a", "10", tags=("no_discount",)), False, True),
        (line("a", "10", tags=("deposit",)), False, False),
        (line("a", "10", tags=("delivery",)), False, False),
        (line("a", "10", tags=("gift_card",)), False, False),
        (line("card", "10"), False, False),
    ],
)
def test_which_goods_are_set_aside(goods: Line, discounted: bool, earning: bool) -> None:
    rules = (
        "  - {id: h, kind: price, NAME, percent: 50%}\n"
        "  - {id: p, kind: points, NAME, earn: {points: 1, per: 1}}\n"
        "  - {id: g, kind: gift_card, NAME, products: {skus: [card]}}\n"
    )
    decision = price(programme(rules), goods)
    assert off(decision) == ({"h": 500} if discounted else {})
    assert decision.points.earned_centi == (decision.total_minor if earning else 0)


def test_goods_that_no_rule_tells_apart_share_what_is_known_of_them() -> None:
    compiled = programme(HALF % "categories: [food], not: {skus: [brie]}", head=TREE)
    known = compiled.profile(line("milk", "10", category="dairy"))
    assert compiled.profile(line("gouda", "10", category="cheese")) is known
    assert compiled.profile(line("milk", "10", category="books")) is not known
    assert compiled.profile(line("brie", "10", category="cheese")) is not known
    assert compiled.profile(line("milk", "10", category="dairy", tags=("deposit",))) is not known


@pytest.mark.parametrize(
    ("lots", "card", "days"), [(None, None, 0), (30, None, 30), (None, 60, 60), (30, 60, 60), (90, 60, 90)]
)
def test_a_purchase_keeps_what_lapses_by_idleness_for_the_longest_of_all_terms(
    lots: int | None, card: int | None, days: int
) -> None:
    points = f", lots: {{expires: {{idle_days: {lots}}}}}" if lots else ", lots: {expires: {days: 5}}"
    stamps = f", expires_after_idle_days: {card}" if card else ""
    compiled = programme(
        f"  - {{id: p, kind: points, NAME, earn: {{points: 1, per: 1}}{points}}}\n"
        f"  - {{id: s, kind: stamps, NAME, size: 5, free: cheapest{stamps}}}\n"
        "  - {id: n, kind: price, NAME, percent: 5%}\n"
    )
    assert compiled.idle_days == days


def test_what_is_worth_asking_at_a_first_purchase_is_not_taken_from_a_later_one() -> None:
    """`price` asks in brief, too, which looks at the programme from afar and remembers what it saw."""
    compiled = programme("  - {id: w, kind: welcome, NAME, give: {percent: 10%}}\n")
    for receipts in (2, 1, 0, 1):
        state = apply(EMPTY, [ReceiptCounted(receipts, 100)], NOON)
        assert off(price(compiled, line("a", "10"), state=state)) == ({} if receipts else {"w": 100})


def test_a_point_is_worth_what_spending_says_or_one_unit_of_the_currency() -> None:
    half = "  - {id: h, kind: price, NAME, percent: 50%}\n"
    spend = "  - {id: p, kind: points, NAME, redeem: {value: 0.005}}\n"
    assert programme(half).point_minor == 100
    assert programme(half + spend).point_minor == Fraction(1, 2)


def test_the_groups_in_use_with_their_rules_and_stages() -> None:
    rules = (
        "  - {id: a, kind: price, NAME, percent: 5%}\n"
        "  - {id: b, kind: bundle, NAME, n_for_m: {take: 3, pay: 2}, group: deals}\n"
        "  - {id: c, kind: threshold, NAME, steps: [{from: 1, give: {percent: 5%}}]}\n"
        "  - {id: d, kind: welcome, NAME, give: {percent: 5%}, group: hello}\n"
        "  - {id: e, kind: points, NAME, earn: {points: 1, per: 1}}\n"
        "  - {id: f, kind: stamps, NAME, size: 6, free: cheapest}\n"
    )
    assert stages_by_group(programme(rules).programme) == {
        "line": [("a", "line")],
        "deals": [("b", "line")],
        "receipt": [("c", "receipt")],
        "hello": [("d", "receipt")],
        "stamps": [("f", "line")],
    }
