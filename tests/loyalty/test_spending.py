"""Gift cards as tender: what each gives, to the smallest coin, and what none may pay for."""

from __future__ import annotations

import pytest

from app.loyalty.basket import GiftCard, Redeem
from app.loyalty.effects import Lot, PointsEarned
from app.loyalty.state import EMPTY, apply
from tests.loyalty.support import NOON, line, price, programme

PLAIN = programme("  - {id: p, kind: points, NAME, redeem: {value: 0.01}}\n")


@pytest.mark.parametrize(
    ("balances", "given"),
    [
        ((0,), []),
        ((-5,), []),
        ((1,), [1]),
        ((999,), [999]),
        ((1000,), [1000]),
        ((1001,), [1000]),
        ((400, 0, 700, 5), [400, 600]),
        ((400, 599, 5), [400, 599, 1]),
    ],
)
def test_cards_give_what_they_hold_in_their_order(balances: tuple[int, ...], given: list[int]) -> None:
    cards = tuple(GiftCard(f"c{n}", balance) for n, balance in enumerate(balances))
    decision = price(PLAIN, line("a", "10"), redeem=Redeem(gift_cards=cards))
    assert [card.amount_minor for card in decision.gift_cards] == given
    assert decision.due_minor == 1000 - sum(given)
    assert decision.total_minor == 1000


def test_a_card_pays_for_goods_and_delivery_and_for_no_card() -> None:
    lines = (
        line("a", "10"),
        line("courier", "5", tags=("delivery",)),
        line("card", "50", tags=("gift_card",)),
    )
    decision = price(PLAIN, *lines, redeem=Redeem(gift_cards=(GiftCard("x", 100_000),)))
    assert [card.amount_minor for card in decision.gift_cards] == [1500]
    assert decision.due_minor == 5000


def test_cards_come_after_points() -> None:
    state = apply(EMPTY, [PointsEarned(Lot("l", "p", 30_000, NOON))], NOON)
    redeem = Redeem("max", (GiftCard("x", 100_000),))
    decision = price(PLAIN, line("a", "10"), state=state, redeem=redeem)
    assert decision.points.spent_value_minor == 300
    assert [card.amount_minor for card in decision.gift_cards] == [700]
    assert decision.due_minor == 0
