from __future__ import annotations

import pytest

from app.loyalty.basket import GiftCard, Redeem
from app.loyalty.effects import (
    GiftCardSold,
)
from tests.loyalty.support import line, price, programme, why


def test_gift_cards_are_sold_plain_and_spent_last() -> None:
    rules = (
        "  - {id: g, kind: gift_card, NAME, products: {skus: [card]}, min_amount: 10, max_amount: 500}\n"
        "  - {id: p, kind: price, NAME, percent: 10%}\n"
        "  - {id: e, kind: points, NAME, earn: {points: 1, per: 1}}\n"
    )
    compiled = programme(rules)
    sold = price(compiled, line("card", "100"), line("a", "10"))
    assert (sold.total_minor, sold.points.earned_centi) == (10_900, 900)
    assert GiftCardSold("g", "card", 10_000) in sold.effects
    assert price(compiled, line("card", "5")).refused[0].code == "gift_card_too_small"
    paid = price(
        compiled, line("a", "100"), redeem=Redeem(gift_cards=(GiftCard("x", 5_000), GiftCard("y", 9_000)))
    )
    assert [(card.code, card.amount_minor) for card in paid.gift_cards] == [("x", 5_000), ("y", 4_000)]
    assert paid.due_minor == 0


def test_a_card_that_is_sold_says_so() -> None:
    compiled = programme("  - {id: g, kind: gift_card, NAME, products: {skus: [card]}}\n")
    reason = why(price(compiled, line("card", "50")), "g")
    assert (reason.code, reason.params) == ("gift_card_sold", {"amount_minor": 5_000})


@pytest.mark.parametrize(
    ("amount", "refused"),
    [
        ("9.99", ("gift_card_too_small", {"min_minor": 1_000})),
        ("10", None),
        ("500", None),
        ("500.01", ("gift_card_too_large", {"max_minor": 50_000})),
    ],
)
def test_between_which_amounts_a_card_is_sold(
    amount: str, refused: tuple[str, dict[str, int]] | None
) -> None:
    limits = "min_amount: 10, max_amount: 500"
    compiled = programme(f"  - {{id: g, kind: gift_card, NAME, products: {{skus: [card]}}, {limits}}}\n")
    decision = price(compiled, line("card", amount))
    assert [(each.code, each.params) for each in decision.refused] == ([refused] if refused else [])
    assert len(decision.effects) == (0 if refused else 1)


def test_each_card_on_the_receipt_is_sold_for_itself_and_other_goods_are_none() -> None:
    compiled = programme("  - {id: g, kind: gift_card, NAME, products: {skus: [card]}}\n")
    cards = line("card", "50", id="1"), line("card", "0.01", id="2"), line("card", "70", "0", id="3")
    other = line("voucher", "30", tags=("gift_card",))
    decision = price(compiled, *cards, other, line("a", "10"), state=None)
    assert set(decision.effects) == {GiftCardSold("g", "1", 5_000), GiftCardSold("g", "2", 1)}


def test_without_limits_a_card_may_be_rung_at_any_price() -> None:
    compiled = programme("  - {id: g, kind: gift_card, NAME, products: {skus: [card]}}\n")
    for amount, minor in (("0", 0), ("99999", 9_999_900)):
        decision = price(compiled, line("card", amount), state=None)
        assert (decision.refused, decision.effects) == ((), (GiftCardSold("g", "card", minor),))
