"""A list to read or to pick from, with sums that stay in sight below it."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QListView, QStyleOptionViewItem, QVBoxLayout, QWidget

from app.screens import views
from app.screens.forms import Row, Sign, Touched
from app.ui import scale as lk
from app.ui.controls import CENTRE, RIGHT, Field, Label
from app.ui.foot import Foot
from app.ui.look import Look, font, wrapped
from app.ui.panel import PanelCard
from app.ui.rows import Index, RowList, RowModel, RowPainter

_TOKENS = {Sign.YES: "gain", Sign.NO: "secondary", Sign.WARN: "caution"}
_PAD = 8
_READ_PX = 36


class _Layout:
    """Where a row's words go in a width: the figure never wraps, titles and details may."""

    def __init__(self, row: Row, width: int) -> None:
        self.title_font = font(lk.BODY, lk.SEMIBOLD if row.loud else lk.MEDIUM)
        self.figure_font = font(lk.BODY, lk.BOLD if row.loud else lk.SEMIBOLD)
        self.detail_font = font(lk.SMALL)
        self.left = lk.L + (20 + lk.S if row.sign else 0)
        figure = QFontMetrics(self.figure_font).horizontalAdvance(row.figure)
        room = width - self.left - lk.L
        # A long figure (a sentence, mostly) has the detail's place instead of squeezing the title.
        self.beside = figure <= room // 2
        self.room = room - (figure + lk.M if row.figure and self.beside else 0)
        self.titles = wrapped(row.title, self.title_font, self.room, 2)
        # Below the figure's line there is the whole width.
        self.details = wrapped(row.detail, self.detail_font, room, 4) if row.detail else []
        self.wide = room

    @property
    def height(self) -> int:
        titles = len(self.titles) * _line(self.title_font)
        return titles + len(self.details) * _line(self.detail_font) + 2 * _PAD


def _line(face: QFont) -> int:
    return QFontMetrics(face).height() + 1


class _RowPainter(RowPainter):
    pickable = False

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        model, view = index.model(), option.widget
        assert isinstance(model, RowModel)
        width = view.viewport().width() if isinstance(view, QListView) else 300
        # What is only read may be lower than what is pressed.
        least = self.height if self.pickable else _READ_PX
        return QSize(100, max(_Layout(model.rows[index.row()], width).height, least))

    def paint_row(self, painter: QPainter, option: QStyleOptionViewItem, row: Row, number: int) -> None:
        at: QRect = option.rect
        view, look = option.widget, self.look
        if self.pickable and isinstance(view, RowList) and view.currentIndex().row() == number:
            painter.fillRect(at.adjusted(1, 1, -1, -1), look["accent_soft"])
            painter.fillRect(QRect(at.left() + 1, at.top() + 1, 3, at.height() - 2), look["accent"])
        painter.fillRect(QRect(at.left() + 1, at.bottom(), at.width() - 2, 1), look["hairline"])
        paint_row(painter, look, at, row)


def paint_row(painter: QPainter, look: Look, at: QRect, row: Row) -> None:
    """One row into a rectangle."""
    plan = _Layout(row, at.width())
    top = at.top() + (at.height() - plan.height) // 2 + _PAD
    left = at.left() + plan.left
    if row.sign:
        token = _TOKENS.get(row.sign, "accent")
        look.draw_icon(painter, QRect(at.left() + lk.L, top, 20, 20), row.sign, token)
    if row.figure and plan.beside:
        spot = QRect(left, top, plan.wide, _line(plan.figure_font))
        look.draw_text(painter, spot, row.figure, "ink", plan.figure_font, RIGHT)
    for text in plan.titles:
        look.draw_text(
            painter, QRect(left, top, plan.room, _line(plan.title_font)), text, "ink", plan.title_font
        )
        top += _line(plan.title_font)
    for text in plan.details:
        spot = QRect(left, top, plan.wide, _line(plan.detail_font))
        look.draw_text(painter, spot, text, "secondary", plan.detail_font)
        top += _line(plan.detail_font)


class Sums(QWidget):
    """A few rows that do not scroll."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._rows: tuple[Row, ...] = ()

    def set(self, rows: tuple[Row, ...]) -> None:
        self._rows = rows
        self.setVisible(bool(rows))
        self.setAccessibleName("; ".join(_describe(row) for row in rows))
        self.updateGeometry()
        self.update()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return sum(_Layout(row, width).height - _PAD for row in self._rows) + _PAD

    def sizeHint(self) -> QSize:
        return QSize(200, self.heightForWidth(max(self.width(), 200)))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, _event: object) -> None:
        painter, top = QPainter(self), 0
        for row in self._rows:
            height = _Layout(row, self.width()).height
            paint_row(painter, self._look, QRect(0, top, self.width(), height), row)
            top += height - _PAD


class RowsPanel(PanelCard):
    """Arrows move the mark, Enter takes the row; a touch takes it at once."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._title = Label(look, lk.HEADING, lk.SEMIBOLD, wrap=True)
        self._detail = Label(look, lk.BODY, token="secondary", wrap=True)
        self.search = Field(look, icon_name="search", height_px=48)
        self._model = RowModel(_describe)
        self._painter = _RowPainter(look, 44)
        self.list = RowList(look, self._model, self._painter)
        self.list.setUniformItemSizes(False)
        self.list.setResizeMode(QListView.ResizeMode.Adjust)
        self._empty = Label(look, lk.BODY, token="secondary", wrap=True, align=CENTRE)
        self._sums = Sums(look)
        self.foot = Foot(look)
        self._searching = False
        self._presenter: Touched | None = None
        head = QVBoxLayout()
        head.setContentsMargins(lk.L, lk.M, lk.L, 0)
        head.setSpacing(lk.XS)
        head.addWidget(self._title)
        head.addWidget(self._detail)
        head.addWidget(self.search)
        low = QVBoxLayout()
        low.setContentsMargins(lk.L, 0, lk.L, lk.L)
        low.addWidget(self.foot)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(lk.S)
        column.addLayout(head)
        column.addWidget(self._empty, 1)
        column.addWidget(self.list, 1)
        column.addWidget(self._sums)
        column.addLayout(low)
        self.list.clicked.connect(self._clicked)
        self.search.textEdited.connect(self._typed)
        self.search.returnPressed.connect(lambda: self._clicked(self.list.currentIndex()))

    def serve(self, presenter: Touched) -> None:
        self._presenter = presenter
        self.foot.pressed.connect(presenter.press)

    def focus(self) -> QWidget | None:
        return self.search if self._searching else self.list

    def set(self, state: views.Rows) -> None:
        self._title.set(state.title)
        self._detail.set(state.detail)
        self._searching = state.search is not None
        self.search.setVisible(self._searching)
        if state.search is not None and self.search.text() != state.search:
            self.search.setText(state.search)
        self.search.setPlaceholderText(state.search_hint)
        self.search.setAccessibleName(state.search_hint)
        self.list.setAccessibleName(state.title)
        self._painter.pickable = self.list.pressable = state.pickable
        before = len(self._model.rows)
        self._model.set_rows(state.rows)
        if state.pickable and (before != len(state.rows) or not self.list.currentIndex().isValid()):
            self.list.setCurrentIndex(self._model.index(0))
        self.list.setVisible(bool(state.rows))
        self._empty.set(state.empty if not state.rows else "")
        self._sums.set(state.sums)
        self.foot.set(state.presses)
        self.list.viewport().update()

    def take_key(self, key: int, text: str) -> bool:
        rows = len(self._model.rows)
        here = self.list.currentIndex().row()
        if key in (int(Qt.Key.Key_Return), int(Qt.Key.Key_Enter)) and self._painter.pickable and rows:
            self._clicked(self.list.currentIndex())
        elif key == int(Qt.Key.Key_Down) and rows:
            self.list.setCurrentIndex(self._model.index(min(here + 1, rows - 1)))
        elif key == int(Qt.Key.Key_Up) and rows:
            self.list.setCurrentIndex(self._model.index(max(here - 1, 0)))
        else:
            return False
        self.list.viewport().update()
        return True

    def _typed(self, text: str) -> None:
        if self._presenter is not None:
            self._presenter.type("search", text)

    def _clicked(self, index: QModelIndex) -> None:
        if index.isValid() and self._painter.pickable and self._presenter is not None:
            self._presenter.pick(self._model.rows[index.row()].key)


def _describe(row: Row) -> str:
    return ", ".join(part for part in (row.title, row.detail, row.figure) if part)
