"""A receipt printer of the simulated desk: it keeps the bytes, so that paper can be looked at.

It is told how it is (out of paper, cover open, off) and behaves so. Shown paper is made from the bytes that a
real printer would get, by the same preview that tests read.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from hardware.ports import DeviceProblem, PrinterState, PrintOutcome, PrintResult
from hardware.printers.escpos import encode
from hardware.printers.paper import interpret
from hardware.printers.preview import as_png, as_text
from hardware.printers.profile import Profile
from hardware.receipt import PrintJob


class PaperPrinter:
    """A `ReceiptPrinter` and, by `open`, the `CashDrawer` on its socket. Safe from several threads.

    `on_paper` hears the bytes of each job that came out, on the thread that sent it. The last `keep` jobs are
    kept.
    """

    def __init__(
        self, profile: Profile, on_paper: Callable[[bytes], None] | None = None, keep: int = 100
    ) -> None:
        self.profile = profile
        self._on_paper = on_paper
        self._keep = keep
        self._lock = threading.Lock()
        self._state = PrinterState(True)
        self._tears: PrinterState | None = None
        self._jobs: list[bytes] = []
        self._kicks = 0

    def send(self, job: bytes) -> PrintResult:
        """Put a job on paper, or say why not."""
        with self._lock:
            if not self._state.online:
                return PrintResult(PrintOutcome.FAILED, self._state)
            if self._tears is not None:
                # Half a receipt is on paper, and nobody can say which half.
                self._state, self._tears = self._tears, None
                self._jobs.append(job[: len(job) // 2])
                return PrintResult(PrintOutcome.UNKNOWN, self._state)
            self._jobs.append(job)
            del self._jobs[: -self._keep]
            self._kicks += interpret(job, self.profile).kicks
            state = self._state
        if self._on_paper is not None:
            self._on_paper(job)
        return PrintResult(PrintOutcome.PRINTED, state)

    def state(self) -> PrinterState:
        with self._lock:
            return self._state

    def open(self) -> None:
        """Open the drawer; DeviceProblem if the printer cannot."""
        result = self.send(encode(PrintJob(open_drawer=True), self.profile))
        if result.outcome is not PrintOutcome.PRINTED:
            raise DeviceProblem(result.state.code, result.state.detail)

    # -- what a hand does to it --------------------------------------------------------------------------

    def set_state(self, state: PrinterState) -> None:
        """Open its cover, take its paper, switch it off and on."""
        with self._lock:
            self._state = state

    def tear_next(self, state: PrinterState) -> None:
        """Let the next job end in the middle, with the printer in `state`."""
        with self._lock:
            self._tears = state

    # -- what an eye sees --------------------------------------------------------------------------------

    @property
    def jobs(self) -> tuple[bytes, ...]:
        """The bytes of each job, oldest first."""
        with self._lock:
            return tuple(self._jobs)

    @property
    def drawer_opened(self) -> int:
        """How often the drawer opened."""
        with self._lock:
            return self._kicks

    def texts(self) -> list[str]:
        """Each job as plain lines, oldest first."""
        return [as_text(job, self.profile) for job in self.jobs]

    def png(self, index: int = -1, zoom: int = 2) -> bytes:
        """One job as a PNG, by default the newest. IndexError if nothing was printed yet."""
        return as_png(self.jobs[index], self.profile, zoom)
