"""What tills that cannot ask may spend: allowances, published and counted.

Each till may spend of a card what it was allowed, beyond what it last saw. While it is out of contact that
is exposure; a hold that ran out while its till was away may have been spent, and is exposure too.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from litestar import Request, get, put
from litestar.datastructures import State

from app.ledger.alone import Allowance
from sync import holds, protocol
from sync.server import holding, listing, schema
from sync.server.context import Context
from sync.server.database import Database
from sync.server.describe import BY_OFFICE, json_body, problems
from sync.server.listing import BadList
from sync.server.office import Store
from sync.server.tills import Till

LIST: Final = "allowance"
KEY: Final = "card"
"""The list has one row for all stores, and one for each store that has an allowance of its own."""
AWAY_MS: Final = 150_000
"""A till that did not sync for so long is out of contact: idle ones sync every minute and a half at least."""
_NOTE_MS: Final = 30_000
"""How exactly the time of contact is kept: writing it down at each pull would cost more than the pull."""

_list, _contact = schema.listing.c, schema.till_contact.c
_ROW: Final = sa.select(_contact.contact_ms, _contact.points_centi, _contact.coupons_minor).where(
    _contact.shard == sa.bindparam("in_shard"), _contact.till == sa.bindparam("till")
)
_HEAD: Final = sa.select(schema.list_head.c.head).where(schema.list_head.c.list == LIST)
_PUBLISHED: Final = sa.select(_list.store, _list.body).where(
    _list.list == LIST, _list.key == KEY, _list.body.is_not(None)
)


def contact(context: Context, till: Till, had: Mapping[str, int], heads: Mapping[str, int]) -> None:
    """A till syncs: it has pushed all that it had. It has the lists as far as `had`, and there is `heads`."""
    now_ms, place = context.world.now_ms(), (had.get(LIST), heads.get(LIST, 0))
    noted = context.contacts.get(till.id)
    if noted is not None and noted[1] == place and 0 <= now_ms - noted[0] < _NOTE_MS:
        return
    note(context.db, till.id, till.store, now_ms, had=place[0])
    context.contacts[till.id] = (now_ms, place)


def note(db: Database, till: uuid.UUID, store: str, now_ms: int, *, had: int | None) -> None:
    """Write down when a till synced and what it may act on: the greater of the old allowance and the new,
    until it says that it `had` the list as far as it goes."""
    place = {"in_shard": schema.shard_of(till), "till": till}
    with db.write() as connection:
        db.lock_shard(connection, place["in_shard"])
        known = connection.execute(_ROW, place).first()
        # In this order: of what is published at this moment the till has nothing yet.
        now = allowances(connection).of(store)
        confirmed = had is not None and had >= connection.execute(_HEAD).scalar_one()
        points_centi, coupons_minor = now.points_centi, now.coupons_minor
        if not confirmed:
            before = (Allowance().points_centi, Allowance().coupons_minor) if known is None else known[1:]
            points_centi, coupons_minor = max(points_centi, before[0]), max(coupons_minor, before[1])
        values = {"contact_ms": now_ms, "points_centi": points_centi, "coupons_minor": coupons_minor}
        table, shard = schema.till_contact, place["in_shard"]
        if known is None:
            connection.execute(sa.insert(table).values(shard=shard, till=till, **values))
        else:
            ours = (_contact.shard == shard) & (_contact.till == till)
            connection.execute(sa.update(table).where(ours).values(values))


class Allowances(msgspec.Struct, frozen=True):
    """What head office has published, by store; "" for all."""

    by_store: dict[str, Allowance]

    def of(self, store: str) -> Allowance:
        return self.by_store.get(store) or self.by_store.get("") or Allowance()


def allowances(connection: sa.Connection) -> Allowances:
    """Every allowance that is published."""
    found = {
        store: msgspec.json.decode(body, type=Allowance) for store, body in connection.execute(_PUBLISHED)
    }
    return Allowances(found)


def publish(db: Database, source: bytes, store: str = "") -> protocol.Published:
    """Publish the allowance for all stores, or for one. Raises BadList."""
    try:
        allowance = msgspec.json.decode(source, type=Allowance)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadList([f"not an allowance: {error}"]) from error
    return listing.put_rows(db, LIST, store, {KEY: msgspec.json.encode(allowance)})


@put(
    "/allowance",
    operation_class=json_body("What a till may let one card spend", Allowance),
    security=BY_OFFICE,
    responses=problems(400, 401, 403, 408, 413, 422, 503),
)
async def publish_allowance(
    request: Request[Any, Any, Any], state: State, store: Store = ""
) -> protocol.Published:
    """Publish what a till may let one card spend between two syncs without asking."""
    context: Context = state["context"]
    return await context.runner.run(publish, context.db, request.scope["state"]["body"], store)


@get("/exposure", security=BY_OFFICE, responses=problems(400, 401, 403, 408, 413, 503))
async def read_exposure(state: State) -> holds.Exposure:
    """The most that one card can be overdrawn by now."""
    context: Context = state["context"]
    return await context.runner.run(figure, context.db, context.world.now_ms())


def figure(db: Database, now_ms: int) -> holds.Exposure:
    """The published figure, with its parts by till. One whose key was withdrawn sells on, and is offline for
    good: what it kept comes when it is let in again, or its disk is rescued."""
    till = schema.till.c
    query = (
        sa.select(
            till.id,
            till.store,
            till.revoked_ms,
            _contact.contact_ms,
            _contact.points_centi,
            _contact.coupons_minor,
        )
        .outerjoin(schema.till_contact, (_contact.shard == till.shard) & (_contact.till == till.id))
        .order_by(till.store, till.id)
    )
    with db.read(snapshot=True) as connection:
        rows = connection.execute(query).all()
        contacts = {row.id: row.contact_ms for row in rows if (row.contact_ms or 0) <= now_ms + AWAY_MS}
        lapsed = _lapsed(connection, contacts, now_ms)
    default = Allowance()
    by_till = [
        holds.TillExposure(
            till=row.id,
            store=row.store,
            online=row.revoked_ms is None
            and row.contact_ms is not None
            and abs(now_ms - row.contact_ms) <= AWAY_MS,  # ahead: noted while the clock was
            revoked=row.revoked_ms is not None,
            contact_ms=row.contact_ms,
            points_centi=default.points_centi if row.points_centi is None else row.points_centi,
            coupons_minor=default.coupons_minor if row.coupons_minor is None else row.coupons_minor,
            lapsed_centi=lapsed[row.id][0],
            lapsed_minor=lapsed[row.id][1],
        )
        for row in rows
    ]
    return _summed(by_till, now_ms)


def _summed(by_till: list[holds.TillExposure], now_ms: int) -> holds.Exposure:
    away = [one for one in by_till if not one.online]
    lapsed_centi = sum(one.lapsed_centi for one in by_till)
    lapsed_minor = sum(one.lapsed_minor for one in by_till)
    return holds.Exposure(
        at_ms=now_ms,
        tills=len(by_till),
        tills_offline=len(away),
        tills_revoked=sum(one.revoked for one in by_till),
        points_centi=sum(one.points_centi for one in away) + lapsed_centi,
        coupons_minor=sum(one.coupons_minor for one in away) + lapsed_minor,
        lapsed_centi=lapsed_centi,
        lapsed_minor=lapsed_minor,
        floor_centi=-sum(one.points_centi for one in by_till) - lapsed_centi,
        by_till=by_till,
    )


def _lapsed(
    connection: sa.Connection, contacts: dict[uuid.UUID, int | None], now_ms: int
) -> defaultdict[uuid.UUID, tuple[int, int]]:
    """Holds that ran out and whose till has not synced since: points, and value of gift cards. A coupon's
    value is within its till's allowance for coupons."""
    hold = schema.hold.c
    query = sa.select(hold.till, hold.kind, hold.amount, hold.expires_ms).where(
        hold.state.in_([holding.HELD, holding.LAPSED]), hold.expires_ms <= now_ms
    )
    found: defaultdict[uuid.UUID, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for till, kind, amount, expires_ms in connection.execute(query):
        if (contacts.get(till) or 0) <= expires_ms:
            centi, minor = found[till]
            if kind == holds.POINTS:
                found[till] = (centi + amount, minor)
            elif kind == holds.GIFT_CARD:
                found[till] = (centi, minor + amount)
    return found
