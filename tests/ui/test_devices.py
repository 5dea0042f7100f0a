"""The devices page in the window: how it is reached, what its buttons do, how it is left."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QKeySequence, QShortcut
from pytestqt.qtbot import QtBot

from app.screens.corner.presenter import CornerPresenter
from app.screens.device_page import DevicesPresenter, DevicesView, Equipment
from app.screens.views import ChipKind
from app.ui import scenes
from app.ui.devices import DevicesPanel
from app.ui.look import Look
from app.ui.scenes.corner import Still
from app.ui.window import MainWindow
from hardware.ports import PrinterState, Weighed

CTRL_F3 = QKeySequence("Ctrl+F3")
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


class Opened:
    def __init__(self, qtbot: QtBot, look: Look, stage: scenes.Stage) -> None:
        self.stage = stage
        has = Equipment(printer="tcp://192.168.1.50", scale="COM4")
        self.page = DevicesPresenter(stage.sale, has, scenes.Still(), stage.world)
        self.window = MainWindow(stage.sale, look=look, lang="en", corner=self.corner)
        qtbot.addWidget(self.window)
        self.window.show()
        self.window.activateWindow()
        qtbot.waitActive(self.window)

    def corner(self) -> CornerPresenter:
        stage = self.stage
        reader = stage.database.reader()
        return CornerPresenter(stage.till, reader, Still(), stage.world, lang="en", devices=lambda: self.page)

    @property
    def shown(self) -> bool:
        return self.window.corner.current == "devices" and not self.window.sale.isVisible()

    @property
    def screen(self):
        assert self.window._corner_screen is not None
        return self.window._corner_screen

    @property
    def cards(self):
        panel = self.screen.panel(DevicesView)
        assert isinstance(panel, DevicesPanel)
        return panel.cards


def test_ctrl_f3_opens_it_and_back_leaves_it(qtbot: QtBot, look: Look) -> None:
    with scenes.Stage("en") as stage:
        opened = Opened(qtbot, look, stage)
        (shortcut,) = [each for each in opened.window.findChildren(QShortcut) if each.key() == CTRL_F3]
        shortcut.activated.emit()
        assert opened.shown
        assert [card.key for card in opened.cards] == [
            "reader",
            "scanner",
            "printer",
            "drawer",
            "scale",
            "terminal",
        ]
        opened.screen.back.click()
        assert not opened.shown


def test_the_second_press_of_a_chip_in_trouble_opens_it(qtbot: QtBot, look: Look) -> None:
    with scenes.Stage("en") as stage:
        opened = Opened(qtbot, look, stage)
        chip = opened.window.sale.state_line.chips[ChipKind.PRINTER]
        chip.click()
        chip.click()
        assert not opened.shown
        stage.sale.printer(PrinterState(online=False, code="unreachable"))
        chip.click()
        assert "Switch the printer on" in stage.sale.view.notice.text
        assert not opened.shown
        chip.click()
        assert opened.shown


def test_buttons_try_and_states_live_while_it_is_open(qtbot: QtBot, look: Look) -> None:
    with scenes.Stage("en") as stage:
        opened = Opened(qtbot, look, stage)
        opened.window.open_corner("devices")
        cards = {card.key: card for card in opened.cards}
        cards["printer"].button.click()
        assert cards["printer"]._result.text() == "The test page is on its way."
        stage.sale.weigh(Weighed(642, True))
        qtbot.waitUntil(lambda: cards["scale"]._state.text() == "● 0.642 kg", timeout=3000)
        assert cards["terminal"].button.isHidden()


def test_a_scan_leads_back_to_selling(qtbot: QtBot, look: Look) -> None:
    with scenes.Stage("en") as stage:
        opened = Opened(qtbot, look, stage)
        opened.window.open_corner("devices")
        stage.sale.scan(scenes.LATTE)
        assert not opened.shown
