"""Whose full rows a till is given: everybody's, or, in a large chain, those whom its store has seen.

A store has seen a member when one of its tills wrote a fact of theirs. That fact raises the member's version,
so a member who enters a store comes to its tills with the next pull. From how many members on this holds is a
setting of head office; which way it is now is worked out beside the requests, and kept, so that all servers
on one database agree. A cursor says which way it was made, and is good for that way alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
import sqlalchemy as sa
from litestar import Request, put
from litestar.datastructures import State

from sync import protocol
from sync.server import schema
from sync.server.bodies import json_of
from sync.server.database import Database
from sync.server.describe import BY_OFFICE, json_body, problems
from sync.server.impact import FoldedFact

if TYPE_CHECKING:
    from sync.server.context import Context

SETTING: Final = "member_scope"
BACK: Final = 0.9
"""A chain that shrinks below this share of its limit is whole again: at the limit itself it would swing, and
each swing has all tills pull everything."""

_setting, _seen, _member = schema.setting.c, schema.member_store.c, schema.member.c
_SETTING: Final = sa.select(_setting.value).where(_setting.name == SETTING)
_KNOWN: Final = sa.select(_seen.shard, _seen.store, _seen.member).where(
    _seen.shard.in_(sa.bindparam("shards", expanding=True)),
    _seen.store.in_(sa.bindparam("stores", expanding=True)),
    _seen.member.in_(sa.bindparam("members", expanding=True)),
)
_STORES: Final = sa.select(schema.till.c.id, schema.till.c.store).where(
    schema.till.c.id.in_(sa.bindparam("origins", expanding=True))
)

_OURS: Final = (_seen.shard == sa.bindparam("in_shard")) & (_seen.store == sa.bindparam("store"))
SEEN: Final = sa.exists().where(_OURS & (_seen.member == _member.id))
AMONG_SEEN: Final = (_member.shard == sa.bindparam("in_shard")) & _member.id.in_(
    sa.select(_seen.member).where(_OURS)
)
"""Of a member in a query: that `store` has seen them. The first asks of each member, the second begins with
the store's own."""


class MemberScope(msgspec.Struct, frozen=True, kw_only=True):
    """Tills know every member in full while there are no more than `full_up_to` of them; beyond, those whom
    their store has seen."""

    full_up_to: Annotated[int, msgspec.Meta(ge=0, le=10**9)] = 500_000


class Kept(MemberScope, frozen=True, kw_only=True):
    """The setting, and what follows from it now."""

    limited: bool = False


_kept: Final = msgspec.json.Decoder(Kept)


def current(connection: sa.Connection) -> Kept:
    """The setting as it is, or as it is where nobody has set it."""
    stored = connection.execute(_SETTING).scalar()
    return Kept() if stored is None else _kept.decode(stored)


def publish(db: Database, wanted: MemberScope) -> Kept:
    """Set from how many members on tills are given those of their store alone; holds at once."""
    with db.write() as connection:
        db.lock_shard(connection, 0)  # of two who set it at once the second goes by what the first has set
        kept = current(connection)
        _keep(connection, Kept(full_up_to=wanted.full_up_to, limited=kept.limited))
    return decide(db)


def decide(db: Database) -> Kept:
    """Work out whether there are more members than the setting says; asked every few minutes."""
    heads = schema.member_head.c
    with db.read() as connection:
        kept = current(connection)
        # No two members have a version in common: counting them is for chains near the limit, or beyond.
        most = int(connection.execute(sa.select(sa.func.sum(heads.head))).scalar() or 0)
        least = int(kept.full_up_to * BACK) if kept.limited else kept.full_up_to
        if most > least:
            most = connection.execute(sa.select(sa.func.count()).select_from(schema.member)).scalar_one()
    limited = most > least
    if limited == kept.limited:
        return kept
    with db.write() as connection:
        db.lock_shard(connection, 0)
        now = current(connection)
        if now == kept:  # or somebody has set another, and decides
            now = msgspec.structs.replace(kept, limited=limited)
            _keep(connection, now)
    return now


def _keep(connection: sa.Connection, kept: Kept) -> None:
    table, value = schema.setting, msgspec.json.encode(kept)
    changed = connection.execute(sa.update(table).where(_setting.name == SETTING).values(value=value))
    if not changed.rowcount:
        connection.execute(sa.insert(table).values(name=SETTING, value=value))


@put(
    "/member-scope",
    operation_class=json_body("From how many members on tills know only those of their store", MemberScope),
    security=BY_OFFICE,
    responses=problems(400, 401, 403, 408, 413, 415, 503),
)
async def publish_scope(request: Request[Any, Any, Any], state: State) -> Kept:
    """Set up to how many members tills know all of them in full."""
    context: Context = state["context"]
    wanted = protocol.decode(json_of(request), MemberScope)
    return await context.runner.run(publish, context.db, wanted)


# Which store has seen whom


def see(db: Database, connection: sa.Connection, facts: Sequence[tuple[int, FoldedFact]]) -> None:
    """Keep that the stores of tills have seen the members of their facts, given with the members' shards;
    inside the transaction that folds them. What the server wrote itself is of no store."""
    if not facts:
        return
    origins = {fact.origin for _, fact in facts}
    stores = {row.id: row.store for row in connection.execute(_STORES, {"origins": list(origins)})}
    wanted = {
        (shard, stores[fact.origin], fact.impact.member)
        for shard, fact in facts
        if fact.origin in stores and fact.impact.member is not None
    }
    if not wanted:
        return
    asked: dict[str, list[Any]] = {
        "shards": list({shard for shard, _, _ in wanted}),
        "stores": list({store for _, store, _ in wanted}),
        "members": list({member for _, _, member in wanted}),
    }
    known = {tuple(row) for row in connection.execute(_KNOWN, asked)}
    db.insert(connection, schema.member_store, sorted(wanted - known, key=str))
