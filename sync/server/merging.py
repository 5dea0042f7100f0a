"""Members who were two: an alias, in the shard of the id that is no more.

What is known of the other is folded into the member as well, and nothing counts under the other's own id any
more. Each step is a transaction in one shard and may be repeated: a crash between two of them is healed when
the same facts are folded again.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable

import msgspec
import sqlalchemy as sa

from sync.server import schema
from sync.server.database import Database
from sync.server.impact import FoldedFact

MERGED = "members_merged"

_alias = schema.member_alias.c
_OF = sa.select(_alias.other, _alias.member).where(
    _alias.shard == sa.bindparam("in_shard"), _alias.other.in_(sa.bindparam("ids", expanding=True))
)

_member = schema.member.c
_RANGE = (
    sa.select(_alias.other, _alias.member)
    .join(schema.member, (_member.shard == _alias.shard) & (_member.id == _alias.other))
    .where(
        _member.shard == sa.bindparam("in_shard"),
        _member.version > sa.bindparam("after"),
        _member.version <= sa.bindparam("last"),
    )
)


def aliases(
    connection: sa.Connection, shard: int, members: Iterable[uuid.UUID]
) -> dict[uuid.UUID, uuid.UUID]:
    """Whom members of a shard were merged into, for those that were."""
    asked = {"in_shard": shard, "ids": list(members)}
    return dict(connection.execute(_OF, asked).all())  # type: ignore[arg-type]


def aliases_in(connection: sa.Connection, shard: int, after: int, last: int) -> dict[uuid.UUID, uuid.UUID]:
    """`aliases` of members by their versions, of which there may be thousands."""
    asked = {"in_shard": shard, "after": after, "last": last}
    return dict(connection.execute(_RANGE, asked).all())  # type: ignore[arg-type]


def root(db: Database, member: uuid.UUID) -> uuid.UUID:
    """The id that a member goes by now."""
    seen: set[uuid.UUID] = set()
    while member not in seen:
        seen.add(member)
        shard = schema.shard_of(member)
        with db.read() as connection:
            member = aliases(connection, shard, [member]).get(member, member)
    return member


def roots(db: Database, members: Collection[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """The ids that many members go by now: most by their own, which one statement tells."""
    with db.read() as connection:
        merged = set(connection.execute(sa.select(_alias.other).where(_alias.other.in_(members))).scalars())
    return {member: root(db, member) if member in merged else member for member in members}


def family(db: Database, member: uuid.UUID) -> list[uuid.UUID]:
    """Every id that a member has had, and those of whoever was merged with them: the one in use first."""
    found = [root(db, member)]
    for one in found:
        with db.read() as connection:
            others = connection.execute(sa.select(_alias.other).where(_alias.member == one)).scalars()
            found += [other for other in others if other not in found]
    return found


def other_of(fact: FoldedFact) -> uuid.UUID | None:
    """Whom a fact merges into its member; None for any other fact."""
    if fact.impact.kind != MERGED or not isinstance(fact.impact.other, str):
        return None
    try:
        return uuid.UUID(fact.impact.other)
    except ValueError:
        return None


def put(db: Database, other: uuid.UUID, member: uuid.UUID) -> bool:
    """`other` is an alias of `member` from now on: its state is nobody's, its cards are the member's.

    False, and nothing changed, if either is somebody else's alias by now: another server may merge the same
    two the other way round.
    """
    shard, table, heads = schema.shard_of(other), schema.member, schema.member_head
    cards, kept = schema.member_card, schema.shard_of(member)
    with db.write() as connection:
        head = db.lock_shards(connection, {shard, kept}, heads)[shard]
        if aliases(connection, shard, [other]) or aliases(connection, kept, [member]):
            return False
        connection.execute(sa.insert(schema.member_alias).values(shard=shard, other=other, member=member))
        connection.execute(sa.delete(cards).where(cards.c.shard == shard, cards.c.member == other))
        theirs = (table.c.shard == shard) & (table.c.id == other)
        emptied = sa.update(table).where(theirs).values(state=b"{}", version=head + 1)
        if connection.execute(emptied).rowcount:
            connection.execute(sa.update(heads).where(heads.c.shard == shard).values(head=head + 1))
    return True


def as_of(fact: FoldedFact, member: uuid.UUID) -> FoldedFact:
    """The fact as one of `member`."""
    impact = msgspec.structs.replace(fact.impact, member=member)
    return msgspec.structs.replace(fact, impact=impact)
