"""Facts on their way into the tables: readable ones, those seen before, those that are kept aside."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from app.ledger import facts
from sync import protocol
from sync.server import schema
from sync.server.database import Database, RowsRefused

_MOVE_HEAD: Final = (
    sa.update(schema.shard_head)
    .where(schema.shard_head.c.shard == sa.bindparam("in_shard"))
    .values(head=sa.bindparam("new_head"))
)


class Item(msgspec.Struct, frozen=True):
    """One fact of a push: its hash, its bytes, and its header, None if it cannot be read."""

    seq: int
    hash: bytes
    body: bytes
    header: facts.Header | None
    unreadable: str = ""


class Batch:
    """New facts of one origin on their way into the tables, inside the transaction that holds its shard."""

    def __init__(
        self,
        db: Database,
        connection: sa.Connection,
        shard: int,
        origin: uuid.UUID,
        epoch: int,
        head: int,
        received_ms: int,
    ) -> None:
        self._db = db
        self._connection = connection
        self._shard = shard
        self._origin = origin
        self._epoch = epoch
        self._head = head
        self._received_ms = received_ms
        self._first_head = head
        self.flags: list[protocol.Flag] = []

    def add(self, items: Sequence[Item]) -> None:
        """Store facts, envelopes and quarantined bytes, and move the shard's head."""
        readable = [item for item in items if item.header is not None]
        rows = [self._fact(item, self._head + place) for place, item in enumerate(readable, 1)]
        quarantined = [(item, "quarantined") for item in items if item.header is None]
        try:
            self._db.insert(self._connection, schema.fact, rows)
            self._head += len(rows)
        except RowsRefused:
            # Rare: a fact that came before under another envelope, or one the database cannot represent.
            quarantined += self._add_singly(readable)
        self._quarantine(quarantined)
        aside = {item.seq for item, _ in quarantined}
        envelopes = [
            (self._shard, self._origin, self._epoch, item.seq, item.hash, self._fact_id(item, aside))
            for item in items
        ]
        self._db.put(self._connection, schema.envelope, envelopes)
        if self._head > self._first_head:
            self._connection.execute(_MOVE_HEAD, {"in_shard": self._shard, "new_head": self._head})

    @staticmethod
    def _fact_id(item: Item, aside: set[int]) -> uuid.UUID | None:
        return None if item.header is None or item.seq in aside else item.header.id

    def _fact(self, item: Item, pos: int, *, document: bool = True) -> tuple[Any, ...]:
        assert item.header is not None
        doc = item.body if document and self._db.postgresql else None
        header = item.header
        place = (pos, self._origin, self._epoch, item.seq)
        return (self._shard, header.id, *place, header.kind, header.at_ms, self._received_ms, item.body, doc)

    def _add_singly(self, items: Sequence[Item]) -> list[tuple[Item, str]]:
        aside: list[tuple[Item, str]] = []
        for item in items:
            same = self._known_as_same(item)
            if same is None and not self._add_one(item):
                aside.append((item, "unstorable"))
            elif same:
                self._relink(item)
            elif same is False:
                aside.append((item, "id_reused"))
        return aside

    def _known_as_same(self, item: Item) -> bool | None:
        """True: this very fact came before; False: another with its id; None: its id is new."""
        assert item.header is not None
        fact = schema.fact
        query = sa.select(fact.c.body).where(fact.c.shard == self._shard, fact.c.id == item.header.id)
        body = self._connection.execute(query).scalar()
        return None if body is None else body == item.body

    def _relink(self, item: Item) -> None:
        assert item.header is not None
        row = (self._shard, self._origin, self._epoch, item.seq, item.header.id)
        self._db.insert(self._connection, schema.relinked, [row])

    def _add_one(self, item: Item) -> bool:
        for document in (True, False):
            row = self._fact(item, self._head + 1, document=document)
            try:
                self._db.insert(self._connection, schema.fact, [row])
            except RowsRefused:
                continue
            self._head += 1
            if not document:
                self.flags.append(protocol.Flag(item.seq, "no_document"))
            return True
        return False

    def _quarantine(self, items: Sequence[tuple[Item, str]]) -> None:
        rows = [
            (self._shard, self._origin, self._epoch, item.seq, code, _plain(item.unreadable or code),
             self._received_ms, item.body)
            for item, code in items
        ]  # fmt: skip
        self._db.put(self._connection, schema.quarantine, rows)
        self.flags += [protocol.Flag(item.seq, code) for item, code in items]


def _plain(text: str) -> str:
    """A text any database can hold."""
    return text.encode("ascii", "backslashreplace").decode().replace("\0", "\\0")[:500]
