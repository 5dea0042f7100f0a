"""Members who were merged into others."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    sharded(
        "member_alias",
        sa.Column("other", identity(), nullable=False),
        sa.Column("member", identity(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "other", name="pk_member_alias"),
        comment="other was merged into member: its facts count there, and nothing counts under its own id",
    )
    # Merges were not folded until now.
    op.execute("UPDATE folded SET pos = 0")


def identity() -> sa.types.TypeEngine:
    return sa.LargeBinary(16).with_variant(postgresql.UUID(as_uuid=True), "postgresql")


def sharded(name: str, *items: sa.schema.SchemaItem, **options: Any) -> None:
    """As in 0001: hash-partitioned by shard if asked for (PostgreSQL only)."""
    partitions = context.config.attributes.get("partitions", 0)
    if partitions:
        options["postgresql_partition_by"] = "HASH (shard)"
    op.create_table(name, sa.Column("shard", sa.SmallInteger, nullable=False), *items, **options)
    for part in range(partitions):
        op.execute(
            f"CREATE TABLE {name}_p{part} PARTITION OF {name}"
            f" FOR VALUES WITH (MODULUS {partitions}, REMAINDER {part})"
        )
