"""Tables of the till's database (SQLAlchemy Core). Migrations make them; a test proves both equal.

Three families: what is never changed (fact, envelope, entry), what is folded from it and can be dropped and
rebuilt (member, alias, card, sale, refund, returned, shift, day, code_use, gift_card, budget_charge), and
what stands on its own (product, person, staff, basket, print_job, tap_counter, unknown_code, budget_spent,
setting).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BLOB,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    or_,
    text,
)

from app.store.past import EXCEPTIONS

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

fact: Final = Table(
    "fact",
    metadata,
    Column("id", BLOB, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("at_ms", Integer, nullable=False),
    Column("member", BLOB),
    Column("body", BLOB, nullable=False),
)
Index("ix_fact_member", fact.c.member, sqlite_where=fact.c.member.is_not(None))
Index("ix_fact_at_ms", fact.c.at_ms, sqlite_where=fact.c.kind.in_(EXCEPTIONS))

envelope: Final = Table(
    "envelope",
    metadata,
    Column("origin", BLOB, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("fact", BLOB, ForeignKey("fact.id"), nullable=False),
    Column("prev_hash", BLOB, nullable=False),
    Column("hash", BLOB, nullable=False),
    PrimaryKeyConstraint("origin", "epoch", "seq"),
    sqlite_with_rowid=False,
)
Index("ix_envelope_fact", envelope.c.fact)

entry: Final = Table(
    "entry",
    metadata,
    Column("fact", BLOB, ForeignKey("fact.id"), nullable=False),
    Column("n", Integer, nullable=False),
    Column("member", BLOB, nullable=False),
    Column("account", Text, nullable=False),
    Column("contra", Text, nullable=False),
    Column("amount", Integer, nullable=False),
    PrimaryKeyConstraint("fact", "n"),
    sqlite_with_rowid=False,
)
Index("ix_entry_member", entry.c.member)

head: Final = Table(
    "head",
    metadata,
    Column("one", Integer, primary_key=True, server_default=text("1")),
    Column("origin", BLOB, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("hash", BLOB, nullable=False),
    Column("acked_seq", Integer, nullable=False),
)

member: Final = Table(
    "member",
    metadata,
    Column("id", BLOB, primary_key=True),
    Column("state", BLOB, nullable=False),
    Column("as_of_ms", Integer, nullable=False),
    # What the server last sent, and how much of this till's own log it had folded in for this very member.
    Column("snapshot", BLOB),
    Column("snapshot_ms", Integer),
    Column("applied_epoch", Integer, nullable=False, server_default=text("0")),
    Column("applied_seq", Integer, nullable=False, server_default=text("0")),
    # Which state of the server that was ("history:version"), and how many facts of this till are on top.
    Column("snapshot_version", Text, nullable=False, server_default=""),
    Column("own", Integer, nullable=False, server_default=text("0")),
    # Points of it that other tills held at the server then.
    Column("held_centi", Integer, nullable=False, server_default=text("0")),
    # By which pull of everything the snapshot came: see app.store.scope.
    Column("pull", Integer, nullable=False, server_default=text("0")),
)

# What this till spent on its own word and the server has not counted yet, by card: see app.store.allowances.
alone: Final = Table(
    "alone",
    metadata,
    Column("fact", BLOB, primary_key=True),
    Column("member", BLOB, nullable=False),
    Column("points_centi", Integer, nullable=False),
    Column("coupons_minor", Integer, nullable=False),
)
Index("ix_alone_member", alone.c.member)

# What each fact charged to budgets and stocks, and what they have given in all: see app.store.budgets.
budget_charge: Final = Table(
    "budget_charge",
    metadata,
    Column("fact", BLOB, nullable=False),
    Column("part", Text, nullable=False),
    Column("amount", Integer, nullable=False),
    PrimaryKeyConstraint("fact", "part"),
    sqlite_with_rowid=False,
)

budget_spent: Final = Table(
    "budget_spent",
    metadata,
    Column("part", Text, primary_key=True),
    Column("own", Integer, nullable=False),
    Column("known", Integer, nullable=False),
    sqlite_with_rowid=False,
)

sale: Final = Table(
    "sale",
    metadata,
    Column("id", BLOB, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("business_day", Text, nullable=False),
    Column("at_ms", Integer, nullable=False),
    Column("member", BLOB),
    Column("total_minor", Integer, nullable=False),
    # The fact that gave the sale to the member it now belongs to, if it was ever moved.
    Column("given", BLOB),
    UniqueConstraint("number"),
)
Index("ix_sale_member", sale.c.member, sqlite_where=sale.c.member.is_not(None))

refund: Final = Table(
    "refund",
    metadata,
    Column("id", BLOB, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("sale", BLOB),
    Column("business_day", Text, nullable=False),
    Column("at_ms", Integer, nullable=False),
    Column("member", BLOB),
    Column("total_minor", Integer, nullable=False),
    UniqueConstraint("number"),
)

returned: Final = Table(
    "returned",
    metadata,
    Column("sale", BLOB, nullable=False),
    Column("line", Integer, nullable=False),
    Column("qty_milli", Integer, nullable=False),
    PrimaryKeyConstraint("sale", "line"),
    sqlite_with_rowid=False,
)

shift: Final = Table(
    "shift",
    metadata,
    Column("id", BLOB, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("business_day", Text, nullable=False),
    Column("cashier", Text, nullable=False),
    Column("opened_ms", Integer, nullable=False),
    Column("closed_ms", Integer),
    Column("float_minor", Integer, nullable=False),
    # The fact that opened it: the shift's own facts follow it in the log.
    Column("opened", BLOB),
    UniqueConstraint("number"),
)

day: Final = Table(
    "day",
    metadata,
    Column("business_day", Text, primary_key=True),
    Column("figures", BLOB, nullable=False),
)

alias: Final = Table(
    "alias",
    metadata,
    Column("other", BLOB, primary_key=True),
    Column("member", BLOB, nullable=False),
)

code_use: Final = Table(
    "code_use",
    metadata,
    Column("code", Text, nullable=False),
    Column("member", BLOB, nullable=False),
    Column("times", Integer, nullable=False),
    PrimaryKeyConstraint("code", "member"),
    sqlite_with_rowid=False,
)

gift_card: Final = Table(
    "gift_card",
    metadata,
    Column("code", Text, primary_key=True),
    Column("balance_minor", Integer, nullable=False),
    sqlite_with_rowid=False,
)

card: Final = Table(
    "card",
    metadata,
    Column("token", Text, primary_key=True),
    Column("member", BLOB, nullable=False),
    Column("blocked", Integer, nullable=False, server_default=text("0")),
    # Of two members that a card was linked to, the later holds it; `pulled`: the server says so.
    Column("linked_ms", Integer, nullable=False, server_default=text("0")),
    Column("pulled", Integer, nullable=False, server_default=text("0")),
)
Index("ix_card_member", card.c.member)

# What head office publishes, but products, which have a table of their own.
listed: Final = Table(
    "listed",
    metadata,
    Column("list", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("store", Text, nullable=False),
    Column("body", BLOB, nullable=False),
    PrimaryKeyConstraint("list", "key"),
    sqlite_with_rowid=False,
)

person: Final = Table(
    "person",
    metadata,
    Column("n", Integer, primary_key=True),
    Column("member", BLOB, nullable=False),
    Column("name", Text, nullable=False),
    Column("phone", Text, nullable=False, server_default=""),
    Column("email", Text, nullable=False, server_default=""),
    Column("birthday", Text, nullable=False, server_default=""),
    Column("lang", Text, nullable=False, server_default=""),
    Column("updated_ms", Integer, nullable=False),
    # Since when the birthday is known: a birthday told on the day itself earns nothing.
    Column("birthday_since_ms", Integer, nullable=False, server_default=text("0")),
    Column("pin", Text, nullable=False, server_default=""),
    Column("segments", Text, nullable=False, server_default=""),
    Column("consents", Text, nullable=False, server_default="{}"),
    # The version that the server has, NULL for none.
    Column("handed_ms", Integer),
    UniqueConstraint("member"),
)
Index(
    "ix_person_unhanded",
    person.c.n,
    sqlite_where=or_(person.c.handed_ms.is_(None), person.c.handed_ms < person.c.updated_ms),
)

staff: Final = Table(
    "staff",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("pin", Text, nullable=False, server_default=""),
    Column("token", Text, nullable=False, server_default=""),
    sqlite_with_rowid=False,
)

unknown_code: Final = Table(
    "unknown_code",
    metadata,
    Column("code", Text, primary_key=True),
    Column("department", Text, nullable=False),
    Column("price_minor", Integer, nullable=False),
    Column("times", Integer, nullable=False),
    Column("last_ms", Integer, nullable=False),
    sqlite_with_rowid=False,
)

product: Final = Table(
    "product",
    metadata,
    Column("n", Integer, primary_key=True),
    Column("sku", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("names", Text, nullable=False, server_default="{}"),
    Column("category", Text, nullable=False, server_default=""),
    Column("brand", Text, nullable=False, server_default=""),
    Column("tags", Text, nullable=False, server_default=""),
    Column("price_minor", Integer, nullable=False),
    Column("tax", Text, nullable=False, server_default=""),
    Column("unit", Text, nullable=False, server_default="piece"),
    Column("favourite", Integer),
    UniqueConstraint("sku"),
)
Index("ix_product_favourite", product.c.favourite, sqlite_where=product.c.favourite.is_not(None))

product_code: Final = Table(
    "product_code",
    metadata,
    Column("code", Text, primary_key=True),
    Column("product", Integer, ForeignKey("product.n"), nullable=False),
    sqlite_with_rowid=False,
)
Index("ix_product_code_product", product_code.c.product)

basket: Final = Table(
    "basket",
    metadata,
    Column("slot", Integer, primary_key=True),
    Column("payload", BLOB, nullable=False),
    Column("at_ms", Integer, nullable=False),
)

print_job: Final = Table(
    "print_job",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("fact", BLOB),
    Column("title", Text, nullable=False),
    Column("document", BLOB, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("detail", Text, nullable=False, server_default=""),
    Column("created_ms", Integer, nullable=False),
    sqlite_autoincrement=True,
)
Index(
    "ix_print_job_open",
    print_job.c.id,
    sqlite_where=print_job.c.state.in_(["queued", "sending", "unknown", "failed"]),
)

# The highest counter seen of each card that proves itself: a lower one later is a recording of the card.
tap_counter: Final = Table(
    "tap_counter",
    metadata,
    Column("uid", Text, primary_key=True),
    Column("counter", Integer, nullable=False),
    Column("at_ms", Integer, nullable=False),
    sqlite_with_rowid=False,
)

setting: Final = Table(
    "setting",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", BLOB, nullable=False),
    sqlite_with_rowid=False,
)

_NEVER: Final = ("fact", "envelope", "entry")

TRIGGERS: Final = tuple(
    f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
    f"BEGIN SELECT RAISE(ABORT, '{table} is never {done}: write a correcting fact'); END"
    for table in _NEVER
    for act, done in (("UPDATE", "changed"), ("DELETE", "deleted"))
)
"""Corrections are new facts. Pruning will come with a checkpoint, and its own trigger condition."""

FIND_TABLES: Final = (
    "CREATE VIRTUAL TABLE product_find USING fts5(folded, content='', contentless_delete=1, prefix='1 2 3')",
    "CREATE VIRTUAL TABLE person_find USING fts5(folded, content='', contentless_delete=1, prefix='2 3 4')",
)
"""Full-text indexes over our own folded text, rowid = product.n or person.n."""
