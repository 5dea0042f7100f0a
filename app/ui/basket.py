"""The basket: its lines with every discount's reason, the near miss, and the buttons below."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QModelIndex, QRect, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QStyleOptionViewItem, QVBoxLayout, QWidget

from app.screens import views
from app.ui import look as lk
from app.ui.controls import CENTRE, RIGHT, Button, Card, Icon, Label, clip_rounded
from app.ui.look import Look, font
from app.ui.rows import RowList, RowModel, RowPainter

_PRICE_PX = 88
_QUANTITY_PX = 128
_NEAR_PX = 40


class _Lines(RowPainter):
    """One line: name over reason, quantity, the price before struck above the price now."""

    selected = ""

    def paint_row(
        self, painter: QPainter, option: QStyleOptionViewItem, row: views.Line, number: int
    ) -> None:
        at: QRect = option.rect
        look = self.look
        if row.key == self.selected:
            painter.save()
            # The card's corners stay round under the first line, and under the last of a full card.
            card = option.widget.parentWidget()
            if card is not None:
                clip_rounded(painter, card.rect().adjusted(1, 1, -1, -1))
            painter.fillRect(at.adjusted(1, 0, -1, 0), look["accent_soft"])
            painter.fillRect(QRect(at.left() + 1, at.top(), 3, at.height()), look["accent"])
            painter.restore()
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
        used = QFontMetrics(font(lk.BODY)).horizontalAdvance(row.quantity)
        left = QRect(inner.left(), 0, middle.right() - used - lk.M - inner.left(), 0)
        look.draw_text(painter, _row(left, top if row.why else inner), row.name, "ink", font(lk.BODY))
        if row.why:
            look.draw_text(painter, _row(left, low), row.why, "gain", font(lk.SMALL))


class NearMissBar(QWidget):
    """A reward almost reached, right under the last line."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._state: views.NearMiss | None = None
        self.setFixedHeight(_NEAR_PX)

    def set(self, state: views.NearMiss | None) -> None:
        self._state = state
        self.setVisible(state is not None)
        self.setAccessibleName(f"{state.text} {state.missing}".strip() if state else "")
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._state is None:
            return
        painter, look = QPainter(self), self._look
        look.draw_box(painter, self.rect(), "accent_soft", radius=10)
        inner = self.rect().adjusted(lk.L - 2, 0, -(lk.L - 2), 0)
        bold = font(lk.BODY, lk.SEMIBOLD)
        width = look.draw_text(painter, inner, self._state.missing, "accent", bold, RIGHT)
        left = inner.adjusted(0, 0, -(width + lk.M if width else 0), 0)
        look.draw_text(painter, left, self._state.text, "accent", bold)


class EmptyBasket(QWidget):
    """What an empty basket is good for: the last receipt and the tip of the day."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._has_last = False
        self._icon = Icon(look, "scan-barcode", 40, "secondary")
        self._title = Label(look, lk.HEADING, lk.SEMIBOLD, align=CENTRE, wrap=True)
        self._last = Card(look, "raised")
        self._last_title = Label(look, lk.BODY, lk.SEMIBOLD)
        self._last_total = Label(look, lk.BODY, lk.SEMIBOLD, align=RIGHT)
        self._last_detail = Label(look, lk.SMALL, token="secondary", wrap=True)
        self._last_change = Label(look, lk.SMALL, token="secondary", align=RIGHT)
        self._tip = Label(look, lk.BODY, token="accent", wrap=True, align=CENTRE)
        rows = QVBoxLayout(self._last)
        rows.setContentsMargins(lk.L, lk.M, lk.L, lk.M)
        rows.setSpacing(lk.XS)
        for left, right in ((self._last_title, self._last_total), (self._last_detail, self._last_change)):
            row = QHBoxLayout()
            row.addWidget(left, 1)
            row.addWidget(right)
            rows.addLayout(row)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(lk.XL, lk.XL, lk.XL, lk.XL)
        layout.setSpacing(lk.L)
        layout.addStretch(2)
        layout.addWidget(self._icon, 0, CENTRE)
        layout.addWidget(self._title)
        layout.addStretch(1)
        layout.addWidget(self._last)
        layout.addWidget(self._tip)
        layout.addStretch(1)

    def retranslate(self) -> None:
        self._title.set(self.tr("Scan the first product"))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        # In a low room the last receipt matters more than the picture and the tip.
        height = self.height()
        self._icon.setVisible(height > 300)
        self._tip.setVisible(height > 220 and bool(self._tip.text()))
        self._last.setVisible(height > 140 and self._has_last)

    def set(self, last: views.LastSale | None, tip: str) -> None:
        self._has_last = last is not None
        if last is not None:
            self._last_title.set(last.title)
            self._last_total.set(last.total)
            self._last_detail.set(last.detail)
            self._last_change.set(last.change)
        self._tip.set(tip)
        self._fit()


class BasketPanel(Card):
    """The card with the lines. `line_chosen` carries the key of the line tapped."""

    line_chosen = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._model = RowModel(_describe)
        self._lines = _Lines(look)
        self.list = RowList(look, self._model, self._lines)
        self.list.setParent(self)
        self.list.clicked.connect(self._clicked)
        self.near_miss = NearMissBar(look)
        self.near_miss.setParent(self)
        self.empty = EmptyBasket(look)
        self.empty.setParent(self)
        self._state = views.Basket()
        self.near_miss.set(None)

    def retranslate(self) -> None:
        self.list.setAccessibleName(self.tr("Basket"))
        self.empty.retranslate()

    def set(self, state: views.Basket) -> None:
        """Show the basket; the selected line is scrolled into sight when it changes."""
        before, self._state = self._state, state
        self._lines.selected = state.selected
        self._model.set_rows(state.lines)
        self.near_miss.set(state.near_miss if state.lines else None)
        self.empty.set(state.last_sale, state.tip)
        self.empty.setVisible(not state.lines)
        self.list.setVisible(bool(state.lines))
        self._place()
        if state.selected != before.selected or len(state.lines) != len(before.lines):
            self._show_selected()
        self.list.viewport().update()

    def _show_selected(self) -> None:
        lines = self._state.lines
        row = next((i for i, line in enumerate(lines) if line.key == self._state.selected), -1)
        index = self._model.index(row)
        self.list.setCurrentIndex(index)
        if index.isValid():
            self.list.scrollTo(index)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()
        self._show_selected()

    def _place(self) -> None:
        # The near miss follows the last line while there is room, and stays at the foot when there is none.
        inner = self.rect()
        self.empty.setGeometry(inner)
        bar = _NEAR_PX + 2 * lk.M if self._state.near_miss else 0
        height = min(len(self._state.lines) * lk.LINE_PX, inner.height() - bar)
        self.list.setGeometry(0, 0, inner.width(), max(height, 0))
        self.near_miss.setGeometry(lk.L, max(height, 0) + lk.M, inner.width() - 2 * lk.L, _NEAR_PX)

    def _clicked(self, index: QModelIndex) -> None:
        self.line_chosen.emit(self._state.lines[index.row()].key)


class BasketActions(QWidget):
    """− quantity +, and what the till can do to the basket; always in the same places."""

    quantity_stepped = Signal(int)
    quantity_asked = Signal()
    acted = Signal(views.Action)

    KEYS: Final = {
        views.Action.UNDO: "F6",
        views.Action.VOID_LINE: "Del",
        views.Action.CLEAR: "F8",
    }

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.less = Button(look, icon_name="minus")
        self.more = Button(look, icon_name="plus")
        self.quantity = Button(look, weight=lk.SEMIBOLD)
        self.buttons = {action: Button(look, key=key) for action, key in self.KEYS.items()}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(lk.S)
        for widget in (self.less, self.quantity, self.more):
            row.addWidget(widget, 2)
        for action, button in self.buttons.items():
            row.addWidget(button, 5)
            button.clicked.connect(lambda _=False, action=action: self.acted.emit(action))
        self.less.clicked.connect(lambda: self.quantity_stepped.emit(-1))
        self.more.clicked.connect(lambda: self.quantity_stepped.emit(1))
        self.quantity.clicked.connect(self.quantity_asked)

    def retranslate(self) -> None:
        self.less.set_words("", self.tr("One less"))
        self.more.set_words("", self.tr("One more"))
        words = {
            views.Action.UNDO: self.tr("Undo"),
            views.Action.VOID_LINE: self.tr("Remove"),
            views.Action.CLEAR: self.tr("Empty"),
        }
        for action, word in words.items():
            self.buttons[action].set_words(word)

    def set(self, state: views.Basket) -> None:
        countable = bool(state.quantity)
        for button in (self.less, self.more, self.quantity):
            button.setEnabled(countable)
        self.quantity.set_words(state.quantity or "–", self.tr("Quantity"))
        for action, button in self.buttons.items():
            button.setEnabled(action in state.actions)


def _describe(line: views.Line) -> str:
    return ", ".join(part for part in (line.name, line.quantity, line.why, line.price) if part)


def _halves(at: QRect) -> tuple[QRect, QRect]:
    half = at.height() // 2
    return QRect(at.left(), at.top(), at.width(), half), at.adjusted(0, half, 0, 0)


def _row(column: QRect, row: QRect) -> QRect:
    return QRect(column.left(), row.top(), column.width(), row.height())
