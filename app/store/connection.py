"""Opening the till's database: encrypted, durable, one till process at a time.

SQLite comes with sqlcipher3: encrypted at rest, and free of the WAL-reset fault of SQLite 3.7.0–3.51.2
(sqlite.org/wal.html, "The WAL-reset bug") that distributions still ship; so its version is asserted.
WAL with synchronous=FULL: what was acknowledged survives a power cut (NORMAL does not promise that).
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import sqlcipher3.dbapi2

from app.checkout.ports import NotWritten

if TYPE_CHECKING:
    from sqlalchemy import Engine


class Rows(Protocol):
    """A DB-API cursor after `execute`."""

    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...
    def __iter__(self) -> Iterator[Any]: ...


class Driver(Protocol):
    """The driver's own connection, used directly: a sale is ten short statements, and SQLAlchemy's execution
    around each costs more than SQLite's inside it (tests/bench/bench_sale.py), as its import costs a fifth
    of the till's start (bench_start.py). SQLAlchemy holds the tables and, with Alembic, their migrations.
    """

    in_transaction: bool

    def execute(self, statement: str, parameters: Any = (), /) -> Rows: ...
    def executemany(self, statement: str, parameters: Any, /) -> Rows: ...
    def close(self) -> None: ...


# The driver ships no types.
sqlcipher: Final[Any] = sqlcipher3.dbapi2

SQLITE_AT_LEAST: Final = (3, 51, 3)
KEY_BYTES: Final = 32


class StoreProblem(NotWritten):
    """The database cannot be used; the message says what to do. An environment error, not a bug."""


class TillRunning(StoreProblem):
    """Another till process has this database open."""


class FolderLock:
    """A file that one process can hold; let go by `release`, or by the process' end, however it ends.

    The system's own call: the library for it took a tenth of a bare window's start to import.
    """

    def __init__(self, file: Path) -> None:
        """Raises BlockingIOError where another process holds it."""
        self._handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock(self._handle)
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)


def _lock(handle: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError as held:
            raise BlockingIOError(held.errno, held.strerror) from held
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def hold_lock(folder: Path) -> FolderLock:
    """Make this process the only till on `folder`; TillRunning if there is one already."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        return FolderLock(folder / "till.lock")
    except BlockingIOError:
        raise TillRunning(
            f"A till is already running on {folder}. Use its window, or close it before starting another."
        ) from None


def database_key(folder: Path, keystore: str = "file") -> bytes:
    """The random 32-byte key of the database in `folder`, made at the first call.

    A raw key, since a passphrase would cost 77 ms a connection. `keystore` is "file" (till.key, readable by
    its owner alone) or "keyring" (the operating system's keystore).
    """
    if keystore == "keyring":
        return _keyring_key(folder)
    file = folder / "till.key"
    if file.exists():
        return _key(
            file.read_bytes(), f"{file} is not a key of {KEY_BYTES} bytes: restore it from the backup"
        )
    if (folder / "till.db").exists():
        raise StoreProblem(
            f"{file} is missing: without it till.db cannot be read; restore it from the backup"
        )
    folder.mkdir(parents=True, exist_ok=True)
    key = secrets.token_bytes(KEY_BYTES)
    # Made under another name and synced, so that no crash leaves an empty key beside a new database.
    part = file.with_suffix(".part")
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as out:
        out.write(key.hex() + "\n")
        out.flush()
        os.fsync(out.fileno())
    part.replace(file)
    return key


def _keyring_key(folder: Path) -> bytes:
    import keyring

    name = str(folder.resolve())
    stored = keyring.get_password("stempel", name)
    if stored is None:
        if (folder / "till.db").exists():
            raise StoreProblem(f"The keystore has no key for {folder}: restore it, or till.db cannot be read")
        stored = secrets.token_bytes(KEY_BYTES).hex()
        keyring.set_password("stempel", name, stored)
    wrong = f"What the keystore has for {folder} is not a key of {KEY_BYTES} bytes: restore it"
    return _key(stored.encode(), wrong)


def _key(stored: bytes, wrong: str) -> bytes:
    """The key that is kept as hexadecimal digits; a StoreProblem that says `wrong` where there are others."""
    try:
        key = bytes.fromhex(stored.decode("ascii"))
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise StoreProblem(wrong)
    return key


@dataclass(frozen=True, slots=True)
class DatabaseFile:
    """One encrypted file (`key` None: plain, for benches)."""

    path: Path
    key: bytes | None

    def connect(self) -> Driver:
        """A new connection with durable settings, in autocommit until `transaction` begins one."""
        if sqlcipher.sqlite_version_info < SQLITE_AT_LEAST:
            found = sqlcipher.sqlite_version
            raise StoreProblem(
                f"SQLite {found} can lose data in WAL mode: install sqlcipher3 with 3.51.3 or newer"
            )
        connection = sqlcipher.connect(self.path, isolation_level=None, check_same_thread=False, timeout=5.0)
        if self.key is not None:
            connection.execute(f"PRAGMA key = \"x'{self.key.hex()}'\"")
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlcipher.DatabaseError as error:
            connection.close()
            raise StoreProblem(
                f"{self.path} cannot be read with this key: {error}. If neither was changed, the file is "
                "damaged: keep the folder as it is, and restore the backup"
            ) from error
        for pragma in (
            "synchronous = FULL",
            "foreign_keys = ON",
            "temp_store = MEMORY",
            "cache_size = -8000",
        ):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def engine(self) -> Engine:
        """The same for SQLAlchemy: migrations, and tests that look beneath."""
        from sqlalchemy import create_engine
        from sqlalchemy.pool import NullPool

        return create_engine(
            "sqlite+pysqlite://",
            module=sqlcipher,
            creator=self.connect,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
        )


@contextmanager
def transaction(sql: Driver, *, keep: bool = True, reading: bool = False) -> Iterator[None]:
    """All or nothing; durable when it returns. The lock is taken at the start, so it cannot fail midway.

    With `keep` False nothing of it remains: for trying something out. `reading` takes no lock and sees one
    moment of the database throughout.
    """
    sql.execute("BEGIN" if reading else "BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        # An error such as a full disk may have rolled back already.
        if sql.in_transaction:
            sql.execute("ROLLBACK")
        raise
    sql.execute("COMMIT" if keep else "ROLLBACK")
