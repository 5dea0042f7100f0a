"""The scales of type and space, in device-independent pixels: numbers alone, so importing them is free."""

from __future__ import annotations

from typing import Final

SMALL: Final = 13
BODY: Final = 15
HEADING: Final = 18
NAME: Final = 20
BALANCE: Final = 28
TOTAL: Final = 44
"""Sizes of type; nothing is smaller than SMALL."""

REGULAR, MEDIUM, SEMIBOLD, BOLD = 400, 500, 600, 700

XS, S, M, L, XL, XXL = 4, 8, 12, 16, 24, 32
"""Distances."""

RADIUS: Final = 12
LINE_PX: Final = 52
BUTTON_PX: Final = 56
SMALL_BUTTON_PX: Final = 44
"""Of what is pressed rarely, or stands in a row with text: still a finger's on any screen a till has."""
PAY_PX: Final = 88
TOTAL_PX: Final = 102
STATE_PX: Final = 44
MESSAGE_PX: Final = 56
TOUCH_MM: Final = 9.0
"""Nothing to press is smaller than this in either direction."""
LARGE_TOUCH_PX: Final = 48
"""From here on screens are so dense that what is pressed takes room from what is read."""


def state_px(touch_px: int) -> int:
    """The state line's height: it holds things to press, which a dense screen makes larger."""
    return max(STATE_PX, touch_px + 2)


class Sizes:
    """The scales, all `zoom` times as large: for a screen that is read from further away."""

    def __init__(self, zoom: float = 1.0) -> None:
        self.zoom = zoom
        self.BODY, self.HEADING, self.NAME = self(BODY), self(HEADING), self(NAME)
        self.SMALL, self.BALANCE, self.TOTAL = self(SMALL), self(BALANCE), self(TOTAL)
        self.XS, self.S, self.M, self.L, self.XL, self.XXL = map(self, (XS, S, M, L, XL, XXL))

    def __call__(self, px: float) -> int:
        return round(px * self.zoom)
