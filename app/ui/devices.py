"""The devices page: a card for each, with its state in words and a button to try it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QPaintEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from app.screens.device_page import DeviceRow, DevicesView
from app.screens.views import Tone
from app.ui import scale as lk
from app.ui.controls import Button, Card, Icon, Kind, Label, ThinBar
from app.ui.look import Look
from app.ui.panel import PanelCard

if TYPE_CHECKING:
    from app.screens.corner.presenter import CornerPresenter

_LOOK_MS = 1000
_WIDE_PX = 1080
_SIGNS = {Tone.WELL: "● ", Tone.CAUTION: "▲ ", Tone.ERROR: "▲ ", Tone.QUIET: ""}
_INKS = {Tone.WELL: "gain", Tone.CAUTION: "caution", Tone.ERROR: "error", Tone.QUIET: "secondary"}
"""A state is a word and a sign; its colour says the same once more."""


class DeviceCard(Card):
    """One device."""

    pressed = Signal(str)

    def __init__(self, look: Look, row: DeviceRow) -> None:
        super().__init__(look)
        self.key = row.key
        self._name = Label(look, lk.HEADING, lk.SEMIBOLD)
        self._state = Label(look, lk.BODY, lk.SEMIBOLD)
        self._detail = Label(look, lk.SMALL, token="secondary", wrap=True)
        self._todo = Label(look, lk.BODY, token="caution", wrap=True)
        self._result = Label(look, lk.BODY, lk.MEDIUM, "accent", wrap=True)
        self.button = Button(look, Kind.OUTLINE, height_px=48)
        self.button.clicked.connect(lambda: self.pressed.emit(self.key))
        words = QVBoxLayout()
        words.setSpacing(lk.XS)
        for label in (self._name, self._state, self._detail, self._todo, self._result):
            words.addWidget(label)
        words.addStretch(1)
        head = QHBoxLayout()
        head.setSpacing(lk.L)
        head.addWidget(Icon(look, row.icon, 28, "accent"), 0, Qt.AlignmentFlag.AlignTop)
        head.addLayout(words, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(lk.L, lk.L, lk.L, lk.L)
        column.setSpacing(lk.S)
        column.addLayout(head, 1)
        column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignRight)

    def set(self, row: DeviceRow) -> None:
        self._name.set(row.name)
        self._state.set(_SIGNS[row.tone] + row.state, _INKS[row.tone])
        self._detail.set(row.detail)
        self._todo.set(row.todo)
        self._result.set(row.result)
        self.button.setVisible(bool(row.press))
        self.button.setEnabled(not row.busy)
        self.button.set_words(row.press, f"{row.name}: {row.press}")


class DevicesPanel(PanelCard):
    """Paints a `DevicesView`; looks again once a second while it is open."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._presenter: CornerPresenter | None = None
        self._title = Label(look, lk.BALANCE, lk.BOLD)
        self._detail = Label(look, lk.BODY, token="secondary")
        self.cards: list[DeviceCard] = []
        self._inside = QWidget()
        self._inside.setAutoFillBackground(False)
        self._grid = QGridLayout(self._inside)
        self._grid.setContentsMargins(0, 0, lk.S, 0)
        self._grid.setSpacing(lk.M)
        self._area = QScrollArea()
        self._area.setVerticalScrollBar(ThinBar(look))
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.viewport().setAutoFillBackground(False)
        self._area.setWidget(self._inside)
        self._inside.setAutoFillBackground(False)
        head = QHBoxLayout()
        head.setSpacing(lk.M)
        head.addWidget(self._title)
        head.addWidget(self._detail, 1, Qt.AlignmentFlag.AlignVCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(lk.L)
        column.addLayout(head)
        column.addWidget(self._area, 1)
        self._clock = QTimer(self)
        self._clock.setInterval(_LOOK_MS)
        self._clock.timeout.connect(self._look_again)

    def serve(self, presenter: CornerPresenter) -> None:
        self._presenter = presenter

    def _look_again(self) -> None:
        if self._presenter is not None and self._presenter.devices is not None:
            self._presenter.devices.show()

    def _press(self, key: str) -> None:
        if self._presenter is not None:
            self._presenter.press(key)

    def set(self, state: DevicesView) -> None:
        view = state
        self._title.set(view.title)
        self._detail.set(view.detail)
        if [card.key for card in self.cards] != [row.key for row in view.rows]:
            self._build(view)
        for card, row in zip(self.cards, view.rows, strict=True):
            card.set(row)

    def _build(self, view: DevicesView) -> None:
        for card in self.cards:
            card.deleteLater()
        self.cards = [DeviceCard(self._look, row) for row in view.rows]
        for card in self.cards:
            card.pressed.connect(self._press)
        self._place()

    def _place(self) -> None:
        columns = 3 if self.width() >= _WIDE_PX else 2
        for column in range(3):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)
        for place, card in enumerate(self.cards):
            self._grid.addWidget(card, place // columns, place % columns)
            card.show()
        self._grid.setRowStretch(len(self.cards), 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._clock.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._clock.stop()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The paper below shows."""
