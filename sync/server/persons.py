"""Persons: who members are. The only personal data at the server, apart from facts, and erasable.

Of two versions the later by (when it was written, by which till) holds, whatever order they come in. Erasing
is for ever: what a till may still send of an erased member is dropped, and the till is told again.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
import structlog

from sync import protocol
from sync.server import merging, schema
from sync.server.database import Database
from sync.server.tills import Till

log = structlog.get_logger("stempel.persons")

DATA_MAX: Final = 16 << 10
"""Bytes of one person; more is no person, and is dropped with a line in the log."""
_NEVER_MS: Final = -(2**62)
_OFFICE: Final = uuid.UUID(int=2**128 - 1)
"""Stands for the till in the row of who was erased by head office, and not forgotten in a merge."""

_person: Final = schema.person.c
_CHANGED: Final = (
    sa.select(_person.version, _person.member, _person.updated_ms, _person.origin, _person.data)
    .where(_person.shard == sa.bindparam("in_shard"), _person.version > sa.bindparam("after"))
    .where((_person.store == sa.bindparam("store")) | _person.data.is_(None))
    .order_by(_person.version)
    .limit(sa.bindparam("most"))
)

_ONE: Final = sa.select(
    _person.version, _person.member, _person.updated_ms, _person.origin, _person.data, _person.store,
    _person.erased_ms,
).where(_person.shard == sa.bindparam("in_shard"), _person.member == sa.bindparam("id"))  # fmt: skip


def take(db: Database, till: Till, persons: Sequence[protocol.PersonRow]) -> int:
    """Keep what a till sent, where it is newer; returns how many were. Raises WireProblem."""
    if len(persons) > protocol.PERSONS_MAX:
        raise protocol.WireProblem("too_large", f"{protocol.PERSONS_MAX} persons are taken at once")
    by_shard: dict[int, list[protocol.PersonRow]] = defaultdict(list)
    for person in persons:
        if person.erased or len(person.data) > DATA_MAX:
            log.warning("person dropped", member=str(person.member), till=str(till.id))
        else:
            by_shard[schema.shard_of(person.member)].append(person)
    return sum(_take(db, till, shard, theirs) for shard, theirs in sorted(by_shard.items()))


def _take(db: Database, till: Till, shard: int, persons: Sequence[protocol.PersonRow]) -> int:
    table, kept = schema.person, 0
    with db.write() as connection:
        head = db.lock_shard(connection, shard, schema.member_head)
        first = head
        for person in persons:
            updated_ms = max(min(person.updated_ms, 2**62), _NEVER_MS + 1)
            ours = (table.c.shard == shard) & (table.c.member == person.member)
            row = connection.execute(
                sa.select(table.c.updated_ms, table.c.origin, table.c.erased_ms).where(ours)
            ).first()
            if row is not None and row.erased_ms is not None:
                head += 1  # the till has not heard of it, or forgot: it hears again
                connection.execute(sa.update(table).where(ours).values(version=head))
                continue
            if row is not None and (updated_ms, till.id.bytes) <= (row.updated_ms, row.origin.bytes):
                continue
            head, kept = head + 1, kept + 1
            values: dict[str, Any] = {
                "store": till.store, "version": head, "updated_ms": updated_ms, "origin": till.id,
                "data": bytes(person.data),
            }  # fmt: skip
            if row is None:
                connection.execute(sa.insert(table).values(shard=shard, member=person.member, **values))
            else:
                connection.execute(sa.update(table).where(ours).values(values))
        _move(connection, shard, first, head)
    return kept


def erase(db: Database, member: uuid.UUID, now_ms: int) -> bool:
    """Forget who a member is, here and, at its next pull, at every till, under every id that they have had.
    True if there was anything.

    The member's points and facts stay: they name nobody.
    """
    found = [_erase(db, one, now_ms, _OFFICE) for one in merging.family(db, member)]
    db.scrub()
    return any(found)


def forget_merged(db: Database, other: uuid.UUID, member: uuid.UUID, at_ms: int) -> None:
    """Forget who `other` was, who is `member` since `at_ms`: by that name where nobody has said another. Was
    either erased after that, though this server had not heard of the merge, both are."""
    if other == member:
        return
    with db.read() as connection:
        theirs = of(connection, schema.shard_of(other), other)
        kept = of(connection, schema.shard_of(member), member)
    erased = [row.erased_ms for row in (theirs, kept) if row is not None and row.origin == _OFFICE]
    if any(erased_ms > at_ms for erased_ms in erased):
        for one in (other, member):
            _erase(db, one, max(erased), _OFFICE)
        db.scrub()
        return
    if theirs is not None and theirs.data is not None:
        _inherit(db, member, theirs)
    with db.read() as connection:
        kept = of(connection, schema.shard_of(member), member)
    if kept is not None and kept.data is not None and _erase(db, other, at_ms):
        db.scrub()


def _inherit(db: Database, member: uuid.UUID, theirs: Any) -> None:
    """Another's row as it was written, if there is none of this member yet: what is said later holds."""
    table, shard = schema.person, schema.shard_of(member)
    with db.write() as connection:
        head = db.lock_shard(connection, shard, schema.member_head)
        if of(connection, shard, member) is None:
            values = {"store": theirs.store, "updated_ms": theirs.updated_ms, "origin": theirs.origin}
            connection.execute(
                sa.insert(table).values(
                    shard=shard, member=member, version=head + 1, data=theirs.data, **values
                )
            )
            _move(connection, shard, head, head + 1)


def _erase(db: Database, member: uuid.UUID, now_ms: int, by: uuid.UUID | None = None) -> bool:
    table, shard = schema.person, schema.shard_of(member)
    ours = (table.c.shard == shard) & (table.c.member == member)
    with db.write() as connection:
        head = db.lock_shard(connection, shard, schema.member_head)
        row = connection.execute(sa.select(table.c.erased_ms).where(ours)).first()
        if row is not None and row.erased_ms is not None:
            return False
        values: dict[str, Any] = {"version": head + 1, "data": None, "erased_ms": now_ms}
        if by is not None:
            values["origin"] = by
        if row is None:
            # A till may know a person that it has not sent yet.
            empty = {"store": "", "updated_ms": _NEVER_MS, "origin": uuid.UUID(int=0)}
            connection.execute(sa.insert(table).values(shard=shard, member=member, **(empty | values)))
        else:
            connection.execute(sa.update(table).where(ours).values(values))
        _move(connection, shard, head, head + 1)
    return row is not None


def _move(connection: sa.Connection, shard: int, first: int, head: int) -> None:
    heads = schema.member_head
    if head > first:
        connection.execute(sa.update(heads).where(heads.c.shard == shard).values(head=head))


def changed(connection: sa.Connection, shard: int, store: str, after: int, limit: int) -> list[Any]:
    """Persons of a store, and whoever was erased, after a version: (version, row) in order."""
    asked = {"in_shard": shard, "after": after, "store": store, "most": limit}
    return list(connection.execute(_CHANGED, asked))


def of(connection: sa.Connection, shard: int, member: uuid.UUID) -> Any:
    """Who a member is, or that they were erased; None if nobody has said."""
    return connection.execute(_ONE, {"in_shard": shard, "id": member}).first()
