"""Rounded boxes: what every card, button and field is made of.

Most of the screen's painting was tracing their outlines. A box is put together from corners that were traced
once, and straight parts that are filled, in a quarter of the time.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6 import QtCore
from PySide6.QtCore import QRect, QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPixmap

_Kind = tuple[str | None, str | None, float, int, float]
"""Fill or ground outside, line, radius, width of the line, dots a pixel."""


class Boxes:
    """Paints them in the colours that `colour` gives for tokens; `forget` when those are others."""

    def __init__(self, colour: Callable[[str], QColor]) -> None:
        self._colour = colour
        self._corners: dict[_Kind, QPixmap] = {}

    def forget(self) -> None:
        self._corners.clear()

    def draw(
        self,
        painter: QPainter,
        at: QRect,
        fill: str | None,
        line: str | None,
        radius: float,
        width: int,
    ) -> None:
        """A rounded box of a fill, a line inside its rectangle, or both."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        corner_px, ratio = math.ceil(radius) + 1, painter.device().devicePixelRatioF()
        if min(at.width(), at.height()) < 2 * corner_px or ratio != int(ratio):
            return self.trace(painter, at, fill, line, radius, width)
        key = (fill, line, radius, width, ratio)
        kept = self._corners.get(key)
        if kept is None:
            kept = self._keep(key, lambda ink, small: self.trace(ink, small, fill, line, radius, width))
        if fill:
            inset, colour = width if line else 0, self._colour(fill)
            across, broad = at.width() - 2 * corner_px, at.width() - 2 * inset
            left, deep = at.left() + corner_px, corner_px - inset
            painter.fillRect(left, at.top() + inset, across, deep, colour)
            painter.fillRect(left, at.bottom() + 1 - corner_px, across, deep, colour)
            down = at.height() - 2 * corner_px
            painter.fillRect(at.left() + inset, at.top() + corner_px, broad, down, colour)
        return self._put_edge(painter, at, kept, corner_px, line, width)

    def draw_frame(self, painter: QPainter, at: QRect, ground: str, line: str, radius: float) -> None:
        """A box's line, and outside its round corners the ground it lies on."""
        corner_px, ratio = math.ceil(radius) + 1, painter.device().devicePixelRatioF()
        if min(at.width(), at.height()) < 2 * corner_px or ratio != int(ratio):
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            return self._paint_frame(painter, at, ground, line, radius)
        key = (f"outside {ground}", line, radius, 1, ratio)
        kept = self._corners.get(key)
        if kept is None:
            kept = self._keep(key, lambda ink, small: self._paint_frame(ink, small, ground, line, radius))
        return self._put_edge(painter, at, kept, corner_px, line, 1)

    def _keep(self, key: _Kind, paint: Callable[[QPainter, QRect], None]) -> QPixmap:
        """The smallest box there can be of a kind, painted on nothing: its corners are those of all."""
        _, _, radius, _, ratio = key
        side = 2 * (math.ceil(radius) + 1)
        made = QPixmap(QSize(side, side) * ratio)
        made.setDevicePixelRatio(ratio)
        made.fill(QColor(0, 0, 0, 0))
        ink = QPainter(made)
        ink.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint(ink, QRect(0, 0, side, side))
        ink.end()
        self._corners[key] = made
        return made

    def _put_edge(
        self, painter: QPainter, at: QRect, kept: QPixmap, corner_px: int, line: str | None, width: int
    ) -> None:
        """Paint a box's corners, and its line between them."""
        right, low, dots = at.right() + 1, at.bottom() + 1, kept.width() // 2
        for left, from_left in ((at.left(), 0), (right - corner_px, dots)):
            for top, from_top in ((at.top(), 0), (low - corner_px, dots)):
                painter.drawPixmap(left, top, kept, from_left, from_top, dots, dots)
        if line is None:
            return
        colour = self._colour(line)
        across, down = at.width() - 2 * corner_px, at.height() - 2 * corner_px
        for left in (at.left(), right - width):
            painter.fillRect(left, at.top() + corner_px, width, down, colour)
        for top in (at.top(), low - width):
            painter.fillRect(at.left() + corner_px, top, across, width, colour)

    def trace(
        self, painter: QPainter, at: QRect, fill: str | None, line: str | None, radius: float, width: int
    ) -> None:
        """The same along its outline, for any size and ratio."""
        painter.setPen(QtCore.Qt.PenStyle.NoPen)
        if fill:
            inset = width / 2 if line else 0.0
            painter.setBrush(self._colour(fill))
            painter.drawRoundedRect(QRectF(at).adjusted(inset, inset, -inset, -inset), radius, radius)
        if line:
            self._ring(painter, QRectF(at), line, radius, width)

    def _paint_frame(self, painter: QPainter, at: QRect, ground: str, line: str, radius: float) -> None:
        painter.setPen(QtCore.Qt.PenStyle.NoPen)
        box, corners = QRectF(at), QPainterPath()
        corners.addRect(box)
        corners.addRoundedRect(box, radius + 0.5, radius + 0.5)
        painter.setBrush(self._colour(ground))
        painter.drawPath(corners)
        self._ring(painter, box, line, radius, 1.0)

    def _ring(self, painter: QPainter, box: QRectF, line: str, radius: float, width: float) -> None:
        """What lies between two boxes: Qt takes ten times as long to run a pen round one."""
        half = width / 2
        ring, inner = QPainterPath(), max(radius - half, 0.0)
        ring.addRoundedRect(box, radius + half, radius + half)
        ring.addRoundedRect(box.adjusted(width, width, -width, -width), inner, inner)
        painter.setBrush(self._colour(line))
        painter.drawPath(ring)
