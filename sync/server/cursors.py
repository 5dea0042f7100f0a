"""Opaque, authenticated cursors: a position in each shard. Readers keep them and cannot make them.

A database may forget its newest transactions: restored from a backup, or failed over to a slow replica.
What is forgotten is always an end of history, and its positions are given to others later. So a cursor also
says what was seen last, and whoever saw what is no more is told to begin again.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import uuid
import zlib
from collections.abc import Mapping
from typing import Final

import msgspec

from sync import protocol
from sync.server import schema
from sync.server.database import Moment

_MAC_BYTES: Final = 16


class FeedReset(Exception):
    """The cursor belongs to a history that is no more: the server was restored from a backup."""


class CursorExpired(Exception):
    """The cursor is of a till of another store, whose rows it has counted, of other members, or too old:
    begin again."""


class Cursor(msgspec.Struct, array_like=True):
    """Where a reader is. `turn` is the shard the next page begins with; `lists` where it is in each list
    of head office, for a reader of those; `store` the one it read them for."""

    feed_epoch: str
    positions: list[int]
    turn: int = 0
    lists: dict[str, int] = {}
    store: str = ""
    marks: dict[int, int] = {}
    """Of the last fact read in each shard: see `mark`."""
    moment: tuple[int, int] | None = None
    """PostgreSQL's timeline, and how far it was written, when the last page was read."""
    limited: bool = False
    """Whether members are those of the till's store alone (`member_scope`)."""


class Cursors:
    """Seals and opens the cursors of one `purpose`, with a key of 32 bytes."""

    def __init__(self, key: bytes, feed_epoch: str, purpose: str, store: str = "") -> None:
        self._key = key
        self._store = store
        self._feed_epoch = feed_epoch
        self._context = b"stempel-cursor-1 " + purpose.encode() + b"\n"

    def open(self, text: str) -> Cursor:
        """The cursor in a text; "" is the beginning. Raises WireProblem("bad_cursor"), FeedReset,
        CursorExpired."""
        if not text:
            return Cursor(self._feed_epoch, [0] * schema.SHARDS, store=self._store)
        try:
            data = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
            mac, packed = data[:_MAC_BYTES], data[_MAC_BYTES:]
            if not hmac.compare_digest(mac, self._mac(packed)):
                raise protocol.WireProblem("bad_cursor", "the cursor is not one this server gave")
            cursor = msgspec.msgpack.decode(packed, type=Cursor)
        except (binascii.Error, UnicodeEncodeError, msgspec.DecodeError) as error:
            raise protocol.WireProblem("bad_cursor", "the cursor is not one this server gave") from error
        if cursor.feed_epoch != self._feed_epoch:
            raise FeedReset
        if cursor.store != self._store:
            raise CursorExpired
        return cursor

    @staticmethod
    def check_lists(cursor: Cursor, heads: Mapping[str, int], pruned: Mapping[str, int]) -> None:
        """The same of lists; and CursorExpired for one that has missed a removal that nobody can tell it of
        any more: what was removed up to the version in `pruned` has left no trace."""
        if any(position > heads.get(name, 0) for name, position in cursor.lists.items()):
            raise FeedReset
        if any(0 < position < pruned.get(name, 0) for name, position in cursor.lists.items()):
            raise CursorExpired

    @staticmethod
    def check(cursor: Cursor, heads: Mapping[int, int]) -> None:
        """Raises FeedReset for a cursor that is ahead of the database."""
        if any(position > heads[shard] for shard, position in enumerate(cursor.positions)):
            raise FeedReset

    @staticmethod
    def check_scope(cursor: Cursor, *, limited: bool, begins: bool) -> None:
        """Raises CursorExpired for a cursor that was made when tills were given other members."""
        if begins:
            cursor.limited = limited
        elif cursor.limited != limited:
            raise CursorExpired

    @staticmethod
    def check_moment(cursor: Cursor, now: Moment | None) -> None:
        """Raises FeedReset if history may have been forked before the moment of the cursor's last page; then
        moves the cursor to the present."""
        if now is not None and cursor.moment is not None and cursor.moment[0] != now.timeline:
            timeline, written = cursor.moment
            if now.timeline != timeline + 1 or now.forked is None or written > now.forked:
                raise FeedReset
        cursor.moment = None if now is None else (now.timeline, now.written)

    def seal(self, cursor: Cursor) -> str:
        """The text of a cursor."""
        data = msgspec.msgpack.encode(cursor)
        return base64.urlsafe_b64encode(self._mac(data) + data).decode().rstrip("=")

    def _mac(self, data: bytes) -> bytes:
        return hmac.new(self._key, self._context + data, hashlib.sha256).digest()[:_MAC_BYTES]


def mark(fact: uuid.UUID, received_ms: int) -> int:
    """Tells a fact at a position from whatever may be there after history was forgotten: another fact, or the
    same one, taken a second time. If it is as it was, so is everything before it."""
    return zlib.crc32(received_ms.to_bytes(8, "big", signed=True), zlib.crc32(fact.bytes))


def turns(cursor: Cursor) -> list[int]:
    """All shards, beginning with the cursor's turn, so that no busy shard keeps the others waiting."""
    return [(cursor.turn + step) % schema.SHARDS for step in range(schema.SHARDS)]
