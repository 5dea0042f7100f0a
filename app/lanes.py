"""A lane: one named, supervised thread that owns one thing (the database, a reader, the printer, sync).

Everything that would make a run differ from another (clock, randomness) is injected as `World`, so that
the same code runs in the till, in a test and in the simulator on a virtual clock.
"""

from __future__ import annotations

import hashlib
import os
import queue
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar, cast

from app.values import uuid7

T = TypeVar("T")
SWITCH_S: Final = 0.0005
"""How long a thread should keep the interpreter once another wants it, in a program whose lanes wait for one
another. Python's own 5 ms, several times in a sale or a request, is most of its time while a lane is busy."""


class World(Protocol):
    """Clock and randomness. `now_ms` is wall time (UTC, milliseconds), `monotonic_s` never steps back."""

    def now_ms(self) -> int: ...
    def monotonic_s(self) -> float: ...
    def random_bytes(self, count: int) -> bytes: ...
    def new_id(self) -> uuid.UUID: ...


class RealWorld:
    """The machine's own clock and randomness."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        return time.monotonic()

    def random_bytes(self, count: int) -> bytes:
        return os.urandom(count)

    def new_id(self) -> uuid.UUID:
        return uuid7(self.now_ms(), self.random_bytes)


@dataclass
class FixedWorld:
    """A clock that moves when told to, and randomness from a counter: for tests, replay and simulation."""

    ms: int
    seed: int = 0
    _count: int = field(default=0, init=False)

    def now_ms(self) -> int:
        return self.ms

    def monotonic_s(self) -> float:
        return self.ms / 1000

    def random_bytes(self, count: int) -> bytes:
        self._count += 1
        return hashlib.shake_128(f"{self.seed}:{self._count}".encode()).digest(count)

    def new_id(self) -> uuid.UUID:
        return uuid7(self.ms, self.random_bytes)


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits that double from `first_s` to `most_s`; success resets the count."""

    first_s: float = 0.25
    most_s: float = 5.0

    def wait_s(self, failures: int) -> float:
        """The wait after the given number of failures in a row (1 → first_s)."""
        return min(self.first_s * 2.0 ** min(max(failures - 1, 0), 60), self.most_s)


@dataclass(frozen=True, slots=True)
class _Job:
    run: Callable[[], None]
    on_error: Callable[[BaseException], None] | None


class Lane:
    """A thread that runs jobs in order, beats while it lives, and restarts its work after an error.

    A lane either takes jobs (`submit`) or runs a `loop` of its own. A job's error goes to its own
    `on_error`; an error of the loop goes to `on_crash` and the loop starts again after a back-off.
    Nothing is swallowed: without a handler an error reaches `threading.excepthook`.
    Ends when `stop` is called: the job in hand is finished, jobs behind it still run (`drain`) or are
    dropped, and `stop` answers whether the thread ended within its deadline.
    """

    def __init__(
        self,
        name: str,
        *,
        loop: Callable[[Lane], None] | None = None,
        on_crash: Callable[[BaseException], None] | None = None,
        backoff: Backoff = Backoff(),
        world: World | None = None,
    ) -> None:
        self.name = name
        self.stopping = threading.Event()
        self._loop = loop
        self._on_crash = on_crash
        self._backoff = backoff
        self._world = world or RealWorld()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._beat_s = self._world.monotonic_s()
        self._thread = threading.Thread(target=self._run, name=f"lane-{name}", daemon=True)

    def start(self) -> Lane:
        """Start the thread; returns the lane itself."""
        self._thread.start()
        return self

    def submit(
        self, job: Callable[[], None], on_error: Callable[[BaseException], None] | None = None
    ) -> None:
        """Queue a job. Safe from any thread; refused with RuntimeError once the lane is stopping."""
        if self.stopping.is_set():
            raise RuntimeError(f"lane {self.name} is stopping")
        self._jobs.put(_Job(job, on_error))

    def call(self, job: Callable[[], T], timeout_s: float = 30.0) -> T:
        """Run a job in the lane and wait for what it returns or raises; TimeoutError if it takes longer.

        For other lanes, never for the window, which must not wait.
        """
        answer: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()
        self.submit(lambda: answer.put((job(), None)), lambda error: answer.put((None, error)))
        try:
            result, error = answer.get(timeout=timeout_s)
        except queue.Empty:
            raise TimeoutError(f"lane {self.name} did not answer within {timeout_s} s") from None
        if error is not None:
            raise error
        return cast(T, result)

    def beat(self) -> None:
        """Say that the lane lives; a loop calls it at least once a second."""
        self._beat_s = self._world.monotonic_s()

    def age_s(self) -> float:
        """Seconds since the last beat: a screen shows a lane older than 3 s as stuck."""
        return self._world.monotonic_s() - self._beat_s

    def wait(self, seconds: float) -> bool:
        """Sleep in a loop, cut short by `stop`; True when the lane should end."""
        return self.stopping.wait(seconds)

    def assert_here(self) -> None:
        """Raise if called outside the lane's thread: each device and connection has one owner."""
        if threading.current_thread() is not self._thread:
            raise AssertionError(f"only lane {self.name} may do this, not {threading.current_thread().name}")

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self, deadline_s: float = 5.0) -> bool:
        """Finish the queued jobs and end. True if the thread ended within the deadline."""
        self.stopping.set()
        self._jobs.put(None)
        if self._thread.ident is not None and threading.current_thread() is not self._thread:
            self._thread.join(deadline_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        if self._loop is None:
            self._run_jobs()
        else:
            self._run_loop(self._loop)

    def _run_loop(self, loop: Callable[[Lane], None]) -> None:
        failures = 0
        while not self.stopping.is_set():
            self.beat()
            started_s = self._world.monotonic_s()
            try:
                loop(self)
                failures = 0
            except Exception as error:
                # A loop that ran well for a while starts its back-off afresh.
                failures = 1 if self._world.monotonic_s() - started_s > self._backoff.most_s else failures + 1
                self._report(error, self._on_crash)
                self.stopping.wait(self._backoff.wait_s(failures))

    def _run_jobs(self) -> None:
        while True:
            try:
                item = self._jobs.get(timeout=1.0)
            except queue.Empty:
                self.beat()
                continue
            if item is None:
                return
            self.beat()
            try:
                item.run()
            except Exception as error:
                self._report(error, item.on_error)

    def _report(self, error: BaseException, handler: Callable[[BaseException], None] | None) -> None:
        if handler is not None:
            handler(error)
            return
        threading.excepthook(
            threading.ExceptHookArgs((type(error), error, error.__traceback__, threading.current_thread()))
        )
