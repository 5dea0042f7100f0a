"""Barcode scanners."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec


class Scan(msgspec.Struct, frozen=True):
    """One code as the scanner gave it, without prefix, suffix and AIM identifier.

    `source` names the scanner, `text` is what was read, `aim` the AIM identifier ("]E0") if it was sent.
    """

    source: str
    text: str
    aim: str | None = None


class ScannerState(msgspec.Struct, frozen=True):
    source: str
    connected: bool
    detail: str = ""


ScanEvent = Scan | ScannerState


class Scanner(Protocol):
    def start(self, sink: Callable[[ScanEvent], None]) -> None: ...
    def stop(self, deadline_s: float = 5.0) -> bool: ...
