"""Sales that the server priced again, and what it found."""

from __future__ import annotations

import sqlalchemy as sa

from sync.server.schema.base import FACTS, MEMBERS, Id, metadata, shard

checked = sa.Table(
    "checked",
    metadata,
    shard(),
    sa.Column("pos", sa.BigInteger, nullable=False),
    sa.Column("sales", sa.BigInteger, nullable=False),
    info=FACTS,
    comment="How far the sales of a shard were priced again, and how many they were",
)

unchecked = sa.Table(
    "unchecked",
    metadata,
    shard(),
    sa.Column("origin", Id, primary_key=True),
    sa.Column("reason", sa.Text, primary_key=True),
    sa.Column("programme", sa.Text, primary_key=True),
    sa.Column("sales", sa.BigInteger, nullable=False),
    sa.Column("last_sale", Id, nullable=False),
    sa.Column("last_ms", sa.BigInteger, nullable=False),
    info=FACTS,
    comment="Sales that could not be priced again, counted by till, reason and programme",
)

finding = sa.Table(
    "finding",
    metadata,
    shard(),
    sa.Column("sale", Id, primary_key=True),
    sa.Column("list", sa.Text, primary_key=True),
    sa.Column("member", Id),
    sa.Column("origin", Id, nullable=False),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("programme", sa.Text, nullable=False),
    sa.Column("engine", sa.Integer, nullable=False),
    sa.Column("amount_minor", sa.BigInteger, nullable=False),
    sa.Column("points_centi", sa.BigInteger, nullable=False),
    sa.Column("differences", sa.LargeBinary, nullable=False),
    sa.Column("found_ms", sa.BigInteger, nullable=False),
    sa.Index("ix_finding_list", "shard", "list", "sale"),
    info=MEMBERS,
    comment="Sales that came out otherwise: defects from the state they used, exposure from the true one",
)
