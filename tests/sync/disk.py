"""A till's disk in memory: the real store's code on a copied template, in a few tenths of a millisecond."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, cast

from sqlalchemy import event

from app.checkout.ports import Work
from app.lanes import World
from app.store.connection import DatabaseFile, Driver
from app.store.inbox import StoredInbox
from app.store.outbox import FactOutbox
from app.store.reader import Reader
from app.store.writer import Writer
from sync.server.database import Database
from tests.sync.memory_file import MemoryFile, in_memory
from tests.sync.quick import QuickDatabase


@cache
def _till_template() -> MemoryFile:
    """The till's database, migrated once a run."""
    import tempfile

    from app.store.migrate import migrate

    connection = in_memory()
    with tempfile.TemporaryDirectory() as folder:
        file = DatabaseFile(Path(folder) / "till.db", None)
        migrate(file)
        source: Any = file.connect()
        source.backup(connection)
        source.close()
    return connection


@cache
def _server() -> tuple[QuickDatabase, MemoryFile]:
    """One server's database, and what it looks like when it is new. One for all runs: its statements are
    compiled and prepared once."""
    driver = in_memory()
    database = Database.sqlite(None)
    event.listen(database.engine, "do_connect", lambda *_: driver)
    database.migrate()
    return QuickDatabase(database, driver), copied(driver)


def copied(file: MemoryFile) -> MemoryFile:
    """What is in a database, apart."""
    copy = in_memory()
    copy.take_over(file)
    return copy


_held: list[MemoryFile | None] = [None]
"""What the server's database is like between two worlds, if it is known."""


def server_from(template: MemoryFile | None = None) -> QuickDatabase:
    """The server's database in memory: empty and migrated, or as it was `copied`. There is only one."""
    database, new = _server()
    template = template or new
    if not database.driver.in_world or _held[0] is not template:
        database.driver.take_over(template)
    else:
        database.driver.end_world()
    _held[0] = template
    database.driver.begin_world()
    return database


_spare: list[MemoryFile] = []
"""Disks of tills that are no more, as new."""


class OneConnection:
    """Stands for `DatabaseFile`: every connection is the same one, since nothing here runs at once."""

    def __init__(self, template: MemoryFile | None) -> None:
        if template is None and _spare:
            self.held = _spare.pop()
        else:
            self.held = copied(template or _till_template())
        self._new = template is None
        self.held.begin_world()

    def connect(self) -> Driver:
        return cast(Driver, self.held)

    def close(self) -> None:
        if self._new and self.held.in_world:
            self.held.end_world()
            _spare.append(self.held)
        else:
            self.held.close()


class Disk:
    """What a till keeps, whatever becomes of its process; and the store's real code over it."""

    def __init__(self, origin: uuid.UUID, template: MemoryFile | None = None) -> None:
        self._file = OneConnection(template)
        self._origin = origin
        self.start()

    def start(self, between: Callable[[], None] = lambda: None) -> None:
        """A new process: nothing is known but what was committed. `between` comes after each of the short
        transactions in which a page is taken over."""
        if self._file.held.in_transaction:
            self._file.held.execute("ROLLBACK")
        file = cast(DatabaseFile, self._file)
        ticks = iter(range(10**9))
        self.writer = Writer(file, lambda: self._origin)
        self.outbox = FactOutbox(file, self.writer, lambda job: job())
        # By this clock a transaction takes two rows.
        self.inbox = StoredInbox(
            file, self.writer, lambda job: job(), lambda _: between(), lambda: next(ticks) * 0.003
        )
        self.reader = Reader(file)
        self._file.held.execute("PRAGMA query_only = OFF")  # it is the writer's connection, too

    def copy(self) -> Disk:
        """The disk, copied to another machine."""
        return Disk(self._origin, self._file.held)

    def commit(self, world: World, **work: Any) -> None:
        self.writer.commit(Work(at_ms=world.now_ms(), keep_basket=True, **work))

    @property
    def acked_seq(self) -> int:
        return self._file.held.execute("SELECT acked_seq FROM head").fetchone()[0]

    def bodies(self) -> list[bytes]:
        """Every fact, in the order it was written."""
        found = self._file.held.execute("SELECT body FROM fact ORDER BY rowid")
        return [row[0] for row in found]

    def rows(self, query: str) -> list[Any]:
        return self._file.held.execute(query).fetchall()

    def close(self) -> None:
        self._file.close()
