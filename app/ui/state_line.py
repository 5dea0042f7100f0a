"""The line on top: shift and cashier, what is well and what is not, the time."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QWidget

from app.screens import views
from app.ui import scale as lk
from app.ui.controls import CENTRE, Button, Kind, Label
from app.ui.look import Look, font
from app.ui.scale import state_px

_COLOURS = {
    views.Tone.QUIET: ("raised", "hairline", "ink", "secondary"),
    views.Tone.WELL: ("raised", "hairline", "ink", "gain"),
    views.Tone.CAUTION: ("caution_soft", None, "caution", "caution"),
    views.Tone.ERROR: ("error_soft", None, "error", "error"),
}
"""Per tone: fill, line, ink, sign."""
_SIGNS = {views.Tone.CAUTION: "refresh-cw", views.Tone.ERROR: "triangle-alert"}


class ChipButton(QAbstractButton):
    """A state in words with its sign; pressing it tells what to do in the message line."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.chip: views.Chip | None = None
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set(self, chip: views.Chip) -> None:
        if chip == self.chip:
            return
        self.chip = chip
        self.setAccessibleName(chip.text)
        self.setAccessibleDescription(chip.detail)
        self.setToolTip(chip.detail)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        text = self.chip.text if self.chip else ""
        return QSize(
            QFontMetrics(font(lk.SMALL)).horizontalAdvance(text) + 28 + lk.M + 2,
            max(lk.SMALL_BUTTON_PX, self._look.touch),
        )

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self.chip is None:
            return
        painter, look = QPainter(self), self._look
        fill, line, ink, sign = _COLOURS[self.chip.tone]
        spare = (self.height() - 28) // 2
        pill = self.rect().adjusted(0, spare, 0, -spare)
        look.draw_box(painter, pill, fill, line, pill.height() / 2)
        icon = _SIGNS.get(self.chip.tone)
        if icon:
            at = QRect(lk.M - 2, 0, 16, self.height())
            look.draw_icon(painter, at, icon, sign, 14)
        else:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look[sign])
            painter.drawEllipse(QRect(lk.M, self.height() // 2 - 4, 8, 8))
        inner = self.rect().adjusted(28, 0, -lk.S, 0)
        look.draw_text(painter, inner, self.chip.text, ink, font(lk.SMALL))
        if self.hasFocus():
            look.draw_box(painter, pill, None, "accent", pill.height() / 2, width=2)


class StateLine(QWidget):
    """`chip_pressed` carries what the chip would tell; the other signals are its small buttons."""

    chip_pressed = Signal(object)
    day_asked = Signal()
    language_asked = Signal()
    theme_asked = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.setFixedHeight(state_px(look.touch))
        self._shift = Label(look, lk.SMALL, lk.SEMIBOLD)
        self._till = Label(look, lk.SMALL, token="secondary")
        self._training = Label(look, lk.SMALL, lk.SEMIBOLD, "caution")
        self._clock = Label(look, lk.SMALL, lk.SEMIBOLD, align=CENTRE)
        self.chips: dict[views.ChipKind, ChipButton] = {}
        self.day = Button(
            look, Kind.QUIET, icon_name="chart-column", height_px=lk.SMALL_BUTTON_PX, size_px=lk.SMALL
        )
        self.language = Button(
            look, Kind.QUIET, icon_name="languages", height_px=lk.SMALL_BUTTON_PX, size_px=lk.SMALL
        )
        self.theme = Button(look, Kind.QUIET, icon_name="moon", height_px=lk.SMALL_BUTTON_PX)
        for button, signal in (
            (self.day, self.day_asked),
            (self.language, self.language_asked),
            (self.theme, self.theme_asked),
        ):
            button.clicked.connect(signal)
        row = QHBoxLayout(self)
        row.setContentsMargins(lk.L, 0, lk.L, 0)
        row.setSpacing(lk.M)
        row.addWidget(self._shift)
        row.addWidget(self._till)
        row.addWidget(self._training)
        row.addStretch(1)
        for kind in views.ChipKind:
            chip = self.chips[kind] = ChipButton(look)
            chip.hide()
            chip.clicked.connect(lambda _=False, chip=chip: self.chip_pressed.emit(chip.chip))
            row.addWidget(chip)
        small = QHBoxLayout()
        small.setSpacing(0)
        for button in (self.day, self.language, self.theme):
            small.addWidget(button)
        row.addLayout(small)
        row.addWidget(self._clock)

    def retranslate(self) -> None:
        self.day.set_words("", self.tr("The day's figures"))
        self.language.set_words(self.tr("EN"), self.tr("Language"))
        self.theme.set_words("", self.tr("Light or dark"))

    def set(self, state: views.StateLine) -> None:
        self._shift.set(state.shift)
        self._till.set(state.till)
        self._training.set(self.tr("Training") if state.training else "")
        self._clock.set(state.clock)
        there = {chip.kind: chip for chip in state.chips}
        for kind, button in self.chips.items():
            button.setVisible(kind in there)
            if kind in there:
                button.set(there[kind])

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._look["surface"])
        painter.fillRect(QRect(0, self.height() - 1, self.width(), 1), self._look["hairline"])
