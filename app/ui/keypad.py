"""The keypad that every typed figure shares."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from app.ui import scale as lk
from app.ui.controls import Button
from app.ui.look import Look

DELETE = "\b"
"""The correction key; the others are the digits and "," for the decimal separator."""
_KEYS = ("7", "8", "9", "4", "5", "6", "1", "2", "3", ",", "0", DELETE)


class Keypad(QWidget):
    """Digits as on a telephone's opposite: like every till, 7-8-9 on top."""

    pressed = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(lk.S)
        self.buttons: dict[str, Button] = {}
        for place, key in enumerate(_KEYS):
            button = Button(look, icon_name="delete" if key == DELETE else "", size_px=lk.NAME)
            button.setMinimumHeight(max(lk.BUTTON_PX - lk.M, look.touch))
            policy = button.sizePolicy()
            policy.setVerticalPolicy(policy.Policy.Expanding)
            button.setSizePolicy(policy)
            # The digits of the keyboard do the same; tabbing through twelve keys helps nobody.
            button.setFocusPolicy(button.focusPolicy().NoFocus)
            button.clicked.connect(lambda _=False, key=key: self.pressed.emit(key))
            grid.addWidget(button, place // 3, place % 3)
            self.buttons[key] = button

    def retranslate(self) -> None:
        shown = {DELETE: "", ",": self.tr(".")}
        for key, button in self.buttons.items():
            word = shown.get(key, key)
            button.set_words(word, self.tr("Correct") if key == DELETE else word)

    def set_decimal(self, wanted: bool) -> None:
        """Whether there is a decimal separator to type."""
        self.buttons[","].setEnabled(wanted)
