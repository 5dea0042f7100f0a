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


class ReaderRole(StrEnum):
    """Whose cards a reader is for, by the shop's settings; one they do not name is the customers'."""

    CUSTOMER = "customer"
    STAFF = "staff"
    """Cards that sign a cashier in or approve an act: never a member's, whatever they hold."""


@dataclass(frozen=True, slots=True)
class CardTapped:
    """A card was read whole while it lay on the reader.

    `reader` is the PC/SC reader name, `event` a number that rises with every card laid on a reader (a result
    of an older event is stale), `uid` upper-case hex, `kind` for example "ntag213", `record` the text or URI
    of the card's member record or None, `proof` as above. `flaw` says why a record could not be read though
    the card could ("" if nothing is wrong): the card may still be known by its UID. `counter` is the tap
    counter of a genuine card: the till refuses one that is not above the last it saw of this UID. `role` is
    the reader's.
    """

    reader: str
    event: int
    uid: str
    kind: str
    record: str | None = None
    proof: CardProof = CardProof.COPYABLE
    flaw: str = ""
    counter: int | None = None
    role: ReaderRole = ReaderRole.CUSTOMER


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
    role: ReaderRole = ReaderRole.CUSTOMER


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


class CardReaders(CardReader, CardWriter, Protocol):
    """What a till has: readers that also issue cards."""


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
    """The printer is in another state than it was, or was found for the first time.

    Of several, `state` is the first one's: somebody should see to it. `printer` names the one that prints
    in its place, if one does.
    """

    state: PrinterState
    printer: str = ""


@dataclass(frozen=True, slots=True)
class JobPrinted:
    """The job is on paper. `printer` names who took it where that is not the first one: tell the cashier."""

    job: int
    printer: str = ""


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


# -- the customer's side ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DisplayText:
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


# -- scale -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Weighed:
    """What lies on the scale: thousandths of a kilogram. Only a `stable` weight above zero may be sold.

    Where a scale tells nothing but that it moves, `weight_milli` is the last it told.
    """

    weight_milli: int
    stable: bool


@dataclass(frozen=True, slots=True)
class ScaleFailed:
    """`code`: unreachable (not there), stalled (there, but silent), overload, below_zero, malformed
    (nonsense), unit (shows anything but kilograms or grams)."""

    code: str
    detail: str = ""


ScaleEvent = Weighed | ScaleFailed


class Scale(Protocol):
    """A scale that tells its weight as it changes. A till without one lets the cashier type the weight."""

    def start(self, sink: Callable[[ScaleEvent], None]) -> None: ...
    def stop(self, deadline_s: float = 5.0) -> bool: ...


# -- card terminal ---------------------------------------------------------------------------------------


class ChargeOutcome(StrEnum):
    """What became of a request to a payment terminal."""

    APPROVED = "approved"
    DECLINED = "declined"
    """No money moved: by the bank, the customer, or before the terminal was reached."""
    UNKNOWN = "unknown"
    """Money may have moved. Only `ask`, or the cashier looking at the terminal's slip, leads on."""


@dataclass(frozen=True, slots=True)
class ChargeResult:
    """`reference` is the terminal's own (authorisation code, RRN); `code` says why not, for texts."""

    outcome: ChargeOutcome
    reference: str = ""
    code: str = ""
    detail: str = ""


class PaymentTerminal(Protocol):
    """A card terminal. Every request carries an id of ours, so that it can be asked about afterwards.

    Calls block up to the driver's deadline and never raise for what a terminal can do: they are made from
    the terminal's lane. The manual driver, a terminal that stands beside the till without a cable, answers
    UNKNOWN at once: the cashier is asked.
    """

    @property
    def manual(self) -> bool:
        """True if nothing connects it to the till: the cashier types the amount and reads the answer."""
        ...

    def pay(self, request: str, amount_minor: int, currency: str) -> ChargeResult: ...

    def reverse(self, request: str, of: str, amount_minor: int, currency: str) -> ChargeResult:
        """Give back all or part of the payment that had the request id `of`."""
        ...

    def ask(self, request: str) -> ChargeResult:
        """What became of a request: UNKNOWN only if the terminal cannot be reached, or is still at it.

        DECLINED with the code "unheard" for one that never came to it.
        """
        ...

    def settle(self) -> ChargeResult:
        """End the terminal's day; `reference` is its report's number."""
        ...


# -- fiscal device ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FiscalLine:
    """A line as it goes to the fiscal device: after discounts and points, which are no fiscal tender.

    The lines' `amount_minor` add up to what was paid, to the minor unit. `tax` is the rate's text.
    """

    name: str
    qty_milli: int
    amount_minor: int
    tax: str


@dataclass(frozen=True, slots=True)
class FiscalDocument:
    """A sale, a refund or a correction: `request` is our id for it, `tenders` means and amounts.

    `of` names the fiscal number of the sale that a refund or a correction is about, if it is known.
    """

    request: str
    kind: str
    """`sale`, `refund` or `correction`."""
    lines: tuple[FiscalLine, ...]
    tenders: tuple[tuple[str, int], ...]
    currency: str
    cashier: str
    of: str = ""


class FiscalOutcome(StrEnum):
    REGISTERED = "registered"
    REFUSED = "refused"
    """The device registered nothing; `code` says why, and what is refused now may be taken later."""
    UNKNOWN = "unknown"
    """The device may have registered it: `last_document` tells, never a second request."""


@dataclass(frozen=True, slots=True)
class FiscalResult:
    """`number` is the device's own number of the document, `sign` its fiscal sign where it has one.

    `code`: unreachable, shift_expired, shift_closed, shift_open, memory_full, paper_out, not_supported,
    malformed, error.
    """

    outcome: FiscalOutcome
    number: str = ""
    sign: str = ""
    code: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class FiscalAbilities:
    """What a driver can do: a Polish device takes no returns, a Russian shift ends after 24 hours."""

    refunds: bool
    corrections: bool
    text: bool
    shift_hours: int | None = None


@dataclass(frozen=True, slots=True)
class FiscalStatus:
    """`online` False with a `code` as in FiscalResult; `shift_opened_ms` is None while no shift is open."""

    online: bool
    shift_opened_ms: int | None = None
    code: str = ""


class FiscalDevice(Protocol):
    """A fiscal printer or register. Calls block up to the driver's deadline, and never raise for what a
    device can do: they are made from the device's lane."""

    @property
    def abilities(self) -> FiscalAbilities: ...

    def status(self) -> FiscalStatus: ...
    def open_shift(self, cashier: str) -> FiscalResult: ...
    def close_shift(self, cashier: str) -> FiscalResult: ...
    def register(self, document: FiscalDocument) -> FiscalResult: ...

    def last_document(self) -> tuple[str, FiscalResult] | None:
        """The request id and result of the last document registered; None if there is none.

        DeviceProblem if the device cannot be asked now, or is still at a document: what it answers is final.
        """
        ...

    def print_text(self, lines: Sequence[str]) -> FiscalResult:
        """A non-fiscal slip on the device's own paper."""
        ...
