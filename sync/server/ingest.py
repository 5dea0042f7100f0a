"""Ingest: a run of facts from one till becomes durable, in order, exactly once.

The shard's head is locked first, so pushes of a shard follow one another; positions are handed out under
that lock, gapless and in commit order. Whatever is already there is compared by hash before it is skipped.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from app.ledger import facts
from app.ledger.chain import GENESIS, link_hash
from sync import protocol
from sync.server import schema
from sync.server.database import Database
from sync.server.storing import Batch, Item

Pushed = protocol.Push | protocol.PushColumns
ASKED_FIRST: Final = 16
"""Of a push of so many facts it is asked first whether all are known. Fewer are taken in no more time."""
SKEW_MAX_MS: Final = 5 * 60_000
"""A till's clock further off than this is flagged, and still believed about its own order."""

_envelope: Final = schema.envelope.c
_CHAIN: Final = (
    (_envelope.shard == sa.bindparam("shard"))
    & (_envelope.origin == sa.bindparam("origin"))
    & (_envelope.epoch == sa.bindparam("epoch"))
)
_LAST: Final = (
    sa.select(_envelope.seq, _envelope.hash).where(_CHAIN).order_by(_envelope.seq.desc()).limit(sa.literal(1))
)
_BETWEEN: Final = sa.select(_envelope.seq, _envelope.hash).where(
    _CHAIN, _envelope.seq.between(sa.bindparam("first"), sa.bindparam("last"))
)
_AT: Final = sa.select(_envelope.seq, _envelope.hash).where(
    _CHAIN, _envelope.seq.in_((sa.bindparam("first"), sa.bindparam("last")))
)
_SEEN: Final = (
    sa.update(schema.till)
    .where(schema.till.c.shard == sa.bindparam("in_shard"), schema.till.c.id == sa.bindparam("till"))
    .values(
        seen_ms=sa.bindparam("now_ms"),
        clock_skew_ms=sa.bindparam("skew_ms"),
        program=sa.func.coalesce(sa.bindparam("program", type_=sa.Text), schema.till.c.program),
        engine=sa.func.coalesce(sa.bindparam("engine", type_=sa.Integer), schema.till.c.engine),
    )
)
_KIND: Final = re.compile(r"[a-z][a-z0-9_.]{0,63}", re.ASCII)


class Gap(Exception):
    """The push begins after what the server has; `expected` is the number it waits for."""

    def __init__(self, expected: int) -> None:
        super().__init__(f"the next fact expected is {expected}")
        self.expected = expected


class Fork(Exception):
    """The server holds another fact at `seq`, or another history before it."""

    def __init__(self, seq: int) -> None:
        super().__init__(f"another fact is known at {seq}")
        self.seq = seq


class Outcome(msgspec.Struct, frozen=True):
    """What became of a push: `added` facts are new, the rest was known. `hash` is that at its last number."""

    acked_seq: int
    hash: bytes
    added: int
    flagged: tuple[protocol.Flag, ...]


def _checked(push: Pushed) -> None:
    if not 1 <= push.count <= protocol.FACTS_MAX:
        raise protocol.WireProblem(
            "malformed", f"a push carries 1 to {protocol.FACTS_MAX} facts, not {push.count}"
        )
    in_range = 1 <= push.first_seq <= push.last_seq < 2**63 and 1 <= push.epoch < 2**31
    fits = push.last_seq - push.first_seq + 1 == push.count and len(push.prev_hash) == len(GENESIS)
    if not in_range or not fits:
        raise protocol.WireProblem("malformed", "epoch, first_seq, last_seq, prev_hash and facts do not fit")


def items_of(till: uuid.UUID, push: Pushed) -> list[Item]:
    """The facts of a push with the hashes they should have. Raises WireProblem for a malformed push."""
    items: list[Item] = []
    previous = push.prev_hash
    for seq, body in enumerate(protocol.bodies_of(push), push.first_seq):
        previous = link_hash(previous, till, push.epoch, seq, body)
        items.append(item_of(seq, previous, body))
    if push.last_hash not in (b"", previous):
        raise protocol.WireProblem("other_bytes", "the facts are not those whose last hash was sent")
    return items


def item_of(seq: int, digest: bytes, body: bytes) -> Item:
    """A fact's bytes at their place in a chain, with their header if it can be read."""
    try:
        body.decode()
        header = facts.header(body)
        if not -(2**63) <= header.at_ms < 2**63 or not _KIND.fullmatch(header.kind):
            raise facts.UnreadableFact("at_ms is out of range, or kind is no name")
    except (facts.UnreadableFact, UnicodeDecodeError, RecursionError) as error:
        return Item(seq, digest, body, None, str(error))
    return Item(seq, digest, body, header)


def take(db: Database, till: uuid.UUID, push: Pushed, received_ms: int) -> Outcome:
    """Make a push durable. Raises Gap or Fork, and WireProblem for a malformed push."""
    _checked(push)
    seen = _seen(till, push, received_ms)
    flags = [protocol.Flag(push.last_seq, "clock_skew")] if abs(seen["skew_ms"]) > SKEW_MAX_MS else []
    items = items_of(till, push) if isinstance(push, protocol.Push) else []
    last_hash = items[-1].hash if items else push.last_hash
    known_seq = _all_known(db, till, push, last_hash, seen) if push.count >= ASKED_FIRST else None
    if known_seq is not None:
        return Outcome(known_seq, last_hash, 0, tuple(flags))
    items = items or items_of(till, push)
    shard = schema.shard_of(till)
    with db.write() as connection:
        head = db.lock_shard(connection, shard)
        known_seq = compare(connection, shard, till, push, items)
        new = [item for item in items if item.seq > known_seq]
        batch = Batch(db, connection, shard, till, push.epoch, head, received_ms)
        batch.add(new)
        connection.execute(_SEEN, seen)
    return Outcome(max(known_seq, push.last_seq), items[-1].hash, len(new), (*batch.flags, *flags))


def _seen(till: uuid.UUID, push: Pushed, received_ms: int) -> dict[str, Any]:
    return {
        "in_shard": schema.shard_of(till),
        "till": till,
        "now_ms": received_ms,
        "skew_ms": _bounded(push.clock_ms - received_ms),
        "program": push.program or None,
        "engine": push.engine or None,
    }


def _all_known(
    db: Database, till: uuid.UUID, push: Pushed, last_hash: bytes, seen: dict[str, Any]
) -> int | None:
    """The last number known, if the whole push was known before: then nobody waits for the shard.

    A chain that ends in the same hash is the same chain. PostgreSQL writes something all the same: see
    `reached`.
    """
    with db.glance() as connection:
        known_seq, _ = position(connection, till, push.epoch)
    if known_seq < push.last_seq:
        return None
    with db.write() if db.postgresql else db.read() as connection:
        if not _same_ends(connection, till, push, push.last_seq, last_hash):
            return None
        if db.postgresql:
            connection.execute(_SEEN, seen)
    return known_seq


def _same_ends(connection: sa.Connection, till: uuid.UUID, push: Pushed, last: int, last_hash: bytes) -> bool:
    """Whether the chain that is known has the push's hashes, before its first fact and at `last`."""
    place = {"shard": schema.shard_of(till), "origin": till, "epoch": push.epoch}
    ends = {push.first_seq - 1: push.prev_hash, last: last_hash}
    rows = connection.execute(_AT, {**place, "first": push.first_seq - 1, "last": last})
    known = {row.seq: row.hash for row in rows}
    if push.first_seq == 1:
        known[0] = GENESIS
    return known == ends


def reached(db: Database, till: uuid.UUID, epoch: int, now_ms: int) -> tuple[int, bytes]:
    """How far the server is with a till's epoch, told only once it is as safe as an acknowledgement.

    A commit whose wait for the replica was broken off is visible, and may yet be forgotten. Writing something
    waits for the replica to have all that is visible.
    """
    if not db.postgresql:
        with db.read() as connection:
            return position(connection, till, epoch)
    seen = schema.till
    with db.write() as connection:
        found = position(connection, till, epoch)
        ours = (seen.c.shard == schema.shard_of(till)) & (seen.c.id == till)
        connection.execute(sa.update(seen).where(ours).values(seen_ms=now_ms))
    return found


def position(connection: sa.Connection, origin: uuid.UUID, epoch: int) -> tuple[int, bytes]:
    """The last number known of an origin's epoch, and the hash there: (0, GENESIS) for none."""
    asked = {"shard": schema.shard_of(origin), "origin": origin, "epoch": epoch}
    row = connection.execute(_LAST, asked).first()
    return (row.seq, row.hash) if row else (0, GENESIS)


def compare(
    connection: sa.Connection, shard: int, till: uuid.UUID, push: Pushed, items: Sequence[Item]
) -> int:
    """The last known number, after the push's hashes were found equal to all that is known of them."""
    known_seq, known_hash = position(connection, till, push.epoch)
    if push.first_seq > known_seq + 1:
        raise Gap(known_seq + 1)
    if push.first_seq == known_seq + 1:
        known = {known_seq: known_hash}
    else:
        last = min(known_seq, push.last_seq)
        if _same_ends(connection, till, push, last, items[last - push.first_seq].hash):
            return known_seq
        known = _hashes(connection, shard, till, push)
    if push.first_seq == 1:
        known[0] = GENESIS
    claimed = [(push.first_seq - 1, push.prev_hash), *((item.seq, item.hash) for item in items)]
    for seq, digest in claimed:
        if seq in known and known[seq] != digest:
            raise Fork(max(seq, 1))
    return known_seq


def _hashes(connection: sa.Connection, shard: int, till: uuid.UUID, push: Pushed) -> dict[int, bytes]:
    place = {"shard": shard, "origin": till, "epoch": push.epoch}
    rows = connection.execute(_BETWEEN, {**place, "first": push.first_seq - 1, "last": push.last_seq})
    return {row.seq: row.hash for row in rows}


def _bounded(value: int) -> int:
    """What a 64-bit column can hold: a till may claim any clock."""
    return max(min(value, 2**62), -(2**62))
