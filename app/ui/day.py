"""The manager's day screen: three large figures, the rest as rows. A scan or Escape leads back to selling."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QKeySequence, QPainter, QPaintEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QStyleOptionViewItem, QVBoxLayout, QWidget

from app.screens import views
from app.ui import scale as lk
from app.ui.controls import RIGHT, Button, Card, Label
from app.ui.look import Look, font
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


class DayScreen(QWidget):
    """Paints a `DayView`."""

    left = Signal()
    refreshed = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._title = Label(look, lk.BALANCE, lk.BOLD)
        self._as_of = Label(look, lk.BODY, token="secondary")
        self.back = Button(look, key="Esc", icon_name="arrow-left")
        self.again = Button(look, key="F5", icon_name="refresh-cw")
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
        head.addWidget(self.again)
        head.addWidget(self.back)
        figures = QHBoxLayout()
        figures.setSpacing(lk.M)
        for figure in self._figures:
            figures.addWidget(figure, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(lk.L, lk.L, lk.L, lk.L)
        column.setSpacing(lk.L)
        column.addLayout(head)
        column.addWidget(self._problem)
        column.addLayout(figures)
        column.addWidget(self._card, 1)
        self.back.clicked.connect(self.left)
        self.again.clicked.connect(self.refreshed)
        QShortcut(QKeySequence("Escape"), self).activated.connect(self.left)
        QShortcut(QKeySequence("F5"), self).activated.connect(self.refreshed)

    def retranslate(self) -> None:
        self.back.set_words(self.tr("Back to the sale"))
        self.again.set_words(self.tr("Read again"))
        self.list.setAccessibleName(self.tr("The day's figures"))

    def set(self, view: views.DayView) -> None:
        self._title.set(view.title)
        self._as_of.set(view.as_of)
        self._problem.set(view.problem)
        for number, figure in enumerate(self._figures):
            figure.setVisible(number < len(view.headline))
            if number < len(view.headline):
                figure.set(view.headline[number])
        self._card.setVisible(bool(view.rows))
        self._model.set_rows(view.rows)

    def paintEvent(self, _event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), self._look["paper"])
