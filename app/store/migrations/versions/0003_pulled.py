"""What comes from the server: lists of head office, when a card was linked, what persons it knows.

Revision: 0003
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE listed (
        list TEXT NOT NULL,
        "key" TEXT NOT NULL,
        store TEXT NOT NULL,
        body BLOB NOT NULL,
        CONSTRAINT pk_listed PRIMARY KEY (list, "key")
    )
     WITHOUT ROWID
    """,
    "ALTER TABLE card ADD COLUMN linked_ms INTEGER DEFAULT 0 NOT NULL",
    "ALTER TABLE card ADD COLUMN pulled INTEGER DEFAULT 0 NOT NULL",
    "ALTER TABLE person ADD COLUMN handed_ms INTEGER",
    "CREATE INDEX ix_person_unhanded ON person (n) WHERE handed_ms IS NULL OR handed_ms < updated_ms",
    # When each card was linked stands in the facts.
    """
    UPDATE card SET linked_ms = coalesce((
        SELECT max(f.at_ms) FROM fact f WHERE f.kind = 'card_linked' AND f.member = card.member
        AND json_extract(CAST(f.body AS TEXT), '$.card') = card.token
    ), 0)
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
