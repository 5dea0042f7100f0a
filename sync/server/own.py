"""The server as an origin of facts: one origin for each shard, gapless and linked by hash like any till's.

Activity from outside and whatever else the server itself decides becomes a fact here, in the same feed. After
a restore from a backup the next epoch begins: what was lost with the old one is not continued.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from functools import lru_cache
from itertools import count

import sqlalchemy as sa

from app.ledger.chain import link_hash
from sync.server import ingest, schema
from sync.server.database import Database
from sync.server.storing import Batch, Item
from sync.server.tills import Secrets


@lru_cache(maxsize=schema.SHARDS)
def origin_of(seed: bytes, shard: int) -> uuid.UUID:
    """The server's origin in a shard: made from a random seed that was drawn once for this server."""
    for attempt in count():
        place = shard.to_bytes(2, "big") + attempt.to_bytes(4, "big")
        found = uuid8(b"stempel-origin-1" + seed + place)
        if schema.shard_of(found) == shard:
            return found
    raise AssertionError("unreachable: attempts never end")


def uuid8(content: bytes) -> uuid.UUID:
    """A UUID (RFC 9562, version 8) of the first 122 bits of a content's SHA-256."""
    number = int.from_bytes(hashlib.sha256(content).digest()[:16], "big")
    number = number & ~(0xF << 76) | 8 << 76
    return uuid.UUID(int=number & ~(0x3 << 62) | 2 << 62)


def append(
    db: Database,
    connection: sa.Connection,
    keys: Secrets,
    shard: int,
    bodies: Sequence[bytes],
    now_ms: int,
) -> None:
    """Add facts of the server's own to a shard, inside the caller's transaction."""
    head = db.lock_shard(connection, shard)
    origin, epoch = origin_of(keys.origin_seed, shard), keys.origin_epoch
    seq, digest = ingest.position(connection, origin, epoch)
    items: list[Item] = []
    for body in bodies:
        seq += 1
        digest = link_hash(digest, origin, epoch, seq, body)
        items.append(ingest.item_of(seq, digest, body))
    Batch(db, connection, shard, origin, epoch, head, now_ms).add(items)
