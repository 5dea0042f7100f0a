"""The first shape: facts, what is folded from them, catalogue, people, print queue.

Revision: 0001
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE basket (
        slot INTEGER NOT NULL,
        payload BLOB NOT NULL,
        at_ms INTEGER NOT NULL,
        CONSTRAINT pk_basket PRIMARY KEY (slot)
    )
    """,
    """
    CREATE TABLE card (
        token TEXT NOT NULL,
        member BLOB NOT NULL,
        blocked INTEGER DEFAULT 0 NOT NULL,
        CONSTRAINT pk_card PRIMARY KEY (token)
    )
    """,
    """
    CREATE INDEX ix_card_member ON card (member)
    """,
    """
    CREATE TABLE day (
        business_day TEXT NOT NULL,
        figures BLOB NOT NULL,
        CONSTRAINT pk_day PRIMARY KEY (business_day)
    )
    """,
    """
    CREATE TABLE fact (
        id BLOB NOT NULL,
        kind TEXT NOT NULL,
        at_ms INTEGER NOT NULL,
        member BLOB,
        body BLOB NOT NULL,
        CONSTRAINT pk_fact PRIMARY KEY (id)
    )
    """,
    """
    CREATE INDEX ix_fact_member ON fact (member) WHERE member IS NOT NULL
    """,
    """
    CREATE TABLE head (
        one INTEGER DEFAULT 1 NOT NULL,
        origin BLOB NOT NULL,
        epoch INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        hash BLOB NOT NULL,
        acked_seq INTEGER NOT NULL,
        CONSTRAINT pk_head PRIMARY KEY (one)
    )
    """,
    """
    CREATE TABLE member (
        id BLOB NOT NULL,
        state BLOB NOT NULL,
        as_of_ms INTEGER NOT NULL,
        snapshot BLOB,
        snapshot_ms INTEGER,
        applied_epoch INTEGER DEFAULT 0 NOT NULL,
        applied_seq INTEGER DEFAULT 0 NOT NULL,
        CONSTRAINT pk_member PRIMARY KEY (id)
    )
    """,
    """
    CREATE TABLE person (
        n INTEGER NOT NULL,
        member BLOB NOT NULL,
        name TEXT NOT NULL,
        phone TEXT DEFAULT '' NOT NULL,
        email TEXT DEFAULT '' NOT NULL,
        birthday TEXT DEFAULT '' NOT NULL,
        lang TEXT DEFAULT '' NOT NULL,
        updated_ms INTEGER NOT NULL,
        CONSTRAINT pk_person PRIMARY KEY (n),
        CONSTRAINT uq_person_member UNIQUE (member)
    )
    """,
    """
    CREATE TABLE print_job (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        fact BLOB,
        title TEXT NOT NULL,
        document BLOB NOT NULL,
        state TEXT NOT NULL,
        attempts INTEGER DEFAULT 0 NOT NULL,
        detail TEXT DEFAULT '' NOT NULL,
        created_ms INTEGER NOT NULL
    )
    """,
    """
    CREATE INDEX ix_print_job_open ON print_job (id) WHERE state IN ('queued', 'sending', 'unknown', 'failed')
    """,
    """
    CREATE TABLE product (
        n INTEGER NOT NULL,
        sku TEXT NOT NULL,
        name TEXT NOT NULL,
        names TEXT DEFAULT '{}' NOT NULL,
        category TEXT DEFAULT '' NOT NULL,
        brand TEXT DEFAULT '' NOT NULL,
        tags TEXT DEFAULT '' NOT NULL,
        price_minor INTEGER NOT NULL,
        tax TEXT DEFAULT '' NOT NULL,
        unit TEXT DEFAULT 'piece' NOT NULL,
        favourite INTEGER,
        CONSTRAINT pk_product PRIMARY KEY (n),
        CONSTRAINT uq_product_sku UNIQUE (sku)
    )
    """,
    """
    CREATE INDEX ix_product_favourite ON product (favourite) WHERE favourite IS NOT NULL
    """,
    """
    CREATE TABLE sale (
        id BLOB NOT NULL,
        number INTEGER NOT NULL,
        business_day TEXT NOT NULL,
        at_ms INTEGER NOT NULL,
        member BLOB,
        total_minor INTEGER NOT NULL,
        CONSTRAINT pk_sale PRIMARY KEY (id),
        CONSTRAINT uq_sale_number UNIQUE (number)
    )
    """,
    """
    CREATE TABLE setting (
        "key" TEXT NOT NULL,
        value BLOB NOT NULL,
        CONSTRAINT pk_setting PRIMARY KEY ("key")
    )
     WITHOUT ROWID
    """,
    """
    CREATE TABLE shift (
        id BLOB NOT NULL,
        number INTEGER NOT NULL,
        business_day TEXT NOT NULL,
        cashier TEXT NOT NULL,
        opened_ms INTEGER NOT NULL,
        closed_ms INTEGER,
        float_minor INTEGER NOT NULL,
        CONSTRAINT pk_shift PRIMARY KEY (id),
        CONSTRAINT uq_shift_number UNIQUE (number)
    )
    """,
    """
    CREATE TABLE entry (
        fact BLOB NOT NULL,
        n INTEGER NOT NULL,
        member BLOB NOT NULL,
        account TEXT NOT NULL,
        contra TEXT NOT NULL,
        amount INTEGER NOT NULL,
        CONSTRAINT pk_entry PRIMARY KEY (fact, n),
        CONSTRAINT fk_entry_fact FOREIGN KEY(fact) REFERENCES fact (id)
    )
     WITHOUT ROWID
    """,
    """
    CREATE INDEX ix_entry_member ON entry (member)
    """,
    """
    CREATE TABLE envelope (
        origin BLOB NOT NULL,
        epoch INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        fact BLOB NOT NULL,
        prev_hash BLOB NOT NULL,
        hash BLOB NOT NULL,
        CONSTRAINT pk_envelope PRIMARY KEY (origin, epoch, seq),
        CONSTRAINT fk_envelope_fact FOREIGN KEY(fact) REFERENCES fact (id)
    )
     WITHOUT ROWID
    """,
    """
    CREATE INDEX ix_envelope_fact ON envelope (fact)
    """,
    """
    CREATE TABLE product_code (
        code TEXT NOT NULL,
        product INTEGER NOT NULL,
        CONSTRAINT pk_product_code PRIMARY KEY (code),
        CONSTRAINT fk_product_code_product FOREIGN KEY(product) REFERENCES product (n)
    )
     WITHOUT ROWID
    """,
    """
    CREATE INDEX ix_product_code_product ON product_code (product)
    """,
    "CREATE TRIGGER fact_no_update BEFORE UPDATE ON fact"
    " BEGIN SELECT RAISE(ABORT, 'fact is never changed: write a correcting fact'); END",
    "CREATE TRIGGER fact_no_delete BEFORE DELETE ON fact"
    " BEGIN SELECT RAISE(ABORT, 'fact is never deleted: write a correcting fact'); END",
    "CREATE TRIGGER envelope_no_update BEFORE UPDATE ON envelope"
    " BEGIN SELECT RAISE(ABORT, 'envelope is never changed: write a correcting fact'); END",
    "CREATE TRIGGER envelope_no_delete BEFORE DELETE ON envelope"
    " BEGIN SELECT RAISE(ABORT, 'envelope is never deleted: write a correcting fact'); END",
    "CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry"
    " BEGIN SELECT RAISE(ABORT, 'entry is never changed: write a correcting fact'); END",
    "CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry"
    " BEGIN SELECT RAISE(ABORT, 'entry is never deleted: write a correcting fact'); END",
    "CREATE VIRTUAL TABLE product_find USING fts5(folded, content='', contentless_delete=1, prefix='1 2 3')",
    "CREATE VIRTUAL TABLE person_find USING fts5(folded, content='', contentless_delete=1, prefix='2 3 4')",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
