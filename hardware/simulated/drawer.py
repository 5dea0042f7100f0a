"""A cash drawer that counts how often it was opened."""

from __future__ import annotations

from collections.abc import Callable

from hardware.ports import DeviceProblem


class SimulatedDrawer:
    """`count` openings so far; `jammed` makes it fail. `on_open` is called on the caller's thread."""

    def __init__(self, on_open: Callable[[int], None] = lambda count: None) -> None:
        self.count = 0
        self.jammed = False
        self._on_open = on_open

    def open(self) -> None:
        if self.jammed:
            raise DeviceProblem("drawer_jammed", "the simulated drawer is set to fail")
        self.count += 1
        self._on_open(self.count)
