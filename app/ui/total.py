"""What is loud: TOTAL and PAY, always in the same place; and the one line that speaks to the cashier."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.screens import views
from app.ui import scale as lk
from app.ui.controls import RIGHT, Button, Card, Kind
from app.ui.look import Look, font, text_width, wrapped


class TotalCard(Card):
    """Saved and the number of items over the total; shrinks the figure, never cuts it."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._state = views.Total("", "")
        self._word = ""

    def retranslate(self) -> None:
        self._word = self.tr("Total")
        self.update()

    def set(self, state: views.Total) -> None:
        self._state = state
        figure = (
            f"{state.currency} {state.figure}" if state.currency_first else f"{state.figure} {state.currency}"
        )
        self.setAccessibleName(f"{self._word} {figure}")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter, look, state = QPainter(self), self._look, self._state
        inner = self.rect().adjusted(lk.L, lk.M, -lk.L, -lk.S)
        head = QRect(inner.left(), inner.top(), inner.width(), 24)
        used = look.draw_text(painter, head, state.items, "secondary", font(lk.SMALL), RIGHT)
        look.draw_text(
            painter, head.adjusted(0, 0, -used - lk.S, 0), state.saved, "gain", font(lk.BODY, lk.SEMIBOLD)
        )
        foot = QRect(inner.left(), head.bottom(), inner.width(), inner.bottom() - head.bottom())
        word_px = text_width(self._word, font(lk.HEADING)) + lk.M
        small = font(lk.HEADING + 2, lk.SEMIBOLD)
        sign_px = text_width(state.currency, small) + lk.S
        size = lk.TOTAL
        while size > lk.HEADING and _width(state.figure, size) + sign_px + word_px > foot.width():
            size -= 2
        big = font(size, lk.BOLD)
        look.draw_text(painter, foot, self._word, "secondary", font(lk.HEADING))
        figure_px = text_width(state.figure, big)
        base = foot.center().y() + _cap_px(big) // 2 + 1
        left = foot.right() - figure_px + 1 - (0 if state.currency_first else sign_px)
        look.write(painter, left, base, state.figure, "ink", big)
        sign_left = left - sign_px if state.currency_first else left + figure_px + lk.S
        look.write(painter, sign_left, base, state.currency, "ink", small)


class PayButton(Button):
    """The biggest thing to press; it never moves."""

    def __init__(self, look: Look) -> None:
        super().__init__(
            look, Kind.PAY, key="F12", size_px=26, weight=lk.BOLD, height_px=lk.PAY_PX, radius=14
        )
        self.setFixedHeight(lk.PAY_PX)

        self._state = views.Total("", "")
        self.setEnabled(False)

    def retranslate(self) -> None:
        if self._state.giving:
            self.set_words(self.tr("Give back"))
        else:
            self.set_words(self.tr("Take cash") if self._state.taking else self.tr("Pay"))

    def set(self, state: views.Total) -> None:
        self.setEnabled(state.payable)
        before, self._state = self._state, state
        if (state.taking, state.giving) != (before.taking, before.giving):
            self.retranslate()


class MessageLine(QWidget):
    """One message: a sign, and what to do in words. Announced to screen readers when it changes."""

    _SIGNS = {  # noqa: RUF012
        views.Tone.CAUTION: ("triangle-alert", "caution", "caution_soft"),
        views.Tone.ERROR: ("triangle-alert", "error", "error_soft"),
    }

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._state = views.Notice(views.Tone.QUIET, "")

    def set(self, state: views.Notice) -> None:
        self._state = state
        self.setAccessibleName(state.text)
        self.setToolTip(state.text)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look, state = QPainter(self), self._look, self._state
        sign = self._SIGNS.get(state.tone)
        if not state.text:
            return
        look.draw_box(painter, self.rect(), sign[2] if sign else "raised", None if sign else "hairline")
        if sign:
            look.draw_icon(painter, QRect(lk.L - 6, 0, 20, self.height()), sign[0], sign[1], 18)
        else:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look["gain" if state.tone is views.Tone.WELL else "secondary"])
            painter.drawEllipse(QRect(lk.L, self.height() // 2 - 4, 8, 8))
        inner = self.rect().adjusted(lk.L + 18, 2, -lk.M, -2)
        token = sign[1] if sign else "secondary" if state.tone is views.Tone.QUIET else "ink"
        self._paint_words(painter, inner, state.text, token)

    def _paint_words(self, painter: QPainter, inner: QRect, text: str, token: str) -> None:
        # One line at body size; up to three at the small one when it is long.
        if text_width(text, font(lk.BODY)) <= inner.width():
            self._look.draw_text(painter, inner, text, token, font(lk.BODY))
            return
        face = font(lk.SMALL)
        lines = wrapped(text, face, inner.width(), 3)
        height = QFontMetrics(face).height()
        top = inner.center().y() - height * len(lines) // 2
        for number, line in enumerate(lines):
            at = QRect(inner.left(), top + number * height, inner.width(), height)
            self._look.draw_text(painter, at, line, token, face)


def _width(text: str, size_px: int) -> int:
    return text_width(text, font(size_px, lk.BOLD))


@cache
def _cap_px(face: QFont) -> int:
    return QFontMetrics(face).capHeight()
