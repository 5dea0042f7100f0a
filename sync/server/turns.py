"""A lock that whoever has waited longest gets next."""

from __future__ import annotations

import threading
from collections import deque
from typing import Final


class Turns:
    """For SQLite's one writer. Python's own lock goes to whoever asks first once it is free: mostly whoever
    has just let it go. A thread with much to write would keep all others waiting. Not reentrant."""

    def __init__(self) -> None:
        self._guard: Final = threading.Lock()
        self._waiting: Final[deque[tuple[int, threading.Event]]] = deque()
        self._owner: int | None = None

    def __enter__(self) -> None:
        me = threading.get_ident()
        with self._guard:
            if self._owner is None:
                self._owner = me
                return
            if self._owner == me:
                raise RuntimeError("a transaction that writes, inside another")
            mine = threading.Event()
            self._waiting.append((me, mine))
        mine.wait()

    def __exit__(self, *_error: object) -> None:
        with self._guard:
            self._owner = None
            if self._waiting:
                self._owner, turn = self._waiting.popleft()
                turn.set()
