"""Figures of a day: three large ones, the rest as rows."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QStyleOptionViewItem, QVBoxLayout

from app.screens import views
from app.ui import scale as lk
from app.ui.controls import RIGHT, Card, Label
from app.ui.look import Look, font
from app.ui.panel import PanelCard
from app.ui.rows import RowList, RowModel, RowPainter


class _Figure(Card):
    """One large figure with its name above and what it is made of below."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._name = Label(look, lk.BODY, token="secondary")
        self._value = Label(look, lk.BALANCE, lk.BOLD)
        self._detail = Label(look, lk.SMALL, token="secondary", wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(lk.L, lk.L, lk.L, lk.L)
        column.setSpacing(lk.XS)
        for label in (self._name, self._value, self._detail):
            column.addWidget(label)
        column.addStretch(1)

    def set(self, row: views.DayRow) -> None:
        self._name.set(row.name)
        self._value.set(row.figure)
        self._detail.set(row.detail)


class _Row(RowPainter):
    def paint_row(
        self, painter: QPainter, option: QStyleOptionViewItem, row: views.DayRow, number: int
    ) -> None:
        at: QRect = option.rect
        painter.fillRect(QRect(at.left() + 1, at.bottom(), at.width() - 2, 1), self.look["hairline"])
        inner = at.adjusted(lk.L, 0, -lk.L, 0)
        used = self.look.draw_text(painter, inner, row.figure, "ink", font(lk.BODY, lk.SEMIBOLD), RIGHT)
        left = inner.adjusted(0, 0, -used - lk.M, 0)
        self.look.draw_text(painter, left, row.name, "ink", font(lk.BODY))


class DayPanel(PanelCard):
    """Paints a `DayView`: cards of its own on the paper."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._title = Label(look, lk.BALANCE, lk.BOLD)
        self._as_of = Label(look, lk.BODY, token="secondary")
        self._figures = [_Figure(look) for _ in range(3)]
        self._problem = Label(look, lk.BODY, token="caution", wrap=True)
        self._model = RowModel(lambda row: f"{row.name}: {row.figure}")
        self.list = RowList(look, self._model, _Row(look))
        self.list.setSelectionMode(self.list.SelectionMode.NoSelection)
        self.list.pressable = False
        self._card = Card(look)
        inside = QVBoxLayout(self._card)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(self.list)
        head = QHBoxLayout()
        head.setSpacing(lk.M)
        head.addWidget(self._title)
        head.addWidget(self._as_of, 1, Qt.AlignmentFlag.AlignVCenter)
        figures = QHBoxLayout()
        figures.setSpacing(lk.M)
        for figure in self._figures:
            figures.addWidget(figure, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(lk.L)
        column.addLayout(head)
        column.addWidget(self._problem)
        column.addLayout(figures)
        column.addWidget(self._card, 1)

    def set(self, state: views.DayView) -> None:
        self._title.set(state.title)
        self.list.setAccessibleName(state.title)
        self._as_of.set(state.as_of)
        self._problem.set(state.problem)
        for number, figure in enumerate(self._figures):
            figure.setVisible(number < len(state.headline))
            if number < len(state.headline):
                figure.set(state.headline[number])
        self._card.setVisible(bool(state.rows))
        self._model.set_rows(state.rows)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The paper below shows."""
