"""A thread for calls that may never come back.

A frozen PC/SC service blocks even the listing of readers, and a hung card blocks the read until it is
pulled away. No call can be cancelled then; it can only be waited for by somebody else.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable

from hardware.cards.session import Session

Job = Callable[[Session], None]
"""Work with the hand's own PC/SC session; it sends its result on by itself."""


class Hand:
    """A daemon thread with a PC/SC session of its own; does one job after the other.

    Ends when let go: at once if idle, else as soon as the call in hand comes back. An error that a job
    lets out goes to `on_error`, and the hand lives on.
    """

    def __init__(self, name: str, on_error: Callable[[BaseException], None]) -> None:
        self._on_error = on_error
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._released = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def ask(self, job: Job) -> None:
        """Queue a job; dropped if the hand is let go before it is that job's turn."""
        self._jobs.put(job)

    def let_go(self) -> None:
        self._released.set()
        self._jobs.put(None)

    def pause(self, seconds: float) -> bool:
        """Sleep inside a job; True if the hand was let go meanwhile."""
        return self._released.wait(seconds)

    def join(self, deadline_s: float) -> bool:
        """Wait for the end of a hand that was let go; True if it ended in time."""
        self._thread.join(max(deadline_s, 0.0))
        return not self._thread.is_alive()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def _run(self) -> None:
        session = Session()
        while (job := self._jobs.get()) is not None and not self._released.is_set():
            try:
                job(session)
            except Exception as error:
                self._on_error(error)
        session.close()


class Crew:
    """All hands of a service: no more than `most_stuck` that were let go may still hang in a call."""

    def __init__(self, name: str, most_stuck: int, on_error: Callable[[BaseException], None]) -> None:
        self._name = name
        self._most_stuck = most_stuck
        self._on_error = on_error
        self._let_go: list[Hand] = []

    def hire(self, name: str) -> Hand | None:
        """A new hand, or None while too many hang."""
        self._let_go = [hand for hand in self._let_go if hand.alive]
        if len(self._let_go) >= self._most_stuck:
            return None
        return Hand(f"{self._name} {name}", self._on_error)

    def let_go(self, hand: Hand) -> None:
        hand.let_go()
        self._let_go.append(hand)

    def join(self, deadline_s: float) -> bool:
        """Wait for all hands that were let go; True if all ended in time."""
        until_s = time.monotonic() + deadline_s
        ended = True
        for hand in self._let_go:
            ended = hand.join(until_s - time.monotonic()) and ended
        return ended
