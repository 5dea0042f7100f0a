"""The feed: every fact once, in commit order within its shard, after an opaque cursor.

A cursor holds the position reached in each shard. Positions are gapless and commit in order, so nothing can
appear behind a cursor. Shards are independent: a refund at one till may come before its sale at another.
A cursor knows the last fact it saw of each shard: where another is in its place, history was forgotten.
"""

from __future__ import annotations

from typing import Final

import msgspec
import sqlalchemy as sa

from sync import protocol
from sync.server import schema
from sync.server.cursors import Cursor, Cursors, FeedReset, mark, turns
from sync.server.database import Database

LIMIT_DEFAULT: Final = 500
LIMIT_MAX: Final = 5000
PAGE_BYTES_MAX: Final = 8 << 20
"""Bodies in a page stop at this size; at least one fact is always given."""


class Feed:
    """Reads pages."""

    def __init__(self, db: Database, cursors: Cursors) -> None:
        self._db = db
        self._cursors = cursors

    def page(self, text: str, limit: int) -> protocol.FeedPage:
        """Facts after the cursor ("" for the beginning). Raises WireProblem("bad_cursor"), FeedReset."""
        cursor = self._cursors.open(text)
        found: list[protocol.FeedFact] = []
        room = PAGE_BYTES_MAX
        head = schema.shard_head.c
        with self._db.read() as connection:
            heads = dict(connection.execute(sa.select(head.shard, head.head)).all())
            self._cursors.check(cursor, heads)
            for shard in turns(cursor):
                if cursor.positions[shard] >= heads[shard]:
                    continue
                cursor.turn = shard
                if len(found) >= limit or room <= 0:
                    break
                rows, room = _shard(connection, shard, cursor, limit - len(found), room)
                cursor.turn = (shard + 1) % schema.SHARDS
                found += rows
        more = any(heads[shard] > position for shard, position in enumerate(cursor.positions))
        return protocol.FeedPage(
            feed_epoch=cursor.feed_epoch, cursor=self._cursors.seal(cursor), more=more, facts=found
        )


def _shard(
    connection: sa.Connection, shard: int, cursor: Cursor, limit: int, room: int
) -> tuple[list[protocol.FeedFact], int]:
    """Facts of a shard, and the room that is left; the cursor moves on. Raises FeedReset."""
    fact, after = schema.fact.c, cursor.positions[shard]
    seen = cursor.marks.get(shard)  # a cursor of an earlier version has none
    rows = connection.execute(
        sa.select(fact.pos, fact.id, fact.origin, fact.epoch, fact.seq, fact.received_ms, fact.body)
        .where(fact.shard == shard, fact.pos >= after)
        .order_by(fact.pos)
        .limit(limit + 1)
    )
    found: list[protocol.FeedFact] = []
    for pos, id, origin, epoch, seq, received_ms, body in rows:
        if pos == after:
            if seen is not None and seen != mark(id, received_ms):
                raise FeedReset
            continue
        if room <= 0 or len(found) == limit:
            break
        room -= len(body)
        found.append(
            protocol.FeedFact(
                shard=shard, pos=pos, origin=origin, epoch=epoch, seq=seq,
                received_ms=received_ms, body=msgspec.Raw(body),
            )
        )  # fmt: skip
        cursor.positions[shard], cursor.marks[shard] = pos, mark(id, received_ms)
    return found, room
