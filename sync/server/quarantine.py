"""What came as a fact and could not be taken as one: listed, looked at, and tried again after an upgrade.

A number of a till's stays used up whatever becomes of its bytes. What can be read now enters the feed once,
at a new position, in the transaction that takes it out of the quarantine.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from litestar import Response, get, post
from litestar.datastructures import State
from litestar.params import FromPath, QueryParameter

from sync import protocol
from sync.server import ingest, schema
from sync.server.database import Database, RowsRefused
from sync.server.describe import BY_OFFICE, problems
from sync.server.storing import Item
from sync.server.tills import Refused

if TYPE_CHECKING:
    from sync.server.context import Context

LIMIT_DEFAULT: Final = 200
LIMIT_MAX: Final = 2000
BATCH: Final = 200
"""Rows tried in one transaction."""

_row = schema.quarantine.c


class Aside(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes that were kept aside: whose, under which number, why (`code` as flagged, `detail` for people)."""

    origin: uuid.UUID
    epoch: int
    seq: int
    code: str
    detail: str
    received_ms: int
    size: int


class Quarantine(msgspec.Struct, frozen=True, kw_only=True):
    """GET /v1/quarantine: `next` is the `after` of the next page, empty at the end."""

    v: int = protocol.VERSION
    items: tuple[Aside, ...]
    next: str


class Retried(msgspec.Struct, frozen=True, kw_only=True):
    """POST /v1/quarantine/retry: `taken` are in the feed now, `left` could not be taken this time either."""

    v: int = protocol.VERSION
    taken: int
    left: int


def read(db: Database, after: str = "", limit: int = LIMIT_DEFAULT) -> Quarantine:
    """A page, by shard and number. Raises WireProblem("bad_cursor")."""
    place = _place(after)
    key = sa.tuple_(_row.shard, _row.origin, _row.epoch, _row.seq)
    query = sa.select(
        _row.shard, _row.origin, _row.epoch, _row.seq, _row.code, _row.detail, _row.received_ms,
        sa.func.length(_row.body).label("size"),
    ).order_by(_row.shard, _row.origin, _row.epoch, _row.seq).limit(limit + 1)  # fmt: skip
    if place is not None:
        origin = sa.literal(place[1], schema.Id())
        query = query.where(
            key > sa.tuple_(sa.literal(place[0]), origin, sa.literal(place[2]), sa.literal(place[3]))
        )
    with db.read() as connection:
        rows = connection.execute(query).all()
    last = rows[limit - 1] if len(rows) > limit else None
    items = tuple(
        Aside(
            origin=row.origin,
            epoch=row.epoch,
            seq=row.seq,
            code=row.code,
            detail=row.detail,
            received_ms=row.received_ms,
            size=row.size,
        )
        for row in rows[:limit]
    )
    after = f"{last.shard}:{last.origin}:{last.epoch}:{last.seq}" if last is not None else ""
    return Quarantine(items=items, next=after)


def _place(after: str) -> tuple[int, uuid.UUID, int, int] | None:
    if not after:
        return None
    try:
        shard, origin, epoch, seq = after.split(":")
        found = int(shard), uuid.UUID(origin), int(epoch), int(seq)
        if not all(0 <= number < 2**63 for number in (found[0], *found[2:])):
            raise ValueError("out of range")
    except ValueError as error:
        raise protocol.WireProblem("bad_cursor", "after is the `next` of an earlier page") from error
    return found


def bytes_of(db: Database, origin: uuid.UUID, epoch: int, seq: int) -> bytes | None:
    """The bytes under a number, as they came; None if there are none in the quarantine."""
    where = (_row.shard == schema.shard_of(origin)) & (_row.origin == origin) & (_row.epoch == epoch)
    with db.read() as connection:
        body = connection.execute(sa.select(_row.body).where(where, _row.seq == seq)).scalar()
    return None if body is None else bytes(body)


def count(db: Database) -> int:
    """How many there are."""
    with db.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(schema.quarantine)).scalar_one()


def retry(db: Database) -> Retried:
    """Try all of it again; what can be read now enters the feed."""
    with db.read() as connection:
        shards = list(connection.execute(sa.select(_row.shard).distinct()).scalars())
    taken = sum(_retry_shard(db, shard) for shard in sorted(shards))
    return Retried(taken=taken, left=count(db))


def _retry_shard(db: Database, shard: int) -> int:
    taken, place = 0, None
    order = (_row.origin, _row.epoch, _row.seq)
    while True:
        query = sa.select(schema.quarantine).where(_row.shard == shard).order_by(*order).limit(BATCH)
        if place is not None:
            query = query.where(
                sa.tuple_(*order)
                > sa.tuple_(sa.literal(place[0], schema.Id()), sa.literal(place[1]), sa.literal(place[2]))
            )
        with db.write() as connection:
            head = db.lock_shard(connection, shard)
            rows = connection.execute(query).all()
            first = head
            for row in rows:
                head, gone = _retry_one(db, connection, row, head)
                taken += gone
            if head > first:
                heads = schema.shard_head
                connection.execute(sa.update(heads).where(heads.c.shard == shard).values(head=head))
        if len(rows) < BATCH:
            return taken
        place = (rows[-1].origin, rows[-1].epoch, rows[-1].seq)


def _retry_one(db: Database, connection: sa.Connection, row: Any, head: int) -> tuple[int, bool]:
    """Take one if that is possible now: the shard's head after it, and whether it was."""
    body = bytes(row.body)
    item = ingest.item_of(row.seq, b"", body)
    if item.header is None:
        return head, False
    fact = schema.fact.c
    query = sa.select(fact.body).where(fact.shard == row.shard, fact.id == item.header.id)
    known = connection.execute(query).scalar()
    if known is not None and bytes(known) != body:
        return head, False
    if known is not None:
        place = (row.shard, row.origin, row.epoch, row.seq, item.header.id)
        db.insert(connection, schema.relinked, [place])
    elif not _insert(db, connection, row, item, head + 1):
        return head, False
    else:
        head += 1
    mine = (_row.shard == row.shard) & (_row.origin == row.origin) & (_row.epoch == row.epoch)
    connection.execute(sa.delete(schema.quarantine).where(mine, _row.seq == row.seq))
    return head, True


def _insert(db: Database, connection: sa.Connection, row: Any, item: Item, pos: int) -> bool:
    header = item.header
    assert header is not None
    documents = (item.body, None) if db.postgresql else (None,)
    for document in documents:
        place = (pos, row.origin, row.epoch, row.seq)
        values = (header.kind, header.at_ms, row.received_ms, item.body, document)
        try:
            db.insert(connection, schema.fact, [(row.shard, header.id, *place, *values)])
        except RowsRefused:
            continue
        return True
    return False


@get("/quarantine", security=BY_OFFICE, responses=problems(400, 401, 403, 408, 413, 503))
async def read_quarantine(
    state: State,
    after: Annotated[str, QueryParameter(max_length=120, description="`next` of the page before")] = "",
    limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)] = LIMIT_DEFAULT,
) -> Quarantine:
    """What came as facts and could not be taken."""
    context: Context = state["context"]
    return await context.runner.run(read, context.db, after, limit)


@get(
    "/quarantine/{origin:uuid}/{epoch:int}/{seq:int}",
    security=BY_OFFICE,
    responses=problems(400, 401, 403, 404, 408, 413, 503),
)
async def read_bytes(
    origin: FromPath[UUID], epoch: FromPath[int], seq: FromPath[int], state: State
) -> Response[bytes]:
    """The bytes that came under a number, as they came."""
    context: Context = state["context"]
    in_range = 0 <= epoch < 2**31 and 0 <= seq < 2**63
    body = await context.runner.run(bytes_of, context.db, origin, epoch, seq) if in_range else None
    if body is None:
        raise Refused(404, "not_found", "nothing is kept aside under this number")
    return Response(body, media_type="application/octet-stream")


@post(
    "/quarantine/retry", status_code=200, security=BY_OFFICE, responses=problems(400, 401, 403, 408, 413, 503)
)
async def retry_all(state: State) -> Retried:
    """Try all of it again: after an upgrade of the server. What can be read now enters the feed."""
    context: Context = state["context"]
    return await context.runner.run(retry, context.db)
