"""The simulated desk with its real (simulated) devices: what hands do reaches the till's side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.demo import SimulatedBeside
from app.ui.bridge import Bridge
from app.ui.desk import NEW_CARD, DeskWindow, demo_cards
from app.ui.look import Look
from app.ui.translations import Translations
from app.ui.window import MainWindow
from hardware.ports import (
    CardEvent,
    CardRemoved,
    CardTapped,
    DisplayText,
    PrinterState,
    ScaleEvent,
    Scan,
    ScanEvent,
    Weighed,
)
from hardware.printers.escpos import encode
from hardware.printers.profile import PROFILES
from hardware.receipt import Document, PrintJob, Text
from hardware.simulated.paper import PaperPrinter
from hardware.simulated.reader import SimulatedReader
from hardware.simulated.scanner import SimulatedScanner
from hardware.simulated.terminal import Mood

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen platform has no size hints
LEFT = Qt.MouseButton.LeftButton
GOODS = [("Latte", "5901234000062"), ("Chleb żytni", "5901234000024")]


@dataclass
class Devices:
    cards: list[CardEvent] = field(default_factory=list[CardEvent])
    scans: list[ScanEvent] = field(default_factory=list[ScanEvent])

    def __post_init__(self) -> None:
        self.reader, self.scanner = SimulatedReader(), SimulatedScanner()
        self.paper = PaperPrinter(PROFILES["80mm"], lambda job: self.on_paper(job))
        self.on_paper = lambda job: None
        self.beside = SimulatedBeside()
        self.reader.start(self.cards.append)
        self.scanner.start(self.scans.append)

    def print(self, text: str, *, drawer: bool = False) -> None:
        job = PrintJob(Document((Text(text),), language="pl"), open_drawer=drawer)
        self.paper.send(encode(job, PROFILES["80mm"]))


@pytest.fixture
def devices() -> Iterator[Devices]:
    devices = Devices()
    yield devices
    devices.reader.stop()
    devices.scanner.stop()


@pytest.fixture
def desk(qtbot: QtBot, look: Look, devices: Devices) -> DeskWindow:
    window = DeskWindow(look, devices, GOODS, Bridge())
    qtbot.addWidget(window)
    window.resize(420, 768)
    window.show()
    return window


def test_the_demo_members_cards_lie_ready() -> None:
    assert [card.uid for card in demo_cards()] == ["04A1B2C3D4E5F6", "04B1B2C3D4E5F6", "04C1B2C3D4E5F6"]


def test_tapping_a_card_and_taking_it_away(qtbot: QtBot, desk: DeskWindow, devices: Devices) -> None:
    qtbot.mouseClick(desk.cards[0], LEFT)
    qtbot.mouseClick(desk.away, LEFT)
    qtbot.waitUntil(lambda: any(isinstance(event, CardRemoved) for event in devices.cards))
    assert [event.uid for event in devices.cards if isinstance(event, CardTapped)] == ["04A1B2C3D4E5F6"]


def test_the_last_card_is_nobodys(qtbot: QtBot, desk: DeskWindow, devices: Devices) -> None:
    qtbot.mouseClick(desk.cards[-1], LEFT)
    qtbot.waitUntil(lambda: any(isinstance(event, CardTapped) for event in devices.cards))
    assert [event.uid for event in devices.cards if isinstance(event, CardTapped)] == [NEW_CARD]


def test_firing_codes_from_the_shelf_and_by_hand(qtbot: QtBot, desk: DeskWindow, devices: Devices) -> None:
    qtbot.mouseClick(desk.goods[0], LEFT)
    qtbot.keyClicks(desk.code, "2900000000018")
    qtbot.keyClick(desk.code, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len([s for s in devices.scans if isinstance(s, Scan)]) == 2)
    assert [s.text for s in devices.scans if isinstance(s, Scan)] == ["5901234000062", "2900000000018"]
    assert desk.code.text() == ""


def test_paper_and_drawer_are_seen(qtbot: QtBot, desk: DeskWindow, devices: Devices) -> None:
    blank = desk.paper.grab().toImage()
    devices.print("Dzień dobry", drawer=True)
    qtbot.waitUntil(lambda: "×1" in desk.drawer.text())
    QApplication.processEvents()
    assert desk.paper.grab().toImage() != blank


def test_the_printer_can_be_switched_off_and_on(qtbot: QtBot, desk: DeskWindow, devices: Devices) -> None:
    qtbot.mouseClick(desk.power, LEFT)
    assert devices.paper.state() == PrinterState(online=False, code="unreachable")
    qtbot.mouseClick(desk.power, LEFT)
    assert devices.paper.state().online


def test_a_closed_desk_hears_no_paper(qtbot: QtBot, desk: DeskWindow, devices: Devices) -> None:
    desk.close()
    devices.print("too late")
    QApplication.processEvents()
    assert len(devices.paper.jobs) == 1


@pytest.mark.parametrize("lang", ["ru", "pl", "en"])
def test_no_word_is_cut(
    qtbot: QtBot, look: Look, devices: Devices, translations: Translations, lang: str
) -> None:
    translations.switch(lang)
    look.cuts = []
    window = DeskWindow(look, devices, GOODS, Bridge())
    qtbot.addWidget(window)
    window.resize(420, 768)
    window.show()
    window.grab()
    assert look.cuts == []
    look.cuts = None


def test_beside_the_till_it_follows_its_language_and_its_end(
    qtbot: QtBot, look: Look, devices: Devices, translations: Translations
) -> None:
    window = MainWindow(look=look)
    qtbot.addWidget(window)
    window.show()
    desk = DeskWindow.beside(window, devices, GOODS, Bridge())
    qtbot.addWidget(desk)
    assert desk.isVisible()
    translations.switch("pl")
    window.language_changed.emit("pl")
    assert desk.fire.text() == "Skanuj"
    window.close()
    assert not desk.isVisible()


def test_pole_scale_and_terminal_stand_beside(qtbot: QtBot, desk: DeskWindow, devices: Devices) -> None:
    assert desk.side is not None
    devices.beside.display.start(lambda problem: None)
    weighed: list[ScaleEvent] = []
    devices.beside.scale.start(weighed.append)
    devices.beside.display.show(DisplayText("Razem", "", "12,00"))
    qtbot.waitUntil(lambda: desk.side is not None and desk.side.pole.lines[0] == "Razem          12,00")
    qtbot.mouseClick(desk.side.weights[2], LEFT)
    qtbot.waitUntil(lambda: Weighed(642, True) in weighed)
    qtbot.mouseClick(desk.side.terminal, LEFT)
    assert devices.beside.terminal.mood is Mood.DECLINE
    qtbot.mouseClick(desk.side.terminal, LEFT)
    assert devices.beside.terminal.mood is Mood.SLOW
    assert devices.beside.display.stop()
    assert devices.beside.scale.stop()
