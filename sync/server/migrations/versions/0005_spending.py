"""Holds, overdrafts, coupons and gift cards; what each till was allowed; the keys of tills as a list."""

from __future__ import annotations

import base64
import json
import uuid
from typing import Any

import sqlalchemy as sa
from alembic import op

from sync.server.migrations.tables import identity, sharded

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    sharded(
        "hold",
        sa.Column("id", identity(), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("till", identity(), nullable=False),
        sa.Column("sale", identity()),
        sa.Column("state", sa.SmallInteger, nullable=False),
        sa.Column("expires_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("shard", "id", name="pk_hold"),
        comment="What tills reserved while online; shard of the member or the code."
        " 0 held, 1 ran out, 2 ended",
    )
    op.create_index("ix_hold_subject", "hold", ["shard", "state", "subject"])
    op.create_index("ix_hold_expires", "hold", ["state", "expires_ms"])
    op.create_index("ix_hold_id", "hold", ["id"])
    sharded(
        "overdraft",
        sa.Column("member", identity(), nullable=False),
        sa.Column("fact_id", identity(), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("origin", identity(), nullable=False),
        sa.Column("by_centi", sa.BigInteger, nullable=False),
        sa.Column("debt_centi", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("shard", "member", "fact_id", name="pk_overdraft"),
        comment="Facts by which a balance fell below zero, or further, in the order of folding",
    )
    sharded(
        "code_use",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("fact_id", identity(), nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("origin", identity(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "code", "fact_id", name="pk_code_use"),
        comment="Uses of coupons that are good for one, by the shard of the code;"
        " a refund's count below zero",
    )
    sharded(
        "gift_card_move",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("fact_id", identity(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("origin", identity(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "code", "fact_id", name="pk_gift_card_move"),
        comment="What facts put on gift cards and took off them; a card's balance is the sum",
    )
    sharded(
        "till_contact",
        sa.Column("till", identity(), nullable=False),
        sa.Column("contact_ms", sa.BigInteger, nullable=False),
        sa.Column("points_centi", sa.BigInteger, nullable=False),
        sa.Column("coupons_minor", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("shard", "till", name="pk_till_contact"),
        comment="When a till last synced, to half a minute, and the most that it may take for its allowance",
    )
    _lists()
    # Overdrafts, coupons and gift cards were not folded until now.
    op.execute("DELETE FROM member")
    op.execute("DELETE FROM member_fact")
    op.execute("UPDATE folded SET pos = 0")


def _lists() -> None:
    """The new lists, and the keys of the tills that are enrolled already."""
    key = sa.table(
        "till_key",
        *(sa.column(name, kind) for name, kind in (("till", identity()), ("epoch", sa.Integer()))),
        *(sa.column("public_key", sa.LargeBinary()), sa.column("shard")),
    )
    till = sa.table("till", sa.column("shard"), sa.column("id", identity()), sa.column("revoked_ms"))
    query = sa.select(key.c.till, key.c.epoch, key.c.public_key, till.c.revoked_ms).join(
        till, (till.c.shard == key.c.shard) & (till.c.id == key.c.till)
    )
    rows = [
        {"list": "till_key", "store": "", "key": f"{_id(row.till).hex}-{row.epoch}", "version": version,
         "body": _body(row)}
        for version, row in enumerate(op.get_bind().execute(query).all(), 1)
    ]  # fmt: skip
    heads = sa.table("list_head", sa.column("list"), sa.column("head"))
    op.bulk_insert(heads, [{"list": "allowance", "head": 0}, {"list": "till_key", "head": len(rows)}])
    names = ("list", "store", "key", "version", "body")
    if rows:
        op.bulk_insert(sa.table("listing", *(sa.column(name) for name in names)), rows)


def _id(till: Any) -> uuid.UUID:
    return uuid.UUID(bytes=till) if isinstance(till, bytes) else till


def _body(row: Any) -> bytes:
    public_key = base64.b64encode(row.public_key).decode()
    body = {"till": str(_id(row.till)), "epoch": row.epoch, "public_key": public_key}
    withdrawn = {} if row.revoked_ms is None else {"revoked_ms": row.revoked_ms}
    return json.dumps({**body, **withdrawn}).encode()
