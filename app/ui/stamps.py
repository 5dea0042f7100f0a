"""A stamp card drawn as one: ink circles, each turned by a fixed angle of its own."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEasingCurve, QPointF, QRect, QRectF, QSize, Qt, QVariantAnimation
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app.screens import views
from app.ui import scale as lk
from app.ui.controls import RIGHT, Card, Label
from app.ui.look import Look, font

CIRCLE_PX: Final = 40
_GAP_PX: Final = 9
_SMALL_PX: Final = 26
_PAD_PX: Final = 6
"""Room around the circles for a stamp that is being pressed on."""
EARN_MS: Final = 180
"""The one animation of the till; under 200 ms, and only when a stamp is earned."""
_TILTS: Final = (-9.0, 5.0, -3.0, 8.0, -6.0, 11.0, -2.0, 6.0, -10.0, 3.0, -5.0, 9.0)
"""Degrees by place: the same stamp leans the same way whenever it is looked at."""

_FRESH: Final = frozenset({views.Stamp.NEW, views.Stamp.WON})


class Stamps(QWidget):
    """The circles of one card; wraps into rows, smaller when there are many."""

    def __init__(self, look: Look, px: lk.Sizes | None = None) -> None:
        super().__init__()
        self._look = look
        self._px = px or lk.Sizes()
        self._card: views.StampCard | None = None
        self._grown = 1.0
        self._fresh: frozenset[int] = frozenset()
        self._press = QVariantAnimation(self)
        self._press.setDuration(EARN_MS)
        self._press.setStartValue(1.28)
        self._press.setEndValue(1.0)
        self._press.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._press.valueChanged.connect(self._grow)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def set(self, card: views.StampCard) -> None:
        """Show a card; only stamps that were not earned a moment ago are pressed on."""
        before = self._card
        if before == card:
            return
        new = {place for place, stamp in enumerate(card.stamps) if stamp in _FRESH}
        same = before is not None and before.key == card.key
        had = (
            {p for p, s in enumerate(before.stamps) if s is views.Stamp.NEW}
            if before and same
            else set[int]()
        )
        self._card = card
        self._fresh = frozenset(new - had) if same else frozenset()
        self.setAccessibleName(f"{card.name}: {card.progress}")
        if self._fresh:
            self._press.start()
        self.updateGeometry()
        self.update()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        size, per_row = self._grid(width)
        count = len(self._card.stamps) if self._card else 0
        rows = max(-(-count // per_row), 1)
        return rows * size + (rows - 1) * self._px(_GAP_PX) + 2 * self._px(_PAD_PX)

    def sizeHint(self) -> QSize:
        width = self.width() or 300
        return QSize(200, self.heightForWidth(width))

    def _grid(self, width: int) -> tuple[int, int]:
        count = len(self._card.stamps) if self._card else 1
        width -= 2 * self._px(_PAD_PX)
        gap = self._px(_GAP_PX)
        # One row as long as the circles are not too small for it.
        in_a_row = (width + gap) // max(count, 1) - gap
        size = min(self._px(CIRCLE_PX), max(in_a_row, self._px(_SMALL_PX)))
        return size, max((width + gap) // (size + gap), 1)

    def _grow(self, value: float) -> None:
        self._grown = value
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._card is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        size, per_row = self._grid(self.width())
        pad, step = self._px(_PAD_PX), size + self._px(_GAP_PX)
        for place, stamp in enumerate(self._card.stamps):
            row, column = divmod(place, per_row)
            at = QRect(pad, pad, size, size).translated(column * step, row * step)
            self._paint_stamp(painter, at, stamp, place)

    def _paint_stamp(self, painter: QPainter, at: QRect, stamp: views.Stamp, place: int) -> None:
        assert self._card is not None
        look, size = self._look, at.width()
        painter.save()
        painter.translate(QRectF(at).center())
        painter.rotate(_TILTS[place % len(_TILTS)])
        if place in self._fresh:
            painter.scale(self._grown, self._grown)
        ring = QRectF(-size / 2 + 1, -size / 2 + 1, size - 2, size - 2)
        icon_px = size // 2
        match stamp:
            case views.Stamp.EMPTY:
                pen = QPen(look["secondary"], 1.2, Qt.PenStyle.DashLine)
                painter.setPen(pen)
                painter.drawEllipse(ring)
            case views.Stamp.EARNED:
                painter.setPen(QPen(look["accent"], 2))
                painter.drawEllipse(ring)
                self._mark(painter, "accent", icon_px)
            case views.Stamp.NEW:
                painter.setPen(QPen(look["accent"], 2))
                painter.setBrush(look["accent"])
                painter.drawEllipse(ring)
                self._mark(painter, "on_accent", icon_px)
            case views.Stamp.FREE:
                painter.setPen(QPen(look["gain"], 2))
                painter.drawEllipse(ring)
                self._free(painter, ring, "gain")
            case views.Stamp.WON:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(look["gain"])
                painter.drawEllipse(ring.adjusted(-1, -1, 1, 1))
                self._free(painter, ring, "surface")
        painter.restore()

    def _mark(self, painter: QPainter, token: str, icon_px: int) -> None:
        assert self._card is not None
        ratio = painter.device().devicePixelRatioF()
        # Turned pixels need more of them than straight ones to stay sharp.
        pixmap = self._look.icon(self._card.icon, icon_px, token, max(ratio, 2.0))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawPixmap(QPointF(-icon_px / 2, -icon_px / 2), pixmap)

    def _free(self, painter: QPainter, ring: QRectF, token: str) -> None:
        assert self._card is not None
        if not self._card.free_price or ring.width() < self._px(CIRCLE_PX) - 4:
            self._mark(painter, token, round(ring.width() / 2))
            return
        painter.setFont(font(self._px.SMALL, lk.SEMIBOLD))
        painter.setPen(self._look[token])
        painter.drawText(ring, int(Qt.AlignmentFlag.AlignCenter), self._card.free_price)


class StampCardView(Card):
    """A stamp card: its name, how far it is, its stamps."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._name = Label(look, lk.BODY, lk.SEMIBOLD)
        self._progress = Label(look, lk.SMALL, token="secondary", align=RIGHT)
        self._stamps = Stamps(look)
        head = QHBoxLayout()
        head.addWidget(self._name, 1)
        head.addWidget(self._progress)
        column = QVBoxLayout(self)
        column.setContentsMargins(lk.L - _PAD_PX, lk.M, lk.L - _PAD_PX, lk.M - _PAD_PX)
        column.setSpacing(lk.M - _PAD_PX)
        head.setContentsMargins(_PAD_PX, 0, _PAD_PX, 0)
        column.addLayout(head)
        column.addWidget(self._stamps)

    def set(self, card: views.StampCard) -> None:
        self._name.set(card.name)
        self._progress.set(card.progress)
        self._stamps.set(card)
