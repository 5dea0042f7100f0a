"""The sale screen's presenter over a real till, database and programme."""

from __future__ import annotations

import pytest

from app.checkout.basket import Stage
from app.screens import views
from app.screens.views import Action, ChipKind, Stamp, Tone
from hardware.ports import (
    CardFailed,
    CardProof,
    CardRemoved,
    CardTapped,
    PaperState,
    PrinterState,
    ReadersChanged,
)
from tests.screens.conftest import Screen

GOLD, SILVER, NOBODY = "04A1B2C3D4E5F6", "04B1B2C3D4E5F6", "04FFFFFFFFFFFF"
COFFEE, MILK, APPLES, LATTE = "5901234000161", "5901234000178", "5901234000185", "5901234000062"


def tap(screen: Screen, uid: str = GOLD, record: str | None = None) -> None:
    screen.presenter.card(CardTapped("Reader", 1, uid, "ntag213", record, CardProof.COPYABLE))


def type_keys(screen: Screen, keys: str) -> None:
    for key in keys:
        screen.presenter.key(key)


def pay(screen: Screen, given: str) -> None:
    screen.presenter.pay()
    type_keys(screen, given)
    screen.presenter.take()


class TestRinging:
    def test_a_scan_is_a_line_selected_and_priced(self, screen: Screen) -> None:
        screen.presenter.scan(LATTE)
        (line,) = screen.view.basket.lines
        assert (line.name, line.quantity, line.price, line.was) == (
            "Latte to go",
            "1\xa0×\xa012.00",
            "12.00",
            "",
        )
        assert screen.view.basket.selected == line.key
        assert screen.view.total == views.Total("12.00", "zł", items="1 item", payable=True)
        assert screen.view.notice == views.Notice(Tone.WELL, "Latte to go")

    def test_an_unknown_code_says_what_to_do_and_changes_nothing(self, screen: Screen) -> None:
        screen.presenter.scan("5900000000008")
        assert screen.view.notice.tone is Tone.CAUTION
        assert "5900000000008" in screen.view.notice.text
        assert screen.view.basket.lines == ()

    def test_what_is_sold_by_weight_asks_for_it(self, screen: Screen) -> None:
        screen.presenter.scan(APPLES)
        assert isinstance(screen.view.middle, views.Quantity)
        assert not screen.view.middle.ready
        type_keys(screen, "0,642")
        assert screen.view.middle == views.Quantity(
            "Gala apples, loose", "29.90\xa0zł / kg", "kg", "0.642", ready=True
        )
        screen.presenter.take()
        (line,) = screen.view.basket.lines
        assert (line.quantity, line.price) == ("0.642\xa0×\xa029.90", "19.20")
        assert isinstance(screen.view.middle, views.Favourites)

    def test_the_next_scan_does_not_wait_for_the_weight(self, screen: Screen) -> None:
        screen.presenter.scan(APPLES)
        screen.presenter.scan(LATTE)
        assert isinstance(screen.view.middle, views.Favourites)
        assert len(screen.view.basket.lines) == 2

    def test_quantity_by_steps_and_by_keypad(self, screen: Screen) -> None:
        screen.presenter.scan(LATTE)
        screen.presenter.step_quantity(1)
        assert screen.view.basket.quantity == "2"
        screen.presenter.ask_quantity()
        type_keys(screen, "12")
        screen.presenter.take()
        assert screen.view.basket.lines[0].quantity == "12\xa0×\xa012.00"

    def test_one_less_than_one_takes_the_line_out(self, screen: Screen) -> None:
        screen.presenter.scan(LATTE)
        screen.presenter.step_quantity(-1)
        assert screen.view.basket.lines == ()
        assert screen.view.basket.selected == ""

    def test_stepping_without_a_line_says_so(self, screen: Screen) -> None:
        screen.presenter.step_quantity(1)
        assert screen.view.notice == views.Notice(Tone.CAUTION, "Choose a line first.")

    def test_void_selects_the_line_that_is_left_and_undo_brings_it_back(self, screen: Screen) -> None:
        for code in (COFFEE, LATTE):
            screen.presenter.scan(code)
        screen.presenter.act(Action.VOID_LINE)
        assert [line.name for line in screen.view.basket.lines] == ["Coffee beans 250 g"]
        assert screen.view.basket.selected == screen.view.basket.lines[0].key
        screen.presenter.act(Action.UNDO)
        assert len(screen.view.basket.lines) == 2

    def test_emptying_can_be_undone(self, screen: Screen) -> None:
        tap(screen)
        screen.presenter.scan(LATTE)
        screen.presenter.open_tool("clear")
        assert (screen.view.basket.lines, screen.view.member) == ((), None)
        screen.presenter.act(Action.UNDO)
        assert len(screen.view.basket.lines) == 1
        assert screen.view.member is not None

    def test_an_action_that_is_not_there_does_nothing(self, screen: Screen) -> None:
        assert screen.view.basket.actions == (Action.REFUND,)
        screen.presenter.act(Action.VOID_LINE)
        assert screen.views == []

    def test_favourites_are_rung_by_their_tile(self, screen: Screen) -> None:
        assert isinstance(screen.view.middle, views.Favourites)
        tile = screen.view.middle.tiles[0]
        screen.presenter.ring(tile.key)
        assert screen.view.basket.lines[0].name == tile.name == "Kaiser roll"

    def test_a_line_says_why_and_what_it_cost(self, screen: Screen) -> None:
        tap(screen)
        screen.presenter.scan(COFFEE)
        line = screen.view.basket.lines[0]
        assert (line.was, line.price, line.why) == ("18.90", "17.01", "−10\xa0% Gold tier")
        assert screen.view.total.saved == "Saved 1.89"

    def test_a_near_miss_names_what_is_missing(self, screen: Screen) -> None:
        tap(screen)
        screen.presenter.scan(APPLES)
        assert screen.view.basket.near_miss == views.NearMiss("10.10\xa0zł more gives 10\xa0%", "+10.10")

    def test_a_reward_far_away_is_no_near_miss(self, screen: Screen) -> None:
        tap(screen)
        screen.presenter.scan(APPLES)
        type_keys(screen, "0,3")
        screen.presenter.take()
        assert screen.view.basket.near_miss is None


class TestSearch:
    def test_products_by_part_of_a_name(self, screen: Screen) -> None:
        screen.presenter.search("latt")
        assert isinstance(screen.view.middle, views.Results)
        assert [row.title for row in screen.view.middle.rows] == ["Latte to go"]
        screen.presenter.pick(screen.view.middle.rows[0].key)
        assert screen.view.basket.lines[0].name == "Latte to go"
        assert isinstance(screen.view.middle, views.Favourites)

    def test_members_by_name_without_their_accents(self, screen: Screen) -> None:
        screen.presenter.search("lucja zol")
        assert isinstance(screen.view.middle, views.Results)
        (row,) = screen.view.middle.rows
        assert (row.title, row.member) == ("Łucja Żółkiewska", True)
        screen.presenter.pick(row.key)
        assert screen.view.member is not None
        assert screen.view.member.name == "Łucja Żółkiewska"

    def test_a_phone_number_shows_only_its_end(self, screen: Screen) -> None:
        screen.presenter.search("600 100")
        assert isinstance(screen.view.middle, views.Results)
        assert (screen.view.middle.rows[0].title, screen.view.middle.rows[0].detail) == (
            "Łucja Żółkiewska",
            "··· 0200",
        )

    def test_nothing_found_says_what_else_to_try(self, screen: Screen) -> None:
        screen.presenter.search("xyz")
        assert isinstance(screen.view.middle, views.Results)
        assert screen.view.middle.rows == ()
        assert "xyz" in screen.view.middle.hint

    def test_an_emptied_field_shows_the_favourites_but_leaves_a_payment_alone(self, screen: Screen) -> None:
        screen.presenter.search("latt")
        screen.presenter.search("")
        assert isinstance(screen.view.middle, views.Favourites)
        screen.presenter.scan(LATTE)
        screen.presenter.pay()
        screen.presenter.search("")
        assert isinstance(screen.view.middle, views.Payment)

    def test_enter_on_a_whole_code_scans_it(self, screen: Screen) -> None:
        screen.presenter.submit(LATTE)
        assert screen.view.basket.lines[0].name == "Latte to go"


class TestMember:
    def test_a_tap_shows_who_and_reprices(self, screen: Screen) -> None:
        screen.presenter.scan(COFFEE)
        tap(screen)
        member = screen.view.member
        assert member is not None
        assert (member.name, member.tier, member.balance) == ("Łucja Żółkiewska", "Gold tier", "1,284")
        assert member.earned == "+17"
        assert screen.view.total.figure == "17.01"

    def test_the_stamp_card_is_there_before_any_coffee(self, screen: Screen) -> None:
        tap(screen)
        assert screen.view.member is not None
        (card,) = screen.view.member.stamp_cards
        assert card.stamps == (*[Stamp.EARNED] * 5, Stamp.FREE)
        assert card.progress == "5\xa0/\xa06"

    def test_the_sixth_coffee_is_won(self, screen: Screen) -> None:
        tap(screen)
        screen.presenter.scan(LATTE)
        assert screen.view.member is not None
        assert screen.view.member.stamp_cards[0].stamps == (*[Stamp.EARNED] * 5, Stamp.WON)
        assert screen.view.basket.lines[0].price == "0.00"

    def test_a_new_stamp_is_told_from_the_old(self, screen: Screen) -> None:
        tap(screen, SILVER)
        screen.presenter.scan(LATTE)
        assert screen.view.member is not None
        stamps = screen.view.member.stamp_cards[0].stamps
        assert stamps == (*[Stamp.EARNED] * 2, Stamp.NEW, *[Stamp.EMPTY] * 2, Stamp.FREE)

    def test_an_offer_rings_up_what_completes_it(self, screen: Screen) -> None:
        tap(screen)
        screen.presenter.scan(LATTE)
        assert screen.view.member is not None
        offer = next(offer for offer in screen.view.member.offers if offer.product)
        assert offer.title == "Croissant with coffee"
        screen.presenter.take_offer(offer.key)
        assert screen.view.basket.lines[-1].name == "Croissant"

    def test_points_are_spent_and_kept(self, screen: Screen) -> None:
        tap(screen)
        screen.presenter.scan(COFFEE)
        spend = screen.view.member.spend if screen.view.member else None
        assert spend is not None
        assert spend.title == "600\xa0points can be spent"
        screen.presenter.spend_points(True)
        spend = screen.view.member.spend if screen.view.member else None
        assert spend is not None
        assert spend.chosen
        assert screen.view.total.figure == "11.01"
        screen.presenter.spend_points(False)
        assert screen.view.total.figure == "17.01"

    def test_a_wrong_card_comes_off(self, screen: Screen) -> None:
        tap(screen)
        screen.presenter.scan(COFFEE)
        screen.presenter.detach()
        assert screen.view.member is None
        assert screen.view.total.figure == "18.90"

    def test_a_torn_card_says_what_to_do(self, screen: Screen) -> None:
        screen.presenter.card(CardFailed("Reader", 1, "torn"))
        assert screen.view.notice.tone is Tone.CAUTION
        assert "Hold it still" in screen.view.notice.text

    def test_taking_the_card_away_changes_nothing(self, screen: Screen) -> None:
        tap(screen)
        count = len(screen.views)
        screen.presenter.card(CardRemoved("Reader", 1))
        assert len(screen.views) == count


class TestEnrolment:
    def test_the_card_just_refused_is_the_new_members(self, screen: Screen) -> None:
        tap(screen, NOBODY)
        assert NOBODY in screen.view.notice.text
        screen.presenter.start_enrolment()
        enrol = screen.view.middle
        assert isinstance(enrol, views.Form)
        assert enrol.note == f"{NOBODY} is ready"
        assert not enrol.presses[-1].enabled
        screen.presenter.type("name", "Ewa Świątek")
        screen.presenter.type("phone", "+48 601 200 300")
        screen.presenter.press("yes")
        assert screen.view.member is not None
        assert screen.view.member.name == "Ewa Świątek"
        assert isinstance(screen.view.middle, views.Favourites)
        screen.presenter.detach()
        tap(screen, NOBODY)
        assert screen.view.member is not None
        assert screen.view.member.name == "Ewa Świątek"

    def test_a_card_tapped_or_scanned_during_it_becomes_theirs(self, screen: Screen) -> None:
        screen.presenter.start_enrolment()
        tap(screen, NOBODY, record="M-77")
        assert isinstance(screen.view.middle, views.Form)
        assert screen.view.middle.note == "M-77 is ready"
        screen.presenter.scan("2900000009998")
        assert isinstance(screen.view.middle, views.Form)
        assert screen.view.middle.note == "2900000009998 is ready"

    def test_an_unknown_product_is_not_mistaken_for_a_card(self, screen: Screen) -> None:
        screen.presenter.scan("5900000000008")
        screen.presenter.start_enrolment()
        assert isinstance(screen.view.middle, views.Form)
        assert "Tap or scan" in screen.view.middle.note

    def test_a_refused_card_is_forgotten_when_a_member_comes(self, screen: Screen) -> None:
        tap(screen, NOBODY)
        tap(screen, GOLD)
        screen.presenter.detach()
        screen.presenter.start_enrolment()
        assert isinstance(screen.view.middle, views.Form)
        assert "Tap or scan" in screen.view.middle.note

    def test_products_go_on_being_rung(self, screen: Screen) -> None:
        screen.presenter.start_enrolment()
        screen.presenter.type("name", "Ewa")
        screen.presenter.scan(LATTE)
        assert isinstance(screen.view.middle, views.Form)
        assert screen.view.middle.entries[1].text == "Ewa"
        assert len(screen.view.basket.lines) == 1

    def test_a_member_who_turns_up_ends_it(self, screen: Screen) -> None:
        screen.presenter.start_enrolment()
        tap(screen)
        assert isinstance(screen.view.middle, views.Favourites)
        assert screen.view.member is not None

    @pytest.mark.parametrize(("phone", "ready"), [("", True), ("+48 60", False), ("+48 601 200 300", True)])
    def test_a_phone_number_is_whole_or_not_there(self, screen: Screen, phone: str, ready: bool) -> None:
        screen.presenter.start_enrolment()
        screen.presenter.type("name", "Ewa")
        screen.presenter.type("phone", phone)
        assert isinstance(screen.view.middle, views.Form)
        assert screen.view.middle.presses[-1].enabled is ready
        assert bool(screen.view.middle.problem) is not ready


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


class TestState:
    def test_the_last_sale_is_still_there_after_a_restart(self, screen: Screen) -> None:
        screen.presenter.scan(LATTE)
        pay(screen, "20")
        before = screen.view.basket.last_sale
        assert before is not None
        assert (before.title, before.total, before.change) == (
            "Receipt 1",
            "12.00\xa0zł",
            "change 8.00\xa0zł",
        )
        screen.desk.restart()
        desk = screen.desk
        again = type(screen.presenter)(
            desk.till, desk.reader, desk.reader, desk.world, lang="en", last_sale=desk.reader.last_sale()
        )
        assert again.view.basket.last_sale == before
        again.switch_language("pl")
        assert again.view.basket.last_sale is not None

    def test_devices_become_chips_that_say_what_to_do(self, screen: Screen) -> None:
        p = screen.presenter
        assert screen.view.state.chips == ()
        p.card(ReadersChanged(("ACR122U",), True))
        p.printer(PrinterState(online=True))
        p.network(True, 0)
        assert [(chip.text, chip.tone) for chip in screen.view.state.chips] == [
            ("Reader", Tone.WELL),
            ("Printer", Tone.WELL),
            ("Online", Tone.WELL),
        ]
        p.card(ReadersChanged((), True))
        p.printer(PrinterState(online=True, paper=PaperState.LOW))
        p.network(False, 3)
        assert [(chip.text, chip.tone) for chip in screen.view.state.chips] == [
            ("No reader", Tone.CAUTION),
            ("Paper is low", Tone.CAUTION),
            ("Offline · 3 to send", Tone.CAUTION),
        ]
        assert all(chip.detail for chip in screen.view.state.chips)

    @pytest.mark.parametrize(
        ("state", "text"),
        [
            (PrinterState(False, code="unreachable"), "Printer off"),
            (PrinterState(False, code="cover_open"), "Printer is open"),
            (PrinterState(False, code="paper_out"), "No paper"),
            (PrinterState(False, code="stalled"), "Printer is stuck"),
            (PrinterState(False, code="something new"), "Printer trouble"),
            (PrinterState(True, PaperState.OUT), "No paper"),
        ],
    )
    def test_every_printer_state_has_words(self, screen: Screen, state: PrinterState, text: str) -> None:
        screen.presenter.printer(state)
        (chip,) = screen.view.state.chips
        assert (chip.text, chip.tone) == (text, Tone.CAUTION)

    def test_pressing_a_chip_says_what_to_do(self, screen: Screen) -> None:
        screen.presenter.network(False, 3)
        screen.presenter.explain_chip(screen.view.state.chips[0])
        assert "sent by itself" in screen.view.notice.text
        screen.presenter.network(True, 0)
        screen.presenter.explain_chip(screen.view.state.chips[0])
        assert screen.view.notice == views.Notice(Tone.WELL, "Online")

    def test_a_reader_that_does_not_beat_is_stuck_after_three_seconds(self, screen: Screen) -> None:
        screen.presenter.card(ReadersChanged(("ACR122U",), True))
        screen.presenter.tick(2.9)
        assert screen.view.state.chips[0].tone is Tone.WELL
        screen.presenter.tick(3.1)
        assert screen.view.state.chips[0] == views.Chip(
            ChipKind.READER,
            Tone.CAUTION,
            "Reader does not answer",
            "Take the card off the reader. If it stays so, unplug the reader and plug it in again.",
        )

    def test_the_clock_follows_the_world(self, screen: Screen) -> None:
        before = screen.view.state.clock
        screen.desk.world.ms += 60_000
        screen.presenter.tick()
        assert screen.view.state.clock != before

    def test_switching_the_language_says_everything_again(self, screen: Screen) -> None:
        tap(screen)
        screen.presenter.scan(COFFEE)
        screen.presenter.switch_language("pl")
        view = screen.view
        assert view.basket.lines[0].name == "Kawa ziarnista 250 g"
        assert view.basket.lines[0].why == "−10\xa0% Złoty poziom"
        assert view.total.figure == "17,01"
        assert view.state.shift == "Zmiana 1"
        screen.presenter.switch_language()
        assert screen.presenter.lang == "en"
        screen.presenter.switch_language()
        assert (screen.presenter.lang, screen.view.state.shift) == ("ru", "Смена 1")

    def test_an_equal_state_is_equal(self, screen: Screen) -> None:
        screen.presenter.scan(COFFEE)
        before = screen.view
        screen.presenter.tick()
        assert screen.view == before


def test_lines_kept_in_words_never_go_stale(screen: Screen) -> None:
    """After every act, what is shown equals what a presenter without a memory would show."""
    p = screen.presenter
    acts = [
        lambda: p.scan(COFFEE),
        lambda: p.scan(LATTE),
        lambda: tap(screen, SILVER),
        lambda: p.step_quantity(3),
        lambda: p.detach(),
        lambda: tap(screen, GOLD),
        lambda: p.act(Action.VOID_LINE),
        lambda: p.act(Action.UNDO),
        lambda: p.switch_language("ru"),
        lambda: p.spend_points(True),
        lambda: p.switch_language("en"),
    ]
    for act in acts:
        act()
        desk = screen.desk
        fresh = type(p)(desk.till, desk.reader, desk.reader, desk.world, lang=p.lang)
        assert p.view.basket.lines == fresh.view.basket.lines
        assert p.view.member == fresh.view.member


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
