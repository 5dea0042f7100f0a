"""The way to the journal: one awaited write at a time, and nothing that comes meanwhile is lost."""

from __future__ import annotations

from collections.abc import Callable

from app.checkout.outcome import Outcome, refused
from app.checkout.ports import Journal, NotWritten, Work

Answer = Callable[[Outcome], None]
"""Hears the outcome of an act that ends in the journal."""


def ignore(_: Outcome) -> None: ...


def _raise(error: BaseException) -> None:
    raise error


class Recorder:
    """Writes down what was done. `on_write_failed` hears of what nobody waited for, and of bugs."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.busy = False
        self.on_write_failed: Callable[[BaseException], None] = _raise
        self._waiting: list[Callable[[], None]] = []

    def write(self, work: Work, written: Callable[[], Outcome], answer: Answer) -> None:
        """Hand work to the journal; the till takes no other act until it is durable or refused."""
        if self.busy:
            return answer(refused("busy"))
        self.busy = True

        def heard(error: BaseException | None) -> None:
            self.busy = False
            answer(written() if error is None else self._not_written(error))
            waiting, self._waiting = self._waiting, []
            for act in waiting:
                self.when_free(act)

        self.journal.write(work, heard)
        return None

    def note_down(self, work: Work) -> None:
        """Hand work to the journal that nobody waits for."""
        self.journal.write(work, self._noted)

    def when_free(self, act: Callable[[], None]) -> None:
        """Do something now, or as soon as the write in hand is done: a scan is never lost to a commit."""
        if self.busy:
            self._waiting.append(act)
        else:
            act()

    def _noted(self, error: BaseException | None) -> None:
        if error is not None:
            self.on_write_failed(error)

    def _not_written(self, error: BaseException) -> Outcome:
        """The environment's errors are the cashier's to see; anything else is a bug and is reported too."""
        if not isinstance(error, NotWritten):
            self.on_write_failed(error)
        return refused("not_written", reason=str(error))
