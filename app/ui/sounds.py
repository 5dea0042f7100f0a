"""Sound cues: one short beep for a code taken, two for a sale paid, three quick ones for a refusal.

The platform's own beep, in patterns that can be told apart without looking: files to play would need Qt
Multimedia, which is not among Qt's essentials (docs/decisions/0081).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from app.screens.views import Cue

PATTERNS_MS: Final = {"ok": (0,), "paid": (0, 180), "refused": (0, 90, 180)}
"""When to beep after a cue; a scanner's own beep and a pattern's are apart by their number."""


class Sounds:
    """Beeps what a cue says; `beep` is the platform's, and nothing where sounds are switched off."""

    def __init__(self, beep: Callable[[], None] = QApplication.beep) -> None:
        self.beep = beep
        self._cue = Cue()

    def hear(self, cue: Cue) -> None:
        """Play a cue that is newer than the one before."""
        before, self._cue = self._cue, cue
        if cue.number > before.number:
            for delay_ms in PATTERNS_MS.get(cue.kind, ()):
                QTimer.singleShot(delay_ms, self._beep) if delay_ms else self._beep()

    def _beep(self) -> None:
        self.beep()
