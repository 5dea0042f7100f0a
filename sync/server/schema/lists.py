"""What head office publishes and sets, and where facts are posted to."""

from __future__ import annotations

import sqlalchemy as sa

from sync.server.schema.base import REFERENCE, Id, metadata

list_head = sa.Table(
    "list_head",
    metadata,
    sa.Column("list", sa.Text, primary_key=True),
    sa.Column("head", sa.BigInteger, nullable=False),
    sa.Column("pruned", sa.BigInteger),
    info=REFERENCE,
    comment="The last version of a list; its row lock makes versions rise in commit order",
)

listing = sa.Table(
    "listing",
    metadata,
    sa.Column("list", sa.Text, primary_key=True),
    sa.Column("store", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("body", sa.LargeBinary),
    sa.Column("removed_ms", sa.BigInteger),
    sa.Index("ix_listing_list", "list", "store", "version"),
    info=REFERENCE,
    comment="Rows of the lists that head office publishes; store '' is all stores; without body, removed",
)

programme_source = sa.Table(
    "programme_source",
    metadata,
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("source", sa.LargeBinary, nullable=False),
    sa.Column("first_ms", sa.BigInteger, nullable=False),
    info=REFERENCE,
    comment="Every programme that was ever published, by the digest that sales name it by",
)

setting = sa.Table(
    "setting",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.LargeBinary, nullable=False),
    info=REFERENCE,
)

webhook = sa.Table(
    "webhook",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("secret", sa.LargeBinary, nullable=False),
    sa.Column("kinds", sa.Text, nullable=False),
    sa.Column("cursor", sa.Text, nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("due_ms", sa.BigInteger, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("failing_since_ms", sa.BigInteger),
    sa.Column("delivered_ms", sa.BigInteger),
    sa.Column("disabled_ms", sa.BigInteger),
    sa.Column("problem", sa.Text, nullable=False),
    info=REFERENCE,
    comment="Where facts are posted to: cursor is how far, due_ms when next, or a lease",
)
