"""Work beside the till's thread that is done when a test says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Slow:
    """A lane that does its work when told to."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def __call__(self, job: Callable[[], T], done: Callable[[T], None]) -> None:
        self.waiting.append(lambda: done(job()))

    def work(self) -> None:
        waiting, self.waiting = self.waiting, []
        for each in waiting:
            each()
