"""Sales priced again, versions of members' facts, and how far tombstones were pruned."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"

SHARDS = 64


def upgrade() -> None:
    op.add_column("member_fact", sa.Column("version", sa.BigInteger))
    op.add_column("member_head", sa.Column("since", sa.BigInteger))
    # Of states made until now nobody knows which facts were in them.
    op.execute("UPDATE member_head SET since = head")
    op.add_column("list_head", sa.Column("pruned", sa.BigInteger))
    op.add_column("listing", sa.Column("removed_ms", sa.BigInteger))
    sharded(
        "checked",
        sa.Column("pos", sa.BigInteger, nullable=False),
        sa.Column("sales", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("shard", name="pk_checked"),
        comment="How far the sales of a shard were priced again, and how many they were",
    )
    heads = sa.table("checked", sa.column("shard"), sa.column("pos"), sa.column("sales"))
    op.bulk_insert(heads, [{"shard": shard, "pos": 0, "sales": 0} for shard in range(SHARDS)])
    sharded(
        "unchecked",
        sa.Column("origin", identity(), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("programme", sa.Text, nullable=False),
        sa.Column("sales", sa.BigInteger, nullable=False),
        sa.Column("last_sale", identity(), nullable=False),
        sa.Column("last_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("shard", "origin", "reason", "programme", name="pk_unchecked"),
        comment="Sales that could not be priced again, counted by till, reason and programme",
    )
    findings()


def findings() -> None:
    sharded(
        "finding",
        sa.Column("sale", identity(), nullable=False),
        sa.Column("list", sa.Text, nullable=False),
        sa.Column("member", identity()),
        sa.Column("origin", identity(), nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("programme", sa.Text, nullable=False),
        sa.Column("engine", sa.Integer, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("points_centi", sa.BigInteger, nullable=False),
        sa.Column("differences", sa.LargeBinary(), nullable=False),
        sa.Column("found_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("shard", "sale", "list", name="pk_finding"),
        comment="Sales that came out otherwise: defects from the state they used, exposure from the true one",
    )
    op.create_index("ix_finding_list", "finding", ["shard", "list", "sale"])
    op.create_table(
        "programme_source",
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("source", sa.LargeBinary(), nullable=False),
        sa.Column("first_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_programme_source"),
        comment="Every programme that was ever published, by the digest that sales name it by",
    )


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
