"""What an ESC/POS printer says of itself, and what it says unasked.

Three kinds of bytes come back on one wire (Epson's ESC/POS reference): answers to `DLE EOT` at once, even
while paper runs; answers to `GS r` in order, when everything before it has been printed; and automatic
status, four bytes whenever something changes, if another program switched it on. Fixed bits tell them apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from hardware.ports import PaperState, PrinterState

PRINTER: Final = b"\x10\x04\x01"
OFFLINE_CAUSE: Final = b"\x10\x04\x02"
ERROR_CAUSE: Final = b"\x10\x04\x03"
PAPER: Final = b"\x10\x04\x04"
"""`DLE EOT` 1 to 4: answered in real time."""
IN_ORDER: Final = b"\x1dr\x01"
"""`GS r 1`: answered when the printer reaches it."""


class Kind(Enum):
    REAL_TIME = auto()
    IN_ORDER = auto()
    AUTOMATIC = auto()


@dataclass(frozen=True, slots=True)
class Said:
    """One message of the printer: a single byte, or the four of automatic status."""

    kind: Kind
    data: bytes


class Listener:
    """Tells the printer's messages apart, however the bytes arrive. Flow control is skipped."""

    def __init__(self) -> None:
        self._automatic = b""

    def hear(self, data: bytes) -> Iterator[Said]:
        for byte in data:
            if self._automatic:
                if byte & 0x90 == 0:
                    self._automatic += bytes([byte])
                    if len(self._automatic) == 4:
                        yield Said(Kind.AUTOMATIC, self._automatic)
                        self._automatic = b""
                    continue
                self._automatic = b""  # cut short by something else
            if byte & 0x93 == 0x12:
                yield Said(Kind.REAL_TIME, bytes([byte]))
            elif byte & 0x93 == 0x10:
                self._automatic = bytes([byte])
            elif byte & 0x90 == 0:
                yield Said(Kind.IN_ORDER, bytes([byte]))


def is_offline(printer: int) -> bool:
    """From the answer to `DLE EOT 1`."""
    return bool(printer & 0x08)


def paper_in_order(answer: int) -> PaperState:
    """From the answer to `GS r 1`."""
    return PaperState.OUT if answer & 0x0C else PaperState.LOW if answer & 0x03 else PaperState.OK


def state_of(printer: int, cause: int = 0, error: int = 0, paper: int = 0) -> PrinterState:
    """The state that the answers to `DLE EOT` 1 to 4 describe; 0 for a question not asked or not answered."""
    sheet = PaperState.OUT if paper & 0x60 else PaperState.LOW if paper & 0x0C else PaperState.OK
    detail = f"DLE EOT {printer:02x} {cause:02x} {error:02x} {paper:02x}"
    if cause & 0x04:
        return PrinterState(False, sheet, "cover_open", detail)
    if sheet is PaperState.OUT or cause & 0x20:
        return PrinterState(False, PaperState.OUT, "paper_out", detail)
    if is_offline(printer) or error & 0x6C:
        return PrinterState(False, sheet, "error", detail)
    return PrinterState(True, sheet)
