"""The word over everything while a till only practises: nobody takes such a sale for a real one."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.ui import scale as lk
from app.ui.look import Look, font

_OPACITY: Final = 0.08
"""Seen at a glance, and everything under it can be read."""
_TURN: Final = -18.0


class Watermark(QWidget):
    """Lies over its parent and takes neither touch nor key."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look, self._word = look, ""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def set(self, word: str) -> None:
        self._word = word
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        face = font(max(self.width() // 8, lk.TOTAL), lk.BOLD)
        metrics = QFontMetrics(face)
        painter.setOpacity(_OPACITY)
        painter.setFont(face)
        painter.setPen(self._look["caution"])
        painter.translate(self.rect().center())
        painter.rotate(_TURN)
        spot = QPointF(-metrics.horizontalAdvance(self._word) / 2, metrics.capHeight() / 2)
        painter.drawText(spot, self._word)
