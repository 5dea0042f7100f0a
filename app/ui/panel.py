"""What every panel in the middle is: a card that paints its state and hands on touch and keys."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QWidget

from app.ui.controls import Card


class PanelCard(Card):
    """Subclasses paint one kind of view state. Made when it is first needed."""

    types = False
    """Digits, comma, backspace and Enter typed while it is shown are meant for its keypad."""

    def serve(self, presenter: Any) -> None:
        """Send every intent to the presenter; called once."""

    def retranslate(self) -> None:
        """Labels that do not come with the state."""

    def set(self, state: Any) -> None:
        raise NotImplementedError

    def focus(self) -> QWidget | None:
        """What takes the keyboard when it opens; None leaves it to the screen."""
        return None

    def take_key(self, key: int, text: str) -> bool:
        """A key that nothing else wanted; True if it was this panel's."""
        return False
