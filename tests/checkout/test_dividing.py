"""What goes back, and to what: gift cards get what they paid, money what it paid, nobody more than that."""

from __future__ import annotations

import uuid
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.checkout.refunds import Means, Refund
from app.checkout.shop import Shop
from app.ledger.facts import SaleCompleted, SaleRefunded
from tests.support.facts import product
from tests.support.shop import SHOP, Desk

CARDS = msgspec.structs.replace(SHOP, gift_cards="here")
FIVE = msgspec.structs.replace(SHOP, cash_step_minor=5)
CARD, BOTTLE, EMPTY = ("gift_card",), ("deposit",), ("deposit",)


def opened(folder: Path, shop: Shop) -> Desk:
    desk = Desk(folder, shop=shop)
    desk.till.open_shift("Anna", 0, desk.heard.append)
    return desk


def charged(desk: Desk, code: str, amount_minor: int) -> None:
    """A gift card that was sold for so much."""
    desk.till.ring(product("GIFT", price_minor=amount_minor, tags=CARD))
    assert not desk.till.adjusting.number_line(1, code).refused
    paid(desk)


def paid(desk: Desk, means: Means = "cash") -> SaleCompleted:
    if means == "card":
        desk.till.ask_terminal(desk.heard.append)
        desk.till.settle_terminal(charged=True, answer=desk.heard.append)
    else:
        desk.till.pay_cash(max(desk.till.cash_due_minor, 0), desk.heard.append)
    assert desk.heard[-1].code == "sold"
    assert desk.till.last is not None
    return desk.till.last.sale


def back(desk: Desk, sale: uuid.UUID, quantities: dict[int, int], means: Means = "cash") -> SaleRefunded:
    worth = desk.till.refunds.preview(sale, quantities)
    assert isinstance(worth, Refund)
    desk.till.refunds.refund(sale, quantities, means, answer=desk.heard.append)
    assert desk.heard[-1].code == "refunded"
    refund = next(fact for fact in reversed(desk.facts()) if isinstance(fact, SaleRefunded))
    sums = sum(tender.amount_minor for tender in refund.tenders)
    assert refund.total_minor - refund.points_minor == sums + refund.rounding_minor
    assert all(tender.amount_minor >= 0 for tender in refund.tenders), "nobody pays to bring something back"
    shown = worth.cash_minor if means == "cash" else worth.money_minor
    assert shown == of(refund, means), "what was said is what is given"
    return refund


def of(fact: SaleCompleted | SaleRefunded, *means: str) -> int:
    return sum(tender.amount_minor for tender in fact.tenders if tender.means in means)


# -- gift cards -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_a_deposit_that_a_gift_card_paid_goes_back_to_the_card(
    tmp_path: Path, order: tuple[int, ...]
) -> None:
    desk = opened(tmp_path / "till", CARDS)
    charged(desk, "G1", 50_00)
    desk.till.ring(product("JUICE", price_minor=10_00))
    desk.till.ring(product("BOTTLE", price_minor=50, tags=BOTTLE), 4000)
    assert not desk.till.present_gift_card("G1").refused
    sale = paid(desk)
    assert of(sale, "gift_card") == 12_00
    quantities = {1: 1000, 2: 4000}
    given = [back(desk, sale.id, {line: quantities[line]}) for line in order]
    assert [of(fact, "gift_card") for fact in given] == [{1: 10_00, 2: 2_00}[line] for line in order]
    assert sum(of(fact, "cash") for fact in given) == 0
    assert desk.reader.gift_card_minor("G1") == 50_00
    desk.close()


def test_empties_brought_along_leave_the_rest_to_the_card(tmp_path: Path) -> None:
    desk = opened(tmp_path / "till", CARDS)
    charged(desk, "G1", 8_00)
    desk.till.ring(product("JUICE", price_minor=10_00))
    desk.till.ring(product("EMPTY", price_minor=-50, tags=EMPTY), 4000)
    desk.till.present_gift_card("G1")
    sale = paid(desk)
    assert [(t.means, t.amount_minor) for t in sale.tenders] == [("gift_card", 8_00)]
    refund = back(desk, sale.id, {1: 1000})
    assert (of(refund, "gift_card"), of(refund, "cash")) == (8_00, 2_00), "the bottles paid the rest"
    desk.close()


def test_a_gift_card_sold_beside_goods_was_paid_in_money(tmp_path: Path) -> None:
    """No gift card pays another: what comes back for the one sold is the money that it cost."""
    desk = opened(tmp_path / "till", CARDS)
    charged(desk, "G1", 10_00)
    desk.till.ring(product("JUICE", price_minor=10_00))
    desk.till.ring(product("GIFT", price_minor=20_00, tags=CARD))
    assert not desk.till.adjusting.number_line(2, "G2").refused
    desk.till.present_gift_card("G1")
    sale = paid(desk)
    assert (of(sale, "gift_card"), of(sale, "cash")) == (10_00, 20_00)
    sold = back(desk, sale.id, {2: 1000})
    assert (of(sold, "gift_card"), of(sold, "cash")) == (0, 20_00)
    goods = back(desk, sale.id, {1: 1000})
    assert (of(goods, "gift_card"), of(goods, "cash")) == (10_00, 0)
    desk.close()


def test_two_cards_and_money_get_back_what_each_paid(tmp_path: Path) -> None:
    desk = opened(tmp_path / "till", CARDS)
    charged(desk, "G1", 3_33)
    charged(desk, "G2", 3_34)
    for n in range(1, 4):
        desk.till.ring(product(f"P{n}", price_minor=3_35))
    desk.till.ring(product("BOTTLE", price_minor=50, tags=BOTTLE))
    desk.till.present_gift_card("G1")
    desk.till.present_gift_card("G2")
    sale = paid(desk)
    for line in (3, 4, 1, 2):
        back(desk, sale.id, {line: 1000})
    assert (desk.reader.gift_card_minor("G1"), desk.reader.gift_card_minor("G2")) == (3_33, 3_34)
    refunds = [fact for fact in desk.facts() if isinstance(fact, SaleRefunded)]
    assert sum(of(fact, "cash") for fact in refunds) == of(sale, "cash")
    desk.close()


# -- the smallest coin ------------------------------------------------------------------------------------


def test_line_by_line_in_cash_is_what_was_paid_in_cash(tmp_path: Path) -> None:
    desk = opened(tmp_path / "till", FIVE)
    for n in range(1, 5):
        desk.till.ring(product(f"P{n}", price_minor=1_03))
    sale = paid(desk)
    assert (sale.total_minor, of(sale, "cash")) == (4_12, 4_10)
    given = [of(back(desk, sale.id, {line: 1000}), "cash") for line in range(1, 5)]
    assert sum(given) == 4_10, "each rounded by itself would have been 4.20"
    assert all(amount % 5 == 0 for amount in given)
    desk.close()


def test_what_was_rounded_up_comes_back_too_on_a_card(tmp_path: Path) -> None:
    desk = opened(tmp_path / "till", FIVE)
    desk.till.ring(product("P1", price_minor=10_03))
    sale = paid(desk)
    assert of(sale, "cash") == 10_05
    assert of(back(desk, sale.id, {1: 1000}, "card"), "card") == 10_05
    desk.close()


def test_what_a_card_paid_is_not_more_in_cash(tmp_path: Path) -> None:
    desk = opened(tmp_path / "till", FIVE)
    desk.till.ring(product("P1", price_minor=10_03))
    sale = paid(desk, "card")
    assert of(back(desk, sale.id, {1: 1000}), "cash") == 10_00
    desk.close()


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_whatever_comes_back_how_ever_nobody_gets_more_than_was_paid(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    step = data.draw(st.sampled_from([1, 5, 10, 100]))
    desk = opened(tmp_path_factory.mktemp("till"), msgspec.structs.replace(CARDS, cash_step_minor=step))
    cards = data.draw(st.lists(st.integers(1, 9_99), max_size=2))
    for n, amount_minor in enumerate(cards):
        desk.till.ring(product("GIFT", price_minor=amount_minor, tags=CARD))
        desk.till.adjusting.number_line(1, f"G{n}")
        paid(desk)
    for n, price_minor in enumerate(data.draw(st.lists(st.integers(1, 9_99), min_size=1, max_size=4))):
        tags = data.draw(st.sampled_from([(), (), BOTTLE]))
        desk.till.ring(product(f"P{n}", price_minor=price_minor, tags=tags), 3000)
    for n in range(len(cards)):
        desk.till.present_gift_card(f"G{n}")
    by_card = desk.till.due_minor > 0 and data.draw(st.booleans())
    sale = paid(desk, "card" if by_card else "cash")
    left = {line.line: 3 for line in sale.lines}
    same = data.draw(st.booleans())
    while left:
        line = data.draw(st.sampled_from(sorted(left)))
        pieces = data.draw(st.integers(1, left[line]))
        other: Means = data.draw(st.sampled_from(["cash", "card"]))
        refund = back(
            desk, sale.id, {line: pieces * 1000}, ("card" if by_card else "cash") if same else other
        )
        assert of(refund, "cash") % step == 0
        left[line] -= pieces
        left = {line: pieces for line, pieces in left.items() if pieces}
    refunds = [fact for fact in desk.facts() if isinstance(fact, SaleRefunded)]
    assert [desk.reader.gift_card_minor(f"G{n}") for n in range(len(cards))] == cards
    money, given_minor = of(sale, "cash", "card"), sum(of(fact, "cash", "card") for fact in refunds)
    assert given_minor == money if same else money - step < given_minor <= money
    desk.close()
