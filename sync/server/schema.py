"""The central server's tables, fit for sharding (Citus) from the first migration.

A *family* of tables is split by `shard`: it stands in every primary key, unique and foreign key, and no key
leads out of the family. *Reference* tables are small and whole everywhere. Tests hold the metadata to it.
"""

from __future__ import annotations

import hashlib
import uuid
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

HEAD: Final = "0008"
"""The newest migration; a test compares it with the scripts, another the scripts with these tables."""
SHARDS: Final = 64
"""Number of shards, for ever: it decides where every fact is."""
FACTS: Final = {"family": "facts"}
MEMBERS: Final = {"family": "members"}
REFERENCE: Final = {"family": "reference"}


def shard_of(owner: uuid.UUID) -> int:
    """The shard of an origin's facts, or of a member: the first byte of the id's SHA-256, modulo `SHARDS`."""
    return hashlib.sha256(owner.bytes).digest()[0] % SHARDS


def shard_of_code(code: str) -> int:
    """The shard of a coupon or gift card: the same, of the code's bytes in UTF-8."""
    return hashlib.sha256(code.encode()).digest()[0] % SHARDS


class Id(sa.types.TypeDecorator[uuid.UUID]):
    """A UUID: PostgreSQL's own type, 16 bytes in SQLite."""

    impl = sa.LargeBinary(16)
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.UUID(as_uuid=True))
        return dialect.type_descriptor(sqlite.BLOB(16))

    def process_bind_param(self, value: uuid.UUID | None, dialect: sa.Dialect) -> Any:
        return value if value is None or dialect.name == "postgresql" else value.bytes

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> uuid.UUID | None:
        return uuid.UUID(bytes=value) if isinstance(value, bytes) else value


DOCUMENT: Final = postgresql.JSONB(none_as_null=True).with_variant(sa.Text(), "sqlite")
"""The body once more for queries, on PostgreSQL; always NULL in SQLite, which reads JSON from bytes."""

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _shard() -> sa.Column[int]:
    return sa.Column("shard", sa.SmallInteger, primary_key=True, autoincrement=False)


shard_head = sa.Table(
    "shard_head",
    metadata,
    _shard(),
    sa.Column("head", sa.BigInteger, nullable=False),
    info=FACTS,
    comment="The last feed position of a shard; its row lock makes positions gapless and in commit order",
)

fact = sa.Table(
    "fact",
    metadata,
    _shard(),
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
    info=FACTS,
    comment="Facts, once each: body is the bytes that came; origin, epoch, seq are its first envelope's",
)

envelope = sa.Table(
    "envelope",
    metadata,
    _shard(),
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
    _shard(),
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

till = sa.Table(
    "till",
    metadata,
    _shard(),
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
    _shard(),
    sa.Column("till", Id, primary_key=True),
    sa.Column("epoch", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("public_key", sa.LargeBinary(32), nullable=False),
    sa.ForeignKeyConstraint(["shard", "till"], ["till.shard", "till.id"]),
    sa.UniqueConstraint("shard", "till", "public_key"),
    info=FACTS,
    comment="One Ed25519 key for each epoch of a till: after a copied disk both halves go on",
)

till_contact = sa.Table(
    "till_contact",
    metadata,
    _shard(),
    sa.Column("till", Id, primary_key=True),
    sa.Column("contact_ms", sa.BigInteger, nullable=False),
    sa.Column("points_centi", sa.BigInteger, nullable=False),
    sa.Column("coupons_minor", sa.BigInteger, nullable=False),
    info=FACTS,
    comment="When a till last synced, to half a minute, and the most that it may take for its allowance",
)

relinked = sa.Table(
    "relinked",
    metadata,
    _shard(),
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
    _shard(),
    sa.Column("pos", sa.BigInteger, nullable=False),
    info=FACTS,
    comment="How far the facts of a shard are folded into members",
)

event_key = sa.Table(
    "event_key",
    metadata,
    _shard(),
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
    _shard(),
    sa.Column("day", sa.Text, primary_key=True),
    sa.Column("fact_id", Id, primary_key=True),
    info=FACTS,
    comment="Facts that an export of a business day holds: a projection",
)

dated = sa.Table(
    "dated",
    metadata,
    _shard(),
    sa.Column("pos", sa.BigInteger, nullable=False),
    info=FACTS,
    comment="How far the facts of a shard are in business_day",
)

member_head = sa.Table(
    "member_head",
    metadata,
    _shard(),
    sa.Column("head", sa.BigInteger, nullable=False),
    sa.Column("since", sa.BigInteger),
    info=MEMBERS,
    comment="The last version of a member shard; its row lock makes versions rise in commit order",
)

member = sa.Table(
    "member",
    metadata,
    _shard(),
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
    _shard(),
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
    _shard(),
    sa.Column("member", Id, primary_key=True),
    sa.Column("token", sa.Text, primary_key=True),
    sa.Column("linked_ms", sa.BigInteger, nullable=False),
    sa.Column("blocked_ms", sa.BigInteger),
    info=MEMBERS,
    comment="Cards of members, from the facts in their states",
)

member_alias = sa.Table(
    "member_alias",
    metadata,
    _shard(),
    sa.Column("other", Id, primary_key=True),
    sa.Column("member", Id, nullable=False),
    info=MEMBERS,
    comment="other was merged into member: its facts count there, and nothing counts under its own id",
)

person = sa.Table(
    "person",
    metadata,
    _shard(),
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
    _shard(),
    sa.Column("member", Id, primary_key=True),
    sa.Column("phone_hash", sa.LargeBinary(16), nullable=False),
    sa.Index("ix_person_phone_hash", "phone_hash"),
    info=MEMBERS,
    comment="Keyed hashes of members' phone numbers, to find those that two members share",
)

compared = sa.Table(
    "compared",
    metadata,
    _shard(),
    sa.Column("pos", sa.BigInteger, nullable=False),
    info=MEMBERS,
    comment="Up to which version of a member shard persons were compared",
)

hold = sa.Table(
    "hold",
    metadata,
    _shard(),
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
    _shard(),
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
    _shard(),
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
    _shard(),
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("fact_id", Id, primary_key=True),
    sa.Column("amount_minor", sa.BigInteger, nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("origin", Id, nullable=False),
    info=MEMBERS,
    comment="What facts put on gift cards and took off them; a card's balance is the sum",
)

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

checked = sa.Table(
    "checked",
    metadata,
    _shard(),
    sa.Column("pos", sa.BigInteger, nullable=False),
    sa.Column("sales", sa.BigInteger, nullable=False),
    info=FACTS,
    comment="How far the sales of a shard were priced again, and how many they were",
)

unchecked = sa.Table(
    "unchecked",
    metadata,
    _shard(),
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
    _shard(),
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

LISTS: Final = ("programme", "store", "allowance", "till_key", "staff", "product", "merge")
"""What tills are given, in the order in which a bare till needs it; the keys of tills come of enrolments,
members to merge of their phone numbers (`twins`)."""
APPEND_ONLY: Final = ("fact", "envelope")
"""Tables whose rows triggers protect from UPDATE and DELETE."""
