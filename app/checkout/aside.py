"""Work that an eye would see the till wait for, done in a thread beside its own: a PIN's hash takes tens of
milliseconds by design."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Aside(Protocol):
    """Runs `job`, which touches nothing of the till's; `done` hears its result in the till's thread."""

    def __call__(self, job: Callable[[], T], done: Callable[[T], None]) -> None: ...


def at_once(job: Callable[[], T], done: Callable[[T], None]) -> None:
    """Here and now: for commands and tests, which nobody watches."""
    done(job())
