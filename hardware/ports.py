"""What the till asks of a device and what a device tells the till.

One narrow seam per device; the simulated desk and every real driver pass the same contract tests.
Events are frozen values, delivered on the device's own lane to a sink given at start; whoever shows
them on a screen carries them to the window's thread.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from hardware.receipt import PrintJob


class DeviceProblem(Exception):
    """A device that cannot do its work now. `code` names the case for texts, `detail` is for the log."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


# -- cards -----------------------------------------------------------------------------------------------


class CardProof(StrEnum):
    """What a tap proves about the card, which decides what it may redeem."""

    COPYABLE = "copyable"
    """A serial number or stored text: easily cloned, so it earns and redeems only up to a small cap."""
    GENUINE = "genuine"
    """The card proved a secret key with a fresh counter (NTAG 424 DNA SUN, Ultralight AES)."""


@dataclass(frozen=True, slots=True)
class CardTapped:
    """A card was read whole while it lay on the reader.

    `reader` is the PC/SC reader name, `event` a number that rises with every card laid on a reader (a result
    of an older event is stale), `uid` upper-case hex, `kind` for example "ntag213", `record` the text or URI
    of the card's member record or None, `proof` as above. `flaw` says why a record could not be read though
    the card could ("" if nothing is wrong): the card may still be known by its UID. `counter` is the tap
    counter of a genuine card: the till refuses one that is not above the last it saw of this UID.
    """

    reader: str
    event: int
    uid: str
    kind: str
    record: str | None = None
    proof: CardProof = CardProof.COPYABLE
    flaw: str = ""
    counter: int | None = None


@dataclass(frozen=True, slots=True)
class CardFailed:
    """A card that could not be read; `code`:

    torn (taken away too soon), mute (does not answer the reader), malformed (answers nonsense), unsupported
    (tells no serial number), refused (a proof that is wrong), busy (another program holds the reader),
    timeout (did not answer within the deadline).
    """

    reader: str
    event: int
    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class CardRemoved:
    reader: str
    event: int


@dataclass(frozen=True, slots=True)
class ReadersChanged:
    """The readers that are there now; empty with `service` False when PC/SC itself is away."""

    readers: tuple[str, ...]
    service: bool


CardEvent = CardTapped | CardFailed | CardRemoved | ReadersChanged


class CardReader(Protocol):
    """All readers of a till together."""

    def start(self, sink: Callable[[CardEvent], None]) -> None: ...
    def stop(self, deadline_s: float = 5.0) -> bool: ...
    def age_s(self) -> float:
        """Seconds since the reader lane last beat: over 3 s, the screen says so."""
        ...


@dataclass(frozen=True, slots=True)
class CardWritten:
    """A member record was written to the card of this event, and read back from it."""

    reader: str
    event: int
    uid: str
    record: str


class CardWriter(Protocol):
    """A CardReader that can issue cards."""

    def write(
        self,
        event: int,
        record: str,
        done: Callable[[CardWritten | CardFailed], None],
        *,
        overwrite: bool = False,
    ) -> None:
        """Write a text or URI as the member record of the card that was tapped as `event`, on no other.

        `done` is called once, on the lane: with CardWritten, or CardFailed whose code is one of reading or
        not_blank (it holds a record, and `overwrite` is not given), read_only, too_long. Nothing of an old
        record is left half written: a card torn away meanwhile holds the old record, none, or the new one.
        """
        ...


# -- scanners --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scan:
    """One code as the scanner gave it, without prefix, suffix and AIM identifier.

    `source` names the scanner, `text` is what was read, `aim` the AIM identifier ("]E0") if it was sent.
    """

    source: str
    text: str
    aim: str | None = None


@dataclass(frozen=True, slots=True)
class ScannerState:
    source: str
    connected: bool
    detail: str = ""


ScanEvent = Scan | ScannerState


class Scanner(Protocol):
    def start(self, sink: Callable[[ScanEvent], None]) -> None: ...
    def stop(self, deadline_s: float = 5.0) -> bool: ...


# -- printing --------------------------------------------------------------------------------------------


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


@dataclass(frozen=True, slots=True)
class PrinterState:
    """`online` False with a `code`: unreachable, cover_open, paper_out, error, stalled."""

    online: bool
    paper: PaperState = PaperState.OK
    code: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class PrintResult:
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


@dataclass(frozen=True, slots=True)
class QueuedJob:
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


@dataclass(frozen=True, slots=True)
class PrinterChanged:
    """The printer is in another state than it was, or was found for the first time."""

    state: PrinterState


@dataclass(frozen=True, slots=True)
class JobPrinted:
    job: int


@dataclass(frozen=True, slots=True)
class JobUndecided:
    """Some of the job may be on paper: the cashier looks, and says whether a COPY is to be printed."""

    job: int
    code: str
    """As in `PrinterState`, or "restarted" (the till died while it was sending) or "bug"."""


PrintEvent = PrinterChanged | JobPrinted | JobUndecided


class CashDrawer(Protocol):
    def open(self) -> None:
        """Open the drawer; DeviceProblem if that cannot be asked of it."""
        ...
