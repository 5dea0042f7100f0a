"""A cashier's day by real events: every journey on the real till, offscreen, through its window alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pytestqt.qtbot import QtBot

from app.checkout.pin import hash_pin
from app.checkout.rights import Role, Staff
from app.checkout.shop import Consent, Department
from app.config import Config
from app.ledger import facts
from app.screens import views
from tests.support.counter import (
    APPLES,
    COFFEE,
    GOLD,
    KEY,
    LATTE,
    MILK,
    NOBODY,
    SILVER,
    YOGHURT,
    Counter,
    stocked,
)

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen platform has no size hints

Open = Callable[..., Counter]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stocked(tmp_path_factory.mktemp("demo") / "shop")


@pytest.fixture
def counter(qtbot: QtBot, shop: Path, tmp_path: Path) -> Iterator[Counter]:
    with Counter(qtbot, shop, tmp_path / "till", change=_richer) as made:
        yield made
        made.adds_up()


def _richer(config: Config) -> Config:
    """The demo shop with departments and consents, which its settings do not name."""
    departments = (
        Department(id="food", names={"en": "Food"}, tax="5", limit_minor=50_00),
        Department(id="other", names={"en": "Other"}, tax="23"),
    )
    consents = (
        Consent(purpose="programme", version="1", texts={"en": "I agree to the terms"}, required=True),
        Consent(purpose="marketing", version="1", texts={"en": "Send me offers"}),
    )
    shop = msgspec.structs.replace(config.shop, departments=departments, consents=consents)
    return msgspec.structs.replace(config, shop=shop)


def hire(counter: Counter) -> None:
    """A list of staff from head office: everybody's PIN is 1234."""
    pin = hash_pin("1234", lambda size: bytes(size))
    people = [
        Staff(id="anna", name="Anna", role=Role.CASHIER, pin=pin, token="code:7700000000017"),
        Staff(id="dorota", name="Dorota", role=Role.MANAGER, pin=pin, token="uid:04AA00000000AA"),
    ]
    database = counter.windowed.rig.database  # type: ignore[union-attr]
    database.call(lambda: database.writer.put_staff(people))
    counter.till.people.refresh()
    counter.windowed.presenter.repaint()


def sign_in(counter: Counter, id: str = "anna") -> None:
    counter.tile(id)
    counter.enter("1234")
    assert not counter.till.people.locked


class TestSelling:
    def test_scan_and_cash(self, counter: Counter) -> None:
        counter.scan(LATTE, MILK)
        counter.pay_cash("20")
        (sale,) = counter.sales()
        assert (sale.total_minor, sale.change_minor) == (18_49, 1_51)
        assert isinstance(counter.middle, views.Paid)
        assert counter.middle.change == "1.51\xa0zł"

    def test_the_note_that_was_given(self, counter: Counter) -> None:
        counter.scan(LATTE)
        counter.click(counter.sale.pay)
        counter.click(counter.panel.quick[2])
        assert counter.sales()[0].change_minor > 0

    def test_exact_money(self, counter: Counter) -> None:
        counter.scan(LATTE)
        counter.click(counter.sale.pay)
        counter.click(counter.panel.quick[0])
        assert counter.sales()[0].change_minor == 0

    def test_by_card_on_the_terminal_beside(self, counter: Counter) -> None:
        counter.scan(COFFEE)
        counter.press(KEY.Key_F12)
        counter.press(KEY.Key_F9)
        assert isinstance(counter.middle, views.Ask)
        counter.click(counter.panel.yes)
        assert [tender.means for tender in counter.sales()[0].tenders] == ["card"]

    def test_by_card_on_a_terminal_that_the_till_asks(self, qtbot: QtBot, shop: Path, tmp_path: Path) -> None:
        with Counter(qtbot, shop, tmp_path / "cabled", cabled=True) as counter:
            counter.scan(COFFEE)
            counter.press(KEY.Key_F12)
            counter.press(KEY.Key_F9)
            counter.until(lambda: isinstance(counter.middle, views.Paid))
            (tender,) = counter.sales()[0].tenders
            assert (tender.means, bool(tender.request), bool(tender.reference)) == ("card", True, True)

    def test_a_card_that_was_not_charged(self, counter: Counter) -> None:
        counter.scan(COFFEE)
        counter.press(KEY.Key_F12)
        counter.press(KEY.Key_F9)
        counter.click(counter.panel.no)
        assert isinstance(counter.middle, views.Payment)
        counter.enter("50")
        assert [tender.means for tender in counter.sales()[0].tenders] == ["cash"]

    def test_a_part_in_cash_and_the_rest_by_card(self, counter: Counter) -> None:
        counter.scan(COFFEE, LATTE)
        counter.press(KEY.Key_F12)
        counter.enter("20")
        assert [part.name for part in counter.middle.tendered] == ["Cash"]
        counter.press(KEY.Key_F9)
        counter.click(counter.panel.yes)
        (sale,) = counter.sales()
        assert [(t.means, t.amount_minor) for t in sale.tenders] == [("cash", 20_00), ("card", 10_90)]

    def test_a_part_taken_back(self, counter: Counter) -> None:
        counter.scan(COFFEE)
        counter.press(KEY.Key_F12)
        counter.enter("5")
        counter.click(counter.panel.tenders.buttons[0])
        assert counter.middle.tendered == ()
        counter.enter("20")
        assert counter.sales()[0].change_minor == 1_10

    def test_weighed_goods(self, counter: Counter) -> None:
        counter.scan(APPLES)
        assert isinstance(counter.middle, views.Quantity)
        counter.enter("0,642")
        counter.pay_cash("20")
        assert counter.sales()[0].lines[0].qty_milli == 642

    def test_a_scan_while_the_weight_is_asked(self, counter: Counter) -> None:
        counter.scan(APPLES, LATTE)
        assert [line.name for line in counter.view.basket.lines] == ["Gala apples, loose", "Latte to go"]

    def test_search_and_arrows(self, counter: Counter) -> None:
        counter.press(KEY.Key_F2)
        counter.type("latt")
        counter.press(KEY.Key_Return)
        assert counter.view.basket.lines[0].name == "Latte to go"

    def test_a_favourite_twice(self, counter: Counter) -> None:
        for _ in range(2):
            counter.click(counter.sale.favourites.tiles[0])
        assert counter.view.basket.lines[0].quantity.startswith("2")

    def test_undo_void_and_empty(self, counter: Counter) -> None:
        counter.scan(LATTE, COFFEE)
        counter.press(KEY.Key_Delete)
        assert len(counter.view.basket.lines) == 1
        counter.press(KEY.Key_F6)
        assert len(counter.view.basket.lines) == 2
        counter.tool("clear")
        assert counter.view.basket.lines == ()
        counter.press(KEY.Key_F6)
        assert len(counter.view.basket.lines) == 2

    def test_a_quantity_typed(self, counter: Counter) -> None:
        counter.scan(MILK)
        counter.click(counter.sale.basket_actions.quantity)
        counter.enter("12")
        assert counter.till.sale.lines[0].qty_milli == 12_000

    def test_the_next_customer_is_served_while_the_printer_is_off(self, counter: Counter) -> None:
        counter.switch_printer(on=False)
        for _ in range(2):
            counter.scan(MILK)
            counter.pay_cash("10")
        counter.printed()
        assert len(counter.sales()) == 2


class TestMembers:
    def test_a_card_before_the_first_product(self, counter: Counter) -> None:
        counter.member()
        counter.scan(COFFEE)
        counter.pay_cash("50")
        (sale,) = counter.sales()
        assert sale.member is not None
        assert sale.discount_minor > 0

    def test_a_card_while_paying_reprices(self, counter: Counter) -> None:
        counter.scan(COFFEE)
        counter.press(KEY.Key_F12)
        due = counter.middle.due
        counter.member()
        assert isinstance(counter.middle, views.Payment)
        assert counter.middle.due != due

    def test_found_by_phone(self, counter: Counter) -> None:
        counter.press(KEY.Key_F2)
        counter.type("600100200")
        counter.press(KEY.Key_Return)
        assert counter.view.member is not None

    def test_a_wrong_card_comes_off(self, counter: Counter) -> None:
        counter.member()
        counter.click(counter.sale.member.cards.card.detach)
        assert counter.view.member is None

    def test_points_pay(self, counter: Counter) -> None:
        counter.member()
        counter.scan(COFFEE)
        counter.click(counter.sale.member.cards.spend.button)
        counter.pay_cash("50")
        assert counter.sales()[0].points_minor > 0

    def test_an_offer_is_taken(self, counter: Counter) -> None:
        counter.scan(LATTE, COFFEE)
        counter.member()
        counter.until(lambda: counter.view.member and counter.view.member.offers)
        counter.click(counter.sale.member.cards.offers[0].button)
        assert counter.view.basket.lines[-1].name == "Croissant"

    def test_a_blank_card_is_written_at_the_counter(self, counter: Counter) -> None:
        counter.press(KEY.Key_F4)
        counter.enter("+48600100299")
        counter.type("Zofia")
        counter.desk.reader.tap(NOBODY)
        counter.until(lambda: any(press.key == "write" for press in counter.middle.presses))
        counter.button("write")
        counter.until(lambda: all(press.key != "write" for press in counter.middle.presses))
        counter.click(counter.panel.checks[0])
        counter.button("yes")
        counter.until(lambda: counter.view.member is not None)
        (card,) = counter.reader.cards(counter.till.member.id)
        assert card.startswith("code:M")
        # The reader reads what was written: the number finds the member, not the serial.
        counter.click(counter.sale.member.cards.card.detach)
        counter.desk.reader.remove()
        counter.desk.reader.tap(NOBODY, card.removeprefix("code:"))
        counter.until(lambda: counter.view.member is not None)
        assert counter.view.member is not None
        assert counter.view.member.name == "Zofia"

    def test_enrolled_with_consents_and_a_card(self, counter: Counter) -> None:
        counter.scan(LATTE)
        counter.press(KEY.Key_F4)
        counter.enter("+48601200300")
        counter.type("Ewa")
        counter.tap(NOBODY)
        assert not counter.middle.presses[-1].enabled, "the terms are not agreed to yet"
        counter.click(counter.panel.checks[0])
        counter.button("yes")
        assert counter.view.member is not None
        assert [(c.purpose, c.given) for c in counter.of_kind(facts.ConsentGiven)] == [
            ("programme", True),
            ("marketing", False),
        ]
        counter.click(counter.sale.member.cards.card.detach)
        counter.member(NOBODY)
        assert counter.view.member.name == "Ewa"

    def test_data_completed_later(self, counter: Counter) -> None:
        counter.member()
        counter.press(KEY.Key_F4)
        counter.tile("details")
        counter.click(counter.panel.fields[2])
        counter.enter("lucja@example.org")
        counter.button("yes") if isinstance(counter.middle, views.Form) else None
        assert counter.till.member.person.email == "lucja@example.org"

    def test_a_lost_card_is_replaced(self, counter: Counter) -> None:
        counter.member()
        counter.press(KEY.Key_F4)
        counter.tile("new_card")
        counter.tap(NOBODY)
        counter.button("yes")
        member = counter.till.member.id
        assert counter.reader.cards(member) == [f"uid:{NOBODY}"]
        assert counter.reader.holder(f"uid:{GOLD}").blocked

    def test_two_memberships_become_one(self, counter: Counter) -> None:
        counter.member(SILVER)
        counter.press(KEY.Key_F4)
        counter.tile("merge")
        counter.type("emily")
        counter.row()
        counter.click(counter.panel.yes)
        assert len(counter.of_kind(facts.MembersMerged)) == 1

    def test_points_as_an_apology(self, counter: Counter) -> None:
        counter.member()
        before = counter.till.member.state.balance_centi
        counter.press(KEY.Key_F4)
        counter.tile("goodwill")
        counter.enter("50")
        counter.reason("waited")
        assert counter.till.member.state.balance_centi == before + 50_00

    def test_a_late_claim(self, counter: Counter) -> None:
        counter.scan(COFFEE)
        counter.pay_cash("20")
        sale = counter.sales()[0]
        counter.member()
        counter.scan(f"STEMPEL:R:{sale.id.hex}")
        counter.button("give")
        assert [given.sale for given in counter.of_kind(facts.SaleGivenTo)] == [sale.id]


class TestWhatGoesWrong:
    def test_an_unknown_barcode_is_rung_at_an_open_price(self, counter: Counter) -> None:
        counter.scan("4006381333931")
        assert isinstance(counter.middle, views.Pad)
        counter.enter("12,5")
        counter.pay_cash("20")
        (line,) = counter.sales()[0].lines
        assert (line.net_minor, line.tax) == (12_50, "5")

    def test_an_unknown_barcode_is_no_reason_to_stop(self, counter: Counter) -> None:
        counter.scan("4006381333931", LATTE)
        assert [line.name for line in counter.view.basket.lines] == ["Latte to go"]
        assert isinstance(counter.middle, views.Favourites)

    def test_another_price_with_its_reason(self, counter: Counter) -> None:
        counter.scan(COFFEE)
        counter.tool("price")
        counter.enter("18")
        counter.reason("shelf_label")
        counter.pay_cash("20")
        assert counter.sales()[0].total_minor == 18_00
        assert [act.act for act in counter.of_kind(facts.Privileged)] == ["price_override"]

    def test_a_discount_on_the_receipt(self, counter: Counter) -> None:
        counter.scan(COFFEE)
        counter.tool("discount")
        counter.enter("5")
        counter.reason("apology")
        counter.pay_cash("20")
        assert counter.sales()[0].total_minor == 17_95

    def test_a_discount_on_a_line_in_money(self, counter: Counter) -> None:
        counter.scan(COFFEE, LATTE)
        counter.tool("discount")
        counter.choice("money")
        counter.choice("line")
        counter.enter("1")
        counter.reason("damaged")
        assert counter.till.decision.total_minor == 29_90

    def test_why_a_price_is_what_it_is(self, counter: Counter) -> None:
        counter.member()
        counter.scan(YOGHURT, YOGHURT, YOGHURT)
        counter.tool("why")
        assert any(row.sign == "check" for row in counter.middle.rows)
        counter.scan(LATTE)
        assert isinstance(counter.middle, views.Rows), "it follows the basket"

    def test_parked_and_taken_up_again(self, counter: Counter) -> None:
        counter.scan(COFFEE)
        counter.press(KEY.Key_F7)
        counter.enter("table 4")
        assert counter.view.basket.lines == ()
        counter.scan(LATTE)
        counter.pay_cash("12")
        counter.press(KEY.Key_F7)
        counter.row()
        assert [line.name for line in counter.view.basket.lines] == ["Coffee beans 250 g"]

    def test_a_parked_sale_survives_the_night(self, counter: Counter) -> None:
        counter.scan(COFFEE)
        counter.press(KEY.Key_F7)
        counter.enter("table 4")
        counter.kill()
        counter.press(KEY.Key_F7)
        counter.row()
        assert len(counter.view.basket.lines) == 1

    def test_a_parked_sale_is_given_up(self, counter: Counter) -> None:
        counter.scan(COFFEE)
        counter.press(KEY.Key_F7)
        counter.enter("x")
        counter.press(KEY.Key_F7)
        counter.button("drop")
        counter.row()
        counter.reason("customer_left")
        assert counter.till.parking.list == ()

    def test_a_code_nobody_knows(self, counter: Counter) -> None:
        counter.tool("code")
        counter.enter("NOPE")
        assert counter.middle.problem

    def test_a_power_cut_in_the_middle_of_a_card_payment(self, counter: Counter) -> None:
        counter.scan(COFFEE)
        counter.press(KEY.Key_F12)
        counter.press(KEY.Key_F9)
        counter.kill()
        assert isinstance(counter.middle, views.Ask)
        counter.click(counter.panel.yes)
        assert len(counter.sales()) == 1

    def test_a_power_cut_with_a_part_paid(self, counter: Counter) -> None:
        counter.scan(COFFEE)
        counter.press(KEY.Key_F12)
        counter.enter("10")
        counter.kill()
        counter.press(KEY.Key_F12)
        assert [part.amount for part in counter.middle.tendered] == ["10.00\xa0zł"]
        counter.enter("8,9")
        assert counter.sales()[0].total_minor == 18_90


class TestRefunds:
    def _sold(self, counter: Counter) -> facts.SaleCompleted:
        counter.member()
        counter.scan(COFFEE, COFFEE, MILK)
        counter.pay_cash("100")
        return counter.sales()[0]

    def test_whole_by_the_receipts_code(self, counter: Counter) -> None:
        sale = self._sold(counter)
        counter.scan(f"STEMPEL:R:{sale.id.hex}")
        counter.button("refund")
        counter.choice("all")
        counter.button("yes")
        (refund,) = counter.of_kind(facts.SaleRefunded)
        assert refund.total_minor == sale.total_minor
        assert isinstance(counter.middle, views.Paid)

    def test_one_of_two_pieces(self, counter: Counter) -> None:
        sale = self._sold(counter)
        counter.press(KEY.Key_F8)
        counter.row()
        counter.click(counter.panel.rows[0].more)
        counter.button("yes")
        (refund,) = counter.of_kind(facts.SaleRefunded)
        assert [(line.sku, line.qty_milli) for line in refund.lines] == [(sale.lines[0].sku, 1000)]

    def test_by_its_number(self, counter: Counter) -> None:
        self._sold(counter)
        counter.press(KEY.Key_F8)
        counter.type("1")
        counter.press(KEY.Key_Return)
        assert isinstance(counter.middle, views.Counts)

    def test_nothing_comes_back_twice(self, counter: Counter) -> None:
        sale = self._sold(counter)
        for _ in range(2):
            counter.scan(f"STEMPEL:R:{sale.id.hex}")
            counter.button("refund")
            if counter.middle.choices:
                counter.choice("all")
                counter.button("yes")
        assert counter.middle.problem
        assert len(counter.of_kind(facts.SaleRefunded)) == 1

    def test_exchanged_in_one_sale(self, counter: Counter) -> None:
        self._sold(counter)
        counter.press(KEY.Key_Escape)
        counter.scan(LATTE)
        counter.press(KEY.Key_F8)
        counter.row()
        counter.click(counter.panel.rows[1].more)
        counter.choice("exchange")
        counter.button("yes")
        counter.press(KEY.Key_F12)
        counter.enter("20")
        (refund,) = counter.of_kind(facts.SaleRefunded)
        assert refund.exchange == counter.sales()[-1].id


class TestShiftAndPeople:
    def test_counted_and_closed(self, counter: Counter) -> None:
        counter.scan(LATTE)
        counter.pay_cash("12")
        counter.tool("shift")
        counter.button("close")
        counter.enter("12")
        (closed,) = counter.of_kind(facts.ShiftClosed)
        assert (closed.expected_minor, closed.counted_minor) == (12_00, 12_00)
        counter.press(KEY.Key_Escape)
        counter.scan(LATTE)
        counter.enter("100")
        assert counter.till.shift is not None
        counter.scan(LATTE)
        assert len(counter.view.basket.lines) == 1

    def test_the_terminals_day_ends_with_the_shift(self, qtbot: QtBot, shop: Path, tmp_path: Path) -> None:
        with Counter(qtbot, shop, tmp_path / "cabled", cabled=True) as counter:
            counter.tool("shift")
            counter.button("close")
            counter.enter("0")
            counter.until(lambda: "settled" in counter.view.notice.text)

    def test_a_parked_sale_keeps_the_shift_open(self, counter: Counter) -> None:
        counter.scan(LATTE)
        counter.press(KEY.Key_F7)
        counter.enter("x")
        counter.tool("shift")
        counter.button("close")
        assert "park" in counter.view.notice.text.lower()
        assert counter.till.shift is not None

    def test_the_x_report(self, counter: Counter) -> None:
        counter.tool("shift")
        counter.button("x")
        counter.until(lambda: counter.desk.paper.jobs)

    def test_cash_in_and_out(self, counter: Counter) -> None:
        counter.tool("cash")
        counter.enter("50")
        counter.reason("change_money")
        counter.tool("cash")
        counter.choice("out")
        counter.enter("20")
        counter.reason("bank")
        assert [moved.amount_minor for moved in counter.of_kind(facts.CashMoved)] == [50_00, -20_00]

    def test_the_drawer_without_a_sale(self, counter: Counter) -> None:
        counter.tool("drawer")
        counter.reason("change_money")
        assert len(counter.of_kind(facts.NoSale)) == 1

    def test_signed_in_by_pin(self, counter: Counter) -> None:
        counter.scan(LATTE)
        hire(counter)
        assert not counter.sale.pay.isEnabled()
        counter.press(KEY.Key_Escape)
        assert isinstance(counter.middle, views.Tools), "a locked till stays locked"
        counter.tile("anna")
        counter.enter("9999")
        refused: Any = counter.middle
        assert refused.problem
        counter.enter("1234")
        counter.pay_cash("12")
        assert counter.sales()[0].cashier == "anna" or counter.sales()[0].cashier == "Anna"

    def test_signed_in_by_badge_and_changed_by_card(self, counter: Counter) -> None:
        hire(counter)
        counter.desk.scanner.fire("7700000000017")
        counter.until(lambda: counter.till.people.who is not None)
        assert counter.till.people.who.id == "anna"
        counter.scan(LATTE)
        counter.tap("04AA00000000AA")
        counter.until(lambda: counter.till.people.who.id == "dorota")
        assert len(counter.view.basket.lines) == 1, "the sale in hand stays"

    def test_locked_and_unlocked(self, counter: Counter) -> None:
        hire(counter)
        sign_in(counter)
        counter.tool("lock")
        assert counter.till.people.locked
        sign_in(counter, "dorota")

    def test_a_manager_agrees(self, counter: Counter) -> None:
        hire(counter)
        sign_in(counter)
        counter.scan(COFFEE)
        counter.tool("discount")
        counter.enter("30")
        counter.reason("damaged")
        assert [tool.key for tool in counter.middle.tools] == ["dorota"]
        counter.tile("dorota")
        counter.enter("1234")
        assert counter.till.decision.total_minor == 13_23
        assert [act.approved_by for act in counter.of_kind(facts.Privileged)] in ([], ["dorota"])
        assert counter.till.people.who.id == "anna"


class TestTheWindow:
    def test_languages_and_themes_while_selling(self, counter: Counter) -> None:
        counter.scan(COFFEE)
        for _ in range(3):
            counter.press(KEY.Key_F10)
            counter.press(KEY.Key_F11)
        counter.press(KEY.Key_F11)
        assert counter.view.basket.lines[0].name == "Coffee beans 250 g"

    def test_the_keys_are_shown(self, counter: Counter) -> None:
        counter.press(KEY.Key_F1)
        assert "F12" in [row.figure for row in counter.middle.rows]

    def test_the_menu_by_its_digits(self, counter: Counter) -> None:
        counter.scan(COFFEE)
        counter.press(KEY.Key_F5)
        place = [tool.hint for tool in counter.middle.tools].index("1")
        assert counter.middle.tools[place].key == "why"
        counter.type("1")
        assert isinstance(counter.middle, views.Rows)

    def test_the_day_and_back_by_a_scan(self, counter: Counter) -> None:
        counter.press(KEY.Key_F3)
        assert not counter.sale.isVisible()
        counter.desk.scanner.fire(LATTE)
        counter.until(counter.sale.isVisible)
