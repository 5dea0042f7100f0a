"""Members as folded from facts, their cards, and who they are."""

from __future__ import annotations

import sqlalchemy as sa

from sync.server.schema.base import MEMBERS, Id, metadata, shard

member_head = sa.Table(
    "member_head",
    metadata,
    shard(),
    sa.Column("head", sa.BigInteger, nullable=False),
    sa.Column("since", sa.BigInteger),
    info=MEMBERS,
    comment="The last version of a member shard; its row lock makes versions rise in commit order",
)

member = sa.Table(
    "member",
    metadata,
    shard(),
    sa.Column("id", Id, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("state", sa.LargeBinary, nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("origin", Id, nullable=False),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("shard", "version"),
    info=MEMBERS,
    comment="A member's state (JSON) after its last fact in fold order: at_ms, origin, epoch, seq",
)

member_fact = sa.Table(
    "member_fact",
    metadata,
    shard(),
    sa.Column("member", Id, primary_key=True),
    sa.Column("fact_id", Id, primary_key=True),
    sa.Column("fact_shard", sa.SmallInteger, nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("origin", Id, nullable=False),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("version", sa.BigInteger),
    info=MEMBERS,
    comment="The facts that are in a member's state",
)

member_card = sa.Table(
    "member_card",
    metadata,
    shard(),
    sa.Column("member", Id, primary_key=True),
    sa.Column("token", sa.Text, primary_key=True),
    sa.Column("linked_ms", sa.BigInteger, nullable=False),
    sa.Column("blocked_ms", sa.BigInteger),
    sa.Index("ix_member_card_token", "token"),
    info=MEMBERS,
    comment="Cards of members, from the facts in their states",
)

member_alias = sa.Table(
    "member_alias",
    metadata,
    shard(),
    sa.Column("other", Id, primary_key=True),
    sa.Column("member", Id, nullable=False),
    info=MEMBERS,
    comment="other was merged into member: its facts count there, and nothing counts under its own id",
)

person = sa.Table(
    "person",
    metadata,
    shard(),
    sa.Column("member", Id, primary_key=True),
    sa.Column("store", sa.Text, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("updated_ms", sa.BigInteger, nullable=False),
    sa.Column("origin", Id, nullable=False),
    sa.Column("data", sa.LargeBinary),
    sa.Column("erased_ms", sa.BigInteger),
    sa.UniqueConstraint("shard", "version"),
    info=MEMBERS,
    comment="Who members are: the only personal data; version is of member_head. Without data, erased",
)

person_phone = sa.Table(
    "person_phone",
    metadata,
    shard(),
    sa.Column("member", Id, primary_key=True),
    sa.Column("phone_hash", sa.LargeBinary(16), nullable=False),
    sa.Index("ix_person_phone_hash", "phone_hash"),
    info=MEMBERS,
    comment="Keyed hashes of members' phone numbers, to find those that two members share",
)

compared = sa.Table(
    "compared",
    metadata,
    shard(),
    sa.Column("pos", sa.BigInteger, nullable=False),
    info=MEMBERS,
    comment="Up to which version of a member shard persons were compared",
)
