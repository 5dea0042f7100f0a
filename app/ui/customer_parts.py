"""What the customer's window is made of: the goods, the total, the member, a code, a mark."""

from __future__ import annotations

from typing import Final, NamedTuple

import segno
from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent
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
"""Heights of a row in the body size, and of the sign that there is more above; all of it before zooming."""
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

    def __init__(self, look: Look, px: lk.Sizes) -> None:
        super().__init__(look)
        self._px = px
        self._look = look
        self._lines: tuple[views.Line, ...] = ()
        self._near = ""

    def set(self, lines: tuple[views.Line, ...], near: str) -> None:
        self._lines, self._near = lines, near
        words = [f"{line.name} {line.quantity} {line.price} {line.why}".strip() for line in lines]
        self.setAccessibleName("; ".join(words))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        inner = self.rect().adjusted(self._px.XL, self._px.S, -self._px.XL, -self._px.S)
        if self._near:
            inner = self._paint_near(painter, inner)
        laid = self._fitting(inner)
        hidden, top = len(self._lines) - len(laid), inner.top()
        if hidden:
            top = inner.bottom() + 1 - sum(each.height for each in laid)
            head = QRect(inner.left(), inner.top(), inner.width(), self._px(_MORE_PX))
            self._look.draw_text(painter, head, f"↑ {hidden}", "secondary", font(self._px.BODY, lk.MEDIUM))
        for number, each in enumerate(laid):
            at = QRect(inner.left(), top, inner.width(), each.height)
            if number + 1 < len(laid):
                painter.fillRect(QRect(at.left(), at.bottom(), at.width(), 1), self._look["hairline"])
            self._paint_line(painter, at.adjusted(0, self._px.S, 0, -self._px.S), each)
            top += each.height

    def _fitting(self, inner: QRect) -> list[_Laid]:
        laid: list[_Laid] = []
        room = inner.height()
        for line in reversed(self._lines):
            each = self._lay(line, inner.width())
            # What is hidden needs room for the sign that says so.
            more = self._px(_MORE_PX) if len(laid) + 1 < len(self._lines) else 0
            if each.height + more > room and laid:
                break
            room -= each.height
            laid.insert(0, each)
        return laid

    def _lay(self, line: views.Line, width: int) -> _Laid:
        name, small = font(self._px.NAME, lk.MEDIUM), QFontMetrics(font(self._px.BODY))
        used = QFontMetrics(font(self._px.NAME, lk.SEMIBOLD)).horizontalAdvance(line.price) + self._px.XL
        used += small.horizontalAdvance(line.was) + self._px.S if line.was else 0
        names = tuple(wrapped(line.name, name, width - used, 2))
        reason = QFontMetrics(font(self._px.BODY, lk.MEDIUM))
        beside = small.horizontalAdvance(line.quantity) + self._px.M
        if not line.why or beside + reason.horizontalAdvance(line.why) <= width:
            whys, quantity_px, rows = (line.why,), beside, 1
        else:
            whys, quantity_px = tuple(wrapped(line.why, font(self._px.BODY, lk.MEDIUM), width, 2)), 0
            rows = 1 + len(whys)
        height = 2 * self._px.S + len(names) * (self._px(lk.NAME + 8)) + rows * self._px(_SMALL_PX)
        return _Laid(line, names, quantity_px, whys, height)

    def _paint_line(self, painter: QPainter, at: QRect, laid: _Laid) -> None:
        look, line, row_px = self._look, laid.line, self._px(lk.NAME + 8)
        row = QRect(at.left(), at.top(), at.width(), row_px)
        used = look.draw_text(painter, row, line.price, "ink", font(self._px.NAME, lk.SEMIBOLD), RIGHT)
        if line.was:
            was = row.adjusted(0, 0, -used - self._px.S, 0)
            struck = font(self._px.BODY, strike=True)
            used += look.draw_text(painter, was, line.was, "secondary", struck, RIGHT) + self._px.S
        name = row.adjusted(0, 0, -used - self._px.M, 0)
        for text in laid.names:
            look.draw_text(painter, name, text, "ink", font(self._px.NAME, lk.MEDIUM))
            name.translate(0, row_px)
        below = QRect(at.left(), name.top(), at.width(), self._px(_SMALL_PX))
        look.draw_text(painter, below, line.quantity, "secondary", font(self._px.BODY))
        if laid.quantity_px:
            below.setLeft(at.left() + laid.quantity_px)
        else:
            below.translate(0, self._px(_SMALL_PX))
        for text in laid.whys:
            look.draw_text(painter, below, text, "gain", font(self._px.BODY, lk.MEDIUM))
            below.translate(0, self._px(_SMALL_PX))

    def _paint_near(self, painter: QPainter, inner: QRect) -> QRect:
        face = font(self._px.HEADING, lk.MEDIUM)
        lines = wrapped(self._near, face, inner.width() - 2 * self._px.L, 2)
        row_px = self._px(26)
        height = len(lines) * row_px + self._px.L
        bar = QRect(
            inner.left() - self._px.S, inner.bottom() - height, inner.width() + 2 * self._px.S, height
        )
        self._look.draw_box(painter, bar, "accent_soft")
        for number, line in enumerate(lines):
            top = bar.top() + self._px.S + number * row_px
            at = QRect(bar.left() + self._px.L, top, bar.width() - 2 * self._px.L, row_px)
            self._look.draw_text(painter, at, line, "accent", face)
        return inner.adjusted(0, 0, 0, -height - self._px.S)


class LoudTotal(Card):
    """The one loud thing: the total, or what is to pay; shrunk, never cut."""

    def __init__(self, look: Look, px: lk.Sizes) -> None:
        super().__init__(look)
        self._px = px
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
        inner = self.rect().adjusted(self._px.XL, self._px.L, -self._px.XL, -self._px.L)
        head = QRect(inner.left(), inner.top(), inner.width(), self._px(30))
        look.draw_text(painter, head, self._label, soft, font(self._px.NAME, lk.MEDIUM))
        foot_px = self._px(26)
        foot = QRect(inner.left(), inner.bottom() - foot_px, inner.width(), foot_px)
        look.draw_text(painter, foot, total.saved, gain, font(self._px.HEADING, lk.SEMIBOLD), RIGHT)
        first, last = (total.currency, total.figure)[:: 1 if total.currency_first else -1]
        figure = f"{first}{NBSP}{last}"
        middle = inner.adjusted(0, self._px(30), 0, -foot_px if total.saved else 0)
        size = min(self._px(_HUGE), middle.height() * 4 // 5)
        while (
            size > self._px.NAME
            and QFontMetrics(font(size, lk.BOLD)).horizontalAdvance(figure) > inner.width()
        ):
            size -= 2
        look.draw_text(painter, middle, figure, ink, font(size, lk.BOLD), RIGHT)


class MemberBoard(Card):
    """Who is served, their points, and their stamps."""

    def __init__(self, look: Look, px: lk.Sizes) -> None:
        super().__init__(look)
        self._px = px
        self._name = Label(look, self._px.BALANCE, lk.SEMIBOLD)
        self._tier = Label(look, self._px.HEADING, lk.SEMIBOLD, "accent")
        self._balance = Label(look, self._px.TOTAL, lk.BOLD)
        self._balance_of = Label(look, self._px.BODY, token="secondary")
        self._earned = Label(look, self._px.HEADING, lk.SEMIBOLD, "gain", wrap=True)
        self._spend = Label(look, self._px.HEADING, lk.MEDIUM, "accent", wrap=True)
        self._cards = [_StampCard(look, px) for _ in range(2)]
        column = QVBoxLayout(self)
        column.setContentsMargins(self._px.XL, self._px.L, self._px.XL, self._px.L)
        column.setSpacing(self._px.XS)
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
    def __init__(self, look: Look, px: lk.Sizes) -> None:
        super().__init__()
        self._px = px
        self._name = Label(look, self._px.BODY, lk.SEMIBOLD)
        self._progress = Label(look, self._px.BODY, token="secondary", align=RIGHT)
        self._stamps = Stamps(look, px)
        head = QHBoxLayout()
        head.addWidget(self._name, 1)
        head.addWidget(self._progress)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, self._px.S, 0, 0)
        column.setSpacing(self._px.XS)
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

    def __init__(self, look: Look, mark: int, px: lk.Sizes) -> None:
        super().__init__()
        self._look, self.mark, self.chosen, self._px = look, mark, False, px
        self.setMinimumSize(px(96), px(84))
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set(self, word: str, chosen: bool, open: bool) -> None:
        self.setText(word)
        self.setAccessibleName(f"{self.mark}: {word}")
        self.chosen = chosen
        self.setEnabled(open)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(
            max(QFontMetrics(font(self._px.BODY)).horizontalAdvance(self.text()) + self._px.XL, self._px(96)),
            self._px(84),
        )

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look = QPainter(self), self._look
        full = self.chosen or self.isDown()
        look.draw_box(painter, self.rect(), "accent" if full else "surface", None if full else "hairline")
        ink = "on_accent" if full else "ink"
        head = QRect(0, self._px.S, self.width(), self._px(40))
        look.draw_text(painter, head, str(self.mark), ink, font(self._px.BALANCE, lk.BOLD), CENTRE)
        word = QRect(self._px.XS, self._px(48), self.width() - 2 * self._px.XS, self._px(26))
        look.draw_text(painter, word, self.text(), ink if full else "secondary", font(self._px.BODY), CENTRE)


def _wide(text: str, face: QFont) -> int:
    return QFontMetrics(face).horizontalAdvance(text)
