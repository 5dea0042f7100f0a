"""A scanner to fire on the screen or in a test."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from app.lanes import Lane, World
from hardware.ports import ScanEvent, ScannerState
from hardware.scanners.framing import unwrap

SCANNER: Final = "Simulated scanner"


class SimulatedScanner:
    """Gives the codes it is told to, on its own lane "scanner simulated". The lane ends at `stop`."""

    def __init__(self, world: World | None = None) -> None:
        self._world = world
        self._lane: Lane | None = None
        self._sink: Callable[[ScanEvent], None] = lambda event: None

    def start(self, sink: Callable[[ScanEvent], None]) -> None:
        if self._lane is not None and self._lane.alive:
            raise RuntimeError("the scanner runs already")
        self._sink = sink
        self._lane = Lane("scanner simulated", world=self._world).start()
        self._lane.submit(partial(sink, ScannerState(SCANNER, connected=True)))

    def stop(self, deadline_s: float = 5.0) -> bool:
        return self._lane is None or self._lane.stop(deadline_s)

    def fire(self, text: str) -> None:
        """Scan a code; `text` may begin with an AIM identifier. From any thread, returns at once."""
        if self._lane is not None and not self._lane.stopping.is_set():
            self._lane.submit(lambda: self._sink(unwrap(text, SCANNER)))
