from __future__ import annotations

from fractions import Fraction

from app.loyalty.lift import lift_pairs


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
