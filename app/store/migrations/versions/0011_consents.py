"""What members said to each consent, beside who they are.

Revision: 0011
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    connection.exec_driver_sql("ALTER TABLE person ADD COLUMN consents TEXT DEFAULT '{}' NOT NULL")
