"""The sale screen's state line, cues and messages."""

from __future__ import annotations

import pytest

from app.screens import views
from app.screens.views import ChipKind, Tone
from hardware.ports import (
    PaperState,
    PrinterState,
    ReadersChanged,
)
from tests.screens.acts import COFFEE, LATTE, pay, tap
from tests.screens.conftest import Screen


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
        assert view.basket.lines[0].why == "−10% Złoty poziom"
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
