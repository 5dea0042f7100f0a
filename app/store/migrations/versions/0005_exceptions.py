"""What a manager looks through, by its time.

Revision: 0005
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KINDS = "'cash_moved', 'no_sale', 'pin_failed', 'privileged', 'sale_refunded', 'sale_voided', 'shift_closed'"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(f"CREATE INDEX ix_fact_at_ms ON fact (at_ms) WHERE kind IN ({KINDS})")
