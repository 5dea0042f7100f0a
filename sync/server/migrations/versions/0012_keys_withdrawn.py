"""Keys of tills are withdrawn one by one: those of a withdrawn till are, whatever it enrols with later."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("till_key", sa.Column("revoked_ms", sa.BigInteger))
    op.execute(
        "UPDATE till_key SET revoked_ms = "
        "(SELECT t.revoked_ms FROM till t WHERE t.shard = till_key.shard AND t.id = till_key.till)"
    )
