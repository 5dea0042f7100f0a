"""Members of whom the server tells no more, since they are of other stores.

Revision: 0010
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    connection.exec_driver_sql("ALTER TABLE member ADD COLUMN pull INTEGER DEFAULT 0 NOT NULL")
