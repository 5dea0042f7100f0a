"""What pricing sales again brought to light: two lists, never mixed, and what could not be checked.

`defects`: from the very state that a sale names, the engine gives something else, or that state cannot have
been: a fault of a program, or somebody's hand in it. `exposure`: from the true state, with all tills' facts
before it, the customer would have got less (or more): what tills apart cannot know.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import msgspec
import sqlalchemy as sa
from litestar import get
from litestar.datastructures import State
from litestar.params import QueryParameter

from app.ledger.again import Difference
from app.ledger.facts import SaleCompleted
from sync import protocol
from sync.server import schema
from sync.server.database import Database
from sync.server.describe import BY_OFFICE, problems
from sync.server.impact import FoldedFact

if TYPE_CHECKING:
    from sync.server.context import Context

LIMIT_DEFAULT: Final = 200
LIMIT_MAX: Final = 2000
List = Literal["defects", "exposure"]
Reason = Literal[
    "unreadable", "no_basis", "engine", "programme", "restored", "rebuilt", "merged", "forked"
]  # fmt: skip
"""Why a sale could not be priced again: a fact that this version cannot read; one older than bases; another
engine; a programme never published here; a state of before a restore or a rebuild; a member who was two; a
till whose disk was copied."""

_finding, _unchecked, _checked = schema.finding.c, schema.unchecked.c, schema.checked.c


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A sale that came out otherwise. `code`: `figures` (the engine gives others), `state` (no snapshot and
    facts make the state it names), `stale` (a state without all of the till's own facts), `exposure`.

    `given_minor` is how much less money was asked than expected, `given_centi` how many points more the
    member was left with. `engine` and `programme` are the versions that the sale names.
    """

    list: List
    sale: uuid.UUID
    member: uuid.UUID | None
    origin: uuid.UUID
    epoch: int
    seq: int
    at_ms: int
    code: str
    programme: str
    engine: int
    given_minor: int
    given_centi: int
    differences: tuple[Difference, ...]
    found_ms: int


class Unchecked(msgspec.Struct, frozen=True, kw_only=True):
    """Sales of a till under a programme that could not be priced again, and why."""

    origin: uuid.UUID
    reason: str
    programme: str
    sales: int
    last_sale: uuid.UUID
    last_ms: int


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """GET /v1/findings. `next` is the `after` of the next page, empty at the end; `behind` how many facts are
    still to be looked at. `unchecked` comes with the first page."""

    v: int = protocol.VERSION
    list: str
    findings: tuple[Finding, ...]
    next: str
    behind: int
    unchecked: tuple[Unchecked, ...] = ()


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Figures for metrics: sales priced again or tried, what was found, and how far behind it is."""

    sales: int
    defects: int
    exposure: int
    unchecked: int
    behind_facts: int


def put(db: Database, looked: Sequence[tuple[int, uuid.UUID]], found: Sequence[Finding]) -> None:
    """Make the findings of sales those that were found: `looked` are the shards and ids of all looked at."""
    by_shard: dict[int, list[uuid.UUID]] = defaultdict(list)
    for shard, sale in looked:
        by_shard[shard].append(sale)
    rows: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for one in found:
        shard = home_of(one.member, one.sale)
        rows[shard].append(_row(shard, one))
    for shard, sales in by_shard.items():
        with db.read() as connection:
            query = sa.select(_finding.sale).where(_finding.shard == shard, _finding.sale.in_(sales))
            there = connection.execute(query).first() is not None
        if there or rows[shard]:
            with db.write() as connection:
                db.lock_shard(connection, shard, schema.member_head)
                theirs = (_finding.shard == shard) & _finding.sale.in_(sales)
                connection.execute(sa.delete(schema.finding).where(theirs))
                db.insert(connection, schema.finding, rows[shard])


def home_of(member: uuid.UUID | None, sale: uuid.UUID) -> int:
    """The shard of a sale's findings: its member's."""
    return schema.shard_of(member or sale)


def _row(shard: int, one: Finding) -> tuple[Any, ...]:
    place = (one.member, one.origin, one.epoch, one.seq, one.at_ms)
    what = (one.code, one.programme, one.engine, one.given_minor, one.given_centi)
    return (shard, one.sale, one.list, *place, *what, msgspec.json.encode(one.differences), one.found_ms)


def count_unchecked(
    connection: sa.Connection, shard: int, sales: Sequence[tuple[FoldedFact, SaleCompleted | None, Reason]]
) -> None:
    """Count sales that could not be checked; in the transaction that records how far the checking is."""
    table = schema.unchecked
    groups: dict[tuple[uuid.UUID, str, str], list[FoldedFact]] = defaultdict(list)
    for place, sale, reason in sales:
        groups[place.origin, reason, sale.programme if sale is not None else ""].append(place)
    for (origin, reason, programme), places in groups.items():
        ours = (
            (table.c.shard == shard)
            & (table.c.origin == origin)
            & (table.c.reason == reason)
            & (table.c.programme == programme)
        )
        last = places[-1]
        values = {"last_sale": last.id, "last_ms": last.at_ms}
        changed = sa.update(table).where(ours).values(sales=table.c.sales + len(places), **values)
        if not connection.execute(changed).rowcount:
            key = {"shard": shard, "origin": origin, "reason": reason, "programme": programme}
            connection.execute(sa.insert(table).values(**key, sales=len(places), **values))


@get("/findings", security=BY_OFFICE, responses=problems(400, 401, 403, 408, 413, 503))
async def read_findings(
    state: State,
    which: Annotated[List, QueryParameter(name="list", description="Which of the two lists")] = "defects",
    after: Annotated[str, QueryParameter(max_length=64, description="`next` of the page before")] = "",
    limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)] = LIMIT_DEFAULT,
) -> Findings:
    """Sales that came out otherwise when they were priced again, and what could not be."""
    context: Context = state["context"]
    return await context.runner.run(read, context.db, which, after, limit)


def read(db: Database, which: List, after: str = "", limit: int = LIMIT_DEFAULT) -> Findings:
    """A page of one list, by shard and sale. Raises WireProblem("bad_cursor")."""
    shard, sale = _place(after)
    query = (
        sa.select(schema.finding)
        .where(_finding.list == which)
        .where((_finding.shard > shard) | ((_finding.shard == shard) & (_finding.sale > sale)))
        .order_by(_finding.shard, _finding.sale)
        .limit(limit + 1)
    )
    with db.read() as connection:
        rows = connection.execute(query).all()
        unchecked = [] if after else _all_unchecked(connection)
        behind = _behind(connection)
    last = rows[limit - 1] if len(rows) > limit else None
    return Findings(
        list=which,
        findings=tuple(_read(row) for row in rows[:limit]),
        next=f"{last.shard}:{last.sale}" if last is not None else "",
        behind=behind,
        unchecked=tuple(unchecked),
    )


def counts(db: Database) -> Counts:
    """How it stands, in a few short queries."""
    with db.read() as connection:
        by_list = dict(
            connection.execute(sa.select(_finding.list, sa.func.count()).group_by(_finding.list)).all()
        )
        sales = connection.execute(sa.select(sa.func.sum(_checked.sales))).scalar()
        unchecked = connection.execute(sa.select(sa.func.sum(_unchecked.sales))).scalar()
        behind = _behind(connection)
    return Counts(
        sales=int(sales or 0),
        defects=by_list.get("defects", 0),
        exposure=by_list.get("exposure", 0),
        unchecked=int(unchecked or 0),
        behind_facts=behind,
    )


def _place(after: str) -> tuple[int, uuid.UUID]:
    if not after:
        return -1, uuid.UUID(int=0)
    shard, _, sale = after.partition(":")
    try:
        found = int(shard), uuid.UUID(sale)
        if not 0 <= found[0] < schema.SHARDS:
            raise ValueError("out of range")
        return found
    except ValueError as error:
        raise protocol.WireProblem("bad_cursor", "after is the `next` of an earlier page") from error


def _read(row: Any) -> Finding:
    return Finding(
        list=row.list,
        sale=row.sale,
        member=row.member,
        origin=row.origin,
        epoch=row.epoch,
        seq=row.seq,
        at_ms=row.at_ms,
        code=row.code,
        programme=row.programme,
        engine=row.engine,
        given_minor=row.amount_minor,
        given_centi=row.points_centi,
        differences=msgspec.json.decode(row.differences, type=tuple[Difference, ...]),
        found_ms=row.found_ms,
    )


def _all_unchecked(connection: sa.Connection) -> list[Unchecked]:
    query = sa.select(schema.unchecked).order_by(_unchecked.sales.desc()).limit(LIMIT_MAX)
    return [
        Unchecked(
            origin=row.origin,
            reason=row.reason,
            programme=row.programme,
            sales=row.sales,
            last_sale=row.last_sale,
            last_ms=row.last_ms,
        )
        for row in connection.execute(query)
    ]


def _behind(connection: sa.Connection) -> int:
    heads = schema.shard_head.c
    there = connection.execute(sa.select(sa.func.sum(heads.head))).scalar()
    done = connection.execute(sa.select(sa.func.sum(_checked.pos))).scalar()
    return int(there or 0) - int(done or 0)
