"""Phone numbers that two members share, proposals to merge them, and what program a till runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sync.server.migrations.tables import identity, sharded

revision = "0008"
down_revision = "0007"

SHARDS = 64


def upgrade() -> None:
    sharded(
        "person_phone",
        sa.Column("member", identity(), nullable=False),
        sa.Column("phone_hash", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("shard", "member", name="pk_person_phone"),
        comment="Keyed hashes of members' phone numbers, to find those that two members share",
    )
    op.create_index("ix_person_phone_hash", "person_phone", ["phone_hash"])
    sharded(
        "compared",
        sa.Column("pos", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("shard", name="pk_compared"),
        comment="Up to which version of a member shard persons were compared",
    )
    heads = sa.table("compared", sa.column("shard"), sa.column("pos"))
    op.bulk_insert(heads, [{"shard": shard, "pos": 0} for shard in range(SHARDS)])
    lists = sa.table("list_head", sa.column("list"), sa.column("head"))
    op.bulk_insert(lists, [{"list": "merge", "head": 0}])
    op.add_column("till", sa.Column("program", sa.Text))
    op.add_column("till", sa.Column("engine", sa.Integer))
