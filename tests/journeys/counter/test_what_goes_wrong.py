"""What goes wrong in a shop, by real events."""

from __future__ import annotations

import pytest

from app.ledger import facts
from app.screens import views
from tests.support.counter import COFFEE, KEY, LATTE, YOGHURT, Counter, hire, sign_in

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen platform has no size hints


def test_an_unknown_barcode_is_rung_at_an_open_price(counter: Counter) -> None:
    counter.scan("4006381333931")
    assert isinstance(counter.middle, views.Pad)
    counter.enter("12,5")
    counter.pay_cash("20")
    (line,) = counter.sales()[0].lines
    assert (line.net_minor, line.tax) == (12_50, "5")


def test_an_unknown_barcode_is_no_reason_to_stop(counter: Counter) -> None:
    counter.scan("4006381333931", LATTE)
    assert [line.name for line in counter.view.basket.lines] == ["Latte to go"]
    assert isinstance(counter.middle, views.Favourites)


def test_another_price_with_its_reason(counter: Counter) -> None:
    counter.scan(COFFEE)
    counter.tool("price")
    counter.enter("18")
    counter.reason("shelf_label")
    counter.pay_cash("20")
    assert counter.sales()[0].total_minor == 18_00
    assert [act.act for act in counter.of_kind(facts.Privileged)] == ["price_override"]


def test_a_discount_on_the_receipt(counter: Counter) -> None:
    counter.scan(COFFEE)
    counter.tool("discount")
    counter.enter("5")
    counter.reason("apology")
    counter.pay_cash("20")
    assert counter.sales()[0].total_minor == 17_95


def test_a_discount_on_a_line_in_money(counter: Counter) -> None:
    counter.scan(COFFEE, LATTE)
    counter.tool("discount")
    counter.choice("money")
    counter.choice("line")
    counter.enter("1")
    counter.reason("damaged")
    assert counter.till.decision.total_minor == 29_90


def test_a_note_on_a_line_and_on_the_receipt(counter: Counter) -> None:
    counter.scan(COFFEE, LATTE)
    counter.tool("note")
    counter.enter("oat milk")
    counter.enter("collected at noon")
    assert isinstance(counter.middle, views.Favourites)
    assert (counter.view.basket.lines[1].note, counter.view.basket.note) == ("oat milk", "collected at noon")
    counter.pay_cash("50")
    sale = counter.sales()[0]
    assert ([line.note for line in sale.lines], sale.note) == (["", "oat milk"], "collected at noon")
    counter.until(lambda: "oat milk" in "".join(counter.desk.paper.texts()))


def test_a_phone_number_is_no_note(counter: Counter) -> None:
    counter.scan(COFFEE)
    counter.tool("note")
    counter.type("call 600 100 200")
    counter.button("yes")
    assert counter.middle.problem
    assert counter.till.sale.lines[0].note == ""


def test_why_a_price_is_what_it_is(counter: Counter) -> None:
    counter.member()
    counter.scan(YOGHURT, YOGHURT, YOGHURT)
    counter.tool("why")
    assert any(row.sign == "check" for row in counter.middle.rows)
    counter.scan(LATTE)
    assert isinstance(counter.middle, views.Rows), "it follows the basket"


def test_parked_and_taken_up_again(counter: Counter) -> None:
    counter.scan(COFFEE)
    counter.press(KEY.Key_F7)
    counter.enter("table 4")
    assert counter.view.basket.lines == ()
    counter.scan(LATTE)
    counter.pay_cash("12")
    counter.press(KEY.Key_F7)
    counter.row()
    assert [line.name for line in counter.view.basket.lines] == ["Coffee beans 250 g"]


def test_a_parked_sale_survives_the_night(counter: Counter) -> None:
    counter.scan(COFFEE)
    counter.press(KEY.Key_F7)
    counter.enter("table 4")
    counter.kill()
    counter.press(KEY.Key_F7)
    counter.row()
    assert len(counter.view.basket.lines) == 1


def test_a_parked_sale_is_given_up(counter: Counter) -> None:
    counter.scan(COFFEE)
    counter.press(KEY.Key_F7)
    counter.enter("x")
    counter.press(KEY.Key_F7)
    counter.button("drop")
    counter.row()
    counter.reason("customer_left")
    assert counter.till.parking.list == ()


def test_a_code_nobody_knows(counter: Counter) -> None:
    counter.tool("code")
    counter.enter("NOPE")
    assert counter.middle.problem


def test_a_power_cut_in_the_middle_of_a_card_payment(counter: Counter) -> None:
    counter.scan(COFFEE)
    counter.press(KEY.Key_F12)
    counter.press(KEY.Key_F9)
    counter.kill()
    assert isinstance(counter.middle, views.Ask)
    counter.click(counter.panel.yes)
    assert len(counter.sales()) == 1


def test_a_sale_that_was_never_registered_is_corrected(counter: Counter) -> None:
    counter.scan(COFFEE)
    counter.pay_cash("20")
    hire(counter)
    register = counter.get_register()
    sign_in(counter)
    counter.tool("history")
    counter.row()
    counter.button("acts")
    counter.tile("correct")
    counter.reason("not_registered")
    counter.tile("dorota")
    counter.enter("1234")
    counter.until(lambda: counter.of_kind(facts.FiscalCorrected))
    (fact,), (document,) = counter.of_kind(facts.FiscalCorrected), register.documents
    assert (document.kind, document.amount_minor, fact.fiscal) == ("correction", 18_90, document.number)
    assert (fact.cashier, fact.approved_by) == ("anna", "dorota")
    counter.until(lambda: counter.view.notice.text.startswith("Registered by correction"))
    assert isinstance(counter.middle, views.Favourites)
    counter.scan(LATTE)
    assert len(counter.view.basket.lines) == 1


def test_a_power_cut_with_a_part_paid(counter: Counter) -> None:
    counter.scan(COFFEE)
    counter.press(KEY.Key_F12)
    counter.enter("10")
    counter.kill()
    counter.press(KEY.Key_F12)
    assert [part.amount for part in counter.middle.tendered] == ["10.00\xa0zł"]
    counter.enter("8,9")
    assert counter.sales()[0].total_minor == 18_90
