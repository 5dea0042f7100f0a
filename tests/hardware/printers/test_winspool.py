"""The bookkeeping over Windows' print service, with a stand-in for winspool.drv.

It answers as Microsoft documents it. It shows that the till reads what it is told; it cannot show that
Windows says so.
"""

from __future__ import annotations

import ctypes
from typing import Any

import pytest

from hardware.ports import PaperState, PrinterState, PrintOutcome
from hardware.printers import winspool
from hardware.printers.conversation import Patience
from hardware.printers.spooler import SpooledPrinter
from hardware.printers.winspool import WinQueue

QUICK = Patience(answer_s=0.1, finish_s=0.3, poll_s=0.05)
PRINTING, PRINTED, DELETED = 0x10, 0x80, 0x100


class Winspool:
    """One printer, "EPSON". `steps` are its job's status at each look, None once it is gone."""

    def __init__(self, *steps: int | None, status: int = 0, attributes: int = 0) -> None:
        self.steps = list(steps)
        self.status, self.attributes = status, attributes
        self.takes = 10**9
        self.written = b""
        self.datatype = ""
        self.open_handles = 0
        self.cancels = 0
        self.last_error = 0

    def OpenPrinterW(self, name: str, handle: Any, _: None) -> int:
        if name != "EPSON":
            self.last_error = 1801
            return 0
        handle._obj.value = 7
        self.open_handles += 1
        return 1

    def ClosePrinter(self, handle: Any) -> int:
        self.open_handles -= 1
        return 1

    def GetPrinterW(self, handle: Any, level: int, buffer: Any, size: int, needed: Any) -> int:
        info = winspool._PrinterInfo(status=self.status, attributes=self.attributes)  # pyright: ignore[reportPrivateUsage]
        return self._give(info, buffer, needed)

    def GetJobW(self, handle: Any, job: int, level: int, buffer: Any, size: int, needed: Any) -> int:
        status = self.steps[0]
        if buffer is not None and len(self.steps) > 1:
            self.steps.pop(0)
        if status is None:
            self.last_error = 87
            return 0
        return self._give(winspool._JobInfo(id=job, status=status), buffer, needed)  # pyright: ignore[reportPrivateUsage]

    def _give(self, info: ctypes.Structure, buffer: Any, needed: Any) -> int:
        needed._obj.value = ctypes.sizeof(info) + 64  # its strings stand behind it
        if buffer is None:
            self.last_error = 122
            return 0
        ctypes.memmove(buffer, ctypes.byref(info), ctypes.sizeof(info))
        return 1

    def StartDocPrinterW(self, handle: Any, level: int, document: Any) -> int:
        self.datatype = document._obj.datatype
        return 41

    def WritePrinter(self, handle: Any, data: bytes, size: int, written: Any) -> int:
        self.written = data[: self.takes]
        written._obj.value = len(self.written)
        return 1

    def EndDocPrinter(self, handle: Any) -> int:
        return 1

    def SetJobW(self, handle: Any, job: int, level: int, info: None, command: int) -> int:
        assert command == 3
        self.cancels += 1
        if self.steps[0] is None:
            self.last_error = 87
            return 0
        self.steps = [None]
        return 1


def printer(library: Winspool, monkeypatch: pytest.MonkeyPatch, name: str = "EPSON") -> SpooledPrinter:
    monkeypatch.setattr(ctypes, "get_last_error", lambda: library.last_error, raising=False)
    return SpooledPrinter(WinQueue(name, library), QUICK)


@pytest.mark.parametrize(
    ("steps", "outcome", "cancels"),
    [
        ((0, PRINTING, PRINTED), PrintOutcome.PRINTED, 0),
        ((0, PRINTING, None), PrintOutcome.PRINTED, 0),
        ((0,), PrintOutcome.FAILED, 1),
        ((PRINTING,), PrintOutcome.UNKNOWN, 1),
        ((0, DELETED), PrintOutcome.FAILED, 0),
        ((PRINTING, DELETED), PrintOutcome.UNKNOWN, 0),
    ],
)
def test_a_job_ends_as_windows_says(
    monkeypatch: pytest.MonkeyPatch, steps: tuple[int | None, ...], outcome: PrintOutcome, cancels: int
) -> None:
    library = Winspool(*steps)
    assert printer(library, monkeypatch).send(b"\x1b@hello").outcome is outcome
    assert (library.written, library.datatype) == (b"\x1b@hello", "RAW")
    assert library.cancels == cancels
    assert library.open_handles == 0


def test_a_job_that_was_done_before_it_could_be_taken_back_is_printed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Seen waiting to the last, and gone when it is cancelled: Windows refuses, because it has printed it."""
    library = Winspool(0)

    def refuses(*_: object) -> int:
        library.steps = [None]
        return 0

    monkeypatch.setattr(library, "SetJobW", refuses)
    assert printer(library, monkeypatch).send(b"x").outcome is PrintOutcome.PRINTED


def test_a_job_that_windows_takes_in_part_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    library = Winspool(0)
    library.takes = 3
    assert printer(library, monkeypatch).send(b"123456").outcome is PrintOutcome.UNKNOWN
    assert library.cancels == 1


@pytest.mark.parametrize(
    ("status", "attributes", "state"),
    [
        (0, 0, PrinterState(True)),
        (0x400000, 0, PrinterState(False, code="cover_open")),
        (0x10, 0, PrinterState(False, PaperState.OUT, "paper_out")),
        (0x80, 0, PrinterState(False, code="unreachable")),
        (0, 0x400, PrinterState(False, code="unreachable")),
        (0x1, 0, PrinterState(False, code="error")),
        (0x8, 0, PrinterState(False, code="error")),
    ],
)
def test_status_bits_become_a_state(
    monkeypatch: pytest.MonkeyPatch, status: int, attributes: int, state: PrinterState
) -> None:
    seen = printer(Winspool(0, status=status, attributes=attributes), monkeypatch).state()
    assert (seen.online, seen.paper, seen.code) == (state.online, state.paper, state.code)


def test_a_printer_that_windows_does_not_know_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = printer(Winspool(0), monkeypatch, "HP")
    assert unknown.state().code == "unreachable"
    assert unknown.send(b"x").outcome is PrintOutcome.FAILED
