"""What budgets and stocks have given: by this till's own facts, and by all tills as the server counted.

What facts have charged so far is taken from them. No till has handed over a reward yet, so that no stock was
charged.

Revision: 0009
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE budget_charge (
        fact BLOB NOT NULL,
        part TEXT NOT NULL,
        amount INTEGER NOT NULL,
        CONSTRAINT pk_budget_charge PRIMARY KEY (fact, part)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE budget_spent (
        part TEXT NOT NULL,
        own INTEGER NOT NULL,
        known INTEGER NOT NULL,
        CONSTRAINT pk_budget_spent PRIMARY KEY (part)
    ) WITHOUT ROWID
    """,
    """
    INSERT INTO budget_charge (fact, part, amount)
    SELECT f.id, json_extract(e.value, '$.rule') ||
        CASE WHEN json_extract(e.value, '$.new_member') THEN '#new' ELSE '#existing' END AS part,
        sum(json_extract(e.value, '$.amount_minor'))
    FROM fact f, json_each(CAST(f.body AS TEXT), '$.effects') e
    WHERE instr(f.body, CAST('"budget"' AS BLOB)) AND json_extract(e.value, '$.do') = 'budget'
    GROUP BY f.id, part
    """,
    "INSERT INTO budget_spent SELECT part, sum(amount), 0 FROM budget_charge GROUP BY part",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
