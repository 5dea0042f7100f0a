"""A whole till at the counter, in this process: the real composition root, offscreen, driven by real events.

Hands press keys and touch widgets; cards and codes come from the simulated reader and scanner, by their own
lanes. The printer may be off and the server away; `kill` drops the till as it stands and starts another on
what it left.
"""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from app.checkout.pin import hash_pin
from app.checkout.rights import Role, Staff
from app.checkout.shop import Consent, Department
from app.config import Config, FiscalSection, ServerSection
from app.demo import SimulatedDesk, prepare
from app.ledger.facts import AnyFact, SaleCompleted, decode
from app.main import Windowed
from app.rig import Devices
from app.screens import views
from hardware.ports import PrinterState
from hardware.simulated.fiscal import SimulatedFiscal

LATTE, COFFEE, MILK, APPLES, YOGHURT = (
    "5901234000062", "5901234000161", "5901234000178", "5901234000185", "5901234000192",
)  # fmt: skip
GOLD, SILVER, NOBODY = "04A1B2C3D4E5F6", "04B1B2C3D4E5F6", "04D1B2C3D4E5F6"
KEY = Qt.Key
_WAIT_MS = 8_000


def stocked(folder: Path) -> Path:
    """A demo shop to copy: making one takes longer than copying it."""
    prepare(folder, lang="en")
    return folder


def nowhere() -> str:
    """An address where nobody answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def _refused(_window: QWidget, _title: str, said: str) -> None:
    raise AssertionError(f"the till did not open: {said}")


def richer(config: Config) -> Config:
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


class Counter:
    """One till, its window and its desk. Use as a context manager."""

    def __init__(
        self,
        bot: QtBot,
        shop: Path,
        folder: Path,
        *,
        server: ServerSection | None = None,
        printer_off: bool = False,
        cabled: bool = False,
        change: Callable[[Config], Config] = lambda config: config,
    ) -> None:
        self.bot, self.folder, self._server, self._change = bot, folder, server, change
        if server is None:
            shutil.copytree(shop, folder)
        # A copy would be the same till to a server: for one, the shop is made anew.
        self.printer_off, self.cabled = printer_off, cabled
        self.register: SimulatedFiscal | None = None
        self.papers: list[str] = []
        self.windowed: Windowed
        self.desk: SimulatedDesk
        self._open()

    def __enter__(self) -> Counter:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    # -- the till ----------------------------------------------------------------------------------------

    def _open(self) -> None:
        config = prepare(self.folder, lang="en")
        config = self._change(msgspec.structs.replace(config, server=self._server or config.server))
        self.desk = SimulatedDesk()
        # A dialogue would wait for hands that are not there.
        QMessageBox.critical = _refused  # type: ignore[method-assign]
        ready: list[bool] = []
        self.windowed = Windowed(self.folder, config, self._devices, on_ready=lambda _: ready.append(True))
        self.windowed.start()
        self.windowed.window.activateWindow()
        self.bot.waitUntil(lambda: bool(ready) and self._has_day(), timeout=_WAIT_MS)
        if self.printer_off:
            self.switch_printer(on=False)

    def _devices(self, config: Config) -> Devices:
        """The demo's desk; its terminal stands beside the till without a cable, unless one is wanted."""
        devices = self.desk.devices(config)
        side = devices.side if self.cabled else replace(devices.side, terminal=None)
        return replace(devices, side=replace(side, fiscal=self.register))

    def _has_day(self) -> bool:
        return self.windowed.rig is not None and (self.till.shift is not None or self.till.people.locked)

    def _close(self) -> None:
        self.papers += self.desk.paper.texts()
        self.windowed.stop()
        self.windowed.window.close()
        self.windowed.window.deleteLater()
        self.windowed.qt.removeEventFilter(self.windowed._wedge)

    def kill(self) -> None:
        """Whatever is not in the database is gone; the till starts again on the rest."""
        self._close()
        self._open()

    def get_register(self) -> SimulatedFiscal:
        """From now on the law wants a fiscal device, and there is one: the till starts again."""
        self.register = made = SimulatedFiscal()
        made.open_shift("Anna")
        change = self._change

        def lawful(config: Config) -> Config:
            fiscal = FiscalSection(mode="simulated", rules="ru")
            return msgspec.structs.replace(change(config), fiscal=fiscal)

        self._change = lawful
        self.kill()
        self.until(lambda: self.till.outside.fiscal is not None)
        return made

    @property
    def till(self) -> Any:
        assert self.windowed.rig is not None
        return self.windowed.rig.till

    @property
    def reader(self) -> Any:
        assert self.windowed.rig is not None
        return self.windowed.rig.reader

    @property
    def sale(self) -> Any:
        return self.windowed.window.sale

    @property
    def view(self) -> views.SaleView:
        return self.windowed.presenter.view

    @property
    def middle(self) -> Any:
        return self.view.middle

    @property
    def panel(self) -> Any:
        """The widget in the middle."""
        return self.sale.middle.current

    def facts(self) -> list[AnyFact]:
        return [decode(body) for _, body in self.reader.log()]

    def sales(self) -> list[SaleCompleted]:
        return [fact for fact in self.facts() if isinstance(fact, SaleCompleted)]

    def of_kind(self, kind: type) -> list[Any]:
        return [fact for fact in self.facts() if isinstance(fact, kind)]

    # -- hands -------------------------------------------------------------------------------------------

    def until(self, done: Callable[[], Any], timeout_ms: int = _WAIT_MS) -> None:
        self.bot.waitUntil(lambda: bool(done()), timeout=timeout_ms)

    def settled(self) -> None:
        """Wait until nothing is being written, and no PIN checked."""
        self.until(lambda: not (self.till.busy or self.till.people.checking))

    def click(self, widget: QWidget, at: QPoint | None = None) -> None:
        self.until(lambda: widget.isVisible() and widget.isEnabled())
        self.bot.mouseClick(widget, Qt.MouseButton.LeftButton, pos=at or widget.rect().center())
        self.settled()

    def press(self, key: Qt.Key, text: str = "") -> None:
        target = self.windowed.window.focusWidget() or self.windowed.window
        self.bot.keyClick(target, key)
        self.settled()

    def type(self, text: str) -> None:
        self.bot.keyClicks(self.windowed.window.focusWidget() or self.windowed.window, text)

    def enter(self, text: str = "") -> None:
        self.type(text)
        self.press(KEY.Key_Return)

    def button(self, key: str) -> None:
        """Touch a button at the foot of the panel."""
        self.click(self.panel.foot.button(key))

    def tool(self, key: str) -> None:
        """Open the menu and touch a tile."""
        self.press(KEY.Key_F5)
        self.click(self.panel.tool(key))

    def tile(self, key: str) -> None:
        self.click(self.panel.tool(key))

    def row(self, number: int = 0) -> None:
        """Touch a row of the panel's list."""
        shown = self.panel.list
        at = shown.visualRect(shown.model().index(number, 0))
        self.click(shown.viewport(), at.center())

    def choice(self, key: str) -> None:
        """Touch one of the panel's choices."""
        choices = self.panel.choices
        place = [choice.key for choice in self.middle.choices].index(key)
        self.click(choices.buttons[place])

    def reason(self, key: str) -> None:
        """Touch a reason."""
        self.row([row.key for row in self.middle.rows].index(key))

    def scan(self, *codes: str) -> None:
        for code in codes:
            before = self._seen()
            self.desk.scanner.fire(code)
            self.until(lambda before=before: self._seen() != before)
            self.settled()

    def _seen(self) -> tuple[object, ...]:
        """What a code changes: the basket, the panel, or what is said."""
        return id(self.till.sale), id(self.windowed.presenter.panel), self.view.notice

    def tap(self, uid: str = GOLD) -> None:
        before = self._seen(), self.view.middle
        self.desk.reader.tap(uid)
        self.until(lambda: (self._seen(), self.view.middle) != before)
        self.desk.reader.remove()
        self.settled()

    def member(self, uid: str = GOLD) -> None:
        """Tap a member's card, and see them."""
        self.desk.reader.tap(uid)
        self.until(lambda: self.view.member is not None)
        self.desk.reader.remove()

    def pay_cash(self, amount: str) -> None:
        before = len(self.sales())
        self.press(KEY.Key_F12)
        self.enter(amount)
        self.until(lambda: len(self.sales()) == before + 1)

    def switch_printer(self, *, on: bool) -> None:
        self.desk.paper.set_state(PrinterState(online=on, code="" if on else "unreachable"))

    # -- what must hold at the end -----------------------------------------------------------------------

    def printed(self) -> None:
        """Every receipt is on paper once the printer is on; nothing is on paper twice."""
        self.switch_printer(on=True)
        self.until(lambda: self.reader.count_jobs("waiting") == 0)

    def adds_up(self) -> None:
        """Every projection equals the fold of the facts."""
        self.settled()
        assert self.windowed.rig is not None
        database = self.windowed.rig.database
        assert database.call(lambda: database.writer.check()[1]) == []


SYNC_MS = 40_000
"""A till that has just enrolled first fetches everything."""


def synced(counter: Counter) -> None:
    """Wait until the server has every fact."""
    counter.until(lambda: counter.reader.unsynced()[0] == 0, SYNC_MS)


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
