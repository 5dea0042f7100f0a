from __future__ import annotations

from fractions import Fraction

from app.loyalty.lift import LiftPair, as_rule, lift_pairs
from tests.loyalty.support import line, price, programme


def test_what_goes_together_is_found_and_chance_is_not() -> None:
    receipts = [["camera", "card"]] * 30 + [["camera"]] * 10 + [["card"]] * 10 + [["milk"]] * 50
    receipts += [["milk", "camera"]] * 5
    first, second = lift_pairs(receipts)
    assert {(first.bought, first.offer), (second.bought, second.offer)} == {
        ("camera", "card"),
        ("card", "camera"),
    }
    assert (first.bought, first.confidence) == ("card", Fraction(3, 4))
    assert first.lift == Fraction(30 * 105, 45 * 40)


def test_a_receipt_counts_a_thing_once_and_rare_pairs_say_nothing() -> None:
    assert lift_pairs([["a", "a", "b"]] * 19 + [["c"]] * 81) == []
    assert lift_pairs([["a", "a", "b"]] * 20 + [["c"]] * 80)[0].together == 20


def test_pairs_on_the_threshold_count_and_a_rare_pair_hides_no_other() -> None:
    receipts = [["a", "rare"]] * 3 + [["a", "b"]] * 20 + [["c", "d"]] * 20 + [["e"]] * 7
    pairs = lift_pairs(receipts)
    assert [(pair.bought, pair.offer) for pair in pairs] == [("c", "d"), ("d", "c"), ("b", "a"), ("a", "b")]
    even = [["a", "b"]] * 20 + [["a"]] * 10 + [["c"]] * 15
    assert {pair.lift for pair in lift_pairs(even)} == {Fraction(3, 2)}
    assert lift_pairs(even, least_lift=Fraction(151, 100)) == []


def test_the_surest_come_first_then_those_that_chance_explains_least() -> None:
    receipts = [["a", "b"]] * 20 + [["c", "d"]] * 30 + [["e"]] * 50
    assert [(pair.bought, pair.lift) for pair in lift_pairs(receipts)] == [
        ("a", 5), ("b", 5), ("c", Fraction(10, 3)), ("d", Fraction(10, 3)),
    ]  # fmt: skip


def test_pairs_are_written_as_a_rule_that_a_programme_takes() -> None:
    pairs = [
        LiftPair("Кофе: зерно", "żurek", 40, Fraction(1237, 100), Fraction(2, 3)),
        LiftPair("milk", "tea", 20, Fraction(3, 2), Fraction(1)),
    ]
    text = as_rule(pairs, "skus")
    assert (
        text
        == """\
  - id: goes-with-it
    kind: complement
    name: {ru: К покупке, pl: Do kompletu, en: Goes with it}
    pairs:
      # 40 receipts, 67 % of those with the first, 12.4 times chance
      - bought: {skus: ["Кофе: зерно"]}
        offer: {skus: ["żurek"]}
      # 20 receipts, 100 % of those with the first, 1.5 times chance
      - bought: {skus: ["milk"]}
        offer: {skus: ["tea"]}"""
    )
    decision = price(programme(text + "\n"), line("Кофе: зерно", "10"))
    assert [(each.code, each.params) for each in decision.offers] == [("complement_sku", {"sku": "żurek"})]
    by_category = as_rule(pairs, "categories")
    decision = price(programme(by_category + "\n"), line("1", "10", category="Кофе: зерно"))
    assert [each.params["category"] for each in decision.offers] == ["żurek"]
