"""The basket: its lines with every discount's reason, the near miss, and the buttons below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QModelIndex, QRect, QSize, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.screens import views
from app.ui import scale as lk
from app.ui.controls import CENTRE, RIGHT, Button, Card, Icon, Label
from app.ui.look import Look, font, text_width

if TYPE_CHECKING:
    from app.ui.basket_lines import LineList

_NEAR_PX: Final = 40
_NOTE_PX: Final = 28


class NearMissBar(QWidget):
    """A reward almost reached, right under the last line."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._state: views.NearMiss | None = None
        self.setFixedHeight(_NEAR_PX)
        self.hide()

    def set(self, state: views.NearMiss | None) -> None:
        if state == self._state:
            return
        self._state = state
        self.setVisible(state is not None)
        self.setAccessibleName(f"{state.text} {state.rule}".strip() if state else "")
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._state is None:
            return
        painter, look = QPainter(self), self._look
        look.draw_box(painter, self.rect(), "accent_soft", radius=10)
        inner = self.rect().adjusted(lk.L - 2, 0, -(lk.L - 2), 0)
        used = look.draw_text(painter, inner, self._state.text, "accent", font(lk.BODY, lk.SEMIBOLD))
        plain = font(lk.SMALL)
        # What it is about stands beside it where there is room: the sentence never gives way.
        if used + lk.M + text_width(self._state.rule, plain) <= inner.width():
            look.draw_text(painter, inner, self._state.rule, "accent", plain, RIGHT)


class NoteBar(QWidget):
    """What the cashier noted on the whole receipt."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look, self._text = look, ""
        self.setFixedHeight(_NOTE_PX)
        self.hide()

    def set(self, text: str) -> None:
        if text == self._text:
            return
        self._text = text
        self.setVisible(bool(text))
        self.setAccessibleName(text)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look = QPainter(self), self._look
        at = QRect(0, 0, 18, self.height())
        look.draw_icon(painter, at, "file-text", "secondary", 18)
        look.draw_text(painter, self.rect().adjusted(26, 0, 0, 0), self._text, "ink", font(lk.SMALL))


class EmptyBasket(QWidget):
    """What an empty basket is good for: the last receipt and the tip of the day."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._has_last = False
        self._said: tuple[views.LastSale | None, str] = (None, "")
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
        if self._said == (last, tip):
            return
        self._said = last, tip
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
        self._look = look
        self._list: LineList | None = None
        self._ground = "paper"
        self.near_miss = NearMissBar(look)
        self.near_miss.setParent(self)
        self.note = NoteBar(look)
        self.note.setParent(self)
        self.empty = EmptyBasket(look)
        self.empty.setParent(self)
        self._state = views.Basket()

    @property
    def lines(self) -> LineList:
        """Made with the first line: what lists need is not imported before."""
        if self._list is None:
            from app.ui.basket_lines import LineList

            self._list = LineList(self._look)
            self._list.ground = self._ground
            self._list.setParent(self)
            self._list.clicked.connect(self._clicked)
            self._list.setAccessibleName(self.tr("Basket"))
        return self._list

    def retranslate(self) -> None:
        if self._list is not None:
            self._list.setAccessibleName(self.tr("Basket"))
        self.empty.retranslate()

    def set(self, state: views.Basket) -> None:
        """Show the basket; the selected line is scrolled into sight when it changes."""
        before, self._state = self._state, state
        self.near_miss.set(state.near_miss if state.lines else None)
        self.note.set(state.note if state.lines else "")
        if not state.lines:
            self.empty.set(state.last_sale, state.tip)
        self.empty.setVisible(not state.lines)
        if state.lines or self._list is not None:
            self.lines.show_lines(state.lines, state.selected)
            self.lines.setVisible(bool(state.lines))
        self._place()
        if state.selected != before.selected or len(state.lines) != len(before.lines):
            self._show_selected()

    def lies_on(self, ground: str) -> None:
        """What is seen outside the card's corners."""
        self._ground = ground
        if self._list is not None:
            self._list.ground = ground

    def _show_selected(self) -> None:
        if self._list is not None:
            self._list.show_selected()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()
        self._show_selected()

    def _place(self) -> None:
        # Note and near miss follow the last line while there is room, and stay at the foot without.
        inner, state = self.rect(), self._state
        self.empty.setGeometry(inner)
        near_px = _NEAR_PX + 2 * lk.M if state.near_miss else 0
        # In a low room the lines come before the note, which is read on its own page.
        noted = bool(state.note) and inner.height() >= near_px + _NOTE_PX + lk.XS + 2 * lk.LINE_PX
        note_px = _NOTE_PX + lk.XS if noted else 0
        self.note.setVisible(noted and bool(state.lines))
        bars = near_px + note_px
        height = max(min(len(state.lines) * lk.LINE_PX, inner.height() - bars), 0)
        if self._list is not None and self._list.size() != QSize(inner.width(), height):
            self._list.setGeometry(0, 0, inner.width(), height)
            # What comes and goes below takes room from the line that is being talked of.
            self._list.show_selected()
        width = inner.width() - 2 * lk.L
        self.note.setGeometry(lk.L, height + lk.XS, width, _NOTE_PX)
        self.near_miss.setGeometry(lk.L, height + note_px + lk.M, width, _NEAR_PX)

    def _clicked(self, index: QModelIndex) -> None:
        self.line_chosen.emit(self.lines.key_at(index.row()))


class BasketActions(QWidget):
    """− quantity +, and what the till can do to the basket; always in the same places."""

    quantity_stepped = Signal(int)
    quantity_asked = Signal()
    acted = Signal(views.Action)

    KEYS: Final = {
        views.Action.VOID_LINE: "Del",
        views.Action.UNDO: "F6",
        views.Action.PARK: "F7",
        views.Action.REFUND: "F8",
    }

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._parked = False
        self._said: object = None
        self.less = Button(look, icon_name="minus")
        self.more = Button(look, icon_name="plus")
        self.quantity = Button(look, weight=lk.SEMIBOLD)
        self.buttons = {action: Button(look, key=key) for action, key in self.KEYS.items()}
        # The line's own acts stand together, in signs; words are for the sale's.
        self.buttons[views.Action.VOID_LINE].icon_name = "trash-2"
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(lk.S)
        for widget in (self.less, self.quantity, self.more):
            row.addWidget(widget)
        for action, button in self.buttons.items():
            button.stacked = True
            row.addWidget(button, 0 if action is views.Action.VOID_LINE else 1)
            button.clicked.connect(lambda _=False, action=action: self.acted.emit(action))
        self.less.clicked.connect(lambda: self.quantity_stepped.emit(-1))
        self.more.clicked.connect(lambda: self.quantity_stepped.emit(1))
        self.quantity.clicked.connect(self.quantity_asked)

    def retranslate(self) -> None:
        self._said = None
        self.less.set_words("", self.tr("One less"))
        self.more.set_words("", self.tr("One more"))
        self.buttons[views.Action.VOID_LINE].set_words("", self.tr("Remove"))
        self.buttons[views.Action.UNDO].set_words(self.tr("Undo"))
        self.buttons[views.Action.REFUND].set_words(self.tr("Refund"))
        park = self.tr("Parked") if self._parked else self.tr("Park")
        self.buttons[views.Action.PARK].set_words(park)

    def set(self, state: views.Basket, free: bool) -> None:
        """`free`: the till takes what is pressed here."""
        said = state.quantity, state.actions, bool(state.parked) and not state.lines, free
        if said == self._said:
            return
        countable = free and bool(state.quantity)
        for button in (self.less, self.more, self.quantity):
            button.setEnabled(countable)
        self.quantity.set_words(state.quantity or "–", self.tr("Quantity"))
        parked = bool(state.parked) and not state.lines
        if parked != self._parked:
            self._parked = parked
            self.retranslate()
        for action, button in self.buttons.items():
            button.setEnabled(action in state.actions)
        self._said = said
