"""Taking a bundle: what a dead till had not synced, from a file that `stempel rescue` made.

Taken like a push: chained, compared by hash before it is skipped, so the same bundle again changes nothing.
What the server holds another history of, and what lies behind numbers that could not be read, goes on under
the till's next epoch. Nobody holds the key of that epoch.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Final

import msgspec
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.ledger.chain import GENESIS, Head, verify
from app.ledger.facts import UnreadableFact, header
from sync import protocol
from sync.bundle import BadBundle, Bundle
from sync.server import ingest, persons, schema, tills
from sync.server.database import Database

BATCH: Final = 500
BATCH_BYTES: Final = 4 << 20


class Taken(msgspec.Struct, frozen=True):
    """What became of a bundle: facts that were `new`, those `known` already, persons kept; `flagged` are
    (number in its epoch, code) as in the answer to a push."""

    new: int
    known: int
    persons: int
    flagged: tuple[protocol.Flag, ...] = ()


def take(
    db: Database, keys: tills.Secrets, bundle: Bundle, now_ms: int, *, store: str = "", unsigned: bool = False
) -> Taken:
    """Make a bundle durable. `store` is for a till that this server does not know.

    Raises BadBundle for one that cannot be taken; nothing was changed then.
    """
    home = _admitted(db, keys, bundle, now_ms, store, unsigned=unsigned)
    loose: list[bytes] = []
    flags: list[protocol.Flag] = []
    new = 0
    head = Head(bundle.till, bundle.epoch, bundle.first_seq - 1, bundle.prev_hash)
    bodies = bundle.bodies
    if bundle.epoch == 0:
        loose, bodies = bodies, []  # numbers of a till's own, before any server gave it an epoch
    for batch in _batches(bodies):
        push = _push(head, batch, now_ms)
        try:
            outcome = ingest.take(db, bundle.till, push, now_ms)
        except ingest.Gap as gap:
            raise BadBundle(
                f"the server lacks facts from {gap.expected} on, the bundle begins with {push.first_seq}: "
                "make it again with stempel rescue --whole"
            ) from gap
        except ingest.Fork as fork:
            same = max(fork.seq - bundle.first_seq, 0)
            loose = bodies[same:]
            break
        new, flags = new + outcome.added, [*flags, *outcome.flagged]
        head = verify(head, batch)
    added, more = _take_loose(db, bundle.till, [*loose, *bundle.loose_bodies], now_ms)
    kept = 0
    for start in range(0, len(bundle.persons), protocol.PERSONS_MAX):
        some = bundle.persons[start : start + protocol.PERSONS_MAX]
        kept += persons.take(db, tills.Till(bundle.till, bundle.epoch, home), some)
    count = len(bundle.facts) + len(bundle.loose)
    return Taken(new + added, count - new - added, kept, (*flags, *more))


def _admitted(
    db: Database, keys: tills.Secrets, bundle: Bundle, now_ms: int, store: str, *, unsigned: bool
) -> str:
    """The till's store, once it is clear that this server may believe the bundle."""
    shard = schema.shard_of(bundle.till)
    till, key = schema.till.c, schema.till_key.c
    with db.read() as connection:
        home = connection.execute(
            sa.select(till.store).where(till.shard == shard, till.id == bundle.till)
        ).scalar()
        where = (key.shard == shard) & (key.till == bundle.till) & (key.epoch == bundle.epoch)
        public_key = connection.execute(sa.select(key.public_key).where(where)).scalar()
    if public_key is None and bundle.certificate:
        public_key = _certified(keys, bundle)
    if public_key is not None and not bundle.signed_by(public_key):
        raise BadBundle("the bundle is not signed by the till that it names: others made or changed it")
    if public_key is None and not unsigned:
        raise BadBundle(
            f"till {bundle.till} never enrolled at this server: nothing proves that the bundle is its own. "
            "If you know where it comes from, take it with --unsigned --store STORE"
        )
    if home is None and not (store or bundle.store):
        raise BadBundle("name the store that the till stood in, with --store")
    if home is None:
        home = store or bundle.store
        with db.write() as connection:
            db.lock_shard(connection, shard)
            values = {"shard": shard, "id": bundle.till, "store": home, "enrolled_ms": now_ms}
            connection.execute(sa.insert(schema.till).values(values))
    return home


def _certified(keys: tills.Secrets, bundle: Bundle) -> bytes | None:
    """The key that this server certified before it was put back to a time before."""
    try:
        certificate = tills.read_certificate(keys.certificate_key, bundle.certificate)
    except tills.Refused:
        return None
    same = (certificate.till, certificate.epoch) == (bundle.till, bundle.epoch)
    return certificate.public_key if same else None


def _take_loose(
    db: Database, till: uuid.UUID, bodies: Sequence[bytes], now_ms: int
) -> tuple[int, list[protocol.Flag]]:
    """Facts without a place of their own any more: under the till's next epoch, those that are new."""
    left = _unknown(db, till, bodies)
    if not left:
        return 0, []
    epoch = _next_epoch(db, till)
    flags: list[protocol.Flag] = []
    head, added = Head(till, epoch, 0, GENESIS), 0
    for batch in _batches(left):
        outcome = ingest.take(db, till, _push(head, batch, now_ms), now_ms)
        added, flags = added + outcome.added, [*flags, *outcome.flagged]
        head = verify(head, batch)
    return added, flags


def _next_epoch(db: Database, till: uuid.UUID) -> int:
    """An epoch of the till's that is used by nobody else: its key is thrown away."""
    key, shard = schema.till_key, schema.shard_of(till)
    nobodys = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    with db.write() as connection:
        db.lock_shard(connection, shard)
        last = sa.select(sa.func.max(key.c.epoch)).where(key.c.shard == shard, key.c.till == till)
        epoch = (connection.execute(last).scalar() or 0) + 1
        connection.execute(sa.insert(key).values(shard=shard, till=till, epoch=epoch, public_key=nobodys))
    return epoch


def _unknown(db: Database, till: uuid.UUID, bodies: Sequence[bytes]) -> list[bytes]:
    """Those that the server does not hold byte for byte, quarantined ones included."""
    fact, aside, shard = schema.fact.c, schema.quarantine.c, schema.shard_of(till)
    found: list[bytes] = []
    with db.read() as connection:
        for body in bodies:
            try:
                query = sa.select(fact.body).where(fact.shard == shard, fact.id == header(body).id)
                known = connection.execute(query).scalar()
            except UnreadableFact:
                known = None
            if known != body:
                where = (aside.shard == shard) & (aside.origin == till) & (aside.body == body)
                known = connection.execute(sa.select(aside.body).where(where).limit(1)).scalar()
            if known != body:
                found.append(body)
    return found


def _push(head: Head, bodies: Sequence[bytes], now_ms: int) -> protocol.Push:
    return protocol.Push(
        epoch=head.epoch,
        first_seq=head.seq + 1,
        last_seq=head.seq + len(bodies),
        prev_hash=head.hash,
        clock_ms=now_ms,
        facts=[protocol.embed(body) for body in bodies],
    )


def _batches(bodies: Sequence[bytes]) -> list[list[bytes]]:
    found: list[list[bytes]] = []
    size = 0
    for body in bodies:
        if not found or len(found[-1]) >= BATCH or size + len(body) > BATCH_BYTES:
            found.append([])
            size = 0
        found[-1].append(body)
        size += len(body)
    return found
