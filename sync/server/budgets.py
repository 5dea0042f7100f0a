"""What budgets and stocks have given by the facts of all tills, summed by shard and part.

A projection that keeps step with the folding of members. The sums of a shard and how far they go (`budgeted`)
change in one transaction, in which nothing else of theirs can change: so each fact counts once, however often
a batch is repeated and however many servers fold. All facts of a till are in one shard, in the order in which
it wrote them, and so one mark, the last of its places that is in the sums, tells it which of its facts are.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec
import sqlalchemy as sa
import structlog
from litestar import get
from litestar.datastructures import State

from app.ledger.budgets import Limit, charges_of, left_of, limits_of, may_charge
from app.loyalty.compiled import Compiled
from app.loyalty.effects import AnyEffect
from sync import protocol
from sync.server import schema
from sync.server.database import Database
from sync.server.describe import BY_OFFICE, problems

if TYPE_CHECKING:
    from sync.server.context import Context

log = structlog.get_logger("stempel.budgets")

BATCH: Final = 2000
AMOUNT_MAX: Final = 10**12
PART_MAX: Final = 200
"""What is beyond them no till wrote; it must not keep the others' facts back."""

_done, _spent, _fact, _envelope = (
    schema.budgeted.c, schema.budget_spent.c, schema.fact.c, schema.envelope.c,
)  # fmt: skip
_SUMS: Final = sa.select(_spent.part, sa.func.sum(_spent.amount)).group_by(_spent.part)
_REACH: Final = (
    sa.update(schema.budgeted)
    .where(_done.shard == sa.bindparam("in_shard"), _done.pos == sa.bindparam("before"))
    .values(pos=sa.bindparam("after"))
)
_ADD: Final = (
    sa.update(schema.budget_spent)
    .where(_spent.shard == sa.bindparam("in_shard"), _spent.part == sa.bindparam("of"))
    .values(amount=_spent.amount + sa.bindparam("more"))
)
_MARK: Final = (
    sa.select(_envelope.epoch, _envelope.seq)
    .join(schema.fact, (_fact.shard == _envelope.shard) & (_fact.id == _envelope.fact_id))
    .join(schema.budgeted, _done.shard == _envelope.shard)
    .where(
        _envelope.shard == sa.bindparam("in_shard"),
        _envelope.origin == sa.bindparam("till"),
        _envelope.epoch <= sa.bindparam("in_epoch"),
        _fact.pos <= _done.pos,
    )
    .order_by(_envelope.epoch.desc(), _envelope.seq.desc())
    .limit(1)
)
"""The key's order from its end, and few facts are not in yet: it stops at once."""


class _Charging(msgspec.Struct, frozen=True):
    """A fact, as far as budgets go."""

    effects: tuple[AnyEffect, ...] = ()


_charging: Final = msgspec.json.Decoder(_Charging)


# Facts in


def add(connection: sa.Connection, shard: int, rows: Sequence[Any]) -> None:
    """Count facts that follow each other in a shard (pos, id and body), unless they do not follow what was
    counted: somebody else was here, or is behind, and `catch_up` comes by."""
    if not rows:
        return
    place = {"in_shard": shard, "before": rows[0].pos - 1, "after": rows[-1].pos}
    if connection.execute(_REACH, place).rowcount:
        _put(connection, shard, _summed(rows))


def catch_up(db: Database) -> int:
    """Count what is folded and not counted yet: facts of before there were sums. Returns how many."""
    folded = schema.folded.c
    query = sa.select(_done.shard, _done.pos, folded.pos).join(schema.folded, folded.shard == _done.shard)
    with db.read() as connection:
        behind = connection.execute(query.where(folded.pos > _done.pos)).all()
    count = 0
    for shard, after, until in behind:
        for rows in _bodies(db, shard, after, min(until, after + BATCH)):
            with db.write() as connection:
                add(connection, shard, rows)
            count += len(rows)
    return count


def rebuild(db: Database) -> None:
    """Count every fact anew, shard by shard. Meanwhile the sums stay what they were: tills go by them."""
    for shard in range(schema.SHARDS):
        sums, reached = Counter[str](), 0
        while True:
            with db.read() as connection:
                until = _reached(connection, shard)
            for rows in _bodies(db, shard, reached, until):
                sums.update(_summed(rows))
            reached = until
            with db.write() as connection:
                still = {"in_shard": shard, "before": reached, "after": reached}
                if not connection.execute(_REACH, still).rowcount:
                    continue
                connection.execute(sa.delete(schema.budget_spent).where(_spent.shard == shard))
                _put(connection, shard, sums)
                break


def _reached(connection: sa.Connection, shard: int) -> int:
    return connection.execute(sa.select(_done.pos).where(_done.shard == shard)).scalar_one()


def _bodies(db: Database, shard: int, after: int, until: int) -> Iterator[Sequence[Any]]:
    """The facts of a shard between two places, a batch at a time."""
    query = sa.select(_fact.pos, _fact.id, _fact.body).where(_fact.shard == shard).order_by(_fact.pos)
    for start in range(after, until, BATCH):
        with db.read() as connection:
            some = query.where(_fact.pos > start, _fact.pos <= min(start + BATCH, until))
            yield connection.execute(some).all()


def _summed(rows: Iterable[Any]) -> Counter[str]:
    sums: Counter[str] = Counter()
    for row in rows:
        if may_charge(row.body):
            try:
                charges = charges_of(_charging.decode(row.body).effects)
            except (msgspec.DecodeError, RecursionError) as error:
                log.warning(
                    "budgets not counted: start a newer program, then rebuild",
                    fact=str(row.id), error=str(error),
                )  # fmt: skip
                continue
            for part, amount in charges.items():
                if abs(amount) <= AMOUNT_MAX and len(part) <= PART_MAX and "\0" not in part:
                    sums[part] += amount
    return sums


def _put(connection: sa.Connection, shard: int, sums: Counter[str]) -> None:
    for part, amount in sorted(sums.items()):
        # Nothing in all is a row, too: then some till has facts that are in the sums.
        if not connection.execute(_ADD, {"in_shard": shard, "of": part, "more": amount}).rowcount:
            row = {"shard": shard, "part": part, "amount": amount}
            connection.execute(sa.insert(schema.budget_spent).values(row))


# Sums out


def spent(connection: sa.Connection) -> dict[str, int]:
    """What every part has given, by the facts of all tills that were counted."""
    return {part: int(amount) for part, amount in connection.execute(_SUMS)}


def known(connection: sa.Connection, till: uuid.UUID, epoch: int) -> protocol.Budgets:
    """For a till that speaks for an epoch: the sums, and which of its own facts are in them. In a snapshot:
    a fact in the one and not in the other would count twice, or not."""
    sums = spent(connection)
    if not sums:
        return protocol.Budgets()
    asked = {"in_shard": schema.shard_of(till), "till": till, "in_epoch": epoch}
    mark = connection.execute(_MARK, asked).first()
    return protocol.Budgets({part: amount for part, amount in sums.items() if amount}, *(mark or ()))


class Left:
    """What is left while the server itself gives: what it gave in this transaction counts, too."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._sums: Counter[str] | None = None

    def of(self, compiled: Compiled) -> dict[str, int]:
        """For the engine's context."""
        if not limits_of(compiled):
            return {}
        if self._sums is None:
            self._sums = Counter(spent(self._connection))
        return left_of(compiled, self._sums)

    def gave(self, effects: Iterable[AnyEffect]) -> None:
        """The server gives this."""
        if self._sums is not None:
            self._sums.update(charges_of(effects))


# Head office


class BudgetState(msgspec.Struct, frozen=True, kw_only=True):
    """A budget (minor units) or a stock (`pieces`) of a programme in force in a store ("": all stores that
    have no programme of their own), as far as tills have synced. `over` is what tills that did not know of
    each other gave beyond it."""

    programme: str
    store: str
    rule: str
    key: str
    pieces: bool
    total: int
    spent: int
    left: int
    over: int


class BudgetStates(msgspec.Struct, frozen=True, kw_only=True):
    """GET /v1/budgets: those of the programmes in force, and what every part ever gave, by all facts."""

    v: int = protocol.VERSION
    at_ms: int
    budgets: list[BudgetState]
    spent: dict[str, int]


@get("/budgets", security=BY_OFFICE, responses=problems(400, 401, 403, 408, 413, 503))
async def read_budgets(state: State) -> BudgetStates:
    """What the budgets and stocks of the programmes in force have given, and by how much too much."""
    context: Context = state["context"]
    return await context.runner.run(states, context)


def states(context: Context) -> BudgetStates:
    """As of now."""
    now_ms, listing = context.world.now_ms(), schema.listing.c
    stores = sa.select(listing.store).where(listing.list == "programme", listing.body.is_not(None)).distinct()
    with context.db.read(snapshot=True) as connection:
        sums = spent(connection)
        found: list[BudgetState] = []
        for store in sorted({"", *connection.execute(stores).scalars()}):
            compiled = context.programmes.in_force(connection, store, now_ms)
            if compiled is not None:
                programme = f"{compiled.programme.id}@{compiled.programme.version}"
                found += [
                    _state(programme, store, key, limit, sums) for key, limit in limits_of(compiled).items()
                ]
    return BudgetStates(
        at_ms=now_ms,
        budgets=found,
        spent={part: sums[part] for part in sorted(sums) if sums[part]},
    )


def _state(programme: str, store: str, key: str, limit: Limit, sums: dict[str, int]) -> BudgetState:
    gave = limit.spent(sums)
    return BudgetState(
        programme=programme,
        store=store,
        rule=limit.rule,
        key=key,
        pieces=limit.pieces,
        total=limit.total,
        spent=gave,
        left=limit.left(sums),
        over=max(gave - limit.total, 0),
    )
