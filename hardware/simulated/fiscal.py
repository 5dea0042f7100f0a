"""A fiscal device that can fail at each step, and keeps its own journal of what it registered."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from app.lanes import RealWorld, World
from hardware.ports import (
    DeviceProblem,
    FiscalAbilities,
    FiscalDocument,
    FiscalOutcome,
    FiscalResult,
    FiscalStatus,
)

HOUR_MS: Final = 3_600_000
RUSSIAN: Final = FiscalAbilities(refunds=True, corrections=True, text=True, shift_hours=24)
POLISH: Final = FiscalAbilities(refunds=False, corrections=False, text=True)


class Trouble(StrEnum):
    """What goes wrong with the requests to come."""

    NONE = "none"
    OFFLINE = "offline"
    """It is not reached at all."""
    REFUSE = "refuse"
    """It says no to the next document, once."""
    LOST_BEFORE = "lost_before"
    """The connection breaks before it registers; it can be asked afterwards."""
    LOST_AFTER = "lost_after"
    """It registers, then the connection breaks; it can be asked afterwards."""
    GONE_BEFORE = "gone_before"
    """As LOST_BEFORE, and it is off from then on."""
    GONE_AFTER = "gone_after"
    """As LOST_AFTER, and it is off from then on."""
    MEMORY_FULL = "memory_full"
    PAPER_OUT = "paper_out"
    HANG = "hang"
    """It registers, and the call comes back only when it is released."""


class Registered(msgspec.Struct, frozen=True):
    """A line of the device's journal; amounts in minor units."""

    request: str
    kind: str
    number: str
    amount_minor: int


class _Memory(msgspec.Struct):
    shift_opened_ms: int | None = None
    documents: list[Registered] = []


class SimulatedFiscal:
    """Safe from several threads. `documents` is its journal: a request that stands twice was sent twice.

    With a `file` the journal outlives the process, as a device outlives the till.
    """

    def __init__(
        self, abilities: FiscalAbilities = RUSSIAN, file: Path | None = None, world: World | None = None
    ) -> None:
        self._abilities, self._file, self._world = abilities, file, world or RealWorld()
        self._lock = threading.Lock()
        self._released = threading.Event()
        kept = file is not None and file.exists()
        self._memory = msgspec.json.decode(file.read_bytes(), type=_Memory) if file and kept else _Memory()
        self.trouble = Trouble.NONE
        self.papers: list[tuple[str, ...]] = []
        self.on_register: Callable[[FiscalDocument], None] = lambda document: None

    @property
    def abilities(self) -> FiscalAbilities:
        return self._abilities

    # -- what the till asks ------------------------------------------------------------------------------

    def status(self) -> FiscalStatus:
        if self.trouble is Trouble.OFFLINE:
            return FiscalStatus(online=False, code="unreachable")
        code = self.trouble.value if self.trouble in (Trouble.MEMORY_FULL, Trouble.PAPER_OUT) else ""
        return FiscalStatus(True, self._memory.shift_opened_ms, code or self._expired())

    def open_shift(self, cashier: str) -> FiscalResult:
        if (refused := self._refused()) is not None:
            return refused
        with self._lock:
            if self._memory.shift_opened_ms is not None:
                return FiscalResult(FiscalOutcome.REFUSED, code="shift_open")
            self._memory.shift_opened_ms = self._world.now_ms()
            return self._keep(Registered("", "open", "", 0))

    def close_shift(self, cashier: str) -> FiscalResult:
        if (refused := self._refused()) is not None:
            return refused
        with self._lock:
            if self._memory.shift_opened_ms is None:
                return FiscalResult(FiscalOutcome.REFUSED, code="shift_closed")
            self._memory.shift_opened_ms = None
            return self._keep(Registered("", "close", "", 0))

    def register(self, document: FiscalDocument) -> FiscalResult:
        self.on_register(document)
        if (refused := self._refused(document)) is not None:
            return refused
        trouble = self.trouble
        if trouble is Trouble.REFUSE:
            self.trouble = Trouble.NONE
            return FiscalResult(FiscalOutcome.REFUSED, code="error", detail="told to refuse")
        if trouble in (Trouble.LOST_BEFORE, Trouble.GONE_BEFORE):
            return self._lost(trouble)
        amount_minor = sum(line.amount_minor for line in document.lines)
        with self._lock:
            result = self._keep(Registered(document.request, document.kind, "", amount_minor))
        if trouble is Trouble.HANG:
            self._released.clear()
            self._released.wait()
        return self._lost(trouble) if trouble in (Trouble.LOST_AFTER, Trouble.GONE_AFTER) else result

    def last_document(self) -> tuple[str, FiscalResult] | None:
        if self.trouble is Trouble.OFFLINE:
            raise DeviceProblem("unreachable", "the simulated fiscal device is off")
        with self._lock:
            sold = [entry for entry in self._memory.documents if entry.request]
            return (sold[-1].request, _result(sold[-1])) if sold else None

    def print_text(self, lines: Sequence[str]) -> FiscalResult:
        if self.trouble in (Trouble.OFFLINE, Trouble.PAPER_OUT):
            return FiscalResult(FiscalOutcome.REFUSED, code=_CODES[self.trouble])
        self.papers.append(tuple(lines))
        return FiscalResult(FiscalOutcome.REGISTERED)

    # -- what a hand does to it, what an eye sees --------------------------------------------------------

    @property
    def documents(self) -> list[Registered]:
        """Sales, refunds and corrections, oldest first."""
        with self._lock:
            return [entry for entry in self._memory.documents if entry.request]

    @property
    def shift_opened_ms(self) -> int | None:
        return self._memory.shift_opened_ms

    def release(self) -> None:
        """Let every call that hangs come back."""
        self._released.set()

    # -- within ------------------------------------------------------------------------------------------

    def _refused(self, document: FiscalDocument | None = None) -> FiscalResult | None:
        code = _CODES.get(self.trouble, "")
        if not code and document is not None:
            code = self._cannot(document)
        return FiscalResult(FiscalOutcome.REFUSED, code=code) if code else None

    def _cannot(self, document: FiscalDocument) -> str:
        if document.kind == "refund" and not self._abilities.refunds:
            return "not_supported"
        if document.kind == "correction" and not self._abilities.corrections:
            return "not_supported"
        if any(line.amount_minor < 0 for line in document.lines):
            return "malformed"
        paid_minor = sum(amount for _, amount in document.tenders)
        if paid_minor != sum(line.amount_minor for line in document.lines):
            return "malformed"
        return "shift_closed" if self._memory.shift_opened_ms is None else self._expired()

    def _expired(self) -> str:
        opened_ms, hours = self._memory.shift_opened_ms, self._abilities.shift_hours
        over = opened_ms is not None and hours and self._world.now_ms() - opened_ms > hours * HOUR_MS
        return "shift_expired" if over else ""

    def _lost(self, trouble: Trouble) -> FiscalResult:
        gone = trouble in (Trouble.GONE_BEFORE, Trouble.GONE_AFTER)
        self.trouble = Trouble.OFFLINE if gone else Trouble.NONE
        return FiscalResult(FiscalOutcome.UNKNOWN, code="connection_lost")

    def _keep(self, entry: Registered) -> FiscalResult:
        memory = self._memory
        entry = msgspec.structs.replace(entry, number=str(len(memory.documents) + 1))
        memory.documents.append(entry)
        if self._file is not None:
            self._file.write_bytes(msgspec.json.encode(memory))
        return _result(entry)


_CODES: Final = {
    Trouble.OFFLINE: "unreachable",
    Trouble.MEMORY_FULL: "memory_full",
    Trouble.PAPER_OUT: "paper_out",
}


def _result(entry: Registered) -> FiscalResult:
    sign = f"{zlib.crc32(f'{entry.number}:{entry.amount_minor}'.encode()):010}"
    return FiscalResult(FiscalOutcome.REGISTERED, entry.number, sign)
