"""The basket's lines: painted rows, so that two hundred of them cost one frame."""

from __future__ import annotations

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyleOptionViewItem, QWidget

from app.screens import views
from app.ui import scale as lk
from app.ui.controls import RIGHT, clip_rounded
from app.ui.look import Look, font, text_width
from app.ui.rows import RowList, RowModel, RowPainter

_PRICE_PX = 88
_QUANTITY_PX = 128
_NOTE_LEAST_PX = 60
"""A note with less room than this beside a discount's reason is read on its own page."""


class _Lines(RowPainter):
    """One line: name over reason, quantity, the price before struck above the price now."""

    selected = ""

    def paint_row(
        self, painter: QPainter, option: QStyleOptionViewItem, row: views.Line, number: int
    ) -> None:
        at: QRect = option.rect
        look = self.look
        if row.key == self.selected:
            self._mark(painter, at, option.widget.parentWidget())
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

    def _mark(self, painter: QPainter, at: QRect, card: QWidget | None) -> None:
        """The line that acts are about."""
        # The card's corners stay round under the first line, and under the last of a full card.
        round_px = lk.RADIUS
        corner = card is not None and (at.top() < round_px or at.bottom() > card.height() - round_px)
        if card is not None and corner:
            painter.save()
            clip_rounded(painter, card.rect().adjusted(1, 1, -1, -1))
        painter.fillRect(at.adjusted(1, 0, -1, 0), self.look["accent_soft"])
        painter.fillRect(QRect(at.left() + 1, at.top(), 3, at.height()), self.look["accent"])
        if corner:
            painter.restore()


class LineList(RowList):
    """The list of lines; `show_lines` keeps the selected one in sight."""

    def __init__(self, look: Look) -> None:
        self._model = RowModel(_describe)
        self._lines = _Lines(look)
        super().__init__(look, self._model, self._lines)

    def show_lines(self, lines: tuple[views.Line, ...], selected: str) -> None:
        before, self._lines.selected = self._lines.selected, selected
        self._model.set_rows(lines)
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
