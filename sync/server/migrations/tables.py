"""What every migration makes tables of: ids, and tables divided by shard.

What stands here never changes its meaning; another way to divide gets another name.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import postgresql


def identity() -> sa.types.TypeEngine:
    """A UUID: 16 bytes on SQLite."""
    return sa.LargeBinary(16).with_variant(postgresql.UUID(as_uuid=True), "postgresql")


def sharded(name: str, *items: sa.schema.SchemaItem, **options: Any) -> None:
    """Create a table with its shard, hash-partitioned by it if asked for (PostgreSQL only)."""
    partitions = context.config.attributes.get("partitions", 0)
    if partitions:
        options["postgresql_partition_by"] = "HASH (shard)"
    op.create_table(name, sa.Column("shard", sa.SmallInteger, nullable=False), *items, **options)
    for part in range(partitions):
        op.execute(
            f"CREATE TABLE {name}_p{part} PARTITION OF {name}"
            f" FOR VALUES WITH (MODULUS {partitions}, REMAINDER {part})"
        )
