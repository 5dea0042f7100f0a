"""What a device told its sink, to be waited for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

Event = TypeVar("Event")


class Told:
    """A sink that keeps every event with the name of the thread it came on."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.threads: set[str] = set()
        self._changed = threading.Condition()

    def __call__(self, event: Any) -> None:
        with self._changed:
            self.events.append(event)
            self.threads.add(threading.current_thread().name)
            self._changed.notify_all()

    def of(self, kind: type[Event]) -> list[Event]:
        """All events of one kind so far, in order."""
        with self._changed:
            return [event for event in self.events if isinstance(event, kind)]

    def wait(
        self, kind: type[Event], test: Callable[[Event], bool] = lambda _: True, timeout_s: float = 5.0
    ) -> Event:
        """The first event of a kind that passes `test`; AssertionError if none comes in time."""
        until_s = time.monotonic() + timeout_s
        with self._changed:
            while True:
                for event in self.events:
                    if isinstance(event, kind) and test(event):
                        return event
                if not self._changed.wait(until_s - time.monotonic()):
                    raise AssertionError(f"no {kind.__name__} in {timeout_s} s, only {self.events}")

    def clear(self) -> None:
        with self._changed:
            self.events.clear()
