"""Pull: the members whose state changed after a cursor, with the asking till's own facts marked off."""

from __future__ import annotations

import uuid
from collections import defaultdict
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from sync import protocol
from sync.server import schema
from sync.server.cursors import Cursors, turns
from sync.server.database import Database

LIMIT_DEFAULT: Final = 1000
LIMIT_MAX: Final = 5000


class Pull:
    """Pages of members for one till."""

    def __init__(self, db: Database, cursors: Cursors, till: uuid.UUID) -> None:
        self._db = db
        self._cursors = cursors
        self._till = till

    def page(self, text: str, limit: int) -> protocol.PullPage:
        """Members after the cursor ("" for all). Raises WireProblem("bad_cursor"), FeedReset."""
        cursor = self._cursors.open(text)
        found: list[protocol.MemberRow] = []
        # State and marks must be of one moment: a fact in one and not in the other would count twice, or not.
        with self._db.read(snapshot=True) as connection:
            heads = _heads(connection)
            self._cursors.check(cursor, heads)
            relinked = self._relinked(connection)
            for shard in turns(cursor):
                if cursor.positions[shard] >= heads[shard]:
                    continue
                cursor.turn = shard
                if len(found) >= limit:
                    break
                rows = _changed(connection, shard, cursor.positions[shard], limit - len(found))
                full = len(found) + len(rows) >= limit
                cursor.positions[shard] = rows[-1].version if full and rows else heads[shard]
                found += self._marked(connection, shard, rows, relinked)
        more = any(heads[shard] > position for shard, position in enumerate(cursor.positions))
        return protocol.PullPage(
            feed_epoch=cursor.feed_epoch, cursor=self._cursors.seal(cursor), more=more, members=found
        )

    def _relinked(self, connection: sa.Connection) -> dict[uuid.UUID, list[tuple[int, int]]]:
        """The till's facts that came under a second envelope: by fact, the epochs and numbers."""
        table = schema.relinked.c
        query = sa.select(table.fact_id, table.epoch, table.seq).where(
            table.shard == schema.shard_of(self._till), table.origin == self._till
        )
        found: dict[uuid.UUID, list[tuple[int, int]]] = defaultdict(list)
        for fact_id, epoch, seq in connection.execute(query):
            found[fact_id].append((epoch, seq))
        return found

    def _marked(
        self,
        connection: sa.Connection,
        shard: int,
        rows: list[Any],
        relinked: dict[uuid.UUID, list[tuple[int, int]]],
    ) -> list[protocol.MemberRow]:
        links = schema.member_fact.c
        query = sa.select(links.member, links.fact_id, links.epoch, links.seq).where(
            links.shard == shard, links.member.in_([row.id for row in rows]), links.origin == self._till
        )
        applied: dict[uuid.UUID, dict[int, int]] = defaultdict(dict)
        for member, fact_id, epoch, seq in connection.execute(query):
            for of_epoch, number in ((epoch, seq), *relinked.get(fact_id, ())):
                marks = applied[member]
                marks[of_epoch] = max(marks.get(of_epoch, 0), number)
        return [
            protocol.MemberRow(
                member=row.id, at_ms=row.at_ms, state=msgspec.Raw(row.state), applied=applied.get(row.id, {})
            )
            for row in rows
        ]


def _heads(connection: sa.Connection) -> dict[int, int]:
    table = schema.member_head.c
    return dict(connection.execute(sa.select(table.shard, table.head)).all())


def _changed(connection: sa.Connection, shard: int, after: int, limit: int) -> list[Any]:
    table = schema.member.c
    query = sa.select(table.id, table.version, table.at_ms, table.state).where(
        table.shard == shard, table.version > after
    )
    return list(connection.execute(query.order_by(table.version).limit(limit)).all())
