"""Members who were merged into others."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sync.server.migrations.tables import identity, sharded

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
