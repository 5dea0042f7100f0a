"""One job told to a printer, and what can be believed of it afterwards.

A large write into a dying printer raises nothing, so a write proves nothing. The order is: ask, send, ask
again, and only then "printed". Before the first byte of the job is handed over, trouble means that nothing
is on paper (failed, try again); after it, that something may be (unknown, ask the cashier).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from hardware.ports import PaperState, PrinterState, PrintOutcome, PrintResult
from hardware.printers import status

_CHUNK_BYTES: Final = 4096
_QUIET_S: Final = 0.1
"""Answers of two jobs that were reached one after the other come closer together than this."""


class LinkLost(Exception):
    """The wire is gone: closed, reset, unplugged."""


class Link(Protocol):
    """An open wire to a printer."""

    def send(self, data: bytes, timeout_s: float) -> int:
        """Hand over some of `data`: how many bytes were taken, 0 if none in time. May raise LinkLost."""
        ...

    def receive(self, timeout_s: float) -> bytes:
        """What has come in, b"" if nothing within the time. Raises LinkLost when nothing more can come."""
        ...

    def finish(self, timeout_s: float) -> None:
        """Say that this was all and wait until the other side has taken it. May raise LinkLost."""
        ...

    def close(self) -> None: ...


class Answers(StrEnum):
    """How much a printer answers, which decides what "printed" rests on."""

    IN_ORDER = "in_order"
    """It answers `GS r` when it gets there: everything before it is printed."""
    REAL_TIME = "real_time"
    """It answers `DLE EOT` only: it was well after the job had been handed over."""
    NONE = "none"
    """It says nothing at all: the job was handed over."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds to wait: for any answer or progress, and for the end of a job that is being printed."""

    answer_s: float = 2.5
    finish_s: float = 30.0
    poll_s: float = 0.5


USUAL: Final = Patience()


class Stalled(Exception):
    """The printer is there and says nothing."""


class Conversation:
    """One connection's worth of talk over `link`, on the thread that made it."""

    def __init__(
        self,
        link: Link,
        answers: Answers = Answers.IN_ORDER,
        patience: Patience = USUAL,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._link = link
        self._answers = answers
        self._patience = patience
        self._clock = clock
        self._listener = status.Listener()
        self._handed_bytes = 0

    def state(self, *, settle: bool = False) -> PrinterState:
        """How the printer is. Never raises.

        `settle` if an earlier job's end is not known: waits until the printer has reached all it was ever
        sent, so that no late answer is taken for the end of the next job.
        """
        if self._answers is Answers.NONE:
            return PrinterState(True)
        try:
            self._hear(0.0)  # what was left on the wire is no answer to us
            state = self._ask_state()
            if settle and state.online and self._answers is Answers.IN_ORDER:
                self._settle()
            return state
        except (LinkLost, Stalled) as error:
            return _lost(error)

    def print(self, job: bytes, *, settle: bool = False) -> PrintResult:
        """Print one job, after settling as in `state`. Never raises."""
        before = self.state(settle=settle)
        if not before.online:
            return PrintResult(PrintOutcome.FAILED, before)
        try:
            self._hand_over(job if self._answers is not Answers.IN_ORDER else job + status.IN_ORDER)
            return self._confirmed()
        except (LinkLost, Stalled) as error:
            outcome = PrintOutcome.UNKNOWN if self._handed_bytes else PrintOutcome.FAILED
            return PrintResult(outcome, _lost(error))

    def _settle(self) -> None:
        self._link.send(status.IN_ORDER, self._patience.answer_s)
        if self._await(status.Kind.IN_ORDER, self._patience.answer_s) is None:
            raise Stalled(
                "no answer to GS r: busy with an earlier job, or its address lacks answers=real_time"
            )
        while self._await(status.Kind.IN_ORDER, _QUIET_S) is not None:
            pass

    def _hand_over(self, job: bytes) -> None:
        while self._handed_bytes < len(job):
            chunk = job[self._handed_bytes : self._handed_bytes + _CHUNK_BYTES]
            taken = self._link.send(chunk, self._patience.answer_s)
            if not taken:
                raise Stalled(f"took {self._handed_bytes} of {len(job)} bytes")
            self._handed_bytes += taken

    def _confirmed(self) -> PrintResult:
        if self._answers is Answers.NONE:
            self._link.finish(self._patience.answer_s)
            return PrintResult(PrintOutcome.PRINTED, PrinterState(True))
        if self._answers is Answers.IN_ORDER:
            waiting = self._wait_for_end()
            if waiting is not None:
                return PrintResult(PrintOutcome.UNKNOWN, waiting)
        after = self._ask_state()
        return PrintResult(PrintOutcome.PRINTED if after.online else PrintOutcome.UNKNOWN, after)

    def _wait_for_end(self) -> PrinterState | None:
        """Wait for the answer in order; a state that says why it will not come, or None when it came.

        A slow printer still answers in real time while it prints, a dead one does not.
        """
        deadline_s = self._clock() + self._patience.finish_s
        while self._clock() < deadline_s:
            answer = self._await(status.Kind.IN_ORDER, self._patience.poll_s)
            if answer is not None:
                out = status.paper_in_order(answer) is PaperState.OUT
                return PrinterState(False, PaperState.OUT, "paper_out") if out else None
            state, ended = self._poll()
            if ended:
                return None
            if not state.online:
                return state
        return PrinterState(False, code="stalled", detail="the end of the job was not reached in time")

    def _poll(self) -> tuple[PrinterState, bool]:
        """The state in the middle of a job, and whether its end was answered meanwhile."""
        ended = False

        def note(said: status.Said) -> None:
            nonlocal ended
            ended = ended or said.kind is status.Kind.IN_ORDER

        return self._ask_state(note), ended

    def _ask_state(self, note: Callable[[status.Said], None] | None = None) -> PrinterState:
        printer = self._ask(status.PRINTER, note)
        if printer is None:
            raise Stalled("no answer to DLE EOT 1")
        paper = self._ask(status.PAPER, note) or 0
        if not status.is_offline(printer):
            return status.state_of(printer, paper=paper)
        cause = self._ask(status.OFFLINE_CAUSE, note) or 0
        error = self._ask(status.ERROR_CAUSE, note) or 0
        return status.state_of(printer, cause, error, paper)

    def _ask(self, question: bytes, note: Callable[[status.Said], None] | None) -> int | None:
        if self._link.send(question, self._patience.answer_s) < len(question):
            raise Stalled("took no question")
        return self._await(status.Kind.REAL_TIME, self._patience.answer_s, note)

    def _await(
        self, kind: status.Kind, timeout_s: float, note: Callable[[status.Said], None] | None = None
    ) -> int | None:
        """The next message of a kind, None if there is none in time. Others pass through `note`."""
        deadline_s = self._clock() + timeout_s
        while (left_s := deadline_s - self._clock()) > 0:
            found: int | None = None
            for said in self._hear(left_s):
                if said.kind is kind:
                    found = said.data[0]
                elif note is not None:
                    note(said)
            if found is not None:
                return found
        return None

    def _hear(self, timeout_s: float) -> list[status.Said]:
        return list(self._listener.hear(self._link.receive(timeout_s)))


def _lost(error: LinkLost | Stalled) -> PrinterState:
    code = "stalled" if isinstance(error, Stalled) else "unreachable"
    return PrinterState(False, code=code, detail=str(error))
