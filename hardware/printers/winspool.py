"""A printer of the Windows print service, by its name, over winspool.drv.

Written to Microsoft's documentation of the Print Spooler API (OpenPrinter, StartDocPrinter, GetJob, SetJob,
GetPrinter) and NOT TRIED on Windows: nothing but the bookkeeping above the library is tested.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from hardware.ports import PaperState, PrinterState
from hardware.printers.spooler import Progress, Refused, SpoolerAway

_PAPER_OUT: Final = 0x00000010
_PAPER_TROUBLE: Final = 0x00000008 | 0x00000040  # a jam, or a problem
_OFFLINE: Final = 0x00000080 | 0x00001000  # offline, not available
_STOPPED: Final = 0x00000001 | 0x00000002 | 0x00100000  # paused, error, needs a hand
_DOOR_OPEN: Final = 0x00400000
_WORK_OFFLINE: Final = 0x00000400
"""Bits of PRINTER_INFO_2's Status and Attributes."""

_JOB_PRINTING: Final = 0x00000010
_JOB_PRINTED: Final = 0x00000080 | 0x00001000  # printed, complete
_JOB_DELETED: Final = 0x00000004 | 0x00000100  # being deleted, deleted
_CANCEL: Final = 3
_GONE: Final = 87
"""ERROR_INVALID_PARAMETER: a job that has left the queue."""


class _DocInfo(ctypes.Structure):
    """DOC_INFO_1W."""

    _fields_ = (
        ("name", ctypes.c_wchar_p),
        ("output_file", ctypes.c_wchar_p),
        ("datatype", ctypes.c_wchar_p),
    )


class _PrinterInfo(ctypes.Structure):
    """PRINTER_INFO_2W."""

    _fields_ = (
        *((name, ctypes.c_wchar_p) for name in (
            "server", "printer", "share", "port", "driver", "comment", "location")),
        ("devmode", ctypes.c_void_p),
        *((name, ctypes.c_wchar_p) for name in ("separator", "processor", "datatype", "parameters")),
        ("security", ctypes.c_void_p),
        *((name, ctypes.c_uint32) for name in (
            "attributes", "priority", "default_priority", "start", "until", "status", "jobs", "speed")),
    )  # fmt: skip


class _JobInfo(ctypes.Structure):
    """JOB_INFO_1W up to its status."""

    _fields_ = (
        ("id", ctypes.c_uint32),
        *((name, ctypes.c_wchar_p) for name in (
            "printer", "machine", "user", "document", "datatype", "status_text")),
        ("status", ctypes.c_uint32),
        *((name, ctypes.c_uint32) for name in ("priority", "position", "pages", "printed_pages")),
        *((name, ctypes.c_uint16) for name in (
            "year", "month", "weekday", "day", "hour", "minute", "second", "milli")),
    )  # fmt: skip


class WinQueue:
    """A `Spool` of Windows' print service. `library` is winspool.drv, loaded where it is not given."""

    def __init__(self, name: str, library: Any = None) -> None:
        if library is None and sys.platform != "win32":
            raise ValueError("spooler:// is for Windows; here it is cups://queue")
        self._name = name
        self._library: Any = library or ctypes.WinDLL("winspool.drv", use_last_error=True)  # type: ignore[attr-defined]
        self._begun: set[int] = set()
        self._cancelled: set[int] = set()

    def state(self) -> PrinterState:
        with self._opened() as handle:
            info: Any = self._info(self._library.GetPrinterW, handle, (2,), _PrinterInfo)
        status, attributes = int(info.status), int(info.attributes)
        detail = f"{self._name}: status {status:#x}"
        if status & _DOOR_OPEN:
            return PrinterState(False, PaperState.OK, "cover_open", detail)
        if status & _PAPER_OUT:
            return PrinterState(False, PaperState.OUT, "paper_out", detail)
        if status & _OFFLINE or attributes & _WORK_OFFLINE:
            return PrinterState(False, PaperState.OK, "unreachable", detail)
        if status & (_STOPPED | _PAPER_TROUBLE):
            return PrinterState(False, PaperState.OK, "error", detail)
        return PrinterState(True)

    def submit(self, job: bytes) -> int:
        with self._opened() as handle:
            document = _DocInfo("receipt", None, "RAW")
            number = int(self._library.StartDocPrinterW(handle, 1, ctypes.byref(document)))
            if not number:
                raise Refused(f"{self._name}: {self._error()}")
            written = ctypes.c_uint32()
            taken = self._library.WritePrinter(handle, job, len(job), ctypes.byref(written))
            if not taken or written.value != len(job):
                self._library.SetJobW(handle, number, 0, None, _CANCEL)
                raise SpoolerAway(f"{self._name}: took {written.value} of {len(job)} bytes")
            self._library.EndDocPrinter(handle)
            return number

    def progress(self, number: int) -> Progress:
        with self._opened() as handle:
            try:
                info: Any = self._info(self._library.GetJobW, handle, (number, 1), _JobInfo)
            except _NotThere:
                # It leaves the queue when it is done, and when it was taken out.
                return self._ended(number) if number in self._cancelled else Progress.DONE
        status = int(info.status)
        if status & _JOB_PRINTING:
            self._begun.add(number)
        if status & _JOB_PRINTED:
            return Progress.DONE
        if status & _JOB_DELETED:
            return self._ended(number)
        return Progress.STARTED if number in self._begun else Progress.WAITING

    def cancel(self, number: int) -> None:
        with self._opened() as handle:
            # Refused for a job that is gone, which then is done.
            if self._library.SetJobW(handle, number, 0, None, _CANCEL):
                self._cancelled.add(number)

    def _ended(self, number: int) -> Progress:
        return Progress.BROKEN_OFF if number in self._begun else Progress.WITHDRAWN

    # -- the library -------------------------------------------------------------------------------------

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        handle = ctypes.c_void_p()
        if not self._library.OpenPrinterW(self._name, ctypes.byref(handle), None):
            raise Refused(f"there is no printer {self._name!r}: {self._error()}")
        try:
            yield handle
        finally:
            self._library.ClosePrinter(handle)

    def _info(self, call: Any, handle: Any, which: tuple[int, ...], kind: type[ctypes.Structure]) -> Any:
        """One of the library's structures: asked for its size first, then for itself."""
        needed = ctypes.c_uint32()
        call(handle, *which, None, 0, ctypes.byref(needed))
        buffer = ctypes.create_string_buffer(max(needed.value, ctypes.sizeof(kind)))
        if not call(handle, *which, buffer, len(buffer), ctypes.byref(needed)):
            if self._error() == _GONE:
                raise _NotThere
            raise SpoolerAway(f"{self._name}: Windows error {self._error()}")
        return kind.from_buffer_copy(buffer)

    def _error(self) -> int:
        reader: Any = getattr(ctypes, "get_last_error", lambda: 0)
        return int(reader())


class _NotThere(SpoolerAway):
    """The job is not in the queue any more."""
