"""Sound cues: one short beep for a code taken, two for a sale paid, three quick ones for a refusal.

The platform's own beep, in patterns that can be told apart without looking: files to play would need Qt
Multimedia, which is not among Qt's essentials (docs/decisions/0081).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from itertools import pairwise
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
        self._waits_ms: list[int] = []

    def hear(self, cue: Cue) -> None:
        """Play a cue that is newer than the one before, and no more of that one."""
        before, self._cue = self._cue, cue
        times_ms = PATTERNS_MS.get(cue.kind, ())
        if cue.number > before.number and times_ms:
            self._waits_ms = [after - at for at, after in pairwise(times_ms)]
            self._beep()

    @cached_property
    def _timer(self) -> QTimer:
        """One for all beeps: `QTimer.singleShot` with a method leaks a weak reference, and one to None."""
        timer = QTimer()
        timer.setSingleShot(True)
        timer.timeout.connect(self._beep)
        return timer

    def _beep(self) -> None:
        self.beep()
        if self._waits_ms:
            self._timer.start(self._waits_ms.pop(0))
