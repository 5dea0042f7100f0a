"""A device that is asked and answers: a payment terminal, a fiscal device.

Its driver's calls block, up to the driver's own deadline if all is well and for ever if not. Nothing can
cancel such a call; it can only be waited for by somebody else.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

from app.lanes import Lane, World

T = TypeVar("T")
_SLICE_S: Final = 0.25
"""How long the lane waits at a time, so that it beats and hears `stop`."""


class _Call(Generic[T]):
    """One call on its way from the lane to the hand: begun or dropped, never both."""

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._lock = threading.Lock()
        self._begun = self._dropped = False
        self._result: queue.SimpleQueue[tuple[bool, T | None]] = queue.SimpleQueue()

    def run(self) -> None:
        """On the hand's thread."""
        with self._lock:
            if self._dropped:
                return
            self._begun = True
        try:
            self._result.put((True, self._call()))
        except Exception as error:
            # A driver never raises for what a device can do: this is a bug, and the outcome is not known.
            self._result.put((False, None))
            thread = threading.current_thread()
            threading.excepthook(threading.ExceptHookArgs((type(error), error, error.__traceback__, thread)))

    def wait(self, seconds: float) -> tuple[bool, T | None] | None:
        try:
            return self._result.get(timeout=seconds)
        except queue.Empty:
            return None

    def drop(self) -> bool:
        """Give it up; True if it had not begun, so that it never will."""
        with self._lock:
            self._dropped = True
            return not self._begun


class AskedDevice:
    """Calls to one device, one after the other, each answered within its deadline.

    Lane "<name>" waits and answers, thread "hand <name>" makes the calls. A call that outlives its deadline
    is answered in the device's stead, and what it says later is thrown away; calls behind it wait for it up
    to their own deadlines. Ends with `stop`: nothing is answered any more. A call that hangs then keeps its
    hand until it comes back; `stop` says so.
    """

    def __init__(self, name: str, world: World | None = None) -> None:
        self._name = name
        self._world = world
        self._lane: Lane | None = None
        self._hand: threading.Thread | None = None
        self._calls: queue.SimpleQueue[_Call[Any] | None] = queue.SimpleQueue()

    def start(self) -> None:
        if self._lane is not None and self._lane.alive:
            raise RuntimeError(f"the {self._name} runs already")
        self._calls = queue.SimpleQueue()
        self._hand = threading.Thread(
            target=self._make_calls, args=(self._calls,), name=f"hand {self._name}", daemon=True
        )
        self._hand.start()
        self._lane = Lane(self._name, world=self._world).start()

    def stop(self, deadline_s: float = 5.0) -> bool:
        """End; True if lane and hand ended within the deadline."""
        if self._lane is None or self._hand is None:
            return True
        self._lane.stopping.set()
        self._calls.put(None)
        ended = self._lane.stop(deadline_s)
        self._hand.join(deadline_s)
        return ended and not self._hand.is_alive()

    def age_s(self) -> float:
        """Seconds since the lane last beat; infinite before the start."""
        return self._lane.age_s() if self._lane is not None else float("inf")

    def ask(
        self,
        call: Callable[[], T],
        answer: Callable[[T], None],
        *,
        deadline_s: float,
        late: Callable[[], T],
        never: Callable[[], T],
    ) -> None:
        """Make a call; `answer` hears its result on the lane, once, within `deadline_s`.

        Where there is none in time, it hears `late()` for a call that was begun (nobody knows what became of
        it), `never()` for one that was not and never will be. From any thread; dropped without an answer
        once the device is stopping.
        """
        lane = self._lane
        if lane is None:
            raise RuntimeError(f"the {self._name} does not run")
        if not lane.stopping.is_set():
            lane.submit(lambda: self._wait(lane, _Call(call), answer, deadline_s, late, never))

    # -- within ------------------------------------------------------------------------------------------

    def _wait(
        self,
        lane: Lane,
        call: _Call[T],
        answer: Callable[[T], None],
        deadline_s: float,
        late: Callable[[], T],
        never: Callable[[], T],
    ) -> None:
        self._calls.put(call)
        left_s = deadline_s
        while left_s > 0:
            result = call.wait(min(left_s, _SLICE_S))
            if lane.stopping.is_set():
                call.drop()
                return
            if result is not None:
                returned, value = result
                answer(value if returned else late())  # type: ignore[arg-type]
                return
            left_s -= _SLICE_S
            lane.beat()
        answer(never() if call.drop() else late())

    @staticmethod
    def _make_calls(calls: queue.SimpleQueue[_Call[Any] | None]) -> None:
        while (call := calls.get()) is not None:
            call.run()
