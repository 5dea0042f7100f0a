"""A question with two answers; a quantity by keypad."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from app.screens import views
from app.screens.forms import YES
from app.ui import scale as lk
from app.ui.controls import CENTRE, RIGHT, Button, Icon, Kind, Label
from app.ui.keypad import Keypad
from app.ui.look import Look
from app.ui.panel import PanelCard

if TYPE_CHECKING:
    from app.screens.sale import SalePresenter


class AskPanel(PanelCard):
    """Was the card charged, is the receipt on paper, is the customer old enough?"""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._question = Label(look, lk.NAME, lk.SEMIBOLD, align=CENTRE, wrap=True)
        self._figure = Label(look, lk.TOTAL, lk.BOLD, align=CENTRE)
        self._detail = Label(look, lk.BODY, token="secondary", align=CENTRE, wrap=True)
        self.yes = Button(look, Kind.PAY, weight=lk.SEMIBOLD, size_px=lk.HEADING)
        self.no = Button(look, weight=lk.SEMIBOLD, size_px=lk.HEADING)
        column = QVBoxLayout(self)
        column.setContentsMargins(lk.XL, lk.XL, lk.XL, lk.XL)
        column.setSpacing(lk.M)
        column.addStretch(1)
        column.addWidget(Icon(look, "info", 40, "accent"), 0, CENTRE)
        for label in (self._question, self._figure, self._detail):
            column.addWidget(label)
        column.addStretch(1)
        column.addWidget(self.yes)
        column.addWidget(self.no)

    def serve(self, presenter: SalePresenter) -> None:
        self.yes.clicked.connect(lambda: presenter.answer(True))
        self.no.clicked.connect(lambda: presenter.answer(False))

    def set(self, state: views.Ask) -> None:
        self._question.set(state.question)
        self._figure.set(state.figure)
        self._figure.setVisible(bool(state.figure))
        self._detail.set(state.detail)
        self.yes.set_words(state.yes)
        self.no.set_words(state.no)
        self.yes.setVisible(bool(state.yes))
        self.no.setVisible(bool(state.no))
        self.yes.setEnabled(not state.busy)
        self.no.setEnabled(not state.busy)


class QuantityPanel(PanelCard):
    """A line's quantity by keypad: how many, or how much the scale shows."""

    types = True

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._name = Label(look, lk.HEADING, lk.SEMIBOLD, wrap=True)
        self._price = Label(look, lk.BODY, token="secondary")
        self._entry = Label(look, lk.TOTAL, lk.BOLD, align=RIGHT)
        self._unit = Label(look, lk.HEADING, token="secondary")
        self._hint = Label(look, lk.BODY, lk.MEDIUM, wrap=True)
        self.keypad = Keypad(look)
        self.back = Button(look, key="Esc", icon_name="arrow-left")
        self.take = Button(look, Kind.ACCENT, key="Enter", weight=lk.SEMIBOLD)
        column = QVBoxLayout(self)
        column.setContentsMargins(lk.L, lk.L, lk.L, lk.L)
        column.setSpacing(lk.S)
        column.addWidget(self._name)
        column.addWidget(self._price)
        figure = QHBoxLayout()
        figure.setSpacing(lk.S)
        figure.addWidget(self._entry, 1)
        figure.addWidget(self._unit)
        column.addLayout(figure)
        column.addWidget(self._hint)
        column.addWidget(self.keypad, 1)
        foot = QHBoxLayout()
        foot.setSpacing(lk.S)
        foot.addWidget(self.back, 1)
        foot.addWidget(self.take, 2)
        column.addLayout(foot)

    def serve(self, presenter: SalePresenter) -> None:
        self.keypad.pressed.connect(presenter.key)
        self.take.clicked.connect(lambda: presenter.press(YES))
        self.back.clicked.connect(presenter.leave)

    def retranslate(self) -> None:
        self.back.set_words(self.tr("Back"))
        self.take.set_words(self.tr("Set quantity"))
        self.keypad.retranslate()

    def set(self, state: views.Quantity) -> None:
        self._name.set(state.name)
        self._price.set(state.price)
        # A weight that still swings is shown, and looks as if it could not be taken: it cannot.
        swings = bool(state.weighed) and not state.entry and not state.still
        self._entry.set(state.entry or state.weighed or "–", "secondary" if swings else "ink")
        self._hint.set("" if state.entry else state.hint, "gain" if state.still else "caution")
        self._unit.set(state.unit)
        self.take.setEnabled(state.ready)
