"""What this till spent without asking, and what other tills hold of a member's points.

Revision: 0006
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE member ADD COLUMN held_centi INTEGER DEFAULT 0 NOT NULL",
    """
    CREATE TABLE alone (
        fact BLOB NOT NULL,
        member BLOB NOT NULL,
        points_centi INTEGER NOT NULL,
        coupons_minor INTEGER NOT NULL,
        CONSTRAINT pk_alone PRIMARY KEY (fact)
    )
    """,
    "CREATE INDEX ix_alone_member ON alone (member)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
