"""A member's cards: who, what they have, what this sale gives, what to offer, what could be spent."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QScroller, QSizePolicy, QVBoxLayout, QWidget

from app.screens import views
from app.ui import scale as lk
from app.ui.controls import CENTRE, RIGHT, Button, Card, Kind, Label
from app.ui.look import Look, font, wrapped
from app.ui.stamps import StampCardView

_KNOWN_PX = 20
_Widget = TypeVar("_Widget", bound=QWidget)


class Badge(QWidget):
    """A word in stamp ink: the tier."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look, self._text = look, ""
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.hide()

    def set(self, text: str) -> None:
        if text == self._text:
            return
        self._text = text
        self.setAccessibleName(text)
        self.setVisible(bool(text))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(QFontMetrics(font(lk.SMALL, lk.SEMIBOLD)).horizontalAdvance(self._text) + 22, 24)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._look.draw_box(painter, self.rect(), "accent_soft", radius=12)
        inner: QRect = self.rect().adjusted(lk.S, 0, -lk.S, 0)
        self._look.draw_text(painter, inner, self._text, "accent", font(lk.SMALL, lk.SEMIBOLD), CENTRE)


class KnownLines(QWidget):
    """What is worth knowing, a small line each with its icon; long ones go over two."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._lines: tuple[views.Known, ...] = ()
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.hide()

    def set(self, lines: tuple[views.Known, ...]) -> None:
        if lines == self._lines:
            return
        self._lines = lines
        self.setAccessibleName("; ".join(line.text for line in lines))
        self.setVisible(bool(lines))
        self.updateGeometry()
        self.update()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return sum(len(self._wrapped(line, width)) for line in self._lines) * _KNOWN_PX + lk.XS

    def sizeHint(self) -> QSize:
        width = max(self.width(), 240)
        return QSize(width, self.heightForWidth(width))

    def _wrapped(self, line: views.Known, width: int) -> tuple[str, ...]:
        return wrapped(line.text, font(lk.SMALL), width - 22, 2)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, top = QPainter(self), lk.XS
        for line in self._lines:
            self._look.draw_icon(painter, QRect(0, top, 16, _KNOWN_PX), line.icon, "accent", 15)
            for text in self._wrapped(line, self.width()):
                at = QRect(22, top, self.width() - 22, _KNOWN_PX)
                self._look.draw_text(painter, at, text, "secondary", font(lk.SMALL))
                top += _KNOWN_PX


class MemberCard(Card):
    """The name over the balance, the tier and what this sale earns."""

    detached = Signal()
    menu_asked = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self.menu = Button(look, Kind.QUIET, icon_name="ellipsis", key="F4", height_px=lk.SMALL_BUTTON_PX)
        self.menu.clicked.connect(self.menu_asked)
        self._name = Label(look, lk.NAME, lk.BOLD, wrap=True)
        self._tier = Badge(look)
        self.detach = Button(look, Kind.QUIET, icon_name="x", height_px=lk.SMALL_BUTTON_PX)
        self._balance = Label(look, lk.BALANCE, lk.BOLD)
        self._balance_of = Label(look, lk.SMALL, token="secondary")
        self._earned = Label(look, lk.BODY, lk.BOLD, "gain", align=RIGHT)
        self._earned_of = Label(look, lk.SMALL, token="secondary", align=RIGHT)
        self._known = KnownLines(look)
        self._note = Label(look, lk.SMALL, token="caution", wrap=True)
        self.detach.clicked.connect(self.detached)
        head = QHBoxLayout()
        head.setSpacing(lk.XS)
        head.addWidget(self._name, 1)
        head.addWidget(self.menu)
        head.addWidget(self.detach)
        figures = QHBoxLayout()
        figures.setSpacing(lk.M)
        figures.addWidget(self._balance)
        figures.addWidget(self._tier)
        figures.addStretch(1)
        figures.addWidget(self._earned, 0, Qt.AlignmentFlag.AlignBottom)
        words = QHBoxLayout()
        words.addWidget(self._balance_of, 1)
        words.addWidget(self._earned_of)
        column = QVBoxLayout(self)
        column.setContentsMargins(lk.L, lk.S, lk.XS, lk.M)
        column.setSpacing(2)
        column.addLayout(head)
        for row in (figures, words):
            row.setContentsMargins(0, 0, lk.M, 0)
            column.addLayout(row)
        column.addWidget(self._known)
        column.addWidget(self._note)

    def retranslate(self) -> None:
        self.detach.set_words("", self.tr("Take the card off this sale"))
        self.menu.set_words("", self.tr("What can be done for the member"))

    def set(self, state: views.Member) -> None:
        self._name.set(state.name)
        self._tier.set(state.tier)
        self._balance.set(state.balance)
        self._balance_of.set(state.balance_of)
        self._earned.set(state.earned)
        self._earned_of.set(state.earned_of)
        self._known.set(state.known)
        self._note.set(state.note)


class Advice(Card):
    """A title, what it means, and one button: an offer to mention, or points to spend."""

    def __init__(self, look: Look, kind: Kind) -> None:
        super().__init__(look)
        self._title = Label(look, lk.BODY, lk.SEMIBOLD, wrap=True)
        self._detail = Label(look, lk.SMALL, token="secondary", wrap=True)
        self.button = Button(look, kind, weight=lk.SEMIBOLD, height_px=lk.SMALL_BUTTON_PX)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._title)
        words.addWidget(self._detail)
        row = QHBoxLayout(self)
        row.setContentsMargins(lk.L, lk.M, lk.L, lk.M)
        row.setSpacing(lk.S)
        row.addLayout(words, 1)
        row.addWidget(self.button)

    def set(self, title: str, detail: str, word: str) -> None:
        self._title.set(title)
        self._detail.set(detail)
        self.button.set_words(word)
        self.button.setVisible(bool(word))


class MemberCards(QScrollArea):
    """The cards above each other; scrolls when there is more than fits, so TOTAL never moves."""

    detached = Signal()
    menu_asked = Signal()
    offer_taken = Signal(str)
    spend_toggled = Signal(bool)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._state: views.Member | None = None
        self._free = True
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.viewport().setAutoFillBackground(False)
        QScroller.grabGesture(self.viewport(), QScroller.ScrollerGestureType.TouchGesture)
        inside = QWidget()
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(lk.M)
        self.card = MemberCard(look)
        self.card.detached.connect(self.detached)
        self.card.menu_asked.connect(self.menu_asked)
        self.spend = Advice(look, Kind.ACCENT)
        self.spend.button.clicked.connect(self._toggle_spend)
        self._stamps: list[StampCardView] = []
        self.offers: list[Advice] = []
        self._column.addWidget(self.card)
        self._column.addWidget(self.spend)
        self._column.addStretch(1)
        self.setWidget(inside)
        inside.setAutoFillBackground(False)

    def retranslate(self) -> None:
        self.card.retranslate()
        if self._state is not None:
            self.set(self._state, self._free)

    def set(self, state: views.Member, free: bool) -> None:
        """`free`: the till takes what is pressed here."""
        self._state, self._free = state, free
        self.card.set(state)
        self._fit(self._stamps, len(state.stamp_cards), 1, lambda: StampCardView(self._look))
        for view, card in zip(self._stamps, state.stamp_cards, strict=False):
            view.set(card)
        self._fit(self.offers, len(state.offers), 1 + len(self._stamps), self._new_offer)
        for view, offer in zip(self.offers, state.offers, strict=False):
            word = self.tr("Choose") if offer.opens else self.tr("Add") if offer.product else ""
            view.set(offer.title, offer.detail, word)
        self.spend.setVisible(state.spend is not None)
        if state.spend is not None:
            spend = self.tr("Choose for me") if state.spend.mix else self.tr("Spend")
            word = self.tr("Don't spend") if state.spend.chosen else spend
            self.spend.set(state.spend.title, state.spend.detail, word)
        advice = (each.button for each in (self.spend, *self.offers))
        for button in (self.card.menu, self.card.detach, *advice):
            button.setEnabled(free)

    def _fit(self, shown: list[_Widget], count: int, place: int, make: Callable[[], _Widget]) -> None:
        # Widgets are kept and hidden, not destroyed: the next customer has as many again.
        while len(shown) < count:
            made = make()
            self._column.insertWidget(place + len(shown), made)
            shown.append(made)
        for number, widget in enumerate(shown):
            widget.setVisible(number < count)

    def _new_offer(self) -> Advice:
        made = Advice(self._look, Kind.OUTLINE)
        made.button.clicked.connect(lambda: self._take_offer(made))
        return made

    def _take_offer(self, advice: Advice) -> None:
        if self._state is not None:
            self.offer_taken.emit(self._state.offers[self.offers.index(advice)].key)

    def _toggle_spend(self) -> None:
        if self._state is not None and self._state.spend is not None:
            self.spend_toggled.emit(not self._state.spend.chosen)
