"""A lane for short questions to the server, one at a time, beside pushes and pulls that take long.

Each is answered in time, or by silence.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

import httpx

from app.lanes import Lane, World
from sync import answers
from sync.outbox import Credentials

QUEUE_MAX: Final = 8
"""Questions that wait; a cashier asks one at a time, so more are of a lane that stands."""
ANSWER_MAX: Final = 1 << 20
"""Bytes of an answer that are read; more is no answer of ours."""


class QuestionLane:
    """What such lanes share. `credentials` says who asks, None before enrolment; `online` whether the server
    answered last time it was spoken to."""

    def __init__(
        self,
        name: str,
        http: httpx.Client,
        credentials: Callable[[], Credentials | None],
        online: Callable[[], bool],
        *,
        world: World,
    ) -> None:
        self._http = http
        self._credentials = credentials
        self._online = online
        self._world = world
        # Each is counted by one thread alone.
        self._asked = self._taken = 0
        self.lane = Lane(name, world=world)

    @property
    def online(self) -> bool:
        """Whether it is worth while to ask."""
        return self._online() and self._credentials() is not None and self._asked - self._taken < QUEUE_MAX

    def stop(self, deadline_s: float = 1.0) -> bool:
        """Whether the lane ended in time; a request on its way is waited for no longer."""
        ended = self.lane.stop(deadline_s)
        if ended:
            self._http.close()
        return ended

    def _put(self, ask: Callable[[], None], silent: Callable[[], None], deadline_s: float) -> None:
        """Have `ask` called in the lane, and `silent` in a timer's thread once the deadline is over."""

        def taken() -> None:
            self._taken += 1
            ask()

        self._asked += 1
        self.lane.submit(taken)
        timer = threading.Timer(deadline_s, silent)
        timer.daemon = True
        timer.start()

    # In the lane

    def _call(
        self, method: str, target: str, body: bytes, headers: dict[str, str], left_s: float
    ) -> tuple[int, bytes] | None:
        """Status and body of an answer; None for none in time, or one without end."""
        until_s = time.monotonic() + left_s
        try:
            with self._http.stream(method, target, content=body, headers=headers, timeout=left_s) as response:
                return response.status_code, answers.whole(response, until_s, ANSWER_MAX)
        except answers.NO_ANSWER:
            return None
