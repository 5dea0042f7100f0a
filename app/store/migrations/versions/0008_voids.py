"""Lines voided and baskets abandoned are among what a manager looks through.

Revision: 0008
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KINDS = (
    "'cash_moved', 'line_voided', 'no_sale', 'pin_failed', 'privileged', 'sale_abandoned', 'sale_refunded', "
    "'sale_voided', 'shift_closed'"
)


def upgrade() -> None:
    connection = op.get_bind()
    connection.exec_driver_sql("DROP INDEX ix_fact_at_ms")
    connection.exec_driver_sql(f"CREATE INDEX ix_fact_at_ms ON fact (at_ms) WHERE kind IN ({KINDS})")
