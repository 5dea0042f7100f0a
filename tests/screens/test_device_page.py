"""The devices page: each device as it is, in three languages, and what trying it says."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.screens.device_page import ARMED_MS, DeviceRow, DevicesPresenter, Equipment
from app.screens.views import Tone
from hardware.ports import (
    CardFailed,
    CardTapped,
    ChargeOutcome,
    ChargeResult,
    DeviceProblem,
    FiscalStatus,
    PrinterState,
    ReadersChanged,
    ScaleFailed,
    Scan,
    ScannerState,
    Weighed,
)
from tests.screens.conftest import Screen
from tests.support.shop import NOON_MS

ALL = Equipment(
    serial_scanners=("usb:0C2E:0B61",),
    printer="tcp://192.168.1.50",
    display="usb:1A86:7523",
    window=True,
    scale="COM4",
    terminal_cabled=True,
    fiscal="simulated",
    server="https://office.example",
)


class Tried:
    """Trials that answer when told to."""

    second_screen = False

    def __init__(self) -> None:
        self.done: list[str] = []
        self.terminal: Callable[[ChargeResult], None] = lambda result: None
        self.fiscal: Callable[[FiscalStatus], None] = lambda status: None

    def print_page(self) -> None:
        self.done.append("print")

    def open_drawer(self) -> None:
        self.done.append("drawer")

    def show_display(self) -> None:
        self.done.append("display")

    def ask_terminal(self, answer: Callable[[ChargeResult], None]) -> None:
        self.terminal = answer

    def ask_fiscal(self, answer: Callable[[FiscalStatus], None]) -> None:
        self.fiscal = answer


class Page:
    def __init__(self, screen: Screen, has: Equipment = ALL) -> None:
        self.tried = Tried()
        self.presenter = DevicesPresenter(screen.presenter, has, self.tried, screen.desk.world)

    def row(self, key: str) -> DeviceRow:
        self.presenter.show()
        return next(row for row in self.presenter.view.rows if row.key == key)


@pytest.fixture
def page(screen: Screen) -> Page:
    return Page(screen)


def test_a_till_has_the_rows_of_what_it_has(screen: Screen) -> None:
    bare = Page(screen, Equipment(readers=False))
    assert [row.key for row in bare.presenter.view.rows] == ["scanner", "terminal"]
    assert bare.row("terminal").state == "Worked by hand"
    assert bare.row("terminal").press == ""
    full = Page(screen)
    assert [row.key for row in full.presenter.view.rows] == [
        "reader", "scanner", "scanner:usb:0C2E:0B61", "printer", "drawer", "display", "window", "scale",
        "terminal", "fiscal", "server",
    ]  # fmt: skip


@pytest.mark.parametrize("lang", ["ru", "pl", "en"])
def test_every_row_has_its_words(screen: Screen, page: Page, lang: str) -> None:
    screen.presenter.switch_language(lang)
    page.presenter.show()
    for row in page.presenter.view.rows:
        assert row.name
        assert row.state
    screen.presenter.printer(PrinterState(online=False, code="paper_out"))
    assert page.row("printer").tone is Tone.CAUTION
    assert page.row("printer").todo


def test_states_are_live(screen: Screen, page: Page) -> None:
    assert page.row("reader").tone is Tone.QUIET
    screen.presenter.card(ReadersChanged(("ACS ACR122U",), True))
    assert (page.row("reader").state, page.row("reader").detail) == ("Ready", "ACS ACR122U")
    screen.presenter.card(ReadersChanged((), True))
    assert page.row("reader").tone is Tone.CAUTION
    screen.presenter.weigh(Weighed(642, True))
    assert page.row("scale").state == "0.642 kg"
    screen.presenter.weigh(ScaleFailed("unreachable"))
    assert "cable" in page.row("scale").todo
    screen.presenter.display(DeviceProblem("unreachable"))
    assert page.row("display").state == "Display off"
    screen.presenter.display(None)
    assert page.row("display").state == "Ready"
    page.presenter.scan(ScannerState("usb:0C2E:0B61", False))
    assert page.row("scanner:usb:0C2E:0B61").todo
    page.presenter.scan(ScannerState("usb:0C2E:0B61", True))
    assert page.row("scanner:usb:0C2E:0B61").state == "Ready"
    page.tried.second_screen = True
    assert page.row("window").state == "Ready"


def test_the_next_card_is_shown_and_given_to_no_sale(screen: Screen, page: Page) -> None:
    tap = CardTapped("R", 1, "04A1B2C3D4E5F6", "ntag213", "LOY-17")
    assert not page.presenter.card(tap)
    page.presenter.press("reader")
    assert not page.presenter.card(ReadersChanged(("R",), True))
    assert page.presenter.card(tap)
    assert page.row("reader").result == "04A1B2C3D4E5F6 · ntag213 · LOY-17"
    assert not page.presenter.card(tap)
    page.presenter.press("reader")
    assert page.presenter.card(CardFailed("R", 2, "torn"))
    assert page.row("reader").result


def test_the_next_scan_is_shown_and_rung_up_nowhere(page: Page) -> None:
    page.presenter.press("scanner")
    assert page.presenter.scan(Scan("wedge", "5901234000062"))
    assert page.row("scanner").result == "5901234000062 · wedge"
    assert not page.presenter.scan(Scan("wedge", "5901234000062"))


def test_what_is_waited_for_is_a_customers_again_after_a_while(screen: Screen, page: Page) -> None:
    page.presenter.press("scanner")
    screen.desk.world.ms += ARMED_MS + 1
    assert not page.presenter.scan(Scan("wedge", "5901234000062"))
    page.presenter.press("scanner")
    page.presenter.leave()
    assert not page.presenter.scan(Scan("wedge", "5901234000062"))
    assert page.row("scanner").result == ""


def test_paper_drawer_and_display_are_tried(page: Page) -> None:
    for key in ("printer", "drawer", "display"):
        page.presenter.press(key)
        assert page.row(key).result
    assert page.tried.done == ["print", "drawer", "display"]


def test_terminal_and_fiscal_device_answer_or_not(page: Page) -> None:
    page.presenter.press("terminal")
    assert page.row("terminal").busy
    page.tried.terminal(ChargeResult(ChargeOutcome.DECLINED, code="unheard"))
    assert (page.row("terminal").result, page.row("terminal").busy) == ("It answers.", False)
    page.presenter.press("terminal")
    page.tried.terminal(ChargeResult(ChargeOutcome.UNKNOWN, code="timeout"))
    assert "does not answer" in page.row("terminal").result
    for status, said in (
        (FiscalStatus(True, NOON_MS), "shift is open since"),
        (FiscalStatus(True), "no shift is open"),
        (FiscalStatus(False, code="unreachable"), "does not answer"),
    ):
        page.presenter.press("fiscal")
        page.tried.fiscal(status)
        assert said in page.row("fiscal").result


def test_the_weight_is_read(screen: Screen, page: Page) -> None:
    page.presenter.press("scale")
    assert page.row("scale").result == "It has not told a weight yet."
    screen.presenter.weigh(Weighed(640, False))
    page.presenter.press("scale")
    assert page.row("scale").result == "0.640 kg, still moving"
