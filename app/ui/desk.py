"""The simulated desk beside the till: cards to tap, codes to scan, the paper, the drawer, the printer.

For `stempel demo` alone. It only does what hands do; what follows is the till's own work.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent, QGuiApplication, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

import resources
from app.ui import scale as lk
from app.ui.bridge import Bridge
from app.ui.controls import Button, Card, Field, Kind, Label, ThinBar
from app.ui.desk_side import Beside, DeskSide
from app.ui.look import Look
from hardware.ports import PrinterState

if TYPE_CHECKING:
    from app.ui.window import MainWindow

WIDTH_PX: Final = 420
_COLUMNS: Final = 2
NEW_CARD: Final = "04D1B2C3D4E5F6"
"""A card that is nobody's yet."""


class DeskCard(NamedTuple):
    name: str
    uid: str


class Reader(Protocol):
    def tap(self, uid: str) -> None: ...
    def fail(self, code: str) -> None: ...
    def remove(self) -> None: ...


class Scanner(Protocol):
    def fire(self, text: str) -> None: ...


class Paper(Protocol):
    @property
    def drawer_opened(self) -> int: ...
    def png(self) -> bytes: ...
    def set_state(self, state: PrinterState) -> None: ...


class Desk(Protocol):
    """The simulated devices; `on_paper` is called on the printing lane."""

    on_paper: Callable[[bytes], None]

    @property
    def reader(self) -> Reader: ...
    @property
    def scanner(self) -> Scanner: ...
    @property
    def paper(self) -> Paper: ...
    @property
    def beside(self) -> Beside | None:
        """Display, scale and terminal, if the desk has them."""
        ...


def demo_cards() -> list[DeskCard]:
    """The demo members' cards, by the name on them."""
    with resources.path("demo", "members.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [DeskCard(row["name"], row["cards"].split()[0].removeprefix("uid:")) for row in rows]


class DeskWindow(QWidget):
    """Closing it alone leaves the till as it is; the till's window closes it too."""

    def __init__(
        self,
        look: Look,
        desk: Desk,
        goods: Sequence[tuple[str, str]],
        bridge: Bridge,
        cards: Sequence[DeskCard] | None = None,
    ) -> None:
        super().__init__()
        self._look, self._desk = look, desk
        self.paper = PaperView(look)
        self.cards = self._card_buttons(demo_cards() if cards is None else cards)
        self.away = Button(look, Kind.QUIET, height_px=lk.SMALL_BUTTON_PX)
        self.goods = [self._good(name, code) for name, code in goods]
        self.code = Field(look, icon_name="scan-barcode", height_px=lk.SMALL_BUTTON_PX)
        self.fire = Button(look, height_px=lk.SMALL_BUTTON_PX)
        self.drawer = Label(look, lk.BODY, lk.MEDIUM)
        self.power = Button(look, Kind.QUIET, height_px=lk.SMALL_BUTTON_PX)
        self._titles = [Label(look, lk.SMALL, lk.SEMIBOLD, "secondary") for _ in range(3)]
        self._off = False
        self.side = DeskSide(look, desk.beside, bridge) if desk.beside is not None else None
        self._lay_out()
        self.away.clicked.connect(lambda: desk.reader.remove())
        self.fire.clicked.connect(self._fire)
        self.code.returnPressed.connect(self._fire)
        self.power.clicked.connect(self._switch_printer)
        desk.on_paper = lambda job: bridge.post(self._show_paper)
        look.changed.connect(self.update)
        self.retranslate()
        self._show_drawer()

    @classmethod
    def beside(
        cls, window: MainWindow, desk: Desk, goods: Sequence[tuple[str, str]], bridge: Bridge
    ) -> DeskWindow:
        """The desk at the right of the till's window, which makes room for it as far as it can."""
        made = cls(window.look, desk, goods, bridge)
        screen = QGuiApplication.primaryScreen().availableGeometry()
        if window.frameGeometry().right() + WIDTH_PX > screen.right():
            window.resize(max(window.minimumWidth(), screen.width() - WIDTH_PX), window.height())
            window.move(screen.topLeft())
        frame = window.frameGeometry()
        left = min(frame.right() + 1, screen.right() - WIDTH_PX)
        made.setGeometry(left, max(frame.top(), screen.top()), WIDTH_PX, min(frame.height(), screen.height()))
        window.closed.connect(made.close)
        window.language_changed.connect(made.retranslate)
        made.show()
        return made

    def _card_buttons(self, cards: Sequence[DeskCard]) -> list[Button]:
        made: list[Button] = []
        for name, uid in (*cards, DeskCard("", NEW_CARD)):
            button = Button(self._look, Kind.OUTLINE, icon_name="nfc", height_px=lk.SMALL_BUTTON_PX)
            button.set_words(name)
            button.clicked.connect(lambda _=False, uid=uid: self._desk.reader.tap(uid))
            made.append(button)
        return made

    def _good(self, name: str, code: str) -> Button:
        button = Button(self._look, height_px=lk.SMALL_BUTTON_PX, size_px=lk.SMALL)
        button.set_words(name, f"{name} {code}")
        button.clicked.connect(lambda: self._desk.scanner.fire(code))
        return button

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(lk.M, lk.M, lk.M, lk.M)
        column.setSpacing(lk.S)
        column.addWidget(self._titles[0])
        column.addLayout(_grid([*self.cards, self.away]))
        column.addWidget(self._titles[1])
        goods = QWidget()
        goods.setLayout(_grid(self.goods))
        area = _area(self._look, goods)
        area.setFixedHeight(208 if self.side is None else 104)
        column.addWidget(area)
        typed = QHBoxLayout()
        typed.addWidget(self.code, 1)
        typed.addWidget(self.fire)
        column.addLayout(typed)
        if self.side is not None:
            column.addWidget(self.side)
        foot = QHBoxLayout()
        foot.addWidget(self._titles[2])
        foot.addStretch(1)
        foot.addWidget(self.drawer)
        foot.addWidget(self.power)
        column.addLayout(foot)
        column.addWidget(self.paper, 1)

    def retranslate(self) -> None:
        self.setWindowTitle(self.tr("Simulated desk"))
        for title, word in zip(
            self._titles, (self.tr("Cards to tap"), self.tr("Codes to scan"), self.tr("Paper")), strict=True
        ):
            title.set(word)
        self.cards[-1].set_words(self.tr("New card"))
        self.away.set_words(self.tr("Take it away"))
        self.code.setPlaceholderText(self.tr("Any code"))
        self.code.setAccessibleName(self.tr("Any code"))
        self.fire.set_words(self.tr("Scan"))
        self.power.set_words(self.tr("Printer on") if self._off else self.tr("Printer off"))
        self.paper.retranslate()
        if self.side is not None:
            self.side.retranslate()
        self._show_drawer()

    def _fire(self) -> None:
        if self.code.text().strip():
            self._desk.scanner.fire(self.code.text().strip())
            self.code.clear()

    def _switch_printer(self) -> None:
        self._off = not self._off
        self._desk.paper.set_state(
            PrinterState(online=not self._off, code="unreachable" if self._off else "")
        )
        self.retranslate()

    def _show_paper(self) -> None:
        self.paper.set(self._desk.paper.png())
        self._show_drawer()

    def _show_drawer(self) -> None:
        opened = self._desk.paper.drawer_opened
        word = self.tr("Drawer opened") if opened else self.tr("Drawer is shut")
        self.drawer.set(f"{word} ×{opened}" if opened else word)

    def paintEvent(self, _event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), self._look["paper"])

    def closeEvent(self, event: QCloseEvent) -> None:
        self._desk.on_paper = lambda job: None
        if self.side is not None:
            self.side.let_go()
        super().closeEvent(event)


class PaperView(Card):
    """The newest receipt as it left the printer, scrolled from its top."""

    def __init__(self, look: Look) -> None:
        super().__init__(look, "pressed")
        self._picture = QLabel()
        self._picture.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self._nothing = Label(
            look, lk.BODY, token="secondary", wrap=True, align=Qt.AlignmentFlag.AlignHCenter
        )
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(lk.S, lk.S, lk.S, lk.S)
        column.addWidget(self._nothing)
        column.addWidget(self._picture)
        column.addStretch(1)
        self._area = _area(look, inside)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(1, 1, 1, 1)
        outer.addWidget(self._area)
        self._picture.hide()

    def retranslate(self) -> None:
        self._nothing.set(self.tr("Nothing printed yet"))
        self._nothing.setVisible(self._picture.isHidden())
        self._picture.setAccessibleName(self.tr("Receipt"))

    def set(self, png: bytes) -> None:
        """Show a PNG, no wider than there is room."""
        pixmap = QPixmap()
        if not pixmap.loadFromData(png):
            return
        room = self.width() - 4 * lk.S
        ratio = self.devicePixelRatioF()
        smooth = Qt.TransformationMode.SmoothTransformation
        pixmap = pixmap.scaledToWidth(round(room * ratio), smooth)
        pixmap.setDevicePixelRatio(ratio)
        self._picture.setPixmap(pixmap)
        self._picture.show()
        self._nothing.hide()
        self._area.verticalScrollBar().setValue(0)


def _grid(buttons: Sequence[Button]) -> QGridLayout:
    grid = QGridLayout()
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setSpacing(lk.S)
    for place, button in enumerate(buttons):
        grid.addWidget(button, place // _COLUMNS, place % _COLUMNS)
    return grid


def _area(look: Look, inside: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setVerticalScrollBar(ThinBar(look))
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.viewport().setAutoFillBackground(False)
    area.setWidget(inside)
    inside.setAutoFillBackground(False)
    return area
