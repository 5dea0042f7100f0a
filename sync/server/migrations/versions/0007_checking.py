"""Sales priced again, versions of members' facts, and how far tombstones were pruned."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sync.server.migrations.tables import identity, sharded

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
