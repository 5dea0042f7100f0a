"""A payment terminal that does as it is told, and keeps its own books of whom it charged."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Final

from hardware.ports import ChargeOutcome, ChargeResult

_CUT: Final = ChargeResult(ChargeOutcome.UNKNOWN, code="connection_lost")


class Mood(StrEnum):
    """What the terminal does with the next request."""

    APPROVE = "approve"
    DECLINE = "decline"
    SLOW = "slow"
    HANG = "hang"
    """It answers only when it is released: until then the call does not come back."""
    CUT_BEFORE = "cut_before"
    """The cable breaks before it charges."""
    CUT_AFTER = "cut_after"
    """It charges, then the cable breaks."""
    OFF = "off"


class SimulatedTerminal:
    """Safe from several threads. `charged` is what it truly took from each request, by its own books.

    With a `file` the books outlive the process, as a terminal outlives the till. `on_request` is told each
    request and hears nothing back; `slow_s` is how long SLOW and the demo's customer take.
    """

    manual = False

    def __init__(self, file: Path | None = None, slow_s: float = 0.2) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._released = threading.Event()
        self._books: dict[str, int] = json.loads(file.read_text()) if file and file.exists() else {}
        self.mood = Mood.APPROVE
        self.answers = True
        """Whether it can be asked about what became of a request."""
        self.slow_s = slow_s
        self.requests: list[str] = []
        self.on_request: Callable[[str, int], None] = lambda request, amount_minor: None

    # -- what the till asks ------------------------------------------------------------------------------

    def pay(self, request: str, amount_minor: int, currency: str) -> ChargeResult:
        return self._take(request, amount_minor)

    def reverse(self, request: str, of: str, amount_minor: int, currency: str) -> ChargeResult:
        left_minor = self.charged.get(of, 0) + sum(
            taken for other, taken in self.charged.items() if other.startswith(f"{of}/")
        )
        if amount_minor > left_minor:
            return ChargeResult(ChargeOutcome.DECLINED, code="more_than_paid")
        return self._take(request, -amount_minor, of)

    def ask(self, request: str) -> ChargeResult:
        if not self.answers or self.mood is Mood.OFF:
            return ChargeResult(ChargeOutcome.UNKNOWN, code="unreachable")
        with self._lock:
            if self._booked(request) is not None:
                return ChargeResult(ChargeOutcome.APPROVED, _reference(request))
        return ChargeResult(ChargeOutcome.DECLINED, code="unheard")

    def settle(self) -> ChargeResult:
        if self.mood is Mood.OFF:
            return ChargeResult(ChargeOutcome.UNKNOWN, code="unreachable")
        return ChargeResult(ChargeOutcome.APPROVED, str(len(self.requests)))

    # -- what a hand does to it, what an eye sees --------------------------------------------------------

    @property
    def charged(self) -> dict[str, int]:
        """Minor units by request; a reversal stands as `of/request`, below zero."""
        with self._lock:
            return dict(self._books)

    def release(self) -> None:
        """Let every call that hangs come back."""
        self._released.set()

    # -- within ------------------------------------------------------------------------------------------

    def _take(self, request: str, amount_minor: int, of: str = "") -> ChargeResult:
        mood = self.mood
        if mood is Mood.OFF:
            return ChargeResult(ChargeOutcome.DECLINED, code="unreachable")
        self.requests.append(request)
        self.on_request(request, amount_minor)
        if mood is Mood.SLOW:
            time.sleep(self.slow_s)
        if mood is Mood.HANG:
            self._released.clear()
            self._released.wait()
        if mood is Mood.CUT_BEFORE:
            return _CUT
        if mood is Mood.DECLINE:
            return ChargeResult(ChargeOutcome.DECLINED, code="declined")
        self._book(f"{of}/{request}" if of else request, amount_minor)
        if mood is Mood.CUT_AFTER:
            return _CUT
        return ChargeResult(ChargeOutcome.APPROVED, _reference(request))

    def _booked(self, request: str) -> int | None:
        return next((m for key, m in self._books.items() if key.rpartition("/")[2] == request), None)

    def _book(self, key: str, amount_minor: int) -> None:
        with self._lock:
            # A request it knows is the same request again, never a second charge.
            self._books.setdefault(key, amount_minor)
            if self._file is not None:
                self._file.write_text(json.dumps(self._books))


def _reference(request: str) -> str:
    return f"SIM{request.replace('-', '')[-8:].upper()}"
