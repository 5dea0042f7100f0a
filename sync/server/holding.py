"""Holds: points, coupons and gift cards reserved for one till. The sum of holds and spends of a thing never
exceeds what there is.

A hold is in the shard of what it holds, and is taken and ended under that shard's lock, the same that folding
takes: the fact that spends held points and the end of their hold are one transaction.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec
import sqlalchemy as sa
from litestar import Request, delete, post
from litestar.params import FromPath

from app.ledger.facts import Hold as Named
from app.loyalty.standing import MemberState
from app.loyalty.state import advance
from sync import holds, protocol
from sync.server import bodies, merging, schema
from sync.server.database import Database
from sync.server.describe import BY_TILL, packed, problems
from sync.server.gate import as_till
from sync.server.impact import FoldedFact
from sync.server.tills import Refused, Till

if TYPE_CHECKING:
    from sync.server.context import Context

GOOD_MS: Final = 10 * 60_000
"""How long a till may rely on a hold."""
LASTS_MS: Final = 2 * GOOD_MS
"""How long the server keeps it: whatever happens to the till's clock meanwhile, the till stops first."""
AHEAD_MS: Final = LASTS_MS + 3_600_000
"""What seems to last longer than this was taken while the server's clock was ahead: it runs out now, and not
when the clock comes there again. Two servers' clocks are not an hour apart."""
KEPT_MS: Final = 7 * 86_400_000
"""How long one that ended is remembered, so that the same request, late, does not begin it again."""
HELD, LAPSED, ENDED = 0, 1, 2
_LAPSES: Final = 500

_state: Final = msgspec.json.Decoder(MemberState)
_named: Final = msgspec.json.Decoder(tuple[Named, ...])
_hold, _member, _head = schema.hold.c, schema.member.c, schema.member_head

_alias, _move, _use = schema.member_alias.c, schema.gift_card_move.c, schema.code_use.c
_SHARD: Final = sa.bindparam("in_shard", type_=sa.SmallInteger)
_OF: Final = sa.bindparam("of", type_=sa.Text)
_MEMBER: Final = sa.bindparam("member", type_=schema.Id)
_TAKEN: Final = sa.select(sa.func.coalesce(sa.func.sum(_hold.amount), 0)).where(
    _hold.shard == _SHARD,
    _hold.state == HELD,
    _hold.subject == _OF,
    _hold.kind == sa.bindparam("what"),
    _hold.expires_ms > sa.bindparam("now_ms"),
)
_STATE: Final = sa.select(_member.state).where(_member.shard == _SHARD, _member.id == _MEMBER)
_MERGED: Final = sa.select(_alias.member).where(_alias.shard == _SHARD, _alias.other == _MEMBER)
_CARD: Final = sa.select(sa.func.sum(_move.amount_minor)).where(_move.shard == _SHARD, _move.code == _OF)
_USES: Final = sa.select(sa.func.coalesce(sa.func.sum(_use.times), 0)).where(
    _use.shard == _SHARD, _use.code == _OF
)


def _looked_up(**there: sa.Select[Any]) -> sa.Select[Any]:
    """One row: what is held, what there is, and the hold itself where it is known already."""
    one = sa.select(sa.literal(1)).subquery("one")
    mine = (_hold.shard == _SHARD) & (_hold.id == sa.bindparam("hold", type_=schema.Id))
    return sa.select(
        *(query.scalar_subquery().label(name) for name, query in there.items()),
        _TAKEN.scalar_subquery().label("taken"),
        _hold.kind, _hold.subject, _hold.till, _hold.amount, _hold.state, _hold.expires_ms,
    ).select_from(one.outerjoin(schema.hold, mine))  # fmt: skip


_LOOK: Final = {
    holds.POINTS: _looked_up(stored=_STATE, merged=_MERGED),
    holds.COUPON: _looked_up(used=_USES),
    holds.GIFT_CARD: _looked_up(balance=_CARD),
}
_NEXT: Final = (
    sa.update(_head).where(_head.c.shard == _SHARD).values(head=_head.c.head + 1).returning(_head.c.head)
)
_BUMP: Final = (
    sa.update(schema.member)
    .where(_member.shard == sa.bindparam("in_shard"), _member.id == sa.bindparam("member"))
    .values(version=sa.bindparam("new_version"))
)
_MOVE_HEAD: Final = (
    sa.update(_head).where(_head.c.shard == sa.bindparam("in_shard")).values(head=sa.bindparam("new_head"))
)
_ELSEWHERE: Final = (
    sa.select(_hold.subject, sa.func.sum(_hold.amount))
    .where(
        _hold.shard == sa.bindparam("in_shard"),
        _hold.state == HELD,
        _hold.kind == holds.POINTS,
        _hold.till != sa.bindparam("asking"),
    )
    .group_by(_hold.subject)
)
_PUT: Final = sa.insert(schema.hold)
_END: Final = (
    sa.update(schema.hold)
    .where(_hold.shard == sa.bindparam("in_shard"), _hold.id == sa.bindparam("hold"))
    .values(state=ENDED)
)


@post(
    "/holds",
    status_code=200,
    operation_class=packed(holds.Hold),
    security=BY_TILL,
    responses=problems(400, 401, 403, 409, 408, 413, 503),
    proves=True,
)
async def take_hold(request: Request[Any, Any, Any]) -> holds.Held:
    """Reserve points, a coupon or value of a gift card for a sale at the asking till."""
    return await as_till(request, asked, request.scope["state"]["body"])


def asked(context: Context, till: Till, body: bytes) -> holds.Held:
    """What the handler does, without the web."""
    wish = bodies.message(body, holds.Hold)
    return take(context.db, till.id, wish, context.world.now_ms())


@delete(
    "/holds/{hold:uuid}",
    security=BY_TILL,
    responses=problems(400, 401, 403, 404, 408, 413, 503),
    proves=True,
)
async def end_hold(hold: FromPath[uuid.UUID], request: Request[Any, Any, Any]) -> None:
    """Give a hold back. One that ended, or never was, is no error."""
    await as_till(request, lambda context, till: give_back(context.db, till.id, hold))


def shard_of(kind: str, subject: str) -> int:
    """Where a hold is: with its member, or by its code."""
    return schema.shard_of(uuid.UUID(hex=subject)) if kind == holds.POINTS else schema.shard_of_code(subject)


def take(db: Database, till: uuid.UUID, wish: holds.Hold, now_ms: int) -> holds.Held:
    """Hold what is asked for. Raises Refused(409): `not_enough`, `held`, `spent`, `unknown_card`,
    `hold_ended`, `other_hold`."""
    subject = _subject(wish)
    shard = shard_of(wish.kind, subject)
    of_points = wish.kind == holds.POINTS
    place: dict[str, Any] = {"in_shard": shard}
    there: dict[str, Any] = {"of": subject} | ({"member": uuid.UUID(hex=subject)} if of_points else {})
    with db.write() as connection:
        # What is read must be read after the lock was got: by a statement of its own.
        if of_points:
            place["new_version"] = connection.execute(_NEXT, place).scalar_one()
        else:
            db.lock_shard(connection, shard, _head)
        asked = {"in_shard": shard, "hold": wish.id, "what": wish.kind, "now_ms": now_ms, **there}
        found = connection.execute(_LOOK[wish.kind], asked).one()
        if not of_points or found.merged is None:
            return _take(connection, till, wish, subject, found, place | there, now_ms)
    root = merging.root(db, uuid.UUID(hex=subject))
    return take(db, till, msgspec.structs.replace(wish, of=root.hex), now_ms)


def _take(
    connection: sa.Connection,
    till: uuid.UUID,
    wish: holds.Hold,
    subject: str,
    found: Any,
    place: dict[str, Any],
    now_ms: int,
) -> holds.Held:
    if found.till is not None:
        return _again(found, till, wish, subject, now_ms)
    free = _free(found, wish.kind, now_ms)
    amount = min(wish.amount, free) if wish.part else wish.amount
    if amount > free or amount <= 0:
        raise _refused(found, wish.kind, free)
    row: dict[str, Any] = {
        "shard": place["in_shard"], "id": wish.id, "kind": wish.kind, "subject": subject, "amount": amount,
        "till": till, "sale": wish.sale, "state": HELD, "expires_ms": now_ms + LASTS_MS,
    }  # fmt: skip
    connection.execute(_PUT, row)
    if wish.kind == holds.POINTS:
        connection.execute(_BUMP, place)  # what is held of the member has changed: tills pull it again
    return holds.Held(id=wish.id, amount=amount, good_ms=GOOD_MS, left=free - amount)


def _subject(wish: holds.Hold) -> str:
    if wish.kind != holds.POINTS:
        if "\0" in wish.of:
            raise protocol.WireProblem("malformed", "a code holds no NUL")
        return wish.of
    try:
        return uuid.UUID(wish.of).hex
    except ValueError as error:
        raise protocol.WireProblem("malformed", "points are held of a member's id") from error


def _again(known: Any, till: uuid.UUID, wish: holds.Hold, subject: str, now_ms: int) -> holds.Held:
    """The same request once more."""
    if known.state != HELD or known.expires_ms <= now_ms:
        raise Refused(409, "hold_ended", "this hold has ended: ask for another under an id of its own")
    if (known.till, known.kind, known.subject) != (till, wish.kind, subject):
        raise Refused(409, "other_hold", "this id is another hold's")
    asked_ms = known.expires_ms - LASTS_MS
    return holds.Held(id=wish.id, amount=known.amount, good_ms=max(asked_ms + GOOD_MS - now_ms, 0))


def _free(found: Any, kind: str, now_ms: int) -> int:
    """What there is less what is held: hundredths of a point, uses, minor units."""
    taken = int(found.taken)
    if kind == holds.GIFT_CARD:
        if found.balance is None:
            raise Refused(409, "unknown_card", "no sale of this gift card is known here")
        return int(found.balance) - taken
    if kind == holds.COUPON:
        return 1 - int(found.used) - taken
    if found.stored is None:
        return 0
    state = advance(_state.decode(found.stored), now_ms)
    return state.spendable_centi(now_ms) - state.debt_centi - taken


def _refused(found: Any, kind: str, free: int) -> Refused:
    if kind != holds.COUPON:
        return Refused(409, "not_enough", f"{max(free, 0)} are free")
    if found.used > 0:
        return Refused(409, "spent", "this coupon was used already")
    return Refused(409, "held", "this coupon is being used at another till")


def _shown(connection: sa.Connection, shard: int, members: Iterable[uuid.UUID], head: int) -> None:
    """What is held of members has changed: tills pull them again."""
    moved = head
    for member in members:
        values = {"in_shard": shard, "member": member, "new_version": moved + 1}
        moved += connection.execute(_BUMP, values).rowcount
    if moved > head:
        connection.execute(_MOVE_HEAD, {"in_shard": shard, "new_head": moved})


def give_back(db: Database, till: uuid.UUID, hold: uuid.UUID) -> None:
    """End a hold of a till; one that ended, or never was, stays as it is."""
    query = sa.select(_hold.shard, _hold.kind, _hold.subject).where(_hold.id == hold, _hold.till == till)
    with db.read() as connection:
        # Of one that followed its member both are there: the one that is held comes first.
        found = connection.execute(query.order_by(_hold.state)).first()
    if found is None:
        return
    with db.write() as connection:
        head = db.lock_shard(connection, found.shard, _head)
        connection.execute(_END, {"in_shard": found.shard, "hold": hold})
        if found.kind == holds.POINTS:
            _shown(connection, found.shard, {uuid.UUID(hex=found.subject)}, head)


# Those of members who were merged


def follow(db: Database, other: uuid.UUID, member: uuid.UUID) -> None:
    """Points held of `other` are held of `member`, who they are from now on. May be repeated.

    The hold begins there before it ends here, and each fact that names it ends both: what is held is never
    free in between.
    """
    old, new = schema.shard_of(other), schema.shard_of(member)
    theirs = (_hold.shard == old) & (_hold.subject == other.hex)
    theirs &= (_hold.kind == holds.POINTS) & (_hold.state == HELD)
    with db.read() as connection:
        rows = [dict(row) for row in connection.execute(sa.select(schema.hold).where(theirs)).mappings()]
    if not rows:
        return
    ids = [row["id"] for row in rows]
    with db.write() as connection:
        head = db.lock_shard(connection, new, _head)
        if old == new:
            moved = sa.update(schema.hold).where(theirs, _hold.id.in_(ids))
            connection.execute(moved.values(subject=member.hex))
        else:
            here = sa.select(_hold.id).where(_hold.shard == new, _hold.id.in_(ids))
            known = set(connection.execute(here).scalars())
            fresh = [row | {"shard": new, "subject": member.hex} for row in rows if row["id"] not in known]
            if fresh:
                connection.execute(_PUT, fresh)
        _shown(connection, new, {member}, head)
    if old != new:
        with db.write() as connection:
            db.lock_shard(connection, old, _head)
            ended = sa.update(schema.hold).where(theirs, _hold.id.in_(ids))
            connection.execute(ended.values(state=ENDED))


# Ended by facts, inside the transaction that folds them


def named(said: object) -> tuple[Named, ...]:
    """The holds that a fact names; none where it says something else there."""
    try:
        return msgspec.convert(said, tuple[Named, ...])
    except msgspec.ValidationError:
        return ()


def end_by_facts(connection: sa.Connection, shard: int, facts: Iterable[FoldedFact]) -> None:
    """Points that facts of a shard's members held are spent: their holds end with them."""
    for fact in facts:
        for hold in named(fact.impact.holds):
            if hold.kind == holds.POINTS and fact.impact.member is not None:
                subject = fact.impact.member.hex
                end(connection, shard, hold, subject, fact.origin, fact.at_ms)


def end(
    connection: sa.Connection, shard: int, hold: Named, subject: str, till: uuid.UUID, at_ms: int
) -> None:
    """End a hold that a fact names; one whose request is still on its way is remembered as ended."""
    if connection.execute(_END, {"in_shard": shard, "hold": hold.id}).rowcount == 0:
        connection.execute(
            sa.insert(schema.hold).values(
                shard=shard, id=hold.id, kind=hold.kind, subject=subject, amount=0, till=till, sale=None,
                state=ENDED, expires_ms=max(min(at_ms, 2**62), 0) + LASTS_MS,
            )
        )  # fmt: skip


def elsewhere(connection: sa.Connection, shard: int, till: uuid.UUID) -> dict[uuid.UUID, int]:
    """Points that other tills hold of members of a shard."""
    rows = connection.execute(_ELSEWHERE, {"in_shard": shard, "asking": till})
    return {uuid.UUID(hex=subject): int(amount) for subject, amount in rows}


# Ended by the clock


def lapse(db: Database, now_ms: int) -> int:
    """End what ran out, and forget what ended long ago; returns how many ran out."""
    query = (
        sa.select(_hold.shard, _hold.id, _hold.kind, _hold.subject)
        .where(_hold.state == HELD)
        .where((_hold.expires_ms <= now_ms) | (_hold.expires_ms > now_ms + AHEAD_MS))
        .limit(_LAPSES)
    )
    by_shard: dict[int, list[Any]] = defaultdict(list)
    with db.read() as connection:
        for row in connection.execute(query):
            by_shard[row.shard].append(row)
        long_ago = _hold.expires_ms < now_ms - KEPT_MS
        ended = (_hold.state == ENDED) & long_ago
        forget = [ended] if connection.execute(sa.select(_hold.id).where(ended).limit(1)).first() else []
        forget += _settled(connection, (_hold.state == LAPSED) & long_ago)
    for shard, rows in by_shard.items():
        _lapse(db, shard, rows, now_ms)
    if forget:
        with db.write() as connection:
            connection.execute(sa.delete(schema.hold).where(sa.or_(*forget)))
    return sum(len(rows) for rows in by_shard.values())


def _settled(connection: sa.Connection, ran_out: sa.ColumnElement[bool]) -> list[sa.ColumnElement[bool]]:
    """Of holds that ran out, those whose tills have synced since. The others may have been spent, and count
    as exposure until then, however long that takes."""
    rows = connection.execute(sa.select(_hold.shard, _hold.id, _hold.till, _hold.expires_ms).where(ran_out))
    waiting = rows.all()
    if not waiting:
        return []
    # Two queries: a till and what it held are in different shards.
    contact = schema.till_contact.c
    asked = sa.select(contact.till, contact.contact_ms).where(contact.till.in_({row.till for row in waiting}))
    contacts = {row.till: row.contact_ms for row in connection.execute(asked)}
    return [
        (_hold.shard == row.shard) & (_hold.id == row.id)
        for row in waiting
        if (contacts.get(row.till) or 0) > row.expires_ms
    ][:_LAPSES]


def _lapse(db: Database, shard: int, rows: Sequence[Any], now_ms: int) -> None:
    ended_ms = sa.case((_hold.expires_ms > now_ms, now_ms), else_=_hold.expires_ms)
    ids = [row.id for row in rows]
    ours = (_hold.shard == shard) & _hold.id.in_(ids) & (_hold.state == HELD)
    with db.write() as connection:
        head = db.lock_shard(connection, shard, _head)
        connection.execute(sa.update(schema.hold).where(ours).values(state=LAPSED, expires_ms=ended_ms))
        members = {uuid.UUID(hex=row.subject) for row in rows if row.kind == holds.POINTS}
        _shown(connection, shard, members, head)
