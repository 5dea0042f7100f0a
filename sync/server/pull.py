"""Pull: what changed after a cursor, for one till: lists of head office first, then members and persons."""

from __future__ import annotations

import heapq
import uuid
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from sync import protocol
from sync.server import budgets, cards, holding, member_scope, merging, persons, schema
from sync.server.cursors import Cursor, Cursors, turns
from sync.server.database import Database
from sync.server.tills import Till

LIMIT_DEFAULT: Final = 1000
LIMIT_MAX: Final = 5000
SCOPES: Final = (*schema.LISTS, "member", "person", "budget")
PAGE_BYTES_MAX: Final = 8 << 20
"""What a page's rows hold stops at this size; at least one row is always given. Tills take 64 MiB."""
FAR: Final = 2000
"""So many versions behind, a store's members are looked for among its own, not among all that changed."""

_list, _member, _links, _again = (
    schema.listing.c, schema.member.c, schema.member_fact.c, schema.relinked.c,
)  # fmt: skip
_LIST_HEADS: Final = sa.select(schema.list_head.c.list, schema.list_head.c.head, schema.list_head.c.pruned)
_HEADS: Final = sa.select(schema.member_head.c.shard, schema.member_head.c.head)
_ROW: Final = sa.select(_member.id, _member.version, _member.at_ms, _member.state)
_MEMBERS: Final = (
    _ROW.where(_member.shard == sa.bindparam("in_shard"), _member.version > sa.bindparam("after"))
    .order_by(_member.version)
    .limit(sa.bindparam("most"))
)
_NEAR: Final = _MEMBERS.where(member_scope.SEEN)
"""Those of them whom a store has seen: for a till that lacks little."""
# A sum is in no index: so it begins with the store's members, who are few, and not with all that changed.
_VERSION: Final = _member.version + 0
_FAR: Final = (
    _ROW.where(member_scope.AMONG_SEEN, sa.bindparam("after") < _VERSION)
    .order_by(_VERSION)
    .limit(sa.bindparam("most"))
)
"""The same for a till that lacks much."""
_ONE: Final = _ROW.where(_member.shard == sa.bindparam("in_shard"), _member.id == sa.bindparam("id"))
_KEPT: Final = _ONE.where(member_scope.SEEN)
_OWN: Final = (
    sa.select(_links.member, _links.fact_id, _links.epoch, _links.seq)
    .join(schema.member, (_member.shard == _links.shard) & (_member.id == _links.member))
    .where(
        _member.shard == sa.bindparam("in_shard"),
        _member.version > sa.bindparam("after"),
        _member.version <= sa.bindparam("last"),
        _links.origin == sa.bindparam("till"),
    )
)
_RELINKED: Final = sa.select(_again.fact_id, _again.epoch, _again.seq).where(
    _again.shard == sa.bindparam("in_shard"), _again.origin == sa.bindparam("till")
)
_KEYS: Final = (
    sa.select(_list.version, _list.key)
    .where(
        _list.list == sa.bindparam("name"),
        _list.store.in_(sa.bindparam("stores", expanding=True)),
        _list.version > sa.bindparam("after"),
    )
    .order_by(_list.version)
    .limit(sa.bindparam("most"))
)
_THERE: Final = (
    sa.select(_list.key, _list.store)
    .where(
        _list.list == sa.bindparam("name"),
        _list.store.in_(sa.bindparam("stores", expanding=True)),
        _list.key.in_(sa.bindparam("keys", expanding=True)),
        _list.body.is_not(None),
    )
    .order_by(_list.store)
)
_BODIES: Final = _THERE.add_columns(_list.body)
_SIZES: Final = _THERE.add_columns(sa.func.length(_list.body))


class Pull:
    """Pages for one till of a store. `scope` names what is wanted of `SCOPES`; empty: all of it."""

    def __init__(
        self,
        db: Database,
        cursors: Cursors,
        till: Till,
        scope: frozenset[str] = frozenset(),
        card_key: bytes = b"",
    ) -> None:
        self._db = db
        self._cursors = cursors
        self._till = till.id
        self._epoch = till.epoch
        self._store = till.store
        self._scope = scope or frozenset(SCOPES)
        self.had: dict[str, int] = {}
        """How far the till had each list when it asked for the page, and `heads` how far they were."""
        self.heads: dict[str, int] = {}
        self._limited = False
        self._card_key = card_key

    def page(self, text: str, limit: int) -> protocol.PullPage:
        """What changed after the cursor ("" for all). Raises WireProblem("bad_cursor"), FeedReset,
        CursorExpired."""
        cursor = self._cursors.open(text)
        self.had = dict(cursor.lists)
        page = _Page(limit)
        # State and marks must be of one moment: a fact in one and not in the other would count twice, or not.
        with self._db.read(snapshot=True) as connection:
            self._cursors.check_moment(cursor, self._db.moment(connection))
            more = self._lists(connection, cursor, page)
            if {"member", "person"} & self._scope:
                self._limited = member_scope.current(connection).limited
                self._cursors.check_scope(cursor, limited=self._limited, begins=not text)
                more = self._members(connection, cursor, page) or more
            counted = "budget" in self._scope and not more
            sums = budgets.known(connection, self._till, self._epoch) if counted else None
        return protocol.PullPage(
            feed_epoch=cursor.feed_epoch,
            cursor=self._cursors.seal(cursor),
            more=more,
            members=page.members,
            persons=page.persons,
            listed=page.listed,
            budgets=sums,
            limited=self._limited,
            card_key=self._card_key if self._limited and not more else b"",
        )

    def of_card(self, token: str) -> tuple[protocol.MemberRow, protocol.PersonRow | None, bool] | None:
        """The member who holds a card, who they are, and whether pulls bring them; None for nobody."""
        with self._db.read(snapshot=True) as connection:
            holder = cards.holder(connection, token)
            if holder is None:
                return None
            shard = schema.shard_of(holder)
            place = {"in_shard": shard, "id": holder}
            row = connection.execute(_ONE, place).first()
            if row is None:
                return None
            # A version is one member's alone: so what is read of a range is read of them.
            found = self._marked(connection, shard, row.version - 1, [row], self._relinked(connection))
            kept = not member_scope.current(connection).limited
            kept = kept or connection.execute(_KEPT, {**place, "store": self._store}).first() is not None
            person = persons.of(connection, shard, holder)
        return found[0], None if person is None else _person(person), kept

    # Lists

    def _lists(self, connection: sa.Connection, cursor: Cursor, page: _Page) -> bool:
        lists = connection.execute(_LIST_HEADS).all()
        heads = self.heads = {name: head for name, head, _ in lists}
        self._cursors.check_lists(cursor, heads, {name: pruned or 0 for name, _, pruned in lists})
        more = False
        for name in schema.LISTS:
            after = cursor.lists.get(name, 0)
            if name not in self._scope or after >= heads[name]:
                continue
            rows = _changed_keys(connection, name, self._store, after, page.room)
            fit = page.fit(_sizes(connection, name, self._store, [row.key for row in rows]))
            full, rows = len(rows) >= page.room or fit < len(rows), rows[:fit]
            cursor.lists[name] = rows[-1].version if full and rows else heads[name] if not full else after
            page.listed += _effective(connection, name, self._store, [row.key for row in rows])
            page.room -= len(rows)
            more = more or cursor.lists[name] < heads[name]
        return more

    # Members and persons

    def _members(self, connection: sa.Connection, cursor: Cursor, page: _Page) -> bool:
        heads = dict(connection.execute(_HEADS).all())
        self._cursors.check(cursor, heads)
        relinked: dict[uuid.UUID, list[tuple[int, int]]] | None = None
        for shard in turns(cursor):
            if cursor.positions[shard] >= heads[shard]:
                continue
            cursor.turn = shard
            if page.full:
                break
            after = cursor.positions[shard]
            rows = self._changed(connection, shard, after, heads[shard], page.room)
            fit = page.fit(map(_size, rows))
            full, rows = len(rows) >= page.room or fit < len(rows), rows[:fit]
            cursor.positions[shard] = rows[-1].version if full and rows else heads[shard]
            page.room -= len(rows)
            found = [row for row in rows if "state" in row._fields]
            if found:
                relinked = self._relinked(connection) if relinked is None else relinked
                page.members += self._marked(connection, shard, after, found, relinked)
            page.persons += [_person(row) for row in rows if "data" in row._fields]
        return any(heads[shard] > position for shard, position in enumerate(cursor.positions))

    def _changed(self, connection: sa.Connection, shard: int, after: int, head: int, limit: int) -> list[Any]:
        """Members and persons of a shard in the order of their versions, which they share."""
        sources: list[list[Any]] = []
        if "member" in self._scope:
            asked = {"in_shard": shard, "after": after, "most": limit}
            query = _MEMBERS
            if self._limited:
                query, asked = _FAR if head - after > FAR else _NEAR, {**asked, "store": self._store}
            sources.append(list(connection.execute(query, asked)))
        if "person" in self._scope:
            sources.append(persons.changed(connection, shard, self._store, after, limit))
        return list(heapq.merge(*sources, key=lambda row: row.version))[:limit]

    def _relinked(self, connection: sa.Connection) -> dict[uuid.UUID, list[tuple[int, int]]]:
        """The till's facts that came under a second envelope: by fact, the epochs and numbers."""
        found: dict[uuid.UUID, list[tuple[int, int]]] = defaultdict(list)
        asked = {"in_shard": schema.shard_of(self._till), "till": self._till}
        for fact_id, epoch, seq in connection.execute(_RELINKED, asked):
            found[fact_id].append((epoch, seq))
        return found

    def _marked(
        self,
        connection: sa.Connection,
        shard: int,
        after: int,
        rows: list[Any],
        relinked: dict[uuid.UUID, list[tuple[int, int]]],
    ) -> list[protocol.MemberRow]:
        # By versions, not by ids: a thousand of these take longer to write than to find.
        last = rows[-1].version
        asked = {"in_shard": shard, "after": after, "last": last, "till": self._till}
        applied: dict[uuid.UUID, dict[int, int]] = defaultdict(dict)
        for member, fact_id, epoch, seq in connection.execute(_OWN, asked):
            for of_epoch, number in ((epoch, seq), *relinked.get(fact_id, ())):
                marks = applied[member]
                marks[of_epoch] = max(marks.get(of_epoch, 0), number)
        theirs = cards.of_range(connection, shard, after, last)
        held = holding.elsewhere(connection, shard, self._till)
        merged = merging.aliases_in(connection, shard, after, last)
        return [
            protocol.MemberRow(
                member=row.id,
                at_ms=row.at_ms,
                state=msgspec.Raw(row.state),
                applied=applied.get(row.id, {}),
                cards=theirs.get(row.id, ()),
                merged_into=merged.get(row.id),
                held_centi=held.get(row.id, 0),
                version=row.version,
            )
            for row in rows
        ]


class _Page:
    """What was found so far, and how many rows there is room for."""

    def __init__(self, room: int) -> None:
        self.room = room
        self._bytes = PAGE_BYTES_MAX
        self.listed: list[protocol.Listed] = []
        self.members: list[protocol.MemberRow] = []
        self.persons: list[protocol.PersonRow] = []

    @property
    def full(self) -> bool:
        """Whether there is room for nothing more."""
        return self.room <= 0 or self._bytes <= 0

    def fit(self, sizes: Iterable[int]) -> int:
        """How many rows of these sizes there is room for, by their bytes; from now on it is theirs."""
        count = 0
        for size in sizes:
            if self._bytes <= 0:
                break
            self._bytes -= size
            count += 1
        return count


def _size(row: Any) -> int:
    """Bytes of a member's state, or of a person."""
    return len((row.state if "state" in row._fields else row.data) or b"")


def _person(row: Any) -> protocol.PersonRow:
    data = protocol.NOTHING if row.data is None else msgspec.Raw(row.data)
    origin = None if row.data is None else row.origin
    return protocol.PersonRow(member=row.member, updated_ms=row.updated_ms, origin=origin, data=data)


def _changed_keys(connection: sa.Connection, name: str, store: str, after: int, limit: int) -> list[Any]:
    """Keys of a list that changed for a store: its own rows and those of all stores."""
    asked = {"name": name, "stores": ["", store], "after": after, "most": max(limit, 0)}
    return list(connection.execute(_KEYS, asked))


def _sizes(connection: sa.Connection, name: str, store: str, keys: list[str]) -> list[int]:
    """Bytes of the rows of keys as they hold for a store."""
    asked = {"name": name, "stores": ["", store], "keys": keys}
    found = {key: size for key, _, size in connection.execute(_SIZES, asked)}
    return [found.get(key, 0) for key in keys]


def _effective(connection: sa.Connection, name: str, store: str, keys: list[str]) -> list[protocol.Listed]:
    """The rows of keys as they hold for a store: its own before the one for all; removed where neither is."""
    asked = {"name": name, "stores": ["", store], "keys": keys}
    found: dict[str, protocol.Listed] = {
        key: protocol.Listed(list=name, key=key, store=own, body=msgspec.Raw(body))
        for key, own, body in connection.execute(_BODIES, asked)
    }
    return [found.get(key) or protocol.Listed(list=name, key=key) for key in dict.fromkeys(keys)]
