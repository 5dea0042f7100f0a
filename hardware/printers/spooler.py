"""A printer behind a print spooler: CUPS, or the Windows print service.

The spooler owns the wire, so a till cannot ask the printer itself whether a receipt is on paper: "printed"
means that the spooler says it is done. What it has not begun within the time is taken back and is certainly
not on paper; what it had begun may be.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from enum import Enum, auto
from typing import Final, Protocol

from hardware.ports import PaperState, PrinterState, PrintOutcome, PrintResult
from hardware.printers.conversation import USUAL, Patience

_POLL_S: Final = 0.1
_JOB_S: Final = 0.02
"""The first look at a job comes soon: a receipt takes a spooler some milliseconds."""
_BEGINS: Final = 2
"""How many times a printer's patience a job may wait in its queue; then another printer gets it."""


class Progress(Enum):
    """Where a job is. A WAITING or WITHDRAWN one has certainly left no mark on paper."""

    WAITING = auto()
    STARTED = auto()
    DONE = auto()
    WITHDRAWN = auto()
    BROKEN_OFF = auto()
    """Ended by the spooler or by a hand after it had begun."""


class SpoolerAway(Exception):
    """The print service does not answer, or has no such queue."""


class Spool(Protocol):
    """A queue of a print service. Every call may raise SpoolerAway, and ends in bounded time."""

    def state(self) -> PrinterState: ...

    def submit(self, job: bytes) -> int:
        """Hand a whole job over, to be sent as it is; its number in the queue."""
        ...

    def progress(self, number: int) -> Progress: ...

    def cancel(self, number: int) -> None:
        """Take a job back; one that is done stays done."""
        ...


class SpooledPrinter:
    """A `ReceiptPrinter` over a queue of a print service."""

    def __init__(
        self,
        spool: Spool,
        patience: Patience = USUAL,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._spool = spool
        self._patience = patience
        self._clock = clock
        self._sleep = sleep
        self._one_at_a_time = threading.Lock()

    def state(self) -> PrinterState:
        try:
            return self._spool.state()
        except SpoolerAway as error:
            return PrinterState(False, code="unreachable", detail=str(error))

    def send(self, job: bytes) -> PrintResult:
        """Hand one whole job over and wait for its end. Never raises for what a spooler can do."""
        with self._one_at_a_time:
            before = self.state()
            if not before.online:
                return PrintResult(PrintOutcome.FAILED, before)
            handed_over = False
            try:
                number = self._spool.submit(job)
                handed_over = True
                return self._ended(number, before)
            except SpoolerAway as error:
                # Away while it took the job, it may have taken it: only a refusal is certain.
                certain = not handed_over and isinstance(error, Refused)
                state = PrinterState(False, code="unreachable", detail=str(error))
                return PrintResult(PrintOutcome.FAILED if certain else PrintOutcome.UNKNOWN, state)

    def _ended(self, number: int, before: PrinterState) -> PrintResult:
        progress = self._watched(number)
        if progress in (Progress.WAITING, Progress.STARTED):
            progress = self._taken_back(number)
        if progress is Progress.DONE:
            return PrintResult(PrintOutcome.PRINTED, before)
        after = self._spool.state()
        if after.online:
            never = progress is Progress.WITHDRAWN
            detail = f"job {number} " + ("never reached the printer" if never else "was broken off")
            after = PrinterState(False, PaperState.OK, "unreachable" if never else "stalled", detail)
        certain = progress is Progress.WITHDRAWN
        return PrintResult(PrintOutcome.FAILED if certain else PrintOutcome.UNKNOWN, after)

    def _watched(self, number: int) -> Progress:
        """The job's progress at its end, or when it has not begun, or not ended, in time."""
        since_s, pause_s = self._clock(), _JOB_S
        limits_s = {
            Progress.WAITING: _BEGINS * self._patience.answer_s,
            Progress.STARTED: self._patience.finish_s,
        }
        progress = self._spool.progress(number)
        while self._clock() - since_s < limits_s.get(progress, 0.0):
            self._sleep(pause_s)
            pause_s = min(pause_s * 1.5, _POLL_S)
            progress = self._spool.progress(number)
        return progress

    def _taken_back(self, number: int) -> Progress:
        self._spool.cancel(number)
        deadline_s = self._clock() + self._patience.answer_s
        progress = self._spool.progress(number)
        while progress in (Progress.WAITING, Progress.STARTED) and self._clock() < deadline_s:
            self._sleep(_POLL_S)
            progress = self._spool.progress(number)
        return progress


class Refused(SpoolerAway):
    """The print service answered that it does not take the job: nothing of it was kept."""
