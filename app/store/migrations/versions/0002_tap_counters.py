"""The highest tap counter seen of each card that proves itself.

Revision: 0002
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.get_bind().exec_driver_sql(
        """
        CREATE TABLE tap_counter (
            uid TEXT NOT NULL,
            counter INTEGER NOT NULL,
            at_ms INTEGER NOT NULL,
            CONSTRAINT pk_tap_counter PRIMARY KEY (uid)
        )
         WITHOUT ROWID
        """
    )
