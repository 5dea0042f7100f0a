"""Members: which facts concern whom, and the folded state, kept by a projection of the facts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sync.server.migrations.tables import identity, sharded

revision = "0002"
down_revision = "0001"

SHARDS = 64


def upgrade() -> None:
    sharded(
        "relinked",
        sa.Column("origin", identity(), nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("fact_id", identity(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "origin", "epoch", "seq", name="pk_relinked"),
        comment="Envelopes of facts that had come before under another envelope: few",
    )
    sharded(
        "folded",
        sa.Column("pos", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("shard", name="pk_folded"),
        comment="How far the facts of a shard are folded into members",
    )
    sharded(
        "member_head",
        sa.Column("head", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("shard", name="pk_member_head"),
        comment="The last version of a member shard; its row lock makes versions rise in commit order",
    )
    sharded(
        "member",
        sa.Column("id", identity(), nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("origin", identity(), nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("shard", "id", name="pk_member"),
        sa.UniqueConstraint("shard", "version", name="uq_member_shard_version"),
        comment="A member's state (JSON) after its last fact in fold order: at_ms, origin, epoch, seq",
    )
    sharded(
        "member_fact",
        sa.Column("member", identity(), nullable=False),
        sa.Column("fact_id", identity(), nullable=False),
        sa.Column("fact_shard", sa.SmallInteger, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("origin", identity(), nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("shard", "member", "fact_id", name="pk_member_fact"),
        comment="The facts that are in a member's state",
    )
    for name, column in (("folded", "pos"), ("member_head", "head")):
        table = sa.table(name, sa.column("shard"), sa.column(column))
        op.bulk_insert(table, [{"shard": shard, column: 0} for shard in range(SHARDS)])
