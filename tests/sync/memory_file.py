"""SQLite in memory for one simulated world after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from app.store.connection import sqlcipher

_CONTROL: Final = frozenset({"BEGIN", "BEGIN IMMEDIATE", "COMMIT", "ROLLBACK"})


class MemoryFile(sqlcipher.Connection):
    """A connection whose transactions are, while a world lasts, parts of one that is never committed.

    So the next world finds what the last one found, without a copy, a schema to read and statements to
    prepare: these took most of SQLite's time in a short world.
    """

    in_world = False
    _part = False

    def begin_world(self) -> None:
        super().execute("BEGIN")
        self.in_world, self._part = True, False

    def end_world(self, *, keep: bool = False) -> None:
        if self.in_world:
            super().execute("COMMIT" if keep else "ROLLBACK")
        self.in_world = False

    def take_over(self, other: MemoryFile) -> None:
        """Become a copy of another, whose world cannot be forgotten any more."""
        self.end_world()
        other.end_world(keep=True)
        other.backup(self)

    @property
    def in_transaction(self) -> bool:
        return self._part if self.in_world else super().in_transaction

    def execute(self, sql: str, *values: Any) -> Any:
        if self.in_world and sql in _CONTROL:
            return self._control(sql, super().execute)
        return super().execute(sql, *values)

    def _control(self, sql: str, execute: Callable[[str], Any]) -> Any:
        begins = sql.startswith("BEGIN")
        if begins == self._part:
            raise sqlcipher.OperationalError(f"{sql} {'inside' if begins else 'without'} a transaction")
        self._part = begins
        if begins:
            return execute("SAVEPOINT part")
        if sql == "ROLLBACK":
            execute("ROLLBACK TO part")
        return execute("RELEASE part")


def in_memory() -> MemoryFile:
    """A new one, empty."""
    connection: MemoryFile = sqlcipher.connect(
        ":memory:", isolation_level=None, check_same_thread=False, factory=MemoryFile, cached_statements=1000
    )
    connection.execute("PRAGMA foreign_keys = ON")
    return connection
