"""The public keys of tills as a list that every till pulls: by them it checks coupons while offline."""

from __future__ import annotations

import uuid

import msgspec
import sqlalchemy as sa

from sync import holds
from sync.server import listing, schema
from sync.server.database import Database


def publish(connection: sa.Connection, db: Database, till: uuid.UUID) -> None:
    """Every key of a till as it is now; inside the transaction that made or withdrew one."""
    key, shard = schema.till_key.c, schema.shard_of(till)
    query = sa.select(key.epoch, key.public_key, key.revoked_ms).where(key.shard == shard, key.till == till)
    rows: dict[str, bytes | None] = {
        f"{till.hex}-{epoch}": msgspec.json.encode(
            holds.TillKey(till=till, epoch=epoch, public_key=public_key, revoked_ms=revoked_ms)
        )
        for epoch, public_key, revoked_ms in connection.execute(query).all()
    }
    listing.put_keys(connection, db, rows)
