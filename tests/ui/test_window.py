"""The till's window by real events: mouse, keys, cards and codes, over a real till and its database lane."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.checkout.till import Till
from app.screens import views
from app.screens.corner.presenter import CornerPresenter
from app.screens.sale import SalePresenter
from app.ui.bridge import Bridge
from app.ui.look import Look
from app.ui.scenes.corner import Still
from app.ui.window import MainWindow
from hardware.ports import CardTapped
from tests.support.shop import Desk

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen platform has no size hints

LEFT = Qt.MouseButton.LeftButton
KEY = Qt.Key
LATTE, COFFEE, APPLES = "5901234000062", "5901234000161", "5901234000185"


class Shop:
    """A window over a till that writes in the database's lane and hears back by the bridge."""

    def __init__(self, qtbot: QtBot, look: Look, desk: Desk) -> None:
        self.bot, self.desk = qtbot, desk
        self.bridge = Bridge()
        sale, shift = desk.reader.next_numbers()
        self.till = Till(
            shop=desk.shop,
            catalogue=desk.reader,
            members=desk.reader,
            sales=desk.reader,
            journal=desk.database.journal(self.bridge.post),
            programme=desk.programme,
            world=desk.world,
            next_sale=sale,
            next_shift=shift,
            shift=desk.reader.open_shift(),
        )
        self.presenter = SalePresenter(self.till, desk.reader, desk.reader, desk.world, lang="en")
        self.window = MainWindow(self.presenter, self.bridge, corner=self.corner, look=look)
        qtbot.addWidget(self.window)
        self.window.show()
        self.window.activateWindow()
        self.sale = self.window.sale

    def corner(self) -> CornerPresenter:
        desk = self.desk
        return CornerPresenter(self.till, desk.reader, Still(), desk.world, lang="en")

    @property
    def view(self) -> views.SaleView:
        assert self.sale.view is not None
        return self.sale.view

    def panel(self, kind: type) -> Any:
        """The widget of a kind of view state."""
        return self.sale.panel(kind)

    def click(self, widget: QWidget, at: QPoint | None = None) -> None:
        assert widget.isVisible()
        assert widget.isEnabled()
        self.bot.mouseClick(widget, LEFT, pos=at or widget.rect().center())

    def press(self, key: Qt.Key) -> None:
        self.bot.keyClick(self.window.focusWidget() or self.window, key)

    def type(self, text: str) -> None:
        self.bot.keyClicks(self.window.focusWidget() or self.window, text)

    def tap(self, uid: str = "04A1B2C3D4E5F6") -> None:
        """As the reader's lane does it."""
        self.bridge.post(lambda: self.presenter.card(CardTapped("Reader", 1, uid, "ntag213")))
        self.bot.waitUntil(lambda: self.view.member is not None)

    def settled(self) -> None:
        self.bot.waitUntil(lambda: not self.till.busy)


@pytest.fixture
def shop(qtbot: QtBot, look: Look, tmp_path: Path) -> Iterator[Shop]:
    desk = Desk(tmp_path / "till").stock()
    shop = Shop(qtbot, look, desk)
    yield shop
    shop.window.close()
    desk.close()


def test_a_whole_sale_by_mouse(shop: Shop) -> None:
    shop.click(shop.sale.favourites.tiles[5])
    shop.tap()
    shop.click(shop.sale.favourites.tiles[0])
    assert [line.name for line in shop.view.basket.lines] == ["Latte to go", "Kaiser roll"]
    shop.click(shop.sale.basket_actions.more)
    assert shop.view.basket.lines[1].quantity.startswith("2")
    shop.click(shop.sale.pay)
    shop.click(shop.panel(views.Payment).quick[1])
    shop.settled()
    assert isinstance(shop.view.middle, views.Paid)
    shop.click(shop.panel(views.Paid).next)
    assert isinstance(shop.view.middle, views.Favourites)
    assert shop.desk.reader.last_sale() is not None


def test_a_whole_sale_by_keyboard(shop: Shop) -> None:
    shop.press(KEY.Key_F2)
    shop.type("latt")
    shop.press(KEY.Key_Return)
    assert [line.name for line in shop.view.basket.lines] == ["Latte to go"]
    assert shop.sale.search.text() == ""
    shop.press(KEY.Key_F12)
    shop.type("20")
    assert shop.view.total.payable
    shop.press(KEY.Key_Return)
    shop.settled()
    assert isinstance(shop.view.middle, views.Paid)
    assert shop.view.middle.change == "8.00\xa0zł"
    shop.press(KEY.Key_Escape)
    assert isinstance(shop.view.middle, views.Favourites)


def test_the_pay_key_takes_what_was_typed(shop: Shop) -> None:
    shop.presenter.scan(LATTE)
    shop.press(KEY.Key_F12)
    assert not shop.sale.pay.isEnabled()
    for key in "15":
        shop.click(shop.panel(views.Payment).keypad.buttons[key])
    shop.press(KEY.Key_F12)
    shop.settled()
    assert isinstance(shop.view.middle, views.Paid)


def test_keys_below_the_basket(shop: Shop) -> None:
    shop.presenter.scan(LATTE)
    shop.presenter.scan(COFFEE)
    shop.press(KEY.Key_Delete)
    assert len(shop.view.basket.lines) == 1
    shop.press(KEY.Key_F6)
    assert len(shop.view.basket.lines) == 2
    shop.press(KEY.Key_F8)
    assert isinstance(shop.view.middle, views.Rows), "the sale to refund is looked for"
    assert len(shop.view.basket.lines) == 2


def test_tapping_a_line_selects_it(shop: Shop) -> None:
    for code in (LATTE, COFFEE):
        shop.presenter.scan(code)
    shop.click(shop.sale.basket.lines.viewport(), QPoint(100, 20))
    assert shop.view.basket.selected == shop.view.basket.lines[0].key
    shop.click(shop.sale.basket_actions.quantity)
    assert isinstance(shop.view.middle, views.Quantity)
    shop.type("7")
    shop.press(KEY.Key_Return)
    assert shop.view.basket.lines[0].quantity.startswith("7")


def test_arrows_choose_among_what_was_found(shop: Shop) -> None:
    shop.press(KEY.Key_F2)
    shop.type("c")
    assert isinstance(shop.view.middle, views.Results)
    rows = shop.view.middle.rows
    assert len(rows) > 2
    shop.press(KEY.Key_Down)
    shop.press(KEY.Key_Down)
    shop.press(KEY.Key_Up)
    shop.press(KEY.Key_Return)
    assert shop.view.basket.lines[0].name == rows[1].title


def test_the_member_by_phone_and_off_again(shop: Shop) -> None:
    shop.press(KEY.Key_F2)
    shop.type("600100200")
    shop.press(KEY.Key_Return)
    assert shop.view.member is not None
    shop.click(shop.sale.member.cards.card.detach)
    assert shop.view.member is None


def test_enrolling_by_keyboard(shop: Shop) -> None:
    shop.presenter.scan(LATTE)
    shop.press(KEY.Key_F4)
    shop.type("+48601200300")
    shop.press(KEY.Key_Return)
    shop.type("Ewa")
    shop.press(KEY.Key_Return)
    shop.settled()
    assert shop.view.member is not None
    assert shop.view.member.name == "Ewa"


def test_points_and_offers_by_touch(shop: Shop) -> None:
    shop.presenter.scan(LATTE)
    shop.presenter.scan(COFFEE)
    shop.tap()
    shop.bot.waitUntil(lambda: len(shop.sale.member.cards.offers) > 0)  # they come after the price
    shop.click(shop.sale.member.cards.offers[0].button)
    assert shop.view.basket.lines[-1].name == "Croissant"
    shop.click(shop.sale.member.cards.spend.button)
    assert shop.view.member is not None
    assert shop.view.member.spend is not None
    assert shop.view.member.spend.chosen


def test_a_scan_during_the_write_is_the_next_customers(shop: Shop) -> None:
    shop.presenter.scan(LATTE)
    shop.click(shop.sale.pay)
    shop.presenter.give(20_00)
    assert shop.till.busy, "the database's lane has not answered yet"
    shop.presenter.scan(COFFEE)
    shop.settled()
    shop.bot.waitUntil(lambda: len(shop.view.basket.lines) == 1)
    assert shop.view.basket.lines[0].name == "Coffee beans 250 g"
    assert shop.desk.reader.last_sale() is not None


def test_the_card_terminal_is_asked_about(shop: Shop) -> None:
    shop.presenter.scan(LATTE)
    shop.click(shop.sale.pay)
    shop.press(KEY.Key_F9)
    shop.settled()
    assert isinstance(shop.view.middle, views.Ask)
    shop.press(KEY.Key_Escape)
    assert isinstance(shop.view.middle, views.Ask)
    shop.click(shop.panel(views.Ask).no)
    shop.settled()
    assert isinstance(shop.view.middle, views.Payment)


def test_the_day_opens_and_a_scan_closes_it(shop: Shop) -> None:
    shop.press(KEY.Key_F3)
    assert shop.window.corner.current == "day"
    assert not shop.sale.isVisible()
    shop.presenter.scan(LATTE)
    assert shop.sale.isVisible()
    assert len(shop.view.basket.lines) == 1


def test_escape_leaves_the_day(shop: Shop) -> None:
    shop.click(shop.sale.state_line.day)
    assert not shop.sale.isVisible()
    shop.press(KEY.Key_Escape)
    assert shop.sale.isVisible()


def test_language_and_theme_while_running(shop: Shop) -> None:
    shop.presenter.scan(COFFEE)
    spoken: list[str] = []
    shop.window.language_changed.connect(spoken.append)
    shop.click(shop.sale.state_line.language)
    assert (spoken, shop.sale.pay.text(), shop.view.basket.lines[0].name) == (
        ["ru"],
        "Оплата",
        "Кофе в зёрнах 250 г",
    )
    shop.press(KEY.Key_F10)
    assert shop.sale.pay.text() == "Zapłać"
    before = shop.window.grab().toImage().pixelColor(5, 60).name()
    shop.press(KEY.Key_F11)
    after = shop.window.grab().toImage().pixelColor(5, 60).name()
    assert (before, after) == ("#f4f3ef", "#131418")
    shop.window.switch_language("en")


def test_narrow_windows_open_the_middle_when_it_is_wanted(shop: Shop) -> None:
    shop.window.resize(1024, 768)
    assert shop.sale.middle.isVisible(), "an empty basket leaves room for the favourites"
    shop.presenter.scan(LATTE)
    assert not shop.sale.middle.isVisible()
    shop.click(shop.sale.toggle)
    assert shop.sale.middle.isVisible()
    shop.click(shop.sale.favourites.tiles[0])
    assert len(shop.view.basket.lines) == 2
    pay = shop.sale.pay.geometry()
    shop.press(KEY.Key_F12)
    assert shop.panel(views.Payment).isVisible()
    assert not shop.sale.search.isVisible()
    assert shop.sale.pay.geometry() == pay


def test_chips_tell_what_to_do(shop: Shop) -> None:
    shop.presenter.network(False, 2)
    shop.click(shop.sale.state_line.chips[views.ChipKind.NETWORK])
    assert "sent by itself" in shop.view.notice.text


def test_the_window_closes_its_bridge(shop: Shop) -> None:
    closed: list[bool] = []
    shop.window.closed.connect(lambda: closed.append(True))
    shop.window.close()
    shop.bridge.post(lambda: closed.append(False))
    QApplication.processEvents()
    assert closed == [True]


def test_what_has_time_waits_while_a_code_comes_in(shop: Shop) -> None:
    coming = True
    shop.window.coming = lambda: coming
    before = shop.till.decision
    shop.presenter.scan(LATTE)
    assert shop.till.decision is not before
    shop.bot.wait(60)
    assert not shop.till.is_explained
    coming = False
    shop.bot.waitUntil(lambda: shop.till.is_explained)


def test_two_hundred_lines_stay_in_sight(shop: Shop) -> None:
    basket = shop.sale.basket
    lines = tuple(views.Line(str(n), f"Line {n}", "1\xa0×\xa01.00", "1.00") for n in range(200))
    basket.set(views.Basket(lines, selected="199", near_miss=views.NearMiss("almost", "Fresh for less")))
    QApplication.processEvents()
    bar = basket.lines.verticalScrollBar()
    assert bar.value() == bar.maximum()
    assert basket.near_miss.isVisible()
    assert basket.near_miss.geometry().bottom() < basket.height()


class Paints(QObject):
    """How often each of some widgets is painted, and how many dots of it."""

    def __init__(self, *widgets: QWidget) -> None:
        super().__init__()
        self.dots: dict[QWidget, list[int]] = {widget: [] for widget in widgets}
        for widget in widgets:
            widget.installEventFilter(self)

    def eventFilter(self, target: QObject, event: QEvent) -> bool:
        if isinstance(event, QPaintEvent) and isinstance(target, QWidget):
            self.dots[target].append(event.rect().width() * event.rect().height())
        return False


def test_a_scan_after_a_sale_paints_each_thing_once(shop: Shop) -> None:
    shop.presenter.scan(COFFEE)
    shop.presenter.pay()
    shop.presenter.give(50_00)
    shop.settled()
    tile, theme, sale = shop.sale.favourites.tiles[0], shop.sale.state_line.theme, shop.sale
    shop.bot.wait(50)
    paints = Paints(tile, theme, sale)
    shop.presenter.scan(LATTE)
    shop.window.paint_now()
    assert len(paints.dots[tile]) == 1, "at once, and not again when the event loop runs"
    shop.bot.wait(50)
    assert len(paints.dots[tile]) == 1
    assert paints.dots[theme] == [], "what the scan does not change"
    assert max(paints.dots[sale]) < sale.width() * sale.height()


def test_the_keyboard_goes_to_the_screen_without_a_paint(shop: Shop) -> None:
    shop.bot.waitUntil(lambda: shop.sale.search.hasFocus())
    shop.bot.wait(50)
    paints = Paints(shop.sale.state_line.theme)
    shop.sale.setFocus()
    shop.bot.wait(50)
    assert shop.sale.hasFocus()
    shop.sale.search.setFocus()
    shop.bot.wait(50)
    assert list(paints.dots.values()) == [[]]


def test_the_window_imports_nothing_heavy() -> None:
    """First paint before heavy imports: nothing of the store, the network or the devices' drivers."""
    code = (
        "import sys; import app.ui.window; "
        "heavy = {'httpx', 'escpos', 'smartcard', 'alembic', 'sqlalchemy', 'babel', 'yaml', 'serial', 'PIL',"
        " 'PySide6.QtSvg', 'PySide6.QtNetwork', 'app.store', 'app.checkout.till', 'app.loyalty'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_first_frame_is_an_outline_and_the_screen_follows(qtbot: QtBot, look: Look) -> None:
    window = MainWindow(look=look)
    qtbot.addWidget(window)
    made: list[bool] = []
    window.painted.connect(lambda: made.append("sale" in window.__dict__))
    window.show()
    qtbot.waitUntil(lambda: "sale" in window.__dict__)
    assert made == [False], "the frame is out before the screen is made"
    assert window.sale.isVisible()
    assert window.sale.size() == window.size()
    assert not window.sale.pay.isEnabled(), "there is nothing to sell yet"
    window.close()
