"""The feed: every fact once, in commit order within its shard, after an opaque cursor.

A cursor holds the position reached in each shard. Positions are gapless and commit in order, so nothing can
appear behind a cursor. Shards are independent: a refund at one till may come before its sale at another.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Final

import msgspec
import sqlalchemy as sa

from sync import protocol
from sync.server import schema
from sync.server.database import Database

LIMIT_DEFAULT: Final = 500
LIMIT_MAX: Final = 5000
PAGE_BYTES_MAX: Final = 8 << 20
"""Bodies in a page stop at this size; at least one fact is always given."""
_MAC_BYTES: Final = 16


class FeedReset(Exception):
    """The cursor belongs to a history that is no more: the server was restored from a backup."""


class _Cursor(msgspec.Struct, array_like=True):
    feed_epoch: str
    positions: list[int]
    turn: int = 0


class Feed:
    """Reads pages. `key` (32 bytes) authenticates cursors: a reader keeps them and cannot make them."""

    def __init__(self, db: Database, key: bytes, feed_epoch: str) -> None:
        self._db = db
        self._key = key
        self._feed_epoch = feed_epoch

    def page(self, cursor: str, limit: int) -> protocol.FeedPage:
        """Facts after the cursor ("" for the beginning). Raises WireProblem("bad_cursor"), FeedReset."""
        place = self._open(cursor) if cursor else _Cursor(self._feed_epoch, [0] * schema.SHARDS)
        if place.feed_epoch != self._feed_epoch:
            raise FeedReset
        found: list[protocol.FeedFact] = []
        room = PAGE_BYTES_MAX
        with self._db.read() as connection:
            heads = dict(
                connection.execute(sa.select(schema.shard_head.c.shard, schema.shard_head.c.head)).all()
            )
            if any(position > heads[shard] for shard, position in enumerate(place.positions)):
                raise FeedReset
            for shard in _from(place.turn):
                if place.positions[shard] >= heads[shard]:
                    continue
                # The next page begins where this one was full, so no busy shard keeps the others waiting.
                place.turn = shard
                if len(found) >= limit or room <= 0:
                    break
                rows, room = self._shard(connection, shard, place.positions[shard], limit - len(found), room)
                place.positions[shard] += len(rows)
                place.turn = (shard + 1) % schema.SHARDS
                found += rows
        more = any(heads[shard] > position for shard, position in enumerate(place.positions))
        return protocol.FeedPage(
            feed_epoch=self._feed_epoch, cursor=self._seal(place), more=more, facts=found
        )

    @staticmethod
    def _shard(
        connection: sa.Connection, shard: int, after: int, limit: int, room: int
    ) -> tuple[list[protocol.FeedFact], int]:
        fact = schema.fact.c
        rows = connection.execution_options(stream_results=False).execute(
            sa.select(fact.pos, fact.origin, fact.epoch, fact.seq, fact.received_ms, fact.body)
            .where(fact.shard == shard, fact.pos > after)
            .order_by(fact.pos)
            .limit(limit)
        )
        found: list[protocol.FeedFact] = []
        for pos, origin, epoch, seq, received_ms, body in rows:
            if room <= 0:
                break
            room -= len(body)
            found.append(
                protocol.FeedFact(
                    shard=shard, pos=pos, origin=origin, epoch=epoch, seq=seq,
                    received_ms=received_ms, body=msgspec.Raw(body),
                )
            )  # fmt: skip
        return found, room

    def _seal(self, cursor: _Cursor) -> str:
        data = msgspec.msgpack.encode(cursor)
        return base64.urlsafe_b64encode(self._mac(data) + data).decode().rstrip("=")

    def _open(self, text: str) -> _Cursor:
        try:
            data = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
            mac, packed = data[:_MAC_BYTES], data[_MAC_BYTES:]
            if not hmac.compare_digest(mac, self._mac(packed)):
                raise protocol.WireProblem("bad_cursor", "the cursor is not one this server gave")
            return msgspec.msgpack.decode(packed, type=_Cursor)
        except (binascii.Error, UnicodeEncodeError, msgspec.DecodeError) as error:
            raise protocol.WireProblem("bad_cursor", "the cursor is not one this server gave") from error

    def _mac(self, data: bytes) -> bytes:
        return hmac.new(self._key, b"stempel-cursor-1" + data, hashlib.sha256).digest()[:_MAC_BYTES]


def _from(turn: int) -> list[int]:
    return [(turn + step) % schema.SHARDS for step in range(schema.SHARDS)]
