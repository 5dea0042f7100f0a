"""What tills send: facts, the envelopes they came in, and how far they were worked on."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

from sync.server.schema.base import DOCUMENT, FACTS, Id, metadata, shard


class sale_named(sa.ColumnElement[str]):
    """The sale that a fact names as its `sale`, as text: what `ix_fact_sale` holds of those in LATER."""

    inherit_cache = True
    type = sa.Text()


@compiles(sale_named)
def _from_bytes(_element: sale_named, _compiler: Any, **_options: Any) -> str:
    text = "CAST(body AS TEXT)"
    return f"CASE WHEN json_valid({text}) THEN json_extract({text}, '$.sale') END"


@compiles(sale_named, "postgresql")
def _from_document(_element: sale_named, _compiler: Any, **_options: Any) -> str:
    return "(doc ->> 'sale')"


LATER = sa.text("kind IN ('sale_refunded', 'sale_given_to', 'sale_taken_from')")
"""Facts that say what became of a sale. In these very words, or the index does not serve."""

shard_head = sa.Table(
    "shard_head",
    metadata,
    shard(),
    sa.Column("head", sa.BigInteger, nullable=False),
    info=FACTS,
    comment="The last feed position of a shard; its row lock makes positions gapless and in commit order",
)

fact = sa.Table(
    "fact",
    metadata,
    shard(),
    sa.Column("id", Id, primary_key=True),
    sa.Column("pos", sa.BigInteger, nullable=False),
    sa.Column("origin", Id, nullable=False),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("received_ms", sa.BigInteger, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("doc", DOCUMENT),
    sa.UniqueConstraint("shard", "pos"),
    sa.Index("ix_fact_sale", "shard", sale_named(), postgresql_where=LATER, sqlite_where=LATER),
    info=FACTS,
    comment="Facts, once each: body is the bytes that came; origin, epoch, seq are its first envelope's",
)

envelope = sa.Table(
    "envelope",
    metadata,
    shard(),
    sa.Column("origin", Id, primary_key=True),
    sa.Column("epoch", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("hash", sa.LargeBinary(32), nullable=False),
    sa.Column("fact_id", Id),
    info=FACTS,
    sqlite_with_rowid=False,
    comment="Every number an origin used, with the chain's hash; without fact_id, quarantined",
)

quarantine = sa.Table(
    "quarantine",
    metadata,
    shard(),
    sa.Column("origin", Id, primary_key=True),
    sa.Column("epoch", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("received_ms", sa.BigInteger, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    info=FACTS,
    comment="Bytes that came as a fact and could not be taken as one: kept as they are",
)

relinked = sa.Table(
    "relinked",
    metadata,
    shard(),
    sa.Column("origin", Id, primary_key=True),
    sa.Column("epoch", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("fact_id", Id, nullable=False),
    info=FACTS,
    comment="Envelopes of facts that had come before under another envelope: few",
)

folded = sa.Table(
    "folded",
    metadata,
    shard(),
    sa.Column("pos", sa.BigInteger, nullable=False),
    info=FACTS,
    comment="How far the facts of a shard are folded into members",
)

event_key = sa.Table(
    "event_key",
    metadata,
    shard(),
    sa.Column("key_hash", sa.LargeBinary(32), primary_key=True),
    sa.Column("digest", sa.LargeBinary(32), nullable=False),
    sa.Column("member", Id, nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    info=FACTS,
    comment="Idempotency keys of events from outside, by the key's own shard",
)

business_day = sa.Table(
    "business_day",
    metadata,
    shard(),
    sa.Column("day", sa.Text, primary_key=True),
    sa.Column("fact_id", Id, primary_key=True),
    info=FACTS,
    comment="Facts that an export of a business day holds: a projection",
)

dated = sa.Table(
    "dated",
    metadata,
    shard(),
    sa.Column("pos", sa.BigInteger, nullable=False),
    info=FACTS,
    comment="How far the facts of a shard are in business_day",
)
