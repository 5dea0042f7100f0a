"""What is left of a till on its disk: read from a copy, without a running till, as far as it can be read.

Nothing is written where the till was: its database and the write-ahead log beside it are copied, and SQLite
recovers the copy. A torn end of the log is a transaction that never happened. Pages that are gone cost the
facts in them and no others. The tables read here are those of the first migration: a database of any version
will do.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import uuid
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from app.ledger.chain import GENESIS, Head, link_hash, seal
from app.ledger.facts import UnreadableFact, header
from app.store import rows
from app.store.connection import KEY_BYTES, DatabaseFile, Driver, StoreProblem, sqlcipher
from app.store.writer import ENROLMENT
from sync import protocol
from sync.bundle import Bundle, sign
from sync.inbox import Arrival
from sync.outbox import Credentials, Enrolment, Run

FILE: Final = "till.db"
PAGE_BYTES: Final = 4096
PAD_BYTES: Final = 256 << 20
"""How much of a database's end may be missing."""
_FIRST_PERSON: Final = "p.member, p.name, p.phone, p.email, p.birthday, p.lang"
"""Columns of the first migration, for a till older than those that came later."""

_encode: Final = msgspec.json.Encoder().encode


class Kept(NamedTuple):
    """A fact that could be read and has the hash that its envelope says."""

    seq: int
    body: bytes


class Remains:
    """The database of a till that will not run again. Close it: the copy goes with it."""

    def __init__(self, folder: Path, key: bytes) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="stempel-rescue-")
        try:
            self._file = DatabaseFile(_copied(folder, Path(self._temporary.name)), key)
            self._sql = _open(self._file)
            self._load()
        except BaseException:
            self._temporary.cleanup()
            raise

    def close(self) -> None:
        self._sql.close()
        self._temporary.cleanup()

    def _load(self) -> None:
        row = self._one("SELECT origin, epoch, seq, hash, acked_seq FROM head")
        if row is None:
            raise StoreProblem("This till never sold anything: there is nothing to rescue")
        self.origin, self.epoch = uuid.UUID(bytes=row[0]), int(row[1])
        self.acked_seq = int(row[4])
        self.last_seq = int(row[2])
        stored = self._setting("credentials")
        self.credentials = None if stored is None else msgspec.json.decode(stored, type=Credentials)
        begun = self._setting(ENROLMENT)
        self.enrolment = None if begun is None else msgspec.json.decode(begun, type=Enrolment)
        self.unsynced = self.read(self.acked_seq, self.last_seq)
        there = {kept.seq for kept in self.unsynced}
        self.lost = [seq for seq in range(self.acked_seq + 1, self.last_seq + 1) if seq not in there]
        self.persons, self.persons_unread = self._persons()

    @property
    def since_ms(self) -> int | None:
        """When the oldest unsynced fact occurred."""
        for kept in self.unsynced:
            with contextlib.suppress(UnreadableFact):
                return header(kept.body).at_ms
        return None

    def hash_at(self, seq: int) -> bytes:
        """The chain's hash at a number; GENESIS at 0 and where it cannot be read."""
        query = "SELECT hash FROM envelope WHERE origin = ? AND epoch = ? AND seq = ?"
        row = self._one(query, self.origin.bytes, self.epoch, seq)
        return row[0] if row is not None else GENESIS

    def read(self, after_seq: int, last_seq: int) -> list[Kept]:
        """The facts of the current epoch in a range that can be read, in order."""
        query = (
            "SELECT e.seq, f.body, e.prev_hash, e.hash FROM envelope e JOIN fact f ON f.id = e.fact "
            "WHERE e.origin = ? AND e.epoch = ? AND e.seq {} ORDER BY e.seq"
        )
        chain = (self.origin.bytes, self.epoch)
        items = self._all(query.format("> ? AND e.seq <= ?"), *chain, after_seq, last_seq)
        if items is None:
            numbers = range(after_seq + 1, last_seq + 1)
            items = [row for seq in numbers if (row := self._one(query.format("= ?"), *chain, seq))]
        return [Kept(seq, body) for seq, body, prev, digest in items if self._is(seq, body, prev, digest)]

    def _is(self, seq: int, body: bytes, prev_hash: bytes, digest: bytes) -> bool:
        return link_hash(prev_hash, self.origin, self.epoch, seq, body) == digest

    def _persons(self) -> tuple[list[protocol.PersonRow], int | None]:
        """Those that the server has not had, and how many more cannot be read; None: nobody knows."""
        query = f"SELECT p.updated_ms, {rows.PERSON} FROM person p"
        only = "(p.handed_ms IS NULL OR p.handed_ms < p.updated_ms)"
        if self._all(f"{query} WHERE {only} LIMIT 0") is None:
            query, only = f"SELECT p.updated_ms, {_FIRST_PERSON}, 0, '', '' FROM person p", "TRUE"
        unread: int | None = 0
        found = self._all(f"{query} WHERE {only} ORDER BY p.n")
        if found is None:
            numbers = self._person_numbers(only)
            each = [self._all(f"{query} WHERE {only} AND p.n = ?", n) for n in numbers or ()]
            found = [row for row in each if row is not None for row in row]
            unread = None if numbers is None else each.count(None)
        people = [(row[0], rows.person(row[1:])) for row in found]
        return [
            protocol.PersonRow(member=one.member, updated_ms=updated_ms, data=msgspec.Raw(_encode(one)))
            for updated_ms, one in people
        ], unread

    def _person_numbers(self, only: str) -> Iterable[int] | None:
        """The numbers of persons from an index: the one of those not handed, or of all; else all up to the
        last one. None where none of that can be read."""
        for query in (f"SELECT p.n FROM person p WHERE {only}", "SELECT n FROM person"):
            if (found := self._all(f"{query} ORDER BY 1")) is not None:
                return [row[0] for row in found]
        last = self._one("SELECT max(n) FROM person")
        return None if last is None else range(1, (last[0] or 0) + 1)

    def _setting(self, key: str) -> bytes | None:
        row = self._one("SELECT value FROM setting WHERE key = ?", key)
        return None if row is None else row[0]

    def _one(self, query: str, *values: object) -> Any:
        """A row; None where it is not there, or its page is gone."""
        found = self._all(query, *values)
        return found[0] if found else None

    def _all(self, query: str, *values: object) -> list[Any] | None:
        """All rows; None if a page of theirs is gone."""
        try:
            return self._sql.execute(query, values).fetchall()
        except sqlcipher.DatabaseError:
            # SQLCipher reads nothing more on a connection that met a page it could not decrypt.
            self._sql.close()
            self._sql = self._file.connect()
            return None

    def bundle(self, now_ms: int, *, whole: bool = False) -> Bundle:
        """All that the server lacks; `whole`: all that is there of the epoch, for a server put back."""
        after = 0 if whole else self.acked_seq
        kept = self.read(0, self.last_seq) if whole else self.unsynced
        run = _unbroken(kept, after)
        ours = self.credentials
        bundle = Bundle(
            till=self.origin,
            epoch=self.epoch,
            store=ours.store if ours else "",
            certificate=ours.certificate if ours else "",
            made_ms=now_ms,
            first_seq=after + 1,
            prev_hash=self.hash_at(after),
            facts=[protocol.embed(one.body) for one in run],
            loose=[protocol.embed(one.body) for one in kept[len(run) :]],
            lost=self.lost,
            persons=self.persons,
        )
        return bundle if ours is None else sign(bundle, ours.private_key)


def _unbroken(kept: Sequence[Kept], after_seq: int) -> list[Kept]:
    return [one for seq, one in enumerate(kept, after_seq + 1) if one.seq == seq]


def read_key(folder: Path, key_file: Path | None) -> bytes:
    """The key of a dead till's database. Raises StoreProblem that says where else it may be."""
    file = key_file or folder / "till.key"
    if not file.exists():
        raise StoreProblem(
            f"{file} is missing, and without it nothing in till.db can be read. Look for it in the backup of "
            "that till, and name it with --key. If the till kept its key in the system's keystore "
            '([till] keystore = "keyring"), it is in the keystore of that machine and user alone. '
            "Whatever the till had synced is at the server all the same."
        )
    try:
        key = bytes.fromhex(file.read_text("ascii").strip())
    except ValueError as error:
        raise StoreProblem(
            f"{file} is not a key: it should hold {2 * KEY_BYTES} hexadecimal digits"
        ) from error
    if len(key) != KEY_BYTES:
        raise StoreProblem(f"{file} is not a key of {KEY_BYTES} bytes")
    return key


def _copied(folder: Path, to: Path) -> Path:
    for name in (FILE, f"{FILE}-wal"):
        if (folder / name).exists():
            shutil.copyfile(folder / name, to / name)
    return to / FILE


def _open(file: DatabaseFile) -> Driver:
    """A connection, by which the database can be read; its copy is mended where its end is missing."""
    try:
        return _read_through(file)
    except StoreProblem as problem:
        if "malformed" not in str(problem):
            raise
        # SQLite reads nothing of a file that is shorter than it says. Pages of zeros fail when they are
        # read, and only then.
        with file.path.open("r+b") as handle:
            size = file.path.stat().st_size
            handle.truncate(size - size % PAGE_BYTES + PAD_BYTES)
    try:
        return _read_through(file)
    except StoreProblem as problem:
        raise StoreProblem(
            f"Too much of the database is gone to read it ({problem}): try an image of the disk, or a backup"
        ) from problem


def _read_through(file: DatabaseFile) -> Driver:
    sql = file.connect()
    try:
        sql.execute("SELECT count(*) FROM head").fetchone()
    except sqlcipher.DatabaseError as error:
        sql.close()
        raise StoreProblem(str(error)) from error
    return sql


class RemainingFacts:
    """`sync.outbox.Outbox` over remains: what the client decides stays in memory, the disk as it is.

    Where numbers cannot be read any more they count as pruned, so the client goes on behind them under a new
    epoch.
    """

    def __init__(self, remains: Remains) -> None:
        self._remains = remains
        self._credentials = remains.credentials
        self._enrolment = remains.enrolment
        self._acked_seq = remains.acked_seq
        last = remains.unsynced[-1].seq if remains.unsynced else remains.acked_seq
        self._head = Head(remains.origin, remains.epoch, last, remains.hash_at(last))
        self._moved: list[bytes] | None = None

    @property
    def left(self) -> int:
        """How many facts the server has not acknowledged."""
        return self._head.seq - self._acked_seq

    def read(self, after_seq: int | None, limit: int) -> Run:
        after = min(self._acked_seq if after_seq is None else after_seq, self._head.seq)
        if self._moved is not None:
            return self._read_moved(after, self._moved[after : after + limit])
        last = min(after + limit, self._head.seq)
        kept = self._remains.read(after, last)
        while not kept and last < self._head.seq:
            after, last = last, min(last + limit, self._head.seq)
            kept = self._remains.read(after, last)
        if kept:
            after = kept[0].seq - 1
        bodies = tuple(one.body for one in _unbroken(kept, after))
        return Run(self._head, self._acked_seq, after, self._remains.hash_at(after), bodies)

    def _read_moved(self, after: int, bodies: Sequence[bytes]) -> Run:
        head = Head(self._head.origin, self._head.epoch)
        for body in (self._moved or [])[:after]:
            head = seal(head, body)[1]
        return Run(self._head, self._acked_seq, after, head.hash, tuple(bodies))

    def set_acked(self, epoch: int, seq: int) -> None:
        if epoch == self._head.epoch:
            self._acked_seq = min(seq, self._head.seq)

    def credentials(self) -> Credentials | None:
        return self._credentials

    def enrolment(self) -> Enrolment | None:
        return self._enrolment

    def keep_enrolment(self, enrolment: Enrolment | None) -> None:
        self._enrolment = enrolment

    def begin_epoch(self, credentials: Credentials) -> None:
        self._credentials, self._enrolment = credentials, None
        if (credentials.till, credentials.epoch) == (self._head.origin, self._head.epoch):
            return
        if self._moved is None:
            bodies = [one.body for one in self._remains.read(self._acked_seq, self._head.seq)]
        else:
            bodies = self._moved[self._acked_seq :]
        head = Head(credentials.till, credentials.epoch)
        for body in bodies:
            head = seal(head, body)[1]
        self._moved, self._head, self._acked_seq = bodies, head, 0


class RemainingPersons:
    """`sync.inbox.Inbox` over remains: persons are handed over, what the server sends goes nowhere."""

    def __init__(self, remains: Remains) -> None:
        self._left = list(remains.persons)
        self._cursor = (remains._setting("pull.cursor") or b"").decode()

    @property
    def left(self) -> int:
        return len(self._left)

    def cursor(self) -> str:
        return self._cursor

    def apply(self, page: protocol.PullPage, asked_ms: int) -> Arrival:
        return Arrival()

    def begin_again(self) -> None:
        pass

    def persons(self, limit: int) -> Sequence[protocol.PersonRow]:
        return self._left[:limit]

    def handed(self, persons: Sequence[protocol.PersonRow]) -> None:
        done = {(row.member, row.updated_ms) for row in persons}
        self._left = [row for row in self._left if (row.member, row.updated_ms) not in done]


@contextlib.contextmanager
def opened(folder: Path, key_file: Path | None = None) -> Iterator[Remains]:
    """The remains of the till in a folder. Raises StoreProblem."""
    if not (folder / FILE).exists():
        raise StoreProblem(
            f"There is no {FILE} in {folder}: name the data folder of the till, or a copy of it"
        )
    remains = Remains(folder, read_key(folder, key_file))
    try:
        yield remains
    finally:
        remains.close()
