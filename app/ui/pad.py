"""A figure by keypad with a choice beside it: prices, PINs, counts, sums with their reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QVBoxLayout

from app.screens import views
from app.ui import scale as lk
from app.ui.controls import RIGHT, Label
from app.ui.foot import Choices, Foot, Strip
from app.ui.keypad import Keypad
from app.ui.look import Look
from app.ui.panel import PanelCard

if TYPE_CHECKING:
    from app.screens.sale import SalePresenter


_LOW_PX = 600


class PadPanel(PanelCard):
    """Title and question above, the figure large, the keypad, then what to do with it."""

    types = True

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._title = Label(look, lk.HEADING, lk.SEMIBOLD, wrap=True)
        self._detail = Label(look, lk.BODY, token="secondary", wrap=True)
        # Where fingers need larger keys, the figure gives them the room.
        size = lk.BALANCE if look.touch > lk.LARGE_TOUCH_PX else lk.TOTAL
        self._figure = Label(look, size, lk.BOLD, align=RIGHT)
        self._unit = Label(look, lk.HEADING, token="secondary")
        self._problem = Label(look, lk.BODY, token="caution", wrap=True)
        self.choices = Choices(look)
        self._strip = Strip(self.choices)
        self.keypad = Keypad(look)
        self.foot = Foot(look)
        words = QVBoxLayout()
        words.setSpacing(lk.S)
        for part in (self._title, self._detail, self._strip, self._problem):
            words.addWidget(part)
        words.addStretch(1)
        figure = QHBoxLayout()
        figure.setSpacing(lk.S)
        figure.addWidget(self._figure, 1)
        figure.addWidget(self._unit)
        words.addLayout(figure)
        keys = QVBoxLayout()
        keys.setSpacing(lk.S)
        keys.addWidget(self.keypad, 1)
        keys.addWidget(self.foot)
        self._box = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._box.setContentsMargins(lk.L, lk.M, lk.L, lk.L)
        self._box.setSpacing(lk.S)
        self._box.addLayout(words, 1)
        self._box.addLayout(keys, 1)

    def serve(self, presenter: SalePresenter) -> None:
        self.keypad.pressed.connect(presenter.key)
        self.choices.chosen.connect(presenter.pick)
        self.foot.pressed.connect(presenter.press)

    def resizeEvent(self, event: QResizeEvent) -> None:
        # Words beside the keys where the panel is broad and low.
        direction = QBoxLayout.Direction
        broad = self.width() > self.height() * 5 // 4
        self._box.setDirection(direction.LeftToRight if broad else direction.TopToBottom)
        self._box.setSpacing(lk.XL if broad else lk.S)
        super().resizeEvent(event)

    def retranslate(self) -> None:
        self.keypad.retranslate()

    def set(self, state: views.Pad) -> None:
        self._title.set(state.title)
        self._detail.set(state.detail)
        self._problem.set(state.problem)
        self.choices.set(state.choices)
        self._strip.setVisible(bool(state.choices))
        self._strip.updateGeometry()
        self._figure.set(state.figure or "–")
        self._unit.set(state.unit)
        self.keypad.set_decimal(state.decimal)
        self.foot.set(state.presses)
        # On a dense, low screen the keys come first; the message line says what the detail would.
        tight = self._look.touch > lk.LARGE_TOUCH_PX and self.height() < _LOW_PX and bool(state.choices)
        self._detail.setVisible(bool(state.detail) and not tight)
