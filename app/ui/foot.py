"""The buttons at the foot of a panel, as its state names them; and choices of which one is taken."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QScroller, QSizePolicy, QWidget

from app.screens.forms import Choice, Press
from app.ui import scale as lk
from app.ui.controls import Button, Kind
from app.ui.look import Look


class Foot(QWidget):
    """One row of buttons; kept and worded anew, so that a press never hits one in the making."""

    pressed = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(lk.S)
        self._state: tuple[Press, ...] = ()
        self.buttons: list[Button] = []

    def set(self, presses: tuple[Press, ...]) -> None:
        self._state = presses
        while len(self.buttons) < len(presses):
            button, place = Button(self._look), len(self.buttons)
            button.clicked.connect(lambda _=False, place=place: self._press(place))
            self._row.addWidget(button, 1)
            self.buttons.append(button)
        for place, button in enumerate(self.buttons):
            button.setVisible(place < len(presses))
            if place < len(presses):
                self._word(button, presses[place], place)

    def _word(self, button: Button, press: Press, place: int) -> None:
        button.kind = Kind.ACCENT if press.loud else Kind.PLAIN
        button.set_weight(lk.SEMIBOLD if press.loud else lk.MEDIUM)
        button.hint, button.icon_name = press.hint, press.icon
        button.set_words(press.text)
        button.setEnabled(press.enabled)
        self._row.setStretch(place, 2 if press.loud else 1)
        button.update()

    def button(self, key: str) -> Button:
        """The button of a key; KeyError if there is none now."""
        for press, button in zip(self._state, self.buttons, strict=False):
            if press.key == key:
                return button
        raise KeyError(key)

    def _press(self, place: int) -> None:
        if place < len(self._state):
            self.pressed.emit(self._state[place].key)


class Choices(QWidget):
    """Buttons of which one is taken, flowing over as many rows as they need; a tick says which.

    With `icon_name` all of them carry that sign instead: pressing one does what it says.
    """

    chosen = Signal(str)

    def __init__(self, look: Look, icon_name: str = "") -> None:
        super().__init__()
        self._look, self._icon = look, icon_name
        self._state: tuple[Choice, ...] = ()
        self.buttons: list[Button] = []

    def set(self, choices: Sequence[Choice], act: str = "") -> None:
        """Show the choices; `act` goes before each one's accessible name."""
        self._state = tuple(choices)
        while len(self.buttons) < len(choices):
            # What is only taken back stands smaller than what is chosen.
            size, place = lk.SMALL if self._icon else lk.BODY, len(self.buttons)
            button = Button(self._look, size_px=size, height_px=lk.SMALL_BUTTON_PX)
            button.setParent(self)
            button.clicked.connect(lambda _=False, place=place: self._choose(place))
            self.buttons.append(button)
        for place, button in enumerate(self.buttons):
            button.setVisible(place < len(choices))
            if place < len(choices):
                choice = choices[place]
                button.kind = Kind.OUTLINE if choice.chosen else Kind.PLAIN
                button.icon_name = self._icon or ("check" if choice.chosen else "")
                button.set_words(choice.text, f"{act}: {choice.text}" if act else "")
                button.update()
        self.setVisible(bool(choices))
        self.updateGeometry()
        self._place()

    def _choose(self, place: int) -> None:
        if place < len(self._state):
            self.chosen.emit(self._state[place].key)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._flow(width, move=False)

    def sizeHint(self) -> QSize:
        return QSize(200, self._flow(max(self.width(), 200), move=False))

    def minimumSizeHint(self) -> QSize:
        return QSize(80, self._flow(max(self.width(), 200), move=False))

    def resizeEvent(self, event: object) -> None:
        self._place()

    @property
    def row_px(self) -> int:
        """The height of one row."""
        return self.buttons[0].minimumHeight() if self.buttons else 0

    def _place(self) -> None:
        self._flow(self.width(), move=True)

    def _flow(self, width: int, *, move: bool) -> int:
        # The room for a tick is kept, so that choosing moves nothing.
        left = top = height = 0
        for button in self.buttons[: len(self._state)]:
            wide = min(button.minimumSizeHint().width() + (0 if button.icon_name else 28), width)
            height = button.minimumHeight()
            if left and left + wide > width:
                left, top = 0, top + height + lk.S
            if move:
                button.setGeometry(QRect(left, top, wide, height))
            left += wide + lk.S
        return top + height


class Strip(QScrollArea):
    """Choices that get by with one row and scroll where there is no room for more."""

    def __init__(self, inside: Choices) -> None:
        super().__init__()
        self._inside = inside
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.viewport().setAutoFillBackground(False)
        QScroller.grabGesture(self.viewport(), QScroller.ScrollerGestureType.TouchGesture)
        self.setWidget(inside)
        inside.setAutoFillBackground(False)

    def sizeHint(self) -> QSize:
        return QSize(200, self._inside.heightForWidth(max(self.width(), 200)))

    def minimumSizeHint(self) -> QSize:
        return QSize(80, self._inside.row_px)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            # Another width, other rows: they are all shown wherever there is room for them.
            self.updateGeometry()
