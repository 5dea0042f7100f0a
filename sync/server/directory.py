"""The directory at the server: made of members and their cards beside the requests, and what changed since.

A file is made once a day while tills are given the members of their store alone. Where it stands in each
shard is read before the members are: what changes meanwhile is told as a change, and nothing is held open for
the minutes that ten million take. The file belongs to one server; what a till has of it is worth as much at
another, since the cursor in it is good at all of them.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Final

import msgspec
import sqlalchemy as sa

from app.ledger.short import Levels
from app.loyalty.state import MemberState
from sync import directory
from sync.directory import BLOCKED, BOUGHT, KEY_BYTES, Header
from sync.server import exposure, schema
from sync.server.cursors import Cursor, CursorExpired, Cursors
from sync.server.database import Database
from sync.server.programmes import Programmes

PAGE: Final = 20_000
"""Members looked at for a page of changes."""
TOKENS: Final = 500
"""Cards asked for by one statement."""
FETCH: Final = 5_000
BUCKETS: Final = 256
"""Files that records are sorted in, each by itself, so that they are never all in memory."""
BUFFER: Final = 1 << 16
CHANGED_MAX: Final = 4
"""Who lacks more than one in so many versions is better served by the whole file."""

_member, _card = schema.member.c, schema.member_card.c
_HEADS: Final = sa.select(schema.member_head.c.shard, schema.member_head.c.head)
_ALL: Final = (
    sa.select(_member.id, _member.state, _card.token, _card.linked_ms, _card.blocked_ms)
    .join(schema.member_card, (_card.shard == _member.shard) & (_card.member == _member.id))
    .where(_member.shard == sa.bindparam("in_shard"))
)
_CHANGED: Final = (
    sa.select(_member.id, _member.version, _member.state)
    .where(_member.shard == sa.bindparam("in_shard"), _member.version > sa.bindparam("after"))
    .order_by(_member.version)
    .limit(sa.bindparam("most"))
)
_THEIRS: Final = sa.select(_card.member, _card.token).where(
    _card.shard == sa.bindparam("in_shard"), _card.member.in_(sa.bindparam("ids", expanding=True))
)
_HOLDERS: Final = sa.select(_card.token, _card.member, _card.linked_ms, _card.blocked_ms).where(
    _card.token.in_(sa.bindparam("tokens", expanding=True))
)
_state: Final = msgspec.json.Decoder(MemberState)


class Maker:
    """Makes records: members as of one moment, by the programme in force for all stores."""

    def __init__(self, db: Database, programmes: Programmes, secret: bytes, now_ms: int) -> None:
        with db.read() as connection:
            self._levels = Levels(programmes.in_force(connection, "", now_ms), now_ms)
            # Nobody may spend more of a card alone, so that a till need not know that there is more.
            allowed = exposure.allowances(connection)
        every = [allowed.of(""), *allowed.by_store.values()]
        self._most_centi = min(max(one.points_centi for one in every), directory.POINTS_MAX)
        self._secret = secret
        self._numbers: dict[tuple[int, ...], int] = {}
        self.at_ms = now_ms

    def short(self, state: bytes) -> tuple[int, int, int]:
        """Points, level and flags of a member's state."""
        read = _state.decode(state)
        level = self._levels.of(read)
        number = self._numbers.get(level)
        if number is None:
            number = self._numbers[level] = min(len(self._numbers), directory.NO_LEVEL)
        points_centi = min(self._levels.spendable_centi(read), self._most_centi)
        return points_centi, number, BOUGHT if read.receipts else 0

    def record(self, token: str, member: uuid.UUID, short: tuple[int, int, int], *, blocked: bool) -> bytes:
        points_centi, level, flags = short
        key = directory.card_key(self._secret, token)
        return directory.record(key, member.bytes, points_centi, level, flags | (BLOCKED if blocked else 0))

    def header(self, feed_epoch: str, cursor: str, *, more: bool = False) -> Header:
        """With the levels that were met; count and digest are to be set."""
        return Header(
            feed_epoch=feed_epoch,
            made_ms=self.at_ms,
            cursor=cursor,
            count=0,
            sha256=b"",
            levels=tuple(self._levels.counters(level) for level in self._numbers),
            more=more,
        )


# All of it


def build(
    db: Database, maker: Maker, cursors: Cursors, feed_epoch: str, folder: Path, beat: Callable[[], None]
) -> Path:
    """Make the directory of all members' cards; returns its file, named by the digest of its bytes."""
    cursor = cursors.open("")
    with db.read() as connection:
        cursor.moment = None
        for shard, head in connection.execute(_HEADS):
            cursor.positions[shard] = head
        moment = db.moment(connection)
    cursor.moment = None if moment is None else (moment.timeline, moment.written)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="making-", dir=folder) as working:
        place = Path(working)
        with Buckets(place) as buckets:
            for shard in range(schema.SHARDS):
                beat()
                for row in _streamed(db, shard):
                    blocked = row.blocked_ms is not None and row.blocked_ms >= row.linked_ms
                    record = maker.record(row.token, row.id, maker.short(row.state), blocked=blocked)
                    buckets.put(record, row.linked_ms)
        with (place / "records").open("wb") as out:
            count, sha256 = buckets.sorted_into(out, beat)
        header = maker.header(feed_epoch, cursors.seal(cursor))
        header = msgspec.structs.replace(header, count=count, sha256=sha256)
        made = put_together(place, directory.head_of(header), folder)
    made_ns = maker.at_ms * 1_000_000
    os.utime(made, ns=(made_ns, made_ns))  # by the clock that tells when the next is due
    return made


def _streamed(db: Database, shard: int) -> Iterator[Any]:
    with db.read() as connection:
        found = connection.execution_options(yield_per=FETCH).execute(_ALL, {"in_shard": shard})
        yield from found


class Buckets:
    """Records in files by the first byte of their keys, with the moment at which the card was linked: of two
    members that it was linked to, the later holds it."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._parts = [bytearray() for _ in range(BUCKETS)]
        self._size = directory.RECORD_BYTES

    def __enter__(self) -> Buckets:
        return self

    def __exit__(self, *_: object) -> None:
        for number in range(BUCKETS):
            self._flush(number)

    def put(self, record: bytes, linked_ms: int) -> None:
        part = self._parts[record[0]]
        # Key first, then the moment, then the rest: so that sorting the bytes is all there is to do.
        part += record[:KEY_BYTES] + max(linked_ms, 0).to_bytes(8, "big") + record[KEY_BYTES:]
        if len(part) >= BUFFER:
            self._flush(record[0])

    def _flush(self, number: int) -> None:
        if self._parts[number]:
            with (self._place / f"{number:02x}").open("ab") as file:
                file.write(self._parts[number])
            self._parts[number].clear()

    def sorted_into(self, out: IO[bytes], beat: Callable[[], None]) -> tuple[int, bytes]:
        """All records in order, one for each key; their number and digest."""
        digest, count, width = hashlib.sha256(), 0, self._size + 8
        for number in range(BUCKETS):
            beat()
            file = self._place / f"{number:02x}"
            if not file.exists():
                continue
            data = file.read_bytes()
            file.unlink()
            last = {
                data[at : at + KEY_BYTES]: at
                for at in sorted(range(0, len(data), width), key=lambda at: data[at : at + width])
            }
            records = b"".join(key + data[at + KEY_BYTES + 8 : at + width] for key, at in last.items())
            count += len(last)
            digest.update(records)
            out.write(records)
        return count, digest.digest()


def put_together(place: Path, head: bytes, folder: Path) -> Path:
    """Head and records in one file; there is nothing of it under its name before all of it is there."""
    digest = hashlib.sha256()
    with (place / "whole").open("wb") as out, (place / "records").open("rb") as records:
        digest.update(head)
        out.write(head)
        while chunk := records.read(1 << 20):
            digest.update(chunk)
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    made = folder / f"{digest.hexdigest()}{SUFFIX}"
    (place / "whole").replace(made)
    for old in folder.glob(f"*{SUFFIX}"):
        if old != made:
            old.unlink(missing_ok=True)  # who reads it has it open
    return made


SUFFIX: Final = ".directory"


def newest(folder: Path | None) -> Path | None:
    """The directory that was made last; None if there is none."""
    files = [] if folder is None or not folder.is_dir() else list(folder.glob(f"*{SUFFIX}"))
    return max(files, key=lambda file: file.stat().st_mtime_ns, default=None)


# What changed


def changes(db: Database, maker: Maker, cursors: Cursors, feed_epoch: str, text: str) -> bytes:
    """The records that changed after a directory's cursor, or a part of them, as a directory. Raises
    WireProblem("bad_cursor"), FeedReset, CursorExpired."""
    cursor = cursors.open(text)
    found: dict[str, tuple[uuid.UUID, tuple[int, int, int]]] = {}
    with db.read(snapshot=True) as connection:
        cursors.check_moment(cursor, db.moment(connection))
        heads = dict(connection.execute(_HEADS).all())
        cursors.check(cursor, heads)
        lacking = sum(heads.values()) - sum(cursor.positions)
        if lacking > PAGE and lacking * CHANGED_MAX > sum(heads.values()):
            raise CursorExpired
        room = PAGE
        for shard, head in sorted(heads.items()):
            if room > 0 and cursor.positions[shard] < head:
                room -= _of_shard(connection, maker, cursor, shard, head, room, found)
        records = sorted(_held(connection, maker, found))
    more = any(heads[shard] > position for shard, position in enumerate(cursor.positions))
    return directory.packed(b"".join(records), maker.header(feed_epoch, cursors.seal(cursor), more=more))


def _of_shard(
    connection: sa.Connection,
    maker: Maker,
    cursor: Cursor,
    shard: int,
    head: int,
    room: int,
    found: dict[str, tuple[uuid.UUID, tuple[int, int, int]]],
) -> int:
    """Put the cards of members that changed into `found`, and move the cursor; how many members they are."""
    asked = {"in_shard": shard, "after": cursor.positions[shard], "most": room}
    rows = connection.execute(_CHANGED, asked).all()
    cursor.positions[shard] = rows[-1].version if len(rows) >= room else head
    shorts = {row.id: maker.short(row.state) for row in rows}
    for some in _parts(list(shorts)):
        for member, token in connection.execute(_THEIRS, {"in_shard": shard, "ids": some}):
            found[token] = (member, shorts[member])
    return len(rows)


def _held(
    connection: sa.Connection, maker: Maker, found: dict[str, tuple[uuid.UUID, tuple[int, int, int]]]
) -> Iterable[bytes]:
    """Records of cards that are still their members': others changed with whoever has them now."""
    holders: dict[str, tuple[int, bytes, Any]] = defaultdict(lambda: (-1, b"", None))
    for tokens in _parts(list(found)):
        for row in connection.execute(_HOLDERS, {"tokens": tokens}):
            holders[row.token] = max(
                holders[row.token], (row.linked_ms, row.member.bytes, row.blocked_ms), key=lambda one: one[:2]
            )
    for token, (member, short) in found.items():
        linked_ms, holder, blocked_ms = holders[token]
        if holder == member.bytes:
            blocked = blocked_ms is not None and blocked_ms >= linked_ms
            yield maker.record(token, member, short, blocked=blocked)


def _parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (values[start : start + TOKENS] for start in range(0, len(values), TOKENS))
