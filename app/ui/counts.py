"""Lines with a quantity between − and +: what goes back, and what follows from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QScroller, QVBoxLayout, QWidget

from app.screens import views
from app.screens.forms import Count
from app.ui import scale as lk
from app.ui.controls import CENTRE, RIGHT, Button, Label
from app.ui.foot import Choices, Foot
from app.ui.listing import Sums
from app.ui.look import Look
from app.ui.panel import PanelCard
from app.ui.rows import draw_thumb

if TYPE_CHECKING:
    from app.screens.sale import SalePresenter


class CountRow(QWidget):
    """A line's name over its price, − quantity +, and what it comes to."""

    stepped = Signal(str, int)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look, self._key = look, ""
        self._title = Label(look, lk.BODY, lk.MEDIUM, wrap=True)
        self._detail = Label(look, lk.SMALL, token="secondary", wrap=True)
        self.less = Button(look, icon_name="minus", height_px=lk.SMALL_BUTTON_PX)
        self._quantity = Label(look, lk.BODY, lk.BOLD, align=CENTRE)
        self._quantity.setMinimumWidth(40)
        self.more = Button(look, icon_name="plus", height_px=lk.SMALL_BUTTON_PX)
        self._figure = Label(look, lk.BODY, lk.SEMIBOLD, align=RIGHT)
        words = QVBoxLayout()
        words.setSpacing(0)
        for label in (self._title, self._detail):
            words.addWidget(label)
        row = QHBoxLayout(self)
        row.setContentsMargins(lk.L, lk.XS, lk.L, lk.XS + 1)
        row.setSpacing(lk.XS)
        row.addLayout(words, 1)
        row.addWidget(self._figure)
        row.addSpacing(lk.XS)
        for part in (self.less, self._quantity, self.more):
            row.addWidget(part)
        self.less.clicked.connect(lambda: self.stepped.emit(self._key, -1))
        self.more.clicked.connect(lambda: self.stepped.emit(self._key, 1))

    def set(self, state: Count, less: str, more: str) -> None:
        self._key = state.key
        self._title.set(state.title)
        self._detail.set(state.detail)
        self._quantity.set(state.quantity)
        self._figure.set(state.figure)
        self.less.set_words("", f"{less}: {state.title}")
        self.more.set_words("", f"{more}: {state.title}")
        self.less.setEnabled(state.less)
        self.more.setEnabled(state.more)

    def paintEvent(self, _event: QPaintEvent) -> None:
        QPainter(self).fillRect(0, self.height() - 1, self.width(), 1, self._look["hairline"])


class CountsPanel(PanelCard):
    """The lines scroll; what it comes to and the buttons stay."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._look = look
        self._title = Label(look, lk.HEADING, lk.SEMIBOLD, wrap=True)
        self._detail = Label(look, lk.BODY, token="secondary", wrap=True)
        self._problem = Label(look, lk.BODY, token="caution", wrap=True)
        self.rows: list[CountRow] = []
        self.choices = Choices(look)
        self._sums = Sums(look)
        self.foot = Foot(look)
        self._presenter: SalePresenter | None = None
        inside = QWidget()
        self._lines = QVBoxLayout(inside)
        self._lines.setContentsMargins(0, 0, 0, 0)
        self._lines.setSpacing(0)
        self._lines.addStretch(1)
        self._area = _Area(look, inside)
        head, low = QVBoxLayout(), QVBoxLayout()
        head.setContentsMargins(lk.L, lk.M, lk.L, 0)
        head.setSpacing(lk.XS)
        for part in (self._title, self._detail):
            head.addWidget(part)
        low.setContentsMargins(lk.L, 0, lk.L, lk.L)
        low.setSpacing(lk.S)
        for part in (self.choices, self._problem, self.foot):
            low.addWidget(part)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(lk.S)
        column.addLayout(head)
        column.addWidget(self._area, 1)
        column.addWidget(self._sums)
        column.addLayout(low)

    def serve(self, presenter: SalePresenter) -> None:
        self._presenter = presenter
        self.foot.pressed.connect(presenter.press)
        self.choices.chosen.connect(presenter.pick)

    def set(self, state: views.Counts) -> None:
        self._title.set(state.title)
        self._detail.set(state.detail)
        self._problem.set(state.problem)
        while len(self.rows) < len(state.rows):
            row = CountRow(self._look)
            row.stepped.connect(self._step)
            self._lines.insertWidget(len(self.rows), row)
            self.rows.append(row)
        less, more = self.tr("One less"), self.tr("One more")
        for place, row in enumerate(self.rows):
            row.setVisible(place < len(state.rows))
            if place < len(state.rows):
                row.set(state.rows[place], less, more)
        self.choices.set(state.choices)
        self._sums.set(state.sums)
        self.foot.set(state.presses)

    def _step(self, key: str, by: int) -> None:
        if self._presenter is not None:
            self._presenter.step(key, by)


class _Area(QScrollArea):
    """Rows scrolled by finger, with a thin mark that there are more."""

    def __init__(self, look: Look, inside: QWidget) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.viewport().setAutoFillBackground(False)
        QScroller.grabGesture(self.viewport(), QScroller.ScrollerGestureType.TouchGesture)
        self.setWidget(inside)
        inside.setAutoFillBackground(False)
        self._thumb = _Thumb(look, self)
        bar = self.verticalScrollBar()
        bar.valueChanged.connect(self._thumb.update)
        bar.rangeChanged.connect(self._thumb.update)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._thumb.setGeometry(self.width() - lk.M, 0, lk.M, self.height())


class _Thumb(QWidget):
    def __init__(self, look: Look, area: QScrollArea) -> None:
        super().__init__(area)
        self._look, self._bar = look, area.verticalScrollBar()
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def paintEvent(self, _event: QPaintEvent) -> None:
        draw_thumb(self._look, QPainter(self), self._bar, self.rect())
