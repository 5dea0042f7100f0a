"""Which stores have seen which members, and cards found by their tokens."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from alembic import op

from sync.server.migrations.tables import identity, sharded

revision = "0009"
down_revision = "0008"

SHARDS = 64
CHUNK = 10_000


def upgrade() -> None:
    sharded(
        "member_store",
        sa.Column("store", sa.Text, nullable=False),
        sa.Column("member", identity(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "store", "member", name="pk_member_store"),
        comment="Stores whose tills wrote facts of a member, in the shard of the member: a projection",
    )
    op.create_index("ix_member_card_token", "member_card", ["token"])
    fill()


def fill() -> None:
    """From the facts that are folded. Joined here: on Citus the two tables are divided by different ids."""
    connection = op.get_bind()
    tills = sa.table("till", sa.column("id", identity()), sa.column("store"))
    stores = {_bytes(id): store for id, store in connection.execute(sa.select(tills.c.id, tills.c.store))}
    links = sa.table(
        "member_fact", sa.column("shard"), sa.column("member", identity()), sa.column("origin", identity())
    )
    seen = sa.table("member_store", sa.column("shard"), sa.column("store"), sa.column("member", identity()))
    for shard in range(SHARDS) if stores else ():
        query = sa.select(links.c.member, links.c.origin).where(links.c.shard == shard).distinct()
        found = {
            (store, _bytes(member)): member
            for member, origin in connection.execute(query)
            if (store := stores.get(_bytes(origin))) is not None
        }
        rows = [{"shard": shard, "store": store, "member": id} for (store, _), id in found.items()]
        for start in range(0, len(rows), CHUNK):
            connection.execute(sa.insert(seen), rows[start : start + CHUNK])


def _bytes(id: bytes | uuid.UUID) -> bytes:
    return id.bytes if isinstance(id, uuid.UUID) else bytes(id)
