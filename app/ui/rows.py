"""Lists that paint only the rows in sight: a model over a tuple of view states, a list scrolled by touch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QAccessible, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListView,
    QScrollBar,
    QScroller,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from app.ui import scale as lk
from app.ui.look import Look

Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()


class RowModel(QAbstractListModel):
    """Rows of one kind; a new tuple changes only the rows that differ, so that selection and scroll stay."""

    def __init__(self, describe: Callable[[Any], str]) -> None:
        super().__init__()
        self._rows: tuple[Any, ...] = ()
        self._describe = describe

    @property
    def rows(self) -> tuple[Any, ...]:
        return self._rows

    def set_rows(self, rows: Sequence[Any]) -> None:
        """Replace the rows, telling the view the least that is true."""
        old, new = self._rows, tuple(rows)
        same = min(len(old), len(new))
        if len(new) > same:
            self.beginInsertRows(QModelIndex(), same, len(new) - 1)
            self._rows = old[:same] + new[same:]
            self.endInsertRows()
        elif len(old) > same:
            self.beginRemoveRows(QModelIndex(), same, len(old) - 1)
            self._rows = old[:same]
            self.endRemoveRows()
        self._rows = new
        changed = [row for row in range(same) if old[row] is not new[row] and old[row] != new[row]]
        for first, last in _runs(changed):
            self.dataChanged.emit(self.index(first), self.index(last))

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._describe(self._rows[index.row()])
        return None


def _runs(rows: list[int]) -> Iterator[tuple[int, int]]:
    """Ascending numbers as runs of neighbours: the first and the last of each."""
    first = last = -2
    for row in rows:
        if row != last + 1:
            if first >= 0:
                yield first, last
            first = row
        last = row
    if first >= 0:
        yield first, last


class RowPainter(QStyledItemDelegate):
    """Paints one row of a `RowList`; a screen's own rows override `paint_row`."""

    def __init__(self, look: Look, height_px: int = lk.LINE_PX) -> None:
        super().__init__()
        self.look, self.height = look, max(height_px, look.touch)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(100, self.height)

    def paint_row(self, painter: QPainter, option: QStyleOptionViewItem, row: Any, number: int) -> None:
        raise NotImplementedError


class RowList(QListView):
    """Rows in a card, scrolled by wheel, key or finger."""

    pressable = True
    """Whether a touch on a row does something."""

    def __init__(self, look: Look, model: RowModel, painter: RowPainter) -> None:
        super().__init__()
        self._look, self._rows, self._painter = look, model, painter
        # One of ours: to tell what Qt's own is, PySide6 would make the classes of all widgets there are.
        self._port = QWidget()
        self._port.setAutoFillBackground(False)
        self.setViewport(self._port)
        self.setModel(model)
        self.setItemDelegate(painter)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        QScroller.grabGesture(self.viewport(), QScroller.ScrollerGestureType.TouchGesture)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt lays a column out anew when its height changes; rows that wrap want it when the width does."""
        super().resizeEvent(event)
        if not self.uniformItemSizes() and event.size().width() != event.oldSize().width():
            self.doItemsLayout()

    def dataChanged(self, first: Index, last: Index, roles: Sequence[int] = ()) -> None:
        """Paint the rows anew. Those of one height are not laid out again as Qt would do, which asks for each
        of two hundred rows twice; assistive tools still hear of it."""
        if not self.uniformItemSizes():
            self.doItemsLayout()
        if QAccessible.isActive():
            super().dataChanged(first, last, roles)
        self.viewport().update(self.visualRect(first).united(self.visualRect(last)))

    def paintEvent(self, event: QPaintEvent) -> None:
        """The rows that lie in what is to be painted, without the steps Qt's own view takes for each."""
        painter, option, region = QPainter(self.viewport()), QStyleOptionViewItem(), event.region()
        self.initViewItemOption(option)
        model, within = self._rows, event.rect()
        first, even = max(self.indexAt(within.topLeft()).row(), 0), self.uniformItemSizes()
        at = QRect()
        for number in range(first, len(model.rows)):
            at = self.visualRect(model.index(number)) if not (even and at) else at.translated(0, at.height())
            if at.top() > within.bottom():
                break
            option.rect = at
            if region.intersects(at):
                self._painter.paint_row(painter, option, model.rows[number], number)
        self.paint_over(painter)

    def paint_over(self, painter: QPainter) -> None:
        """A thin mark says where one is; fingers and wheels do the scrolling."""
        draw_thumb(self._look, painter, self.verticalScrollBar(), self.viewport().rect())


def draw_thumb(look: Look, painter: QPainter, bar: QScrollBar, within: QRect) -> None:
    """Where one is, at the right edge of what is scrolled; nothing where all is seen."""
    if bar.maximum() <= 0:
        return
    whole, room = bar.maximum() + bar.pageStep(), within.height() - 2 * lk.XS
    top = lk.XS + room * bar.value() // whole
    at = QRect(within.width() - 7, top, 4, max(room * bar.pageStep() // whole, lk.XL))
    look.draw_box(painter, at, "secondary", radius=2)
