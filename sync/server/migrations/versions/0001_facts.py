"""Facts, envelopes, tills, credentials."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from sync.server.migrations.tables import identity, sharded

revision = "0001"
down_revision = None

SHARDS = 64
BYTES = sa.LargeBinary()
DOCUMENT = postgresql.JSONB().with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    facts()
    tills()
    reference()
    append_only("fact")
    append_only("envelope")
    heads = sa.table("shard_head", sa.column("shard"), sa.column("head"))
    op.bulk_insert(heads, [{"shard": shard, "head": 0} for shard in range(SHARDS)])


def facts() -> None:
    sharded(
        "shard_head",
        sa.Column("head", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("shard", name="pk_shard_head"),
        comment="The last feed position of a shard; its row lock makes positions gapless and in commit order",
    )
    sharded(
        "fact",
        sa.Column("id", identity(), nullable=False),
        sa.Column("pos", sa.BigInteger, nullable=False),
        sa.Column("origin", identity(), nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("received_ms", sa.BigInteger, nullable=False),
        sa.Column("body", BYTES, nullable=False),
        sa.Column("doc", DOCUMENT),
        sa.PrimaryKeyConstraint("shard", "id", name="pk_fact"),
        sa.UniqueConstraint("shard", "pos", name="uq_fact_shard_pos"),
        comment="Facts, once each: body is the bytes that came; origin, epoch, seq are its first envelope's",
    )
    sharded(
        "envelope",
        sa.Column("origin", identity(), nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", BYTES, nullable=False),
        sa.Column("fact_id", identity()),
        sa.PrimaryKeyConstraint("shard", "origin", "epoch", "seq", name="pk_envelope"),
        sqlite_with_rowid=False,
        comment="Every number an origin used, with the chain's hash; without fact_id, quarantined",
    )
    sharded(
        "quarantine",
        sa.Column("origin", identity(), nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("received_ms", sa.BigInteger, nullable=False),
        sa.Column("body", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("shard", "origin", "epoch", "seq", name="pk_quarantine"),
        comment="Bytes that came as a fact and could not be taken as one: kept as they are",
    )


def tills() -> None:
    sharded(
        "till",
        sa.Column("id", identity(), nullable=False),
        sa.Column("store", sa.Text, nullable=False),
        sa.Column("enrolled_ms", sa.BigInteger, nullable=False),
        sa.Column("revoked_ms", sa.BigInteger),
        sa.Column("seen_ms", sa.BigInteger),
        sa.Column("clock_skew_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("shard", "id", name="pk_till"),
    )
    sharded(
        "till_key",
        sa.Column("till", identity(), nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("public_key", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("shard", "till", "epoch", name="pk_till_key"),
        sa.UniqueConstraint("shard", "till", "public_key", name="uq_till_key_shard_till_public_key"),
        sa.ForeignKeyConstraint(["shard", "till"], ["till.shard", "till.id"], name="fk_till_key_shard_till"),
        comment="One Ed25519 key for each epoch of a till: after a copied disk both halves go on",
    )


def reference() -> None:
    op.create_table(
        "setting",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("value", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_setting"),
    )
    op.create_table(
        "store",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_store"),
    )
    op.create_table(
        "enrol_code",
        sa.Column("code_hash", BYTES, nullable=False),
        sa.Column("store", sa.Text, nullable=False),
        sa.Column("till", identity()),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("expires_ms", sa.BigInteger, nullable=False),
        sa.Column("used_ms", sa.BigInteger),
        sa.Column("used_key", BYTES),
        sa.Column("used_till", identity()),
        sa.Column("used_epoch", sa.Integer),
        sa.PrimaryKeyConstraint("code_hash", name="pk_enrol_code"),
        sa.ForeignKeyConstraint(["store"], ["store.id"], name="fk_enrol_code_store"),
        comment="One-time codes; `till` binds a code to a till that enrols again",
    )
    op.create_table(
        "office_token",
        sa.Column("token_hash", BYTES, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("revoked_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("token_hash", name="pk_office_token"),
    )


def append_only(table: str) -> None:
    """Refuse UPDATE and DELETE (and TRUNCATE) of facts: what happened is only added to."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$BEGIN RAISE EXCEPTION '{table} is append-only'; END$$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION {table}_append_only()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()"
    )
