"""What budgets and stocks have given; facts that came before are counted when the server next folds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sync.server.migrations.tables import sharded

revision = "0010"
down_revision = "0009"

SHARDS = 64


def upgrade() -> None:
    sharded(
        "budgeted",
        sa.Column("pos", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("shard", name="pk_budgeted"),
        comment="How far the facts of a shard are in budget_spent",
    )
    heads = sa.table("budgeted", sa.column("shard"), sa.column("pos"))
    op.bulk_insert(heads, [{"shard": shard, "pos": 0} for shard in range(SHARDS)])
    sharded(
        "budget_spent",
        sa.Column("part", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("shard", "part", name="pk_budget_spent"),
        comment="What the facts of a shard charged to budgets (minor units) and stocks (pieces)",
    )
