"""What of members and codes may be spent once: holds, uses of codes, gift cards, overdrafts."""

from __future__ import annotations

import sqlalchemy as sa

from sync.server.schema.base import MEMBERS, Id, metadata, shard

hold = sa.Table(
    "hold",
    metadata,
    shard(),
    sa.Column("id", Id, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("till", Id, nullable=False),
    sa.Column("sale", Id),
    sa.Column("state", sa.SmallInteger, nullable=False),
    sa.Column("expires_ms", sa.BigInteger, nullable=False),
    sa.Index("ix_hold_subject", "shard", "state", "subject"),
    sa.Index("ix_hold_expires", "state", "expires_ms"),
    sa.Index("ix_hold_id", "id"),
    info=MEMBERS,
    comment="What tills reserved while online; shard of the member or the code. 0 held, 1 ran out, 2 ended",
)

overdraft = sa.Table(
    "overdraft",
    metadata,
    shard(),
    sa.Column("member", Id, primary_key=True),
    sa.Column("fact_id", Id, primary_key=True),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("origin", Id, nullable=False),
    sa.Column("by_centi", sa.BigInteger, nullable=False),
    sa.Column("debt_centi", sa.BigInteger, nullable=False),
    info=MEMBERS,
    comment="Facts by which a balance fell below zero, or further, in the order of folding",
)

code_use = sa.Table(
    "code_use",
    metadata,
    shard(),
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("fact_id", Id, primary_key=True),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("times", sa.Integer, nullable=False),
    sa.Column("amount_minor", sa.BigInteger, nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("origin", Id, nullable=False),
    info=MEMBERS,
    comment="Uses of coupons that are good for one, by the shard of the code; a refund's count below zero",
)

gift_card_move = sa.Table(
    "gift_card_move",
    metadata,
    shard(),
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("fact_id", Id, primary_key=True),
    sa.Column("amount_minor", sa.BigInteger, nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("origin", Id, nullable=False),
    info=MEMBERS,
    comment="What facts put on gift cards and took off them; a card's balance is the sum",
)
