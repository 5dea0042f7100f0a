"""What an operator does to the server's database: codes, tokens, tills. Used by the command line."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from sync.server import keys, listing, schema
from sync.server.database import Database
from sync.server.scopes import SCOPES
from sync.server.tills import CODE_DAYS, CODE_LENGTH, CODE_LETTERS, code_hash, load_secrets, token_hash

_DAY_MS = 86_400_000


class TillRow(msgspec.Struct, frozen=True):
    """A till as the operator sees it."""

    id: uuid.UUID
    store: str
    epoch: int
    enrolled_ms: int
    revoked_ms: int | None
    seen_ms: int | None
    clock_skew_ms: int | None
    acked_seq: int = 0
    """The last number of `epoch` that is durable here."""
    program: str | None = None
    """The version of its program, and of its pricing, as it last told; None for one that never did."""
    engine: int | None = None


class UnknownTill(LookupError):
    """No till has this id."""


def create_enrol_code(
    db: Database, store: str, now_ms: int, *, till: uuid.UUID | None = None, days: int = CODE_DAYS
) -> str:
    """A one-time code for a new till of a store (made if it is not known), or for `till` to enrol again."""
    letters = "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
    code = "-".join(letters[start : start + 4] for start in range(0, CODE_LENGTH, 4))
    with db.write() as connection:
        listing.make_store(connection, db, store)
        connection.execute(
            sa.insert(schema.enrol_code).values(
                code_hash=code_hash(code), store=store, till=till, created_ms=now_ms,
                expires_ms=now_ms + days * _DAY_MS,
            )
        )  # fmt: skip
    return code


def create_office_token(db: Database, name: str, now_ms: int, scopes: Sequence[str] = ()) -> str:
    """A bearer token for head office, or (with `scopes`, sync.server.scopes) for somebody who may do less.

    Only its hash is kept: it is shown this once. Raises ValueError for an unknown scope.
    """
    unknown = set(scopes) - set(SCOPES)
    if unknown:
        raise ValueError(f"no scope is called {', '.join(sorted(unknown))}: there are {', '.join(SCOPES)}")
    token = secrets.token_urlsafe(32)
    row = {"name": name, "created_ms": now_ms, "scopes": " ".join(scopes) or None}
    with db.write() as connection:
        connection.execute(sa.insert(schema.office_token).values(token_hash=token_hash(token), **row))
    return token


def revoke_office_tokens(db: Database, name: str, now_ms: int) -> int:
    """Withdraw the tokens of a name; returns how many there were."""
    office = schema.office_token
    with db.write() as connection:
        result = connection.execute(
            sa.update(office)
            .where(office.c.name == name, office.c.revoked_ms.is_(None))
            .values(revoked_ms=now_ms)
        )
    return result.rowcount


def tills(db: Database) -> list[TillRow]:
    """All tills, by store."""
    till, key, chain = schema.till, schema.till_key, schema.envelope.c
    newest = sa.func.max(key.c.epoch).label("epoch")
    query = (
        sa.select(
            till.c.shard, till.c.id, till.c.store, newest, till.c.enrolled_ms, till.c.revoked_ms,
            till.c.seen_ms, till.c.clock_skew_ms, till.c.program, till.c.engine,
        )
        .join(key, (key.c.shard == till.c.shard) & (key.c.till == till.c.id))
        .group_by(till.c.shard, till.c.id)
    ).subquery()  # fmt: skip
    acked = (
        sa.select(sa.func.max(chain.seq))
        .where(chain.shard == query.c.shard, chain.origin == query.c.id, chain.epoch == query.c.epoch)
        .scalar_subquery()
    )
    columns = [column for column in query.c if column.name != "shard"]
    place = sa.func.coalesce(acked, 0).label("acked_seq")
    ordered = sa.select(*columns, place).order_by(query.c.store, query.c.enrolled_ms)
    with db.read() as connection:
        return [TillRow(**row) for row in connection.execute(ordered).mappings()]


def revoke_till(db: Database, till: uuid.UUID, now_ms: int) -> None:
    """Withdraw a till's keys: it goes on selling and keeps everything; nothing is taken from it. Raises
    UnknownTill."""
    key, ours = schema.till_key.c, _of(till)
    with db.write() as connection:
        db.lock_shard(connection, schema.shard_of(till))  # no key of its own is made meanwhile
        # Twice is once: keys are known by the moment at which they were withdrawn with their till.
        _set_revoked(connection, till, sa.func.coalesce(schema.till.c.revoked_ms, now_ms))
        good = sa.update(schema.till_key).where(ours, key.revoked_ms.is_(None))
        connection.execute(good.values(revoked_ms=now_ms))
        keys.publish(connection, db, till)


def readmit_till(db: Database, till: uuid.UUID) -> None:
    """Let a till in again by the keys that were withdrawn last: for one that was withdrawn by mistake, or was
    found. Where a key may be in other hands, make a code for the till instead. Raises UnknownTill."""
    table, key, ours = schema.till.c, schema.till_key.c, _of(till)
    with db.write() as connection:
        db.lock_shard(connection, schema.shard_of(till))
        this = (table.shard == schema.shard_of(till)) & (table.id == till)
        since_ms = connection.execute(sa.select(table.revoked_ms).where(this)).scalar()
        _set_revoked(connection, till, None)
        withdrawn = sa.update(schema.till_key).where(ours, key.revoked_ms == since_ms)
        connection.execute(withdrawn.values(revoked_ms=None))
        keys.publish(connection, db, till)


def _of(till: uuid.UUID) -> sa.ColumnElement[bool]:
    key = schema.till_key.c
    return (key.shard == schema.shard_of(till)) & (key.till == till)


def _set_revoked(connection: sa.Connection, till: uuid.UUID, revoked_ms: Any) -> None:
    table = schema.till
    ours = (table.c.shard == schema.shard_of(till)) & (table.c.id == till)
    if not connection.execute(sa.update(table).where(ours).values(revoked_ms=revoked_ms)).rowcount:
        raise UnknownTill(f"no till has the id {till}")


def after_restore(db: Database) -> str:
    """To be called once after a restore from a backup, before serving: begins a new feed history.

    Feed readers get 410 and begin again; tills send anew what the backup lacks. The server's own facts go on
    in a new epoch: numbers that others may have seen are not given out twice. Returns the new feed epoch.
    """
    feed_epoch = secrets.token_hex(8)
    own_epoch = load_secrets(db).origin_epoch + 1
    setting = schema.setting
    with db.write() as connection:
        for name, value in (("feed_epoch", feed_epoch), ("origin_epoch", str(own_epoch))):
            connection.execute(sa.update(setting).where(setting.c.name == name).values(value=value.encode()))
    return feed_epoch


def is_new(db: Database) -> bool:
    """Whether nobody was ever let in: no token and no code was made."""
    with db.read() as connection:
        return not any(
            connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in (schema.office_token, schema.enrol_code)
        )
