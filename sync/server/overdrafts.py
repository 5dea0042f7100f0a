"""What was spent twice, for head office: balances below zero, coupons used again, gift cards overspent.

Overdrafts follow from the fold of a member's facts; where one comes late they are found anew.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Annotated, Any, Final, NamedTuple

import msgspec
import sqlalchemy as sa
from litestar import get
from litestar.datastructures import State
from litestar.params import QueryParameter

from app.loyalty.standing import MemberState
from sync import holds
from sync.server import schema
from sync.server.context import Context
from sync.server.database import Database
from sync.server.describe import BY_OFFICE, problems
from sync.server.impact import FoldedFact

LIMIT_DEFAULT: Final = 500
LIMIT_MAX: Final = 5000

_overdraft, _use, _move = schema.overdraft.c, schema.code_use.c, schema.gift_card_move.c
_state: Final = msgspec.json.Decoder(MemberState)


class Fall(NamedTuple):
    """A fact by which a balance fell below zero, or further."""

    fact: FoldedFact
    by_centi: int
    debt_centi: int


def drop(connection: sa.Connection, shard: int, member: uuid.UUID) -> None:
    """Their facts are folded anew."""
    theirs = (_overdraft.shard == shard) & (_overdraft.member == member)
    connection.execute(sa.delete(schema.overdraft).where(theirs))


def put(connection: sa.Connection, shard: int, fallen: Sequence[tuple[uuid.UUID, Fall]]) -> None:
    """Take the overdrafts of members that folding found."""
    if fallen:
        connection.execute(
            sa.insert(schema.overdraft),
            [
                {"shard": shard, "member": member, "fact_id": fact.id, "at_ms": fact.at_ms,
                 "origin": fact.origin, "by_centi": by_centi, "debt_centi": debt_centi}
                for member, (fact, by_centi, debt_centi) in fallen
            ],
        )  # fmt: skip


Since = Annotated[int, QueryParameter(ge=0, le=2**53, description="Only what happened since (UTC, ms)")]


@get("/overdrafts", security=BY_OFFICE, responses=problems(400, 401, 403, 408, 413, 503))
async def read_overdrafts(
    state: State,
    since_ms: Since = 0,
    limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)] = LIMIT_DEFAULT,
) -> holds.Overdrafts:
    """What was spent twice by tills that could not ask: the latest first."""
    context: Context = state["context"]
    return await context.runner.run(listed, context.db, since_ms, limit)


def listed(db: Database, since_ms: int = 0, limit: int = LIMIT_DEFAULT) -> holds.Overdrafts:
    """All of it, or the latest `limit` of each kind."""
    with db.read(snapshot=True) as connection:
        points = _points(connection, since_ms, limit)
        codes = _codes(connection, since_ms, limit)
        cards = _cards(connection, limit)
    more = len(points) == limit or len(codes) == limit or len(cards) == limit
    return holds.Overdrafts(points=points, codes=codes, gift_cards=cards, more=more)


def _points(connection: sa.Connection, since_ms: int, limit: int) -> list[holds.Overdraft]:
    member = schema.member.c
    query = (
        sa.select(schema.overdraft, member.state)
        .join(schema.member, (member.shard == _overdraft.shard) & (member.id == _overdraft.member))
        .where(_overdraft.at_ms >= since_ms)
        .order_by(_overdraft.at_ms.desc(), _overdraft.fact_id)
        .limit(limit)
    )
    return [
        holds.Overdraft(
            member=row.member, fact=row.fact_id, till=row.origin, at_ms=row.at_ms, by_centi=row.by_centi,
            debt_centi=row.debt_centi, debt_now_centi=_state.decode(row.state).debt_centi,
        )
        for row in connection.execute(query)
    ]  # fmt: skip


def _codes(connection: sa.Connection, since_ms: int, limit: int) -> list[holds.DoubleSpend]:
    twice = (
        sa.select(_use.shard, _use.code, sa.func.max(_use.at_ms).label("last_ms"))
        .group_by(_use.shard, _use.code)
        .having((sa.func.sum(_use.times) > 1) & (sa.func.max(_use.at_ms) >= since_ms))
        .order_by(sa.desc("last_ms"), _use.code)
        .limit(limit)
    )
    found: list[holds.DoubleSpend] = []
    for shard, code, _ in connection.execute(twice).all():
        query = sa.select(schema.code_use).where(_use.shard == shard, _use.code == code)
        uses = connection.execute(query.order_by(_use.at_ms, _use.fact_id)).all()
        found.append(holds.DoubleSpend(code=code, rule=uses[0].rule, uses=[_spent(use) for use in uses]))
    return found


def _spent(use: Any) -> holds.CodeSpent:
    return holds.CodeSpent(fact=use.fact_id, till=use.origin, at_ms=use.at_ms, amount_minor=use.amount_minor)


def _cards(connection: sa.Connection, limit: int) -> list[holds.EmptyCard]:
    query = (
        sa.select(_move.code, sa.func.sum(_move.amount_minor))
        .group_by(_move.shard, _move.code)
        .having(sa.func.sum(_move.amount_minor) < 0)
        .order_by(_move.code)
        .limit(limit)
    )
    return [
        holds.EmptyCard(code=code, balance_minor=int(balance)) for code, balance in connection.execute(query)
    ]
