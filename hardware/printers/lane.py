"""The print lane: takes jobs from the durable queue and sends them, oldest first.

Owns its printers: nothing else talks to them while the lane runs. A job that certainly left no mark on one
printer goes to the next; one that may be on paper goes nowhere by itself. Ends when `stop` is called, after
the job in hand; jobs behind it stay in the queue. After an error it starts again, and what it was sending is
unknown.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
    PrintResult,
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
"""Waits between attempts while no printer can print."""
REST_S: Final = 10.0
"""How long a printer that failed is passed over while another one prints."""


@dataclass(frozen=True, slots=True)
class Station:
    """One printer of a till: `name` for people, `encode` makes a job's bytes for this one."""

    name: str
    printer: ReceiptPrinter
    encode: Callable[[PrintJob], bytes]


@dataclass(slots=True)
class _Seen:
    """What the lane knows of a station: its last state, and until when it is passed over."""

    state: PrinterState | None = None
    rests_until_s: float = 0.0


class PrintLane:
    """The lane of a till's printers, the first one first.

    `sink` hears `PrintEvent`s on the lane's thread. Call `wake` after committing a job: the lane looks by
    itself only once a second.
    """

    def __init__(
        self,
        queue: PrintQueue,
        stations: Sequence[Station],
        sink: Callable[[PrintEvent], None],
        *,
        world: World | None = None,
        away: Backoff = AWAY,
        rest_s: float = REST_S,
        on_crash: Callable[[BaseException], None] | None = None,
    ) -> None:
        if not stations:
            raise ValueError("a print lane needs a printer")
        self._queue = queue
        self._stations = tuple(stations)
        self._seen = [_Seen() for _ in stations]
        self._sink = sink
        self._world = world or RealWorld()
        self._away = away
        self._rest_s = rest_s
        self._wake = threading.Event()
        self._said: PrinterChanged | None = None
        self._failures = 0
        self._look_at_s: float | None = None
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
        """One attempt, on each printer in turn; False if none can print now and the job waits."""
        self._told.discard(taken.id)  # decided meanwhile: a copy that ends badly is asked about again
        result, taker = self._try(taken)
        name = self._name(taker) if result.outcome is PrintOutcome.PRINTED else ""
        self._queue.settle(taken.id, result.outcome, name or result.state.code)
        self._say(taker)
        if result.outcome is PrintOutcome.PRINTED:
            self._sink(JobPrinted(taken.id, name))
        elif result.outcome is PrintOutcome.UNKNOWN:
            self._undecided(taken.id, result.state.code)
        return result.outcome is not PrintOutcome.FAILED

    def _try(self, taken: QueuedJob) -> tuple[PrintResult, int]:
        """The end of the attempt, and which station it came to: the first one if all of them failed."""
        first: PrintResult | None = None
        for number in self._turns():
            station, seen = self._stations[number], self._seen[number]
            result = station.printer.send(self._encoded(station, taken))
            seen.state = result.state
            if result.outcome is not PrintOutcome.FAILED:
                # A printer that is not well after the job is asked last for the next one.
                well = result.state.online
                seen.rests_until_s = 0.0 if well else self._world.monotonic_s() + self._rest_s
                return result, number
            seen.rests_until_s = self._world.monotonic_s() + self._rest_s
            if first is None or number == 0:
                first = result
        assert first is not None
        return first, 0

    def _turns(self) -> list[int]:
        """Stations in the order to try them: those that failed just now come last."""
        now_s = self._world.monotonic_s()
        return sorted(range(len(self._stations)), key=lambda number: self._seen[number].rests_until_s > now_s)

    def _encoded(self, station: Station, taken: QueuedJob) -> bytes:
        try:
            return station.encode(self._fresh(taken))
        except Exception:
            # Not the printer's fault and not to be tried for ever: the next receipts must come out.
            self._queue.settle(taken.id, PrintOutcome.UNKNOWN, "bug")
            self._undecided(taken.id, "bug")
            raise

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
        """Look at the printers until one is found that can print: those behind it are not disturbed."""
        now_s = self._world.monotonic_s()
        if self._look_at_s is not None and now_s < self._look_at_s:
            return
        self._look_at_s = now_s + _LOOK_S
        for number, (station, seen) in enumerate(zip(self._stations, self._seen, strict=True)):
            seen.state = station.printer.state()
            if seen.state.online:
                seen.rests_until_s = 0.0
                self._say(number)
                return
            seen.rests_until_s = self._world.monotonic_s() + self._rest_s
        self._say(0)

    def _name(self, number: int) -> str:
        return self._stations[number].name if number else ""

    def _say(self, number: int) -> None:
        """Tell how the first printer is, and who prints, if that is news."""
        state = self._seen[0].state
        said = PrinterChanged(state, self._name(number)) if state is not None else None
        if said is not None and said != self._said:
            self._said = said
            self._sink(said)
