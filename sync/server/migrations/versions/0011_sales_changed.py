"""An index that finds what happened to a sale later: its refunds, and whose it became."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        sale = "(doc ->> 'sale')"
    else:
        text = "CAST(body AS TEXT)"
        sale = f"CASE WHEN json_valid({text}) THEN json_extract({text}, '$.sale') END"
    kinds = "'sale_refunded', 'sale_given_to', 'sale_taken_from'"
    op.execute(f"CREATE INDEX ix_fact_sale ON fact (shard, {sale}) WHERE kind IN ({kinds})")
