"""Payment at the sale screen, and what comes of its paper."""

from __future__ import annotations

from app.checkout.basket import Stage
from app.screens import views
from app.screens.views import Tone
from hardware.ports import (
    PrinterState,
)
from tests.screens.acts import COFFEE, LATTE, pay, tap, type_keys
from tests.screens.conftest import Screen


class TestPayment:
    def test_cash_and_change(self, screen: Screen) -> None:
        screen.presenter.scan(LATTE)
        screen.presenter.pay()
        payment = screen.view.middle
        assert isinstance(payment, views.Payment)
        assert payment.due == "12.00\xa0zł"
        assert [quick.text for quick in payment.quick] == ["12.00\xa0zł", "20", "50", "100"]
        assert screen.view.total.taking
        assert not screen.view.total.payable
        type_keys(screen, "20")
        assert isinstance(screen.view.middle, views.Payment)
        assert (screen.view.middle.change, screen.view.middle.ready) == ("8.00\xa0zł", True)
        screen.presenter.pay()
        paid = screen.view.middle
        assert isinstance(paid, views.Paid)
        assert paid.change == "8.00\xa0zł"
        assert screen.view.basket.lines == ()
        assert screen.view.basket.last_sale is not None
        assert screen.desk.reader.day(screen.desk.till.shift.business_day).sales == 1  # type: ignore[union-attr]

    def test_the_next_scan_is_the_next_customers(self, screen: Screen) -> None:
        screen.presenter.scan(LATTE)
        pay(screen, "20")
        screen.presenter.scan(COFFEE)
        assert isinstance(screen.view.middle, views.Favourites)
        assert [line.name for line in screen.view.basket.lines] == ["Coffee beans 250 g"]

    def test_a_quick_sum_is_one_touch(self, screen: Screen) -> None:
        screen.presenter.scan(LATTE)
        screen.presenter.pay()
        screen.presenter.give(50_00)
        assert isinstance(screen.view.middle, views.Paid)
        assert screen.view.middle.change == "38.00\xa0zł"

    def test_less_than_is_due_is_taken_as_a_part(self, screen: Screen) -> None:
        screen.presenter.scan(LATTE)
        screen.presenter.pay()
        type_keys(screen, "10")
        payment = screen.view.middle
        assert isinstance(payment, views.Payment)
        assert (payment.missing, payment.ready) == ("2.00\xa0zł", True)
        screen.presenter.take()
        payment = screen.view.middle
        assert isinstance(payment, views.Payment)
        assert (payment.due, payment.entry) == ("2.00\xa0zł", "")
        assert [(part.name, part.amount) for part in payment.tendered] == [("Cash", "10.00\xa0zł")]
        assert "2.00" in screen.view.notice.text
        assert len(screen.view.basket.lines) == 1

    def test_enter_with_nothing_typed_takes_nothing(self, screen: Screen) -> None:
        screen.presenter.scan(LATTE)
        screen.presenter.pay()
        screen.presenter.pay()
        assert isinstance(screen.view.middle, views.Payment)

    def test_a_free_basket_needs_no_money(self, screen: Screen) -> None:
        tap(screen)
        screen.presenter.scan(LATTE)
        screen.presenter.pay()
        screen.presenter.take()
        assert isinstance(screen.view.middle, views.Paid)

    def test_nothing_to_pay_says_so(self, screen: Screen) -> None:
        screen.presenter.pay()
        assert isinstance(screen.view.middle, views.Favourites)
        assert screen.view.notice == views.Notice(Tone.CAUTION, "The basket is empty.")

    def test_a_card_during_payment_reprices_it(self, screen: Screen) -> None:
        screen.presenter.scan(COFFEE)
        screen.presenter.pay()
        tap(screen)
        assert isinstance(screen.view.middle, views.Payment)
        assert screen.view.middle.due == "17.01\xa0zł"

    def test_a_product_during_payment_goes_back_to_ringing(self, screen: Screen) -> None:
        screen.presenter.scan(COFFEE)
        screen.presenter.pay()
        screen.presenter.scan(LATTE)
        assert isinstance(screen.view.middle, views.Favourites)
        assert len(screen.view.basket.lines) == 2

    def test_what_was_earned_is_told(self, screen: Screen) -> None:
        tap(screen)
        screen.presenter.scan(COFFEE)
        pay(screen, "20")
        assert isinstance(screen.view.middle, views.Paid)
        assert screen.view.middle.earned == "17\xa0points earned · balance 1,301"

    def test_the_terminal_leads_on_only_by_its_answer(self, screen: Screen) -> None:
        screen.presenter.scan(LATTE)
        screen.presenter.pay()
        screen.presenter.pay_by_card()
        charge = screen.view.middle
        assert isinstance(charge, views.Ask)
        assert charge.figure == "12.00\xa0zł"
        assert not screen.view.total.payable
        screen.presenter.leave()
        screen.presenter.scan(COFFEE)
        assert isinstance(screen.view.middle, views.Ask)
        assert len(screen.view.basket.lines) == 1
        screen.presenter.answer(True)
        assert isinstance(screen.view.middle, views.Paid)
        assert screen.view.middle.change == ""

    def test_not_charged_opens_the_basket_again(self, screen: Screen) -> None:
        screen.presenter.scan(LATTE)
        screen.presenter.pay()
        screen.presenter.pay_by_card()
        screen.presenter.answer(False)
        assert isinstance(screen.view.middle, views.Payment)
        assert screen.desk.till.sale.stage is Stage.OPEN

    def test_after_a_power_cut_it_asks_whether_the_card_was_charged(self, screen: Screen) -> None:
        screen.presenter.scan(LATTE)
        screen.presenter.pay()
        screen.presenter.pay_by_card()
        screen.desk.restart()
        screen.start()
        assert isinstance(screen.view.middle, views.Ask)
        assert [line.name for line in screen.view.basket.lines] == ["Latte to go"]


class TestPaper:
    """A receipt that may or may not be on paper: asked about, never printed again by itself."""

    def test_the_chip_asks_until_it_is_answered(self, screen: Screen) -> None:
        decided: list[tuple[int, bool]] = []
        screen.presenter.decide_paper = lambda job, reprint: decided.append((job, reprint))
        screen.presenter.printer(PrinterState(True))
        for job in (7, 8, 7):
            screen.presenter.undecided(job)
        chip = next(chip for chip in screen.view.state.chips if chip.kind is views.ChipKind.PRINTER)
        assert chip.tone is views.Tone.CAUTION
        screen.presenter.explain_chip(chip)
        asked = screen.view.middle
        assert isinstance(asked, views.Ask)
        assert not asked.pressing
        screen.presenter.answer(False)
        assert isinstance(screen.view.middle, views.Ask), "the second one is asked about at once"
        screen.presenter.answer(True)
        assert decided == [(7, True), (8, False)]
        assert isinstance(screen.view.middle, views.Favourites)
        chip = next(chip for chip in screen.view.state.chips if chip.kind is views.ChipKind.PRINTER)
        assert chip.tone is views.Tone.WELL

    def test_a_scan_while_it_asks_is_rung(self, screen: Screen) -> None:
        screen.presenter.printer(PrinterState(True))
        screen.presenter.undecided(7)
        screen.presenter.explain_chip(
            next(chip for chip in screen.view.state.chips if chip.kind is views.ChipKind.PRINTER)
        )
        screen.presenter.scan("5901234000178")
        assert len(screen.view.basket.lines) == 1


def test_points_that_paid_are_among_what_paid(screen: Screen) -> None:
    """The total less them is what the cash is for."""
    screen.desk.till.tap("04A1B2C3D4E5F6")
    for _ in range(3):
        screen.presenter.scan(COFFEE)
    screen.desk.till.redeem("max")
    pay(screen, "100")
    paid = screen.view.middle
    assert isinstance(paid, views.Paid)
    assert "Points 6.00\xa0zł, Cash 100.00\xa0zł" in paid.paid
    last = screen.view.basket.last_sale
    assert last is not None
    assert "Points 6.00\xa0zł, Cash" in last.detail
