"""What the customer's window is made of: the goods, the total, the member, a code, a mark."""

from __future__ import annotations

from typing import Final, NamedTuple

import segno
from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QHBoxLayout,
    QLayout,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.screens import views
from app.texts import NBSP
from app.ui import scale as lk
from app.ui.controls import CENTRE, RIGHT, Card, Label
from app.ui.look import Look, font, wrapped
from app.ui.stamps import Stamps

_HUGE: Final = 64
_SMALL_PX: Final = 22
_MORE_PX: Final = 26
"""Heights of a row in the body size, and of the sign that there is more above."""
_QUIET: Final = 4
"""Modules of white around a QR code (ISO/IEC 18004)."""


class _Laid(NamedTuple):
    """A line as it fits a width: its name over up to two rows, then how much and why it costs less."""

    line: views.Line
    names: tuple[str, ...]
    quantity_px: int
    """Room that the quantity takes before the reason; 0 if the reason stands below it."""
    whys: tuple[str, ...]
    height: int


class BoughtLines(Card):
    """The newest lines, as many as fit; the last stays at the bottom once there are more."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._look = look
        self._lines: tuple[views.Line, ...] = ()
        self._near = ""

    def set(self, lines: tuple[views.Line, ...], near: str) -> None:
        self._lines, self._near = lines, near
        words = [f"{line.name} {line.quantity} {line.price} {line.why}".strip() for line in lines]
        self.setAccessibleName("; ".join(words))
        self.update()

    @property
    def _name_px(self) -> int:
        """A large screen is read from further away."""
        return lk.BALANCE - 4 if self.height() >= 600 and self.width() >= 600 else lk.NAME

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        inner = self.rect().adjusted(lk.XL, lk.S, -lk.XL, -lk.S)
        if self._near:
            inner = self._paint_near(painter, inner)
        laid = self._fitting(inner)
        hidden, top = len(self._lines) - len(laid), inner.top()
        if hidden:
            top = inner.bottom() + 1 - sum(each.height for each in laid)
            head = QRect(inner.left(), inner.top(), inner.width(), _MORE_PX)
            self._look.draw_text(painter, head, f"↑ {hidden}", "secondary", font(lk.BODY, lk.MEDIUM))
        for number, each in enumerate(laid):
            at = QRect(inner.left(), top, inner.width(), each.height)
            if number + 1 < len(laid):
                painter.fillRect(QRect(at.left(), at.bottom(), at.width(), 1), self._look["hairline"])
            self._paint_line(painter, at.adjusted(0, lk.S, 0, -lk.S), each)
            top += each.height

    def _fitting(self, inner: QRect) -> list[_Laid]:
        laid: list[_Laid] = []
        room = inner.height()
        for line in reversed(self._lines):
            each = self._lay(line, inner.width())
            # What is hidden needs room for the sign that says so.
            more = _MORE_PX if len(laid) + 1 < len(self._lines) else 0
            if each.height + more > room and laid:
                break
            room -= each.height
            laid.insert(0, each)
        return laid

    def _lay(self, line: views.Line, width: int) -> _Laid:
        name, small = font(self._name_px, lk.MEDIUM), QFontMetrics(font(lk.BODY))
        used = QFontMetrics(font(self._name_px, lk.SEMIBOLD)).horizontalAdvance(line.price) + lk.XL
        used += small.horizontalAdvance(line.was) + lk.S if line.was else 0
        names = tuple(wrapped(line.name, name, width - used, 2))
        reason = QFontMetrics(font(lk.BODY, lk.MEDIUM))
        beside = small.horizontalAdvance(line.quantity) + lk.M
        if not line.why or beside + reason.horizontalAdvance(line.why) <= width:
            whys, quantity_px, rows = (line.why,), beside, 1
        else:
            whys, quantity_px = tuple(wrapped(line.why, font(lk.BODY, lk.MEDIUM), width, 2)), 0
            rows = 1 + len(whys)
        height = 2 * lk.S + len(names) * (self._name_px + 8) + rows * _SMALL_PX
        return _Laid(line, names, quantity_px, whys, height)

    def _paint_line(self, painter: QPainter, at: QRect, laid: _Laid) -> None:
        look, line, row_px = self._look, laid.line, self._name_px + 8
        row = QRect(at.left(), at.top(), at.width(), row_px)
        used = look.draw_text(painter, row, line.price, "ink", font(self._name_px, lk.SEMIBOLD), RIGHT)
        if line.was:
            was = row.adjusted(0, 0, -used - lk.S, 0)
            struck = font(lk.BODY, strike=True)
            used += look.draw_text(painter, was, line.was, "secondary", struck, RIGHT) + lk.S
        name = row.adjusted(0, 0, -used - lk.M, 0)
        for text in laid.names:
            look.draw_text(painter, name, text, "ink", font(self._name_px, lk.MEDIUM))
            name.translate(0, row_px)
        below = QRect(at.left(), name.top(), at.width(), _SMALL_PX)
        look.draw_text(painter, below, line.quantity, "secondary", font(lk.BODY))
        if laid.quantity_px:
            below.setLeft(at.left() + laid.quantity_px)
        else:
            below.translate(0, _SMALL_PX)
        for text in laid.whys:
            look.draw_text(painter, below, text, "gain", font(lk.BODY, lk.MEDIUM))
            below.translate(0, _SMALL_PX)

    def _paint_near(self, painter: QPainter, inner: QRect) -> QRect:
        face = font(lk.HEADING, lk.MEDIUM)
        lines = wrapped(self._near, face, inner.width() - 2 * lk.L, 2)
        height = len(lines) * 26 + lk.L
        bar = QRect(inner.left() - lk.S, inner.bottom() - height, inner.width() + 2 * lk.S, height)
        self._look.draw_box(painter, bar, "accent_soft")
        for number, line in enumerate(lines):
            at = QRect(bar.left() + lk.L, bar.top() + lk.S + number * 26, bar.width() - 2 * lk.L, 26)
            self._look.draw_text(painter, at, line, "accent", face)
        return inner.adjusted(0, 0, 0, -height - lk.S)


class LoudTotal(Card):
    """The one loud thing: the total, or what is to pay; shrunk, never cut."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._look = look
        self._label, self._total, self._loud = "", views.Total("", ""), False

    def set(self, label: str, total: views.Total, *, loud: bool) -> None:
        self._label, self._total, self._loud = label, total, loud
        self.setAccessibleName(f"{label} {total.figure} {total.currency}")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, look, total = QPainter(self), self._look, self._total
        fill, line = ("pay", None) if self._loud else ("surface", "hairline")
        look.draw_box(painter, self.rect(), fill, line)
        ink, soft, gain = ("on_pay",) * 3 if self._loud else ("ink", "secondary", "gain")
        inner = self.rect().adjusted(lk.XL, lk.L, -lk.XL, -lk.L)
        head = QRect(inner.left(), inner.top(), inner.width(), 30)
        look.draw_text(painter, head, self._label, soft, font(lk.NAME, lk.MEDIUM))
        foot = QRect(inner.left(), inner.bottom() - 26, inner.width(), 26)
        look.draw_text(painter, foot, total.saved, gain, font(lk.HEADING, lk.SEMIBOLD), RIGHT)
        first, last = (total.currency, total.figure)[:: 1 if total.currency_first else -1]
        figure = f"{first}{NBSP}{last}"
        middle = inner.adjusted(0, 30, 0, -26 if total.saved else 0)
        size = min(_HUGE, middle.height() * 4 // 5)
        while size > lk.NAME and QFontMetrics(font(size, lk.BOLD)).horizontalAdvance(figure) > inner.width():
            size -= 2
        look.draw_text(painter, middle, figure, ink, font(size, lk.BOLD), RIGHT)


class MemberBoard(Card):
    """Who is served, their points, and their stamps."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._name = Label(look, lk.BALANCE, lk.SEMIBOLD)
        self._tier = Label(look, lk.HEADING, lk.SEMIBOLD, "accent")
        self._balance = Label(look, lk.TOTAL, lk.BOLD)
        self._balance_of = Label(look, lk.BODY, token="secondary")
        self._earned = Label(look, lk.HEADING, lk.SEMIBOLD, "gain", wrap=True)
        self._spend = Label(look, lk.HEADING, lk.MEDIUM, "accent", wrap=True)
        self._cards = [_StampCard(look) for _ in range(2)]
        column = QVBoxLayout(self)
        column.setContentsMargins(lk.XL, lk.L, lk.XL, lk.L)
        column.setSpacing(lk.XS)
        column.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        for part in (self._name, self._tier, self._balance, self._balance_of, self._earned, self._spend):
            column.addWidget(part)
        for card in self._cards:
            column.addWidget(card)
        column.addStretch(1)
        self._shown: tuple[views.StampCard, ...] = ()

    def set(self, member: views.Member) -> None:
        self._name.set(member.name)
        self._tier.set(member.tier)
        self._balance.set(member.balance)
        self._balance_of.set(member.balance_of)
        self._earned.set(f"{member.earned} {member.earned_of}".strip())
        self._spend.set(f"{member.spend.title} · {member.spend.detail}" if member.spend else "")
        self._shown = member.stamp_cards

    def height_in(self, width: int, room: int) -> int:
        """Its own height at a width; in a low room with fewer stamp cards, rather than half of one."""
        for most in (len(self._cards), 1, 0):
            for place, card in enumerate(self._cards):
                there = place < min(most, len(self._shown))
                card.setVisible(there)
                if there:
                    card.set(self._shown[place])
            layout = self.layout()
            assert layout is not None
            layout.invalidate()
            height = layout.totalHeightForWidth(width)
            if height <= room:
                return height
        return room


class _StampCard(QWidget):
    def __init__(self, look: Look) -> None:
        super().__init__()
        self._name = Label(look, lk.BODY, lk.SEMIBOLD)
        self._progress = Label(look, lk.BODY, token="secondary", align=RIGHT)
        self._stamps = Stamps(look)
        head = QHBoxLayout()
        head.addWidget(self._name, 1)
        head.addWidget(self._progress)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, lk.S, 0, 0)
        column.setSpacing(lk.XS)
        column.addLayout(head)
        column.addWidget(self._stamps)

    def set(self, card: views.StampCard) -> None:
        self._name.set(card.name)
        self._progress.set(card.progress)
        self._stamps.set(card)


class QrCode(QWidget):
    """A QR code, dark on white in either theme: cameras read it best so."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._text = ""
        self._modules: list[bytearray] = []

    def set(self, text: str, name: str) -> None:
        if text != self._text:
            self._text = text
            self._modules = [bytearray(row) for row in segno.make_qr(text, error="m").matrix] if text else []
        self.setAccessibleName(name)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        if not self._modules:
            return
        painter, count = QPainter(self), len(self._modules) + 2 * _QUIET
        dots = max(min(self.width(), self.height()) // count, 1)
        side = dots * count
        left, top = (self.width() - side) // 2, (self.height() - side) // 2
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor("#FFFFFF"))
        painter.drawRoundedRect(QRectF(left, top, side, side), lk.RADIUS, lk.RADIUS)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        for y, row in enumerate(self._modules):
            for x, dark in enumerate(row):
                if dark:
                    at = QRect(left + (x + _QUIET) * dots, top + (y + _QUIET) * dots, dots, dots)
                    painter.fillRect(at, QColor("#000000"))


class MarkButton(QAbstractButton):
    """One of five marks: its figure and its word."""

    def __init__(self, look: Look, mark: int) -> None:
        super().__init__()
        self._look, self.mark, self.chosen = look, mark, False
        self.setMinimumSize(96, 84)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set(self, word: str, chosen: bool, open: bool) -> None:
        self.setText(word)
        self.setAccessibleName(f"{self.mark}: {word}")
        self.chosen = chosen
        self.setEnabled(open)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(max(QFontMetrics(font(lk.BODY)).horizontalAdvance(self.text()) + lk.XL, 96), 84)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look = QPainter(self), self._look
        full = self.chosen or self.isDown()
        look.draw_box(painter, self.rect(), "accent" if full else "surface", None if full else "hairline")
        ink = "on_accent" if full else "ink"
        head = QRect(0, lk.S, self.width(), 40)
        look.draw_text(painter, head, str(self.mark), ink, font(lk.BALANCE, lk.BOLD), CENTRE)
        word = QRect(lk.XS, 48, self.width() - 2 * lk.XS, 26)
        look.draw_text(painter, word, self.text(), ink if full else "secondary", font(lk.BODY), CENTRE)
