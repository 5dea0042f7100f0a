"""What head office publishes: programmes, products, staff, stores. Checked whole before any of it is taken.

A row is of a list, a store ("" for all) and a key. Every change gets the list's next version under a row
lock, so tills that read on from a version miss nothing; a removed row stays as a tombstone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa

from app.loyalty.engine import compile_programme
from app.loyalty.programme import ProgrammeProblems, load_programme
from app.values import utc_ms
from sync import protocol
from sync.server import schema, sources
from sync.server.database import Database

PROBLEMS_MAX: Final = 200
"""Problems that are named; more say no more."""


class BadList(ValueError):
    """A list that cannot be published; `errors` names everything wrong with it. Nothing was changed."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("\n".join(errors[:PROBLEMS_MAX]))
        self.errors = tuple(errors[:PROBLEMS_MAX])


def publish_programme(db: Database, source: bytes, store: str = "") -> protocol.Published:
    """Publish a programme file for all stores, or for one. Tills switch to it on its `valid_from`.

    The same file again changes nothing. Raises BadList for a file that cannot be used, and for other
    content under an id and version that sales may already name.
    """
    try:
        programme = load_programme(source)
    except ProgrammeProblems as problems:
        raise BadList([str(problem) for problem in problems.problems]) from problems
    compiled = compile_programme(programme)
    midnight = datetime.combine(programme.valid_from, time(), ZoneInfo(programme.time_zone))
    body = protocol.ProgrammeBody(
        id=programme.id,
        version=programme.version,
        valid_from_ms=utc_ms(midnight),
        source=source.decode(),
    )
    key = f"{programme.id}@{programme.version}"
    with db.write() as connection:
        known = _known(connection, "programme", store)
        there = known.get(key)
        if there is not None and there != protocol.encode(body):
            raise BadList([f"{key} is published already with other content: give the file the next version"])
        sources.keep(connection, compiled, source, body.valid_from_ms)
        return _put(db, connection, "programme", store, {key: protocol.encode(body)}, known)


def withdraw_programme(db: Database, key: str, store: str = "") -> protocol.Published:
    """Take a published programme (`id@version`) back: tills fall back to the one before it.

    Raises BadList if there is none such.
    """
    with db.write() as connection:
        known = _known(connection, "programme", store)
        if known.get(key) is None:
            raise BadList([f"no programme {key} is published{f' for store {store}' if store else ''}"])
        return _put(db, connection, "programme", store, {key: None}, known)


def publish_rows(
    db: Database,
    name: Literal["product", "staff"],
    rows: bytes | list[msgspec.Raw],
    store: str = "",
    *,
    keep: bool = False,
) -> protocol.Published:
    """Publish products or staff: from now on the list of the store ("": of all stores) is `rows`.

    With `keep` rows that are not named stay. A store's own row goes before the one for all stores. `rows`
    is a JSON array of objects: `protocol.ProductBody` or `StaffBody` with further fields. Raises BadList.
    """
    wanted = _checked(name, rows)
    with db.write() as connection:
        known = _known(connection, name, store)
        if not keep:
            gone = {key: None for key, body in known.items() if body is not None and key not in wanted}
            wanted = {**wanted, **gone}
        return _put(db, connection, name, store, wanted, known)


def put_rows(db: Database, name: str, store: str, rows: Mapping[str, bytes | None]) -> protocol.Published:
    """Add or change rows of a list that have been checked; others stay."""
    with db.write() as connection:
        return _put(db, connection, name, store, rows, _known(connection, name, store))


def put_keys(connection: sa.Connection, db: Database, rows: Mapping[str, bytes | None]) -> None:
    """Keys of tills, for all tills to check coupons by; inside the caller's transaction."""
    heads, table = schema.list_head, schema.listing.c
    connection.execute(sa.select(heads.c.head).where(heads.c.list == "till_key").with_for_update())
    query = sa.select(table.key, table.body).where(
        table.list == "till_key", table.store == "", table.key.in_(rows)
    )
    known: dict[str, bytes | None] = dict(connection.execute(query).all())  # type: ignore[arg-type]
    _put(db, connection, "till_key", "", rows, known)


def publish_store(db: Database, store: str, source: bytes) -> protocol.Published:
    """What a store's customers call it, for its tills and for receipts on the web; made if it is not known.

    `source` is a `protocol.StoreBody` in JSON. Raises BadList.
    """
    try:
        said = msgspec.json.decode(source, type=protocol.StoreBody)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadList([f"not a store: {error}"]) from error
    if not store:
        raise BadList(["say which store it is"])
    if "\0" in said.name:
        raise BadList(["the name holds a NUL"])
    table = schema.store
    with db.write() as connection:
        published = put_store(connection, db, store, said)
        renamed = sa.update(table).where(table.c.id == store).values(name=said.name)
        if not connection.execute(renamed).rowcount:
            connection.execute(sa.insert(table).values(id=store, name=said.name))
    return published


def put_store(
    connection: sa.Connection, db: Database, store: str, said: protocol.StoreBody
) -> protocol.Published:
    """What a store is called, inside the caller's transaction. Raises BadList."""
    body = msgspec.json.encode({"id": store, **msgspec.to_builtins(said)})
    return _put(db, connection, "store", store, {store: body}, _known(connection, "store", store))


def make_store(connection: sa.Connection, db: Database, store: str) -> None:
    """A store by its id alone, if it is not known; inside the caller's transaction."""
    table, heads = schema.store, schema.list_head.c
    known = sa.select(table.c.id).where(table.c.id == store)
    if connection.execute(known).first() is not None:
        return
    # Asked again under the list's lock: another server may make the same one at this moment.
    connection.execute(sa.select(heads.head).where(heads.list == "store").with_for_update())
    if connection.execute(known).first() is None:
        connection.execute(sa.insert(table).values(id=store, name=store))
        put_store(connection, db, store, protocol.StoreBody(name=store))


_KINDS: Final[dict[str, tuple[type[msgspec.Struct], str]]] = {
    "product": (protocol.ProductBody, "sku"),
    "staff": (protocol.StaffBody, "id"),
}


def _checked(name: str, rows: bytes | list[msgspec.Raw]) -> dict[str, bytes | None]:
    kind, key_field = _KINDS[name]
    try:
        raws = msgspec.json.decode(rows, type=list[msgspec.Raw]) if isinstance(rows, bytes) else rows
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadList([f"not a JSON array: {error}"]) from error
    decoder = msgspec.json.Decoder(kind)
    errors: list[str] = []
    found: dict[str, bytes | None] = {}
    for number, raw in enumerate(raws, 1):
        try:
            key: str = getattr(decoder.decode(raw), key_field)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            errors.append(f"row {number}: {error}")
            continue
        if key in found:
            errors.append(f"row {number}: {key_field} {key} stands there twice")
        if "\0" in key:
            errors.append(f"row {number}: {key_field} holds a NUL")
        found[key] = bytes(raw)
    if errors:
        raise BadList(errors)
    return found


def _known(connection: sa.Connection, name: str, store: str) -> dict[str, bytes | None]:
    """The list as it is, by key, under its lock; None for a row that was removed. Raises BadList for a store
    that no database can name."""
    if "\0" in store:
        raise BadList(["the store holds a NUL"])
    heads, table = schema.list_head, schema.listing.c
    connection.execute(sa.select(heads.c.head).where(heads.c.list == name).with_for_update())
    query = sa.select(table.key, table.body).where(table.list == name, table.store == store)
    return dict(connection.execute(query).all())  # type: ignore[arg-type]


def _put(
    db: Database,
    connection: sa.Connection,
    name: str,
    store: str,
    wanted: Mapping[str, bytes | None],
    known: Mapping[str, bytes | None],
) -> protocol.Published:
    heads, table = schema.list_head, schema.listing
    head = connection.execute(sa.select(heads.c.head).where(heads.c.list == name)).scalar_one()
    changes = {key: body for key, body in wanted.items() if known.get(key) != body}
    rows = [
        {"key": key, "version": version, "body": body}
        for version, (key, body) in enumerate(changes.items(), head + 1)
    ]
    new = [
        (name, store, row["key"], row["version"], row["body"], None)
        for row in rows
        if row["key"] not in known
    ]
    db.insert(connection, table, new)
    old: list[dict[str, Any]] = [
        {"in_key": row["key"], "new_version": row["version"], "new_body": row["body"]}
        for row in rows
        if row["key"] in known
    ]
    if old:
        place = (table.c.list == name) & (table.c.store == store) & (table.c.key == sa.bindparam("in_key"))
        values = {
            "version": sa.bindparam("new_version"), "body": sa.bindparam("new_body"), "removed_ms": sa.null(),
        }  # fmt: skip
        connection.execute(sa.update(table).where(place).values(values), old)
    connection.execute(sa.update(heads).where(heads.c.list == name).values(head=head + len(rows)))
    removed = sum(body is None for body in changes.values())
    added = sum(body is not None and known.get(key) is None for key, body in changes.items())
    return protocol.Published(
        added=added,
        removed=removed,
        changed=len(changes) - added - removed,
        same=sum(body is not None for body in wanted.values()) - (len(changes) - removed),
    )
