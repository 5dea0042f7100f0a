"""What stands beside the demo's till: a pole to read, a scale to load, a terminal that says yes or no."""

from __future__ import annotations

from typing import Final, Protocol

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFont, QFontDatabase, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app.ui import scale as lk
from app.ui.bridge import Bridge
from app.ui.controls import Button, Kind, Label
from app.ui.look import Look
from hardware.simulated.display import SimulatedDisplay
from hardware.simulated.scale import SimulatedScale
from hardware.simulated.terminal import Mood, SimulatedTerminal

WEIGHTS_MILLI: Final = (0, 250, 642, 1500)


class Beside(Protocol):
    """The devices, as the demo has made them."""

    display: SimulatedDisplay
    scale: SimulatedScale
    terminal: SimulatedTerminal


class Pole(QWidget):
    """Two lines as they glow on a pole."""

    def __init__(self, look: Look, columns: int) -> None:
        super().__init__()
        self._look = look
        self.lines = (" " * columns, " " * columns)
        self._font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        self._font.setStyleHint(QFont.StyleHint.Monospace)
        self._font.setPixelSize(lk.NAME)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set(self, lines: tuple[str, str]) -> None:
        self.lines = lines
        self.setAccessibleName(" / ".join(line.strip() for line in lines))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(300, 72)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look = QPainter(self), self._look
        look.draw_box(painter, self.rect(), "accent_soft", "hairline")
        painter.setPen(look["accent"])
        painter.setFont(self._font)
        for row, line in enumerate(self.lines):
            at = self.rect().adjusted(0, lk.S + row * 28, 0, 0)
            at.setHeight(28)
            painter.drawText(at, int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter), line)


class DeskSide(QWidget):
    """One block of the desk's window; made only for a desk that has these devices."""

    def __init__(self, look: Look, beside: Beside, bridge: Bridge) -> None:
        super().__init__()
        self._beside = beside
        self.pole = Pole(look, beside.display.columns)
        self.weights = [Button(look, height_px=lk.SMALL_BUTTON_PX, size_px=lk.SMALL) for _ in WEIGHTS_MILLI]
        self.terminal = Button(look, Kind.QUIET, height_px=lk.SMALL_BUTTON_PX)
        self._title = Label(look, lk.SMALL, lk.SEMIBOLD, "secondary")
        weights = QHBoxLayout()
        weights.setSpacing(lk.S)
        for milli, button in zip(WEIGHTS_MILLI, self.weights, strict=True):
            button.clicked.connect(lambda _=False, milli=milli: beside.scale.put(milli))
            weights.addWidget(button, 1)
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(self.terminal)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(lk.S)
        column.addWidget(self.pole)
        column.addLayout(head)
        column.addLayout(weights)
        self.terminal.clicked.connect(self._switch_terminal)
        beside.display.on_change = lambda lines: bridge.post(lambda: self.pole.set(lines))
        self.pole.set(beside.display.lines)

    def retranslate(self) -> None:
        self._title.set(self.tr("On the scale, kg"))
        for milli, button in zip(WEIGHTS_MILLI, self.weights, strict=True):
            button.set_words(f"{milli / 1000:.3f}" if milli else self.tr("Nothing"))
        declines = self._beside.terminal.mood is Mood.DECLINE
        self.terminal.set_words(self.tr("Terminal says no") if declines else self.tr("Terminal says yes"))

    def _switch_terminal(self) -> None:
        terminal = self._beside.terminal
        # As slow as a customer with a card.
        terminal.mood = Mood.SLOW if terminal.mood is Mood.DECLINE else Mood.DECLINE
        self.retranslate()

    def let_go(self) -> None:
        """The window is closed: nothing is shown any more."""
        self._beside.display.on_change = lambda lines: None
