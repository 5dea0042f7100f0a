"""What all tables share: shards, families, types."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

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


def shard() -> sa.Column[int]:
    return sa.Column("shard", sa.SmallInteger, primary_key=True, autoincrement=False)
