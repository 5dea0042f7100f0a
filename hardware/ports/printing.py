"""Receipt printers, the durable queue before them, the drawer on them."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from hardware.receipt import PrintJob


class PrintOutcome(StrEnum):
    """The end of one attempt to print a job."""

    PRINTED = "printed"
    FAILED = "failed"
    """Nothing of the job reached paper: it may be tried again by itself."""
    UNKNOWN = "unknown"
    """Some of it may be on paper: never again by itself; the cashier is asked, and a reprint says COPY."""


class PaperState(StrEnum):
    OK = "ok"
    LOW = "low"
    OUT = "out"


class PrinterState(msgspec.Struct, frozen=True):
    """`online` False with a `code`: unreachable, cover_open, paper_out, error, stalled."""

    online: bool
    paper: PaperState = PaperState.OK
    code: str = ""
    detail: str = ""


class PrintResult(msgspec.Struct, frozen=True):
    outcome: PrintOutcome
    state: PrinterState


class ReceiptPrinter(Protocol):
    """Prints bytes that are already laid out and encoded for this printer."""

    def send(self, job: bytes) -> PrintResult:
        """Send one whole job within its deadline. Never raises for what a printer can do."""
        ...

    def state(self) -> PrinterState: ...


class JobState(StrEnum):
    """Where a job of the print queue is. Only `queued` and `failed` are ever sent."""

    QUEUED = "queued"
    SENDING = "sending"
    PRINTED = "printed"
    FAILED = "failed"
    UNKNOWN = "unknown"


class QueuedJob(msgspec.Struct, frozen=True):
    """A job taken from the queue; `attempts` counts the sendings before this one."""

    id: int
    job: PrintJob
    created_ms: int
    attempts: int = 0


class PrintQueue(Protocol):
    """The durable queue behind the print lane. Each call is committed before it returns.

    Called from the print lane's thread alone. Ids rise with age.
    """

    def recover(self) -> Sequence[int]:
        """At start, before the first `take`: jobs left `sending` by a till that died become `unknown`.

        Answers the ids of all unknown jobs that the cashier has not decided yet, oldest first.
        """
        ...

    def take(self) -> QueuedJob | None:
        """The oldest job that is queued or failed, marked `sending`; None if there is none."""
        ...

    def settle(self, job_id: int, outcome: PrintOutcome, detail: str = "") -> None:
        """The end of the attempt: the job is printed, failed (it will be taken again) or unknown."""
        ...


class PrinterChanged(msgspec.Struct, frozen=True):
    """The printer is in another state than it was, or was found for the first time.

    Of several, `state` is the first one's: somebody should see to it. `printer` names the one that prints
    in its place, if one does.
    """

    state: PrinterState
    printer: str = ""


class JobPrinted(msgspec.Struct, frozen=True):
    """The job is on paper. `printer` names who took it where that is not the first one: tell the cashier."""

    job: int
    printer: str = ""


class JobUndecided(msgspec.Struct, frozen=True):
    """Some of the job may be on paper: the cashier looks, and says whether a COPY is to be printed."""

    job: int
    code: str
    """As in `PrinterState`, or "restarted" (the till died while it was sending) or "bug"."""


PrintEvent = PrinterChanged | JobPrinted | JobUndecided


class CashDrawer(Protocol):
    def open(self) -> None:
        """Open the drawer; DeviceProblem if that cannot be asked of it."""
        ...
