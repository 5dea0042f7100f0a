"""Looking for cyclic garbage while nobody waits.

Python looks whenever enough was made, which is in the middle of a scan: a full look takes as long as all the
rest of it. A till has quiet moments every few seconds, and little garbage that has cycles.
"""

from __future__ import annotations

import gc
from typing import Final

from PySide6.QtCore import QElapsedTimer, QObject, QTimer

LOOK_MS: Final = 500
QUIET_MS: Final = 400
"""So long nothing has changed on the screen: the next scan is not just being made."""
FULL_MS: Final = 20_000
SETTLED_MS: Final = 5_000
"""After so long all is imported and joined that a till begins with; it stays, and need not be looked at."""
FEW: Final = 1000
MADE: Final = 60_000
"""So much is made before Python looks by itself, however busy the till is: its memory stays bounded."""


class IdleCollector(QObject):
    """Collects between a `start` and a `stop`; `touched` says that somebody is at work."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._touched, self._full, self._started = QElapsedTimer(), QElapsedTimer(), QElapsedTimer()
        self._settled = False
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self._look)
        self._before = gc.get_threshold()

    def start(self) -> None:
        gc.set_threshold(MADE, 20, 1000)
        for clock in (self._touched, self._full, self._started):
            clock.start()
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()
        gc.set_threshold(*self._before)

    def touched(self) -> None:
        if self._touched.isValid():
            self._touched.restart()

    def _look(self) -> None:
        if self._touched.elapsed() < QUIET_MS:
            return
        young, middle, _ = gc.get_count()
        if not self._settled and self._started.elapsed() >= SETTLED_MS:
            gc.collect()
            gc.freeze()
            self._settled = True
        elif self._full.elapsed() >= FULL_MS and (young > FEW or middle):
            gc.collect()
            self._full.restart()
        elif young > FEW:
            gc.collect(1)
