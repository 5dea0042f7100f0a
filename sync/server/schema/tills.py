"""Who may speak with the server: stores, tills and their keys, codes to enrol with, tokens."""

from __future__ import annotations

import sqlalchemy as sa

from sync.server.schema.base import FACTS, REFERENCE, Id, metadata, shard

till = sa.Table(
    "till",
    metadata,
    shard(),
    sa.Column("id", Id, primary_key=True),
    sa.Column("store", sa.Text, nullable=False),
    sa.Column("enrolled_ms", sa.BigInteger, nullable=False),
    sa.Column("revoked_ms", sa.BigInteger),
    sa.Column("seen_ms", sa.BigInteger),
    sa.Column("clock_skew_ms", sa.BigInteger),
    sa.Column("program", sa.Text),
    sa.Column("engine", sa.Integer),
    info=FACTS,
)

till_key = sa.Table(
    "till_key",
    metadata,
    shard(),
    sa.Column("till", Id, primary_key=True),
    sa.Column("epoch", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("public_key", sa.LargeBinary(32), nullable=False),
    sa.Column("revoked_ms", sa.BigInteger),
    sa.ForeignKeyConstraint(["shard", "till"], ["till.shard", "till.id"]),
    sa.UniqueConstraint("shard", "till", "public_key"),
    info=FACTS,
    comment="One Ed25519 key for each epoch of a till: after a copied disk both halves go on",
)

till_contact = sa.Table(
    "till_contact",
    metadata,
    shard(),
    sa.Column("till", Id, primary_key=True),
    sa.Column("contact_ms", sa.BigInteger, nullable=False),
    sa.Column("points_centi", sa.BigInteger, nullable=False),
    sa.Column("coupons_minor", sa.BigInteger, nullable=False),
    info=FACTS,
    comment="When a till last synced, to half a minute, and the most that it may take for its allowance",
)

store = sa.Table(
    "store",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    info=REFERENCE,
)

enrol_code = sa.Table(
    "enrol_code",
    metadata,
    sa.Column("code_hash", sa.LargeBinary(32), primary_key=True),
    sa.Column("store", sa.Text, nullable=False),
    sa.Column("till", Id),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("expires_ms", sa.BigInteger, nullable=False),
    sa.Column("used_ms", sa.BigInteger),
    sa.Column("used_key", sa.LargeBinary(32)),
    sa.Column("used_till", Id),
    sa.Column("used_epoch", sa.Integer),
    sa.ForeignKeyConstraint(["store"], ["store.id"]),
    info=REFERENCE,
    comment="One-time codes; `till` binds a code to a till that enrols again",
)

office_token = sa.Table(
    "office_token",
    metadata,
    sa.Column("token_hash", sa.LargeBinary(32), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("revoked_ms", sa.BigInteger),
    sa.Column("scopes", sa.Text),
    info=REFERENCE,
)
"""Bearer tokens of head office and of others (sync.server.scopes); without scopes, for everything."""
