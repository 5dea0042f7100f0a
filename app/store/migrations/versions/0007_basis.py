"""What a member's state is made of: the server's version of it, and how many facts of this till on top.

Revision: 0007
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE member ADD COLUMN snapshot_version TEXT DEFAULT '' NOT NULL",
    "ALTER TABLE member ADD COLUMN own INTEGER DEFAULT 0 NOT NULL",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
