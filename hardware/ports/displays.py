"""The customer's pole display."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from hardware.ports.problems import DeviceProblem


class DisplayText(msgspec.Struct, frozen=True):
    """What a small customer display shows: two lines, cut to its width by the driver.

    `top_end` and `bottom_end` stand at the right edge and are never cut: figures.
    """

    top: str = ""
    bottom: str = ""
    top_end: str = ""
    bottom_end: str = ""


class CustomerDisplay(Protocol):
    """A pole display. The window for the customer is a screen, not a device."""

    def start(self, on_problem: Callable[[DeviceProblem | None], None]) -> None:
        """Start the lane; `on_problem` hears None once the display is there, and each problem once."""
        ...

    def show(self, text: DisplayText) -> None:
        """Show this from now on; returns at once. Only the newest text matters."""
        ...

    def stop(self, deadline_s: float = 5.0) -> bool: ...
