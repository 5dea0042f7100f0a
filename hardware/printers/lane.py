"""The print lane: takes jobs from the durable queue and sends them, oldest first.

Owns the printer: nothing else talks to it while the lane runs. Ends when `stop` is called, after the job in
hand; jobs behind it stay in the queue. After an error it starts again, and what it was sending is unknown.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from app.lanes import Backoff, Lane, RealWorld, World
from hardware.ports import (
    JobPrinted,
    JobUndecided,
    PrinterChanged,
    PrinterState,
    PrintEvent,
    PrintOutcome,
    PrintQueue,
    QueuedJob,
    ReceiptPrinter,
)
from hardware.receipt import PrintJob

KICK_MS: Final = 60_000
"""A drawer that did not open within a minute of its sale stays shut: nobody stands before it any more."""
_LOOK_S: Final = 10.0
"""How often an idle printer is asked how it is."""
_BEAT_S: Final = 1.0
AWAY: Final = Backoff(first_s=0.5, most_s=10.0)
"""Waits between attempts while the printer cannot print."""


class PrintLane:
    """One printer's lane.

    `encode` makes a job's bytes for this printer, `sink` hears `PrintEvent`s on the lane's thread. Call
    `wake` after committing a job: the lane looks by itself only once a second.
    """

    def __init__(
        self,
        queue: PrintQueue,
        printer: ReceiptPrinter,
        encode: Callable[[PrintJob], bytes],
        sink: Callable[[PrintEvent], None],
        *,
        world: World | None = None,
        away: Backoff = AWAY,
        on_crash: Callable[[BaseException], None] | None = None,
    ) -> None:
        self._queue = queue
        self._printer = printer
        self._encode = encode
        self._sink = sink
        self._world = world or RealWorld()
        self._away = away
        self._wake = threading.Event()
        self._state: PrinterState | None = None
        self._failures = 0
        self._look_at_s = 0.0
        self._told: set[int] = set()
        self._lane = Lane("print", loop=self._run, on_crash=on_crash, world=self._world)

    def start(self) -> PrintLane:
        """Start the thread; returns the lane itself."""
        self._lane.start()
        return self

    def stop(self, deadline_s: float = 5.0) -> bool:
        """Finish the job in hand and end. True if the thread ended within the deadline."""
        self._lane.stopping.set()
        self._wake.set()
        return self._lane.stop(deadline_s)

    def wake(self) -> None:
        """Look into the queue now, even while waiting for a printer that is away. Safe from any thread."""
        self._wake.set()

    def age_s(self) -> float:
        """Seconds since the lane last beat."""
        return self._lane.age_s()

    # -- on the lane's thread ----------------------------------------------------------------------------

    def _run(self, lane: Lane) -> None:
        for job_id in self._queue.recover():
            self._undecided(job_id, "restarted")
        while not lane.stopping.is_set():
            lane.beat()
            self._wake.clear()
            taken = self._queue.take()
            if taken is None:
                self._idle()
                self._wake.wait(_BEAT_S)
            elif self._send(taken):
                self._failures = 0
            else:
                self._failures += 1
                self._wait_away(lane)

    def _send(self, taken: QueuedJob) -> bool:
        """One attempt; False if the printer cannot print now and the job waits."""
        self._told.discard(taken.id)  # decided meanwhile: a copy that ends badly is asked about again
        try:
            data = self._encode(self._fresh(taken))
        except Exception:
            # Not the printer's fault and not to be tried for ever: the next receipts must come out.
            self._queue.settle(taken.id, PrintOutcome.UNKNOWN, "bug")
            self._undecided(taken.id, "bug")
            raise
        result = self._printer.send(data)
        self._queue.settle(taken.id, result.outcome, result.state.code)
        self._say(result.state)
        if result.outcome is PrintOutcome.PRINTED:
            self._sink(JobPrinted(taken.id))
        elif result.outcome is PrintOutcome.UNKNOWN:
            self._undecided(taken.id, result.state.code)
        return result.outcome is not PrintOutcome.FAILED

    def _undecided(self, job_id: int, code: str) -> None:
        if job_id not in self._told:
            self._told.add(job_id)
            self._sink(JobUndecided(job_id, code))

    def _fresh(self, taken: QueuedJob) -> PrintJob:
        late = self._world.now_ms() - taken.created_ms > KICK_MS
        return PrintJob(taken.job.document) if late and taken.job.open_drawer else taken.job

    def _wait_away(self, lane: Lane) -> None:
        deadline_s = self._world.monotonic_s() + self._away.wait_s(self._failures)
        while not lane.stopping.is_set() and (left_s := deadline_s - self._world.monotonic_s()) > 0:
            lane.beat()
            if self._wake.wait(min(left_s, _BEAT_S)):
                return

    def _idle(self) -> None:
        now_s = self._world.monotonic_s()
        if self._state is None or now_s >= self._look_at_s:
            self._look_at_s = now_s + _LOOK_S
            self._say(self._printer.state())

    def _say(self, state: PrinterState) -> None:
        if state != self._state:
            self._state = state
            self._sink(PrinterChanged(state))
