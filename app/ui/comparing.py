"""Two that may be one, beside each other, before anything is done to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from app.screens import views
from app.screens.forms import Side
from app.ui import scale as lk
from app.ui.controls import Card, Label
from app.ui.foot import Foot
from app.ui.look import Look
from app.ui.panel import PanelCard

if TYPE_CHECKING:
    from app.screens.sale import SalePresenter


class SideCard(Card):
    """One of the two: what becomes of it, its name, and its rows, in the same order as the other's."""

    def __init__(self, look: Look) -> None:
        super().__init__(look, "raised")
        self._look = look
        self._fate = Label(look, lk.SMALL, lk.SEMIBOLD, "accent", wrap=True)
        self._name = Label(look, lk.NAME, lk.SEMIBOLD, wrap=True)
        self._rows: list[tuple[Label, Label]] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(lk.M, lk.M, lk.M, lk.M)
        self._column.setSpacing(0)
        self._column.addWidget(self._fate)
        self._column.addWidget(self._name)
        # Names of one line or two: the rows stand at the foot, beside each other's.
        self._column.addStretch(1)

    def set(self, state: Side) -> None:
        self._fate.set(state.fate)
        self._name.set(state.name)
        while len(self._rows) < len(state.rows):
            word = Label(self._look, lk.SMALL, token="secondary", wrap=True)
            figure = Label(self._look, lk.BODY, lk.MEDIUM, wrap=True)
            word.setContentsMargins(0, lk.S, 0, 0)
            for label in (word, figure):
                self._column.addWidget(label)
            self._rows.append((word, figure))
        for place, (word, figure) in enumerate(self._rows):
            there = place < len(state.rows)
            word.set(state.rows[place].title if there else "")
            figure.set(state.rows[place].figure if there else "")


class ComparePanel(PanelCard):
    """Both sides, what would happen, and the two answers."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._title = Label(look, lk.HEADING, lk.SEMIBOLD, wrap=True)
        self._detail = Label(look, lk.BODY, token="secondary", wrap=True)
        self._problem = Label(look, lk.BODY, token="caution", wrap=True)
        self.sides = (SideCard(look), SideCard(look))
        self.foot = Foot(look)
        both = QHBoxLayout()
        both.setSpacing(lk.S)
        for side in self.sides:
            both.addWidget(side, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(lk.L, lk.M, lk.L, lk.L)
        column.setSpacing(lk.S)
        column.addWidget(self._title)
        column.addLayout(both)
        column.addWidget(self._detail)
        column.addWidget(self._problem)
        column.addStretch(1)
        column.addWidget(self.foot)

    def serve(self, presenter: SalePresenter) -> None:
        self.foot.pressed.connect(presenter.press)

    def set(self, state: views.Compare) -> None:
        self._title.set(state.title)
        self._detail.set(state.detail)
        self._problem.set(state.problem)
        for card, side in zip(self.sides, state.sides, strict=True):
            card.set(side)
        self.foot.set(state.presses)
