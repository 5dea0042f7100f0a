"""The basket's lines: painted rows, so that two hundred of them cost one frame."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtWidgets import QStyleOptionViewItem

from app.screens import views
from app.ui import scale as lk
from app.ui.controls import RIGHT
from app.ui.look import Look, font, text_width
from app.ui.rows import RowList, RowModel, RowPainter

_PRICE_PX = 88
_QUANTITY_PX = 128
_KEPT = 256
"""So many lines from the first are kept as pictures, an eighth of a megabyte each on most screens."""
_NOTE_LEAST_PX = 60
"""A note with less room than this beside a discount's reason is read on its own page."""


class _Kept(NamedTuple):
    row: views.Line
    ground: QColor
    """Of a line that is selected, or not, in this theme."""
    picture: QPixmap


class _Lines(RowPainter):
    """One line: name over reason, quantity, the price before struck above the price now."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self.selected = ""
        self._kept: dict[str, _Kept] = {}
        # One sheet for all: PySide leaks references to None for each pixmap made here that is painted on.
        self._sheet = QPixmap()

    def keep_only(self, lines: tuple[views.Line, ...]) -> None:
        """Let go of the pictures of lines that are gone, once there are more than lines."""
        if len(self._kept) > min(len(lines), _KEPT):
            there = {line.key for line in lines[:_KEPT]}
            self._kept = {key: kept for key, kept in self._kept.items() if key in there}

    def paint_row(
        self, painter: QPainter, option: QStyleOptionViewItem, row: views.Line, number: int
    ) -> None:
        at: QRect = option.rect
        ratio = painter.device().devicePixelRatioF()
        if number < _KEPT and ratio == int(ratio) and self.look.cuts is None:
            painter.drawPixmap(at.left(), at.top(), self._picture(row, at, ratio))
        else:
            self._paint(painter, at, row)

    def _picture(self, row: views.Line, at: QRect, ratio: float) -> QPixmap:
        """The row as it was painted; painted anew only when something of it has changed."""
        ground = self.look["accent_soft" if row.key == self.selected else "surface"]
        size, kept = at.size() * ratio, self._kept.get(row.key)
        if kept is None or kept.row != row or kept.ground is not ground or kept.picture.size() != size:
            if self._sheet.size() != size:
                self._sheet = QPixmap(size)
            self._sheet.setDevicePixelRatio(ratio)
            painter = QPainter(self._sheet)
            painter.translate(-at.left(), -at.top())
            self._paint(painter, at, row)
            painter.end()
            kept = self._kept[row.key] = _Kept(row, ground, self._sheet.copy())
        return kept.picture

    def _paint(self, painter: QPainter, at: QRect, row: views.Line) -> None:
        look, selected = self.look, row.key == self.selected
        painter.fillRect(at, look["accent_soft" if selected else "surface"])
        if selected:
            painter.fillRect(QRect(at.left() + 1, at.top(), 3, at.height()), look["accent"])
        painter.fillRect(QRect(at.left() + 1, at.bottom(), at.width() - 2, 1), look["hairline"])
        inner = at.adjusted(lk.L, 6, -lk.L, -6)
        top, low = _halves(inner)
        right = QRect(inner.right() - _PRICE_PX + 1, 0, _PRICE_PX, 0)
        price_font = font(lk.BODY + 1, lk.BOLD)
        if row.was:
            struck = font(lk.SMALL, strike=True)
            look.draw_text(painter, _row(right, top), row.was, "secondary", struck, RIGHT)
            look.draw_text(painter, _row(right, low), row.price, "ink", price_font, RIGHT)
        else:
            look.draw_text(painter, _row(right, inner), row.price, "ink", price_font, RIGHT)
        middle = QRect(right.left() - _QUANTITY_PX - lk.S, 0, _QUANTITY_PX, 0)
        look.draw_text(painter, _row(middle, inner), row.quantity, "secondary", font(lk.BODY), RIGHT)
        used = text_width(row.quantity, font(lk.BODY))
        left = QRect(inner.left(), 0, middle.right() - used - lk.M - inner.left(), 0)
        below = row.why or row.note
        look.draw_text(painter, _row(left, top if below else inner), row.name, "ink", font(lk.BODY))
        rest = _row(left, low)
        if row.why:
            used = look.draw_text(painter, rest, row.why, "gain", font(lk.SMALL))
            rest = rest.adjusted(used + lk.S, 0, 0, 0)
        if row.note and rest.width() > _NOTE_LEAST_PX:
            look.draw_icon(
                painter, QRect(rest.left(), rest.top(), 14, rest.height()), "file-text", "secondary", 14
            )
            look.draw_text(painter, rest.adjusted(18, 0, 0, 0), row.note, "secondary", font(lk.SMALL))


class LineList(RowList):
    """The list of lines; `show_lines` keeps the selected one in sight.

    It fills its part of the card that it lies in, and paints the card's edge over the rows: what is below
    need not be painted for every line.
    """

    ground = "paper"
    """What the card lies on."""

    def __init__(self, look: Look) -> None:
        self._model = RowModel(_describe)
        self._lines = _Lines(look)
        super().__init__(look, self._model, self._lines)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        super().scrollContentsBy(dx, dy)
        # The card's edge stands still.
        self.viewport().update()

    def paint_over(self, painter: QPainter) -> None:
        below = self.viewport().rect()
        below.setTop(len(self._model.rows) * self._lines.height - self.verticalOffset())
        painter.fillRect(below, self._look["surface"])
        card = self.parentWidget()
        if card is not None:
            self._look.draw_frame(painter, card.rect(), self.ground, "hairline")
        super().paint_over(painter)

    def show_lines(self, lines: tuple[views.Line, ...], selected: str) -> None:
        before, self._lines.selected = self._lines.selected, selected
        self._model.set_rows(lines)
        self._lines.keep_only(lines)
        if before != selected:
            self._repaint(before)
            self._repaint(selected)

    def _repaint(self, key: str) -> None:
        row = next((i for i, line in enumerate(self._model.rows) if line.key == key), -1)
        self.update(self._model.index(row))

    def show_selected(self) -> None:
        """Make the selected line the current one and scroll it into sight."""
        rows = self._model.rows
        row = next((i for i, line in enumerate(rows) if line.key == self._lines.selected), -1)
        index = self._model.index(row)
        self.setCurrentIndex(index)
        if index.isValid():
            self.scrollTo(index)

    def key_at(self, row: int) -> str:
        return self._model.rows[row].key


def _describe(line: views.Line) -> str:
    return ", ".join(part for part in (line.name, line.quantity, line.why, line.note, line.price) if part)


def _halves(at: QRect) -> tuple[QRect, QRect]:
    half = at.height() // 2
    return QRect(at.left(), at.top(), at.width(), half), at.adjusted(0, half, 0, 0)


def _row(column: QRect, row: QRect) -> QRect:
    return QRect(column.left(), row.top(), column.width(), row.height())
