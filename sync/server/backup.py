"""Backups of a server on SQLite, and what any server needs to know once its database was restored.

A backup is one file: the database at one moment, taken while it serves, and read through before it has its
name. PostgreSQL has better ways of its own (docs/operate/backup.md).
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from sync.server import admin
from sync.server.database import Database, DatabaseProblem


class Backup(msgspec.Struct, frozen=True):
    """What a backup holds."""

    facts: int
    tills: int
    bytes: int
    last_received_ms: int | None
    """When the newest fact came, UTC milliseconds; None without facts."""

    def __str__(self) -> str:
        held = f"{self.facts} facts of {self.tills} tills, {self.bytes / 1e6:.1f} MB"
        if self.last_received_ms is None:
            return held
        came = datetime.fromtimestamp(self.last_received_ms / 1000, UTC)
        return f"{held}; the newest came at {came:%Y-%m-%d %H:%M:%S} UTC"


def back_up(db: Database, path: Path) -> Backup:
    """Copy the database as it is at this moment, while it is in use, to a new file, and verify the copy.

    Raises DatabaseProblem on PostgreSQL, if the file exists, or if the copy is not whole; OSError if it
    cannot be written. A file of that name is there only if all went well.
    """
    if db.postgresql:
        raise DatabaseProblem(
            "PostgreSQL is backed up with pg_basebackup and WAL: see docs/operate/backup.md"
        )
    if path.exists():
        raise DatabaseProblem(f"{path} exists: name a new file")
    with _draft(path) as part:
        db.copy_to(part)
        found = verify(part)
        _sync(part)
    return found


def restore(path: Path, data_dir: Path) -> Backup:
    """Put a backup into an empty data folder and begin a new history of the feed.

    Raises DatabaseProblem if there is a database already, or the backup is not whole.
    """
    target = data_dir / "server.sqlite"
    for found in (target, *_beside(target)):
        # A log without its file, too: SQLite would play it into the restored one.
        if found.exists():
            raise DatabaseProblem(
                f"{found} exists: stop the server and move that folder away, or name a new one"
            )
    whole = verify(path)
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _draft(target) as part:
        shutil.copyfile(path, part)
        copy = Database.sqlite(part)
        copy.migrate()
        admin.after_restore(copy)
        copy.close()
        _sync(part)
    return whole


def verify(path: Path) -> Backup:
    """Read a backup through: its pages and keys, and that no position of any shard is missing.

    Raises DatabaseProblem that says what is wrong with it.
    """
    if not path.is_file():
        raise DatabaseProblem(f"{path} is no file")
    import sqlcipher3.dbapi2

    driver: Any = sqlcipher3.dbapi2
    try:
        with contextlib.closing(driver.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as copy:
            return _read_through(copy, path)
    except driver.DatabaseError as error:
        raise DatabaseProblem(f"{path} is no whole backup of a server: {error}") from error


def _read_through(connection: Any, path: Path) -> Backup:
    found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found != "ok":
        raise DatabaseProblem(f"{path} is damaged: {found}")
    if connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
        raise DatabaseProblem(f"{path} is damaged: rows refer to rows that are not there")
    gaps = connection.execute(
        "SELECT h.shard FROM shard_head h LEFT JOIN fact f ON f.shard = h.shard GROUP BY h.shard, h.head"
        " HAVING count(f.pos) <> h.head OR coalesce(max(f.pos), 0) <> h.head"
    ).fetchone()
    if gaps is not None:
        raise DatabaseProblem(f"{path} is not whole: facts of shard {gaps[0]} are missing")
    facts, last_ms = connection.execute("SELECT count(*), max(received_ms) FROM fact").fetchone()
    tills = connection.execute("SELECT count(*) FROM till").fetchone()[0]
    return Backup(facts, tills, path.stat().st_size, last_ms)


@contextlib.contextmanager
def _draft(path: Path) -> Iterator[Path]:
    """A file beside `path`, readable by its owner alone, that becomes it if nothing is raised."""
    part = path.with_name(path.name + ".part")
    for leftover in (part, *_beside(part)):  # of one that was killed
        leftover.unlink(missing_ok=True)
    part.touch(mode=0o600)
    try:
        yield part
        part.replace(path)
        _sync(path.parent)
    finally:
        for leftover in (part, *_beside(part)):
            leftover.unlink(missing_ok=True)


def _beside(path: Path) -> list[Path]:
    """What SQLite may keep beside a database."""
    return [path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal")]


def _sync(path: Path) -> None:
    """Make a file's content, or a folder's names, durable."""
    with contextlib.suppress(PermissionError):  # Windows opens no folders
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
