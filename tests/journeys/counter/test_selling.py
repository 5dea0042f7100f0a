"""Selling by real events: scans, cash, cards, weights, the search."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.checkout.ports import Product
from app.ledger import facts
from app.screens import views
from tests.support.counter import APPLES, COFFEE, KEY, LATTE, MILK, Counter

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen platform has no size hints


def test_scan_and_cash(counter: Counter) -> None:
    counter.scan(LATTE, MILK)
    counter.pay_cash("20")
    (sale,) = counter.sales()
    assert (sale.total_minor, sale.change_minor) == (18_49, 1_51)
    assert isinstance(counter.middle, views.Paid)
    assert counter.middle.change == "1.51\xa0zł"


def test_the_note_that_was_given(counter: Counter) -> None:
    counter.scan(LATTE)
    counter.click(counter.sale.pay)
    counter.click(counter.panel.quick[2])
    assert counter.sales()[0].change_minor > 0


def test_exact_money(counter: Counter) -> None:
    counter.scan(LATTE)
    counter.click(counter.sale.pay)
    counter.click(counter.panel.quick[0])
    assert counter.sales()[0].change_minor == 0


def test_by_card_on_the_terminal_beside(counter: Counter) -> None:
    counter.scan(COFFEE)
    counter.press(KEY.Key_F12)
    counter.press(KEY.Key_F9)
    assert isinstance(counter.middle, views.Ask)
    counter.click(counter.panel.yes)
    assert [tender.means for tender in counter.sales()[0].tenders] == ["card"]


def test_by_card_on_a_terminal_that_the_till_asks(qtbot: QtBot, shop: Path, tmp_path: Path) -> None:
    with Counter(qtbot, shop, tmp_path / "cabled", cabled=True) as counter:
        counter.scan(COFFEE)
        counter.press(KEY.Key_F12)
        counter.press(KEY.Key_F9)
        counter.until(lambda: isinstance(counter.middle, views.Paid))
        (tender,) = counter.sales()[0].tenders
        assert (tender.means, bool(tender.request), bool(tender.reference)) == ("card", True, True)


def test_a_card_that_was_not_charged(counter: Counter) -> None:
    counter.scan(COFFEE)
    counter.press(KEY.Key_F12)
    counter.press(KEY.Key_F9)
    counter.click(counter.panel.no)
    assert isinstance(counter.middle, views.Payment)
    counter.enter("50")
    assert [tender.means for tender in counter.sales()[0].tenders] == ["cash"]


def test_a_part_in_cash_and_the_rest_by_card(counter: Counter) -> None:
    counter.scan(COFFEE, LATTE)
    counter.press(KEY.Key_F12)
    counter.enter("20")
    assert [part.name for part in counter.middle.tendered] == ["Cash"]
    counter.press(KEY.Key_F9)
    counter.click(counter.panel.yes)
    (sale,) = counter.sales()
    assert [(t.means, t.amount_minor) for t in sale.tenders] == [("cash", 20_00), ("card", 10_90)]


def test_a_part_taken_back(counter: Counter) -> None:
    counter.scan(COFFEE)
    counter.press(KEY.Key_F12)
    counter.enter("5")
    counter.click(counter.panel.tenders.buttons[0])
    assert counter.middle.tendered == ()
    counter.enter("20")
    assert counter.sales()[0].change_minor == 1_10


def test_empty_bottles_lower_the_sum_and_earn_nothing(counter: Counter) -> None:
    bottle = Product(sku="E1", name="Bottle", price_minor=-50, tags=("deposit",), codes=("5901234000994",))
    database = counter.windowed.rig.database  # type: ignore[union-attr]
    database.call(lambda: database.writer.put_products([bottle]))
    counter.member()
    counter.scan(MILK, "5901234000994", "5901234000994")
    assert counter.view.basket.lines[1].price == "−1.00"
    counter.pay_cash("10")
    (sale,) = counter.sales()
    assert (sale.total_minor, sale.lines[1].apart, sale.lines[1].earned) == (5_49, "deposit", ())


def test_empty_bottles_alone_are_paid_out(counter: Counter) -> None:
    bottle = Product(sku="E1", name="Bottle", price_minor=-50, tags=("deposit",), codes=("5901234000994",))
    database = counter.windowed.rig.database  # type: ignore[union-attr]
    database.call(lambda: database.writer.put_products([bottle]))
    counter.scan("5901234000994")
    counter.press(KEY.Key_F12)
    assert counter.middle.owed
    assert counter.view.total.giving
    assert "Give back" in counter.sale.pay.text()
    counter.press(KEY.Key_F12)
    counter.until(lambda: counter.sales())
    assert [tender.amount_minor for tender in counter.sales()[0].tenders] == [-50]


def test_weighed_goods(counter: Counter) -> None:
    counter.scan(APPLES)
    assert isinstance(counter.middle, views.Quantity)
    counter.enter("0,642")
    counter.pay_cash("20")
    assert counter.sales()[0].lines[0].qty_milli == 642


def test_a_scan_while_the_weight_is_asked(counter: Counter) -> None:
    counter.scan(APPLES, LATTE)
    assert [line.name for line in counter.view.basket.lines] == ["Gala apples, loose", "Latte to go"]


def test_search_and_arrows(counter: Counter) -> None:
    counter.press(KEY.Key_F2)
    counter.type("latt")
    counter.press(KEY.Key_Return)
    assert counter.view.basket.lines[0].name == "Latte to go"


def test_a_favourite_twice(counter: Counter) -> None:
    for _ in range(2):
        counter.click(counter.sale.favourites.tiles[0])
    assert counter.view.basket.lines[0].quantity.startswith("2")


def test_undo_void_and_empty(counter: Counter) -> None:
    counter.scan(LATTE, COFFEE)
    counter.press(KEY.Key_Delete)
    assert len(counter.view.basket.lines) == 1
    counter.press(KEY.Key_F6)
    assert len(counter.view.basket.lines) == 2
    counter.tool("clear")
    assert counter.view.basket.lines == ()
    counter.press(KEY.Key_F6)
    assert len(counter.view.basket.lines) == 2
    counter.until(lambda: len(counter.of_kind(facts.SaleAbandoned)) == 2)  # nobody waits for that write
    voids = [fact.amount_minor for fact in counter.of_kind(facts.LineVoided)]
    given_up = [fact.amount_minor for fact in counter.of_kind(facts.SaleAbandoned)]
    assert (len(voids), sum(voids), len(given_up), sum(given_up)) == (2, 0, 2, 0), "both came back"


def test_a_quantity_typed(counter: Counter) -> None:
    counter.scan(MILK)
    counter.click(counter.sale.basket_actions.quantity)
    counter.enter("12")
    assert counter.till.sale.lines[0].qty_milli == 12_000


def test_the_next_customer_is_served_while_the_printer_is_off(counter: Counter) -> None:
    counter.switch_printer(on=False)
    for _ in range(2):
        counter.scan(MILK)
        counter.pay_cash("10")
    counter.printed()
    assert len(counter.sales()) == 2
