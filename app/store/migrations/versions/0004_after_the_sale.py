"""What comes after a sale (refunds, moves, gift cards, codes), merged members, staff, unknown codes.

Revision: 0004
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE sale ADD COLUMN given BLOB",
    "CREATE INDEX ix_sale_member ON sale (member) WHERE member IS NOT NULL",
    "ALTER TABLE shift ADD COLUMN opened BLOB",
    "ALTER TABLE person ADD COLUMN birthday_since_ms INTEGER DEFAULT 0 NOT NULL",
    "ALTER TABLE person ADD COLUMN pin TEXT DEFAULT '' NOT NULL",
    "ALTER TABLE person ADD COLUMN segments TEXT DEFAULT '' NOT NULL",
    "UPDATE person SET birthday_since_ms = updated_ms WHERE birthday != ''",
    """
    UPDATE shift SET opened =
        (SELECT f.id FROM fact f WHERE f.kind = 'shift_opened' AND f.at_ms = shift.opened_ms)
    """,
    """
    CREATE TABLE refund (
        id BLOB NOT NULL,
        number INTEGER NOT NULL,
        sale BLOB,
        business_day TEXT NOT NULL,
        at_ms INTEGER NOT NULL,
        member BLOB,
        total_minor INTEGER NOT NULL,
        CONSTRAINT pk_refund PRIMARY KEY (id),
        CONSTRAINT uq_refund_number UNIQUE (number)
    )
    """,
    """
    CREATE TABLE returned (
        sale BLOB NOT NULL,
        line INTEGER NOT NULL,
        qty_milli INTEGER NOT NULL,
        CONSTRAINT pk_returned PRIMARY KEY (sale, line)
    )
     WITHOUT ROWID
    """,
    """
    CREATE TABLE alias (
        other BLOB NOT NULL,
        member BLOB NOT NULL,
        CONSTRAINT pk_alias PRIMARY KEY (other)
    )
    """,
    """
    CREATE TABLE code_use (
        code TEXT NOT NULL,
        member BLOB NOT NULL,
        times INTEGER NOT NULL,
        CONSTRAINT pk_code_use PRIMARY KEY (code, member)
    )
     WITHOUT ROWID
    """,
    """
    CREATE TABLE gift_card (
        code TEXT NOT NULL,
        balance_minor INTEGER NOT NULL,
        CONSTRAINT pk_gift_card PRIMARY KEY (code)
    )
     WITHOUT ROWID
    """,
    """
    CREATE TABLE staff (
        id TEXT NOT NULL,
        name TEXT NOT NULL,
        role TEXT NOT NULL,
        pin TEXT DEFAULT '' NOT NULL,
        token TEXT DEFAULT '' NOT NULL,
        CONSTRAINT pk_staff PRIMARY KEY (id)
    )
     WITHOUT ROWID
    """,
    """
    CREATE TABLE unknown_code (
        code TEXT NOT NULL,
        department TEXT NOT NULL,
        price_minor INTEGER NOT NULL,
        times INTEGER NOT NULL,
        last_ms INTEGER NOT NULL,
        CONSTRAINT pk_unknown_code PRIMARY KEY (code)
    )
     WITHOUT ROWID
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
