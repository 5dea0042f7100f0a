"""Referrers are paid for friends whose till did not know them: by facts of the server's own.

Runs behind the folding of a shard, on facts that are folded: what a till has settled itself stands before the
fact it follows from, so it is known here by then. Everything is repeatable (`app.ledger.referrals`).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Final

import sqlalchemy as sa
import structlog

from app.ledger import facts
from app.ledger.referrals import Due, dues, settled
from sync.server import merging, own, schema
from sync.server.database import Database
from sync.server.pending import States
from sync.server.tills import Secrets, load_secrets

log = structlog.get_logger("stempel.members")

MARK: Final = b'"referral"'
"""The effect's name: bodies without it are not read once more."""


def settle(db: Database, shard: int, bodies: Iterable[bytes]) -> int:
    """Settle what facts of a shard say is owed to referrers; returns how many facts were written for it."""
    due = [one for body in bodies if MARK in body for one in _dues(body)]
    if not due:
        return 0
    keys = load_secrets(db)
    return sum(_settle(db, keys, one, _received_ms(db, shard, one.of)) for one in due)


def _dues(body: bytes) -> list[Due]:
    try:
        return list(dues(facts.decode(body)))
    except facts.UnreadableFact as error:
        log.warning("not settled: start a newer program, then rebuild", error=str(error))
        return []


def _received_ms(db: Database, shard: int, fact_id: uuid.UUID) -> int:
    """When a fact came: what follows from it came with it."""
    fact = schema.fact.c
    query = sa.select(fact.received_ms).where(fact.shard == shard, fact.id == fact_id)
    with db.read() as connection:
        return connection.execute(query).scalar_one()


def _settle(db: Database, keys: Secrets, due: Due, received_ms: int) -> bool:
    referrer = merging.root(db, due.referrer)
    if referrer == merging.root(db, due.friend):
        return False  # one person since the two were merged: nobody brings themselves
    shard = schema.shard_of(referrer)
    with db.write() as connection:
        db.lock_shard(connection, shard)
        there = _there(connection, shard, referrer, (due.paid_id, due.back_id))
        state = States(connection, keys, shard).of(referrer)
        fact = settled(due, referrer, state, there.get(due.paid_id), there.get(due.back_id))
        if fact is not None:
            own.append(db, connection, keys, shard, [facts.encode(fact)], received_ms)
    return fact is not None


def _there(
    connection: sa.Connection, shard: int, member: uuid.UUID, ids: tuple[uuid.UUID, ...]
) -> dict[uuid.UUID, facts.ReferralSettled]:
    """What settles it already: a fact of the server's own, or one of a till's in the member's state."""
    fact, link = schema.fact.c, schema.member_fact.c
    places = {(shard, id) for id in ids}
    links = sa.select(link.fact_shard, link.fact_id).where(
        link.shard == shard, link.member == member, link.fact_id.in_(ids)
    )
    places |= {(row.fact_shard, row.fact_id) for row in connection.execute(links)}
    found: dict[uuid.UUID, facts.ReferralSettled] = {}
    for home, id in sorted(places):
        body = connection.execute(sa.select(fact.body).where(fact.shard == home, fact.id == id)).scalar()
        known = None if body is None else facts.decode(bytes(body))
        if isinstance(known, facts.ReferralSettled):
            found[id] = known
    return found
