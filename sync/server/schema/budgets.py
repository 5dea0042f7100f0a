"""What budgets and stocks have given, by the facts of a shard."""

from __future__ import annotations

import sqlalchemy as sa

from sync.server.schema.base import FACTS, metadata, shard

budgeted = sa.Table(
    "budgeted",
    metadata,
    shard(),
    sa.Column("pos", sa.BigInteger, nullable=False),
    info=FACTS,
    comment="How far the facts of a shard are in budget_spent",
)

budget_spent = sa.Table(
    "budget_spent",
    metadata,
    shard(),
    sa.Column("part", sa.Text, primary_key=True),
    sa.Column("amount", sa.BigInteger, nullable=False),
    info=FACTS,
    comment="What the facts of a shard charged to budgets (minor units) and stocks (pieces)",
)
