"""The till's database as a whole: opened once, written in one lane, read from anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from app.checkout.ports import Done, Work
from app.lanes import Lane
from app.store.connection import DatabaseFile, database_key, hold_lock
from app.store.migrate import migrate
from app.store.outbox import FactOutbox
from app.store.reader import Reader
from app.store.writer import Writer

if TYPE_CHECKING:
    from app.store.inbox import StoredInbox

T = TypeVar("T")
Post = Callable[[Callable[[], None]], None]
"""Carries a call to the thread that should make it (the window's)."""

FILE = "till.db"
LONG_S = 3600.0
"""For a command that writes a whole list while no till runs."""


class Database:
    """A data folder held by this process: lock, key, the writer and its lane.

    The lane is named "database". It ends with `close`, after what was queued is written; it does not
    restart anything, since each job answers for itself.
    """

    def __init__(self, folder: Path, *, keystore: str = "file") -> None:
        self.folder = folder
        self._lock = hold_lock(folder)
        try:
            self.file = DatabaseFile(folder / FILE, database_key(folder, keystore))
            migrate(self.file)
            self.writer = Writer(self.file)
        except BaseException:
            self._lock.release()
            raise
        self.lane = Lane("database").start()
        self.after_write: list[Callable[[], None]] = []
        self._readers: list[Reader] = []

    def reader(self) -> Reader:
        """A reader for the calling thread; closed with the database."""
        reader = Reader(self.file)
        reader.tally = self.writer.projections.budgets.tally
        self._readers.append(reader)
        return reader

    def call(self, job: Callable[[], T], timeout_s: float = 30.0) -> T:
        """Run a job where the writer lives and wait: for other lanes and commands, never the window."""
        return self.lane.call(job, timeout_s)

    def outbox(self) -> FactOutbox:
        """The fact log for the sync lane; closed by whoever asked."""
        return FactOutbox(self.file, self.writer, self.call)

    def inbox(self) -> StoredInbox:
        """Where the sync lane puts what the server sends; closed by whoever asked."""
        from app.store.inbox import StoredInbox

        return StoredInbox(self.file, self.writer, self.call)

    def journal(self, post: Post) -> LaneJournal:
        """A journal whose answers come by `post`."""
        return LaneJournal(self, post)

    def write(self, work: Work) -> None:
        """Write in the lane and wait: for commands, imports and replay, never the window."""
        self.call(lambda: self.commit(work))

    def commit(self, work: Work) -> None:
        """Write and tell whoever waits for new facts; only in the database lane, beside its other writes."""
        self.lane.assert_here()
        self.writer.commit(work)
        if work.facts or work.slips or work.people or work.renamed:
            for heard in self.after_write:
                heard()

    def close(self) -> bool:
        """Write what is queued and let go of the folder. True if the lane ended in time."""
        ended = self.lane.stop()
        for reader in self._readers:
            reader.close()
        if ended:
            self.writer.close()
        self._lock.release()
        return ended


class LaneJournal:
    """`Journal` of the window: work is written in the database lane, in order; answers are posted back."""

    def __init__(self, database: Database, post: Post) -> None:
        self._database, self._post = database, post
        self._held: list[Callable[[], None]] | None = None

    @contextmanager
    def after(self) -> Iterator[None]:
        """What is written within goes to the lane at the end, in order: the lane shares the interpreter with
        the window, and would take it from a line that is on its way to the screen."""
        if self._held is not None:
            yield
            return
        self._held = held = []
        try:
            yield
        finally:
            self._held = None
            for submit in held:
                submit()

    def write(self, work: Work, done: Done) -> None:
        def job() -> None:
            self._database.commit(work)
            self._post(lambda: done(None))

        def submit() -> None:
            self._database.lane.submit(job, lambda error: self._post(lambda: done(error)))

        if self._held is None:
            submit()
        else:
            self._held.append(submit)
