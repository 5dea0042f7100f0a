"""Scales."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec


class Weighed(msgspec.Struct, frozen=True):
    """What lies on the scale: thousandths of a kilogram. Only a `stable` weight above zero may be sold.

    Where a scale tells nothing but that it moves, `weight_milli` is the last it told.
    """

    weight_milli: int
    stable: bool


class ScaleFailed(msgspec.Struct, frozen=True):
    """`code`: unreachable (not there), stalled (there, but silent), overload, below_zero, malformed
    (nonsense), unit (shows anything but kilograms or grams)."""

    code: str
    detail: str = ""


ScaleEvent = Weighed | ScaleFailed


class Scale(Protocol):
    """A scale that tells its weight as it changes. A till without one lets the cashier type the weight."""

    def start(self, sink: Callable[[ScaleEvent], None]) -> None: ...
    def stop(self, deadline_s: float = 5.0) -> bool: ...
