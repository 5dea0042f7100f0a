"""What head office publishes, members' cards, and persons."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sync.server.migrations.tables import identity, sharded

revision = "0003"
down_revision = "0002"

LISTS = ("programme", "store", "staff", "product")


def upgrade() -> None:
    op.create_table(
        "list_head",
        sa.Column("list", sa.Text, nullable=False),
        sa.Column("head", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("list", name="pk_list_head"),
        comment="The last version of a list; its row lock makes versions rise in commit order",
    )
    op.create_table(
        "listing",
        sa.Column("list", sa.Text, nullable=False),
        sa.Column("store", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("list", "store", "key", name="pk_listing"),
        comment="Rows of the lists that head office publishes; store '' is all stores; without body, removed",
    )
    op.create_index("ix_listing_list", "listing", ["list", "store", "version"])
    sharded(
        "member_card",
        sa.Column("member", identity(), nullable=False),
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("linked_ms", sa.BigInteger, nullable=False),
        sa.Column("blocked_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("shard", "member", "token", name="pk_member_card"),
        comment="Cards of members, from the facts in their states",
    )
    sharded(
        "person",
        sa.Column("member", identity(), nullable=False),
        sa.Column("store", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("updated_ms", sa.BigInteger, nullable=False),
        sa.Column("origin", identity(), nullable=False),
        sa.Column("data", sa.LargeBinary()),
        sa.Column("erased_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("shard", "member", name="pk_person"),
        sa.UniqueConstraint("shard", "version", name="uq_person_shard_version"),
        comment="Who members are: the only personal data; version is of member_head. Without data, erased",
    )
    heads = sa.table("list_head", sa.column("list"), sa.column("head"))
    op.bulk_insert(heads, [{"list": name, "head": 0} for name in LISTS])
    # Cards and the day of enrolment were not folded until now: fold everything again.
    op.execute("DELETE FROM member")
    op.execute("DELETE FROM member_fact")
    op.execute("UPDATE folded SET pos = 0")
