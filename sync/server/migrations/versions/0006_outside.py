"""Events from outside, what a token may do, facts by business day, webhooks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sync.server.migrations.tables import identity, sharded

revision = "0006"
down_revision = "0005"

SHARDS = 64


def upgrade() -> None:
    op.add_column("office_token", sa.Column("scopes", sa.Text))
    sharded(
        "event_key",
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("member", identity(), nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("shard", "key_hash", name="pk_event_key"),
        comment="Idempotency keys of events from outside, by the key's own shard",
    )
    sharded(
        "business_day",
        sa.Column("day", sa.Text, nullable=False),
        sa.Column("fact_id", identity(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "day", "fact_id", name="pk_business_day"),
        comment="Facts that an export of a business day holds: a projection",
    )
    sharded(
        "dated",
        sa.Column("pos", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("shard", name="pk_dated"),
        comment="How far the facts of a shard are in business_day",
    )
    heads = sa.table("dated", sa.column("shard"), sa.column("pos"))
    op.bulk_insert(heads, [{"shard": shard, "pos": 0} for shard in range(SHARDS)])
    op.create_table(
        "webhook",
        sa.Column("id", identity(), nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("kinds", sa.Text, nullable=False),
        sa.Column("cursor", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("due_ms", sa.BigInteger, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("failing_since_ms", sa.BigInteger),
        sa.Column("delivered_ms", sa.BigInteger),
        sa.Column("disabled_ms", sa.BigInteger),
        sa.Column("problem", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhook"),
        comment="Where facts are posted to: cursor is how far, due_ms when next, or a lease",
    )
