"""Two members with one phone number: probably one person, enrolled at two tills that were offline.

A projection of persons, idempotent: what is found becomes a row of the list `merge` for the stores of both,
which tills pull like any other; the cashier who next meets one of the two is asked. Nothing is merged by
itself. Numbers are compared by a keyed hash of their last digits, and then in full; the hash goes with the
person.
"""

from __future__ import annotations

import hashlib
import uuid
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import msgspec
import sqlalchemy as sa

from sync import protocol
from sync.server import listing, merging, schema
from sync.server.database import Database
from sync.server.tills import Secrets

LIST: Final = "merge"
BATCH: Final = 500
DIGITS: Final = 9
"""Of a phone number, from its end: no country's numbers are all shorter, and what stands before is written in
more than one way."""
SHORTEST: Final = 7
MOST: Final = 10
"""Others with a number who are proposed: a number of more people is nobody's own."""

_person, _phone, _row = schema.person.c, schema.person_phone.c, schema.listing.c
_head, _done = schema.member_head.c, schema.compared.c
# A scalar subquery: no database makes a join of all persons of it.
_LATEST: Final = sa.select(sa.func.max(_person.version)).where(_person.shard == _head.shard)
_BEHIND: Final = (
    sa.select(_head.shard, _head.head, _done.pos, _LATEST.scalar_subquery())
    .join_from(schema.member_head, schema.compared, _done.shard == _head.shard)
    .where(_head.head > _done.pos)
    .order_by(_head.shard)
)
_REACH: Final = (
    sa.update(schema.compared)
    .where(_done.shard == sa.bindparam("in_shard"), _done.pos < sa.bindparam("reached"))
    .values(pos=sa.bindparam("reached"))
)


class _Known(msgspec.Struct, frozen=True):
    """All that is read of a person here."""

    name: str = ""
    phone: str = ""


class Someone(NamedTuple):
    """A person by phone: `store` is where they were entered last."""

    member: uuid.UUID
    store: str
    phone: str


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """Two members who may be one person, by the ids they go by now, with the names that are known."""

    members: tuple[uuid.UUID, uuid.UUID]
    names: tuple[str, str]
    stores: tuple[str, ...]


_known: Final = msgspec.json.Decoder(_Known)


def compare_new(db: Database, keys: Secrets) -> int:
    """Compare persons who came or changed since the last time; returns how many were looked at."""
    with db.read() as connection:
        behind = connection.execute(_BEHIND).all()
    looked, reached = 0, {}
    for shard, head, pos, latest in behind:
        if latest is not None and latest > pos:
            count, reached[shard] = _compare(db, keys, shard, head, pos)
            looked += count
        else:
            reached[shard] = head  # members changed, and nobody's person: with every sale and hold
    if reached:
        moves = [{"in_shard": shard, "reached": version} for shard, version in sorted(reached.items())]
        with db.write() as connection:
            connection.execute(_REACH, moves)
    return looked


def _compare(db: Database, keys: Secrets, shard: int, head: int, pos: int) -> tuple[int, int]:
    """Compare a shard's next persons; returns how many, and the version that was reached."""
    query = (
        sa.select(_person.version, _person.member, _person.store, _person.data)
        .where(_person.shard == shard, _person.version > pos, _person.version <= head)
        .order_by(_person.version)
        .limit(BATCH)
    )
    with db.write() as connection:
        # Read under the lock that changes persons: nothing is kept of who is forgotten meanwhile.
        db.lock_shard(connection, shard, schema.member_head)
        rows = connection.execute(query).all()
        found = [Someone(row.member, row.store, _of(row.data).phone) for row in rows]
        if found:
            _keep(db, connection, keys, shard, found)
    for one in found:
        _propose(db, one, list(_alike(db, keys, one)))
    return len(rows), rows[-1].version if len(rows) == BATCH else head


def _of(data: bytes | None) -> _Known:
    """What a person's data says, as far as it can be read."""
    try:
        return _Known() if data is None else _known.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _Known()


def digits_of(phone: str) -> str:
    """A number's digits without an international prefix; "" for what is too short to be anybody's."""
    digits = "".join(char for char in phone if char.isascii() and char.isdigit()).removeprefix("00")
    if len(digits) == 11 and digits.startswith("8"):
        digits = "7" + digits[1:]  # Russia's trunk prefix for its country code
    return digits if len(digits) >= SHORTEST else ""


def same(one: str, other: str) -> bool:
    """Whether two numbers may be the same, one of them perhaps without its country."""
    short, long = sorted((digits_of(one), digits_of(other)), key=len)
    return bool(short) and long.endswith(short)


def hash_of(keys: Secrets, phone: str) -> bytes | None:
    """What is kept of a number: nothing that could be turned back without the server's own secret."""
    digits = digits_of(phone)
    if not digits:
        return None
    return hashlib.blake2b(digits[-DIGITS:].encode(), key=keys.cursor_key, digest_size=16).digest()


def _keep(
    db: Database, connection: sa.Connection, keys: Secrets, shard: int, found: Iterable[Someone]
) -> None:
    hashes = {one.member: hash_of(keys, one.phone) for one in found}
    known = (_phone.shard == shard) & _phone.member.in_(list(hashes))
    connection.execute(sa.delete(schema.person_phone).where(known))
    rows = [(shard, member, digest) for member, digest in hashes.items() if digest is not None]
    db.insert(connection, schema.person_phone, rows)


def _alike(db: Database, keys: Secrets, one: Someone) -> Iterable[Someone]:
    """Others with the number, read after it was kept: of two who come at once, one sees the other."""
    digest = hash_of(keys, one.phone)
    if digest is None:
        return
    with db.read() as connection:
        query = sa.select(_phone.shard, _phone.member).where(_phone.phone_hash == digest)
        others = [row for row in connection.execute(query.limit(MOST + 2)) if row.member != one.member]
        for shard, member in others if len(others) <= MOST else ():
            ours = (_person.shard == shard) & (_person.member == member)
            row = connection.execute(sa.select(_person.store, _person.data).where(ours)).first()
            phone = "" if row is None else _of(row.data).phone
            if row is not None and same(one.phone, phone):
                yield Someone(member, row.store, phone)


def _propose(db: Database, one: Someone, others: list[Someone]) -> None:
    """Propose someone's twins, and no more those that are none now."""
    root = merging.root(db, one.member)
    pairs: dict[str, tuple[protocol.MergeBody, set[str]]] = {}
    for other in others:
        second = merging.root(db, other.member)
        if second != root:
            body = protocol.MergeBody(members=_pair(root, second))
            pairs[_key(*body.members)] = body, {one.store, other.store}
    known = _rows(db, {root, one.member})
    apart = {row.key for row in known if protocol.decode(row.body, protocol.MergeBody).dismissed}
    changes: dict[str, dict[str, bytes | None]] = defaultdict(dict)
    for key, (body, stores) in pairs.items():
        if key in apart:
            continue  # at whatever store they are entered next
        for store in stores - {row.store for row in known if row.key == key}:
            changes[store][key] = protocol.encode(body)
    for row in known:
        if row.key not in pairs and row.key not in apart:
            changes[row.store][row.key] = None
    for store, rows in sorted(changes.items()):
        listing.put_rows(db, LIST, store, rows)


def _pair(one: uuid.UUID, other: uuid.UUID) -> tuple[uuid.UUID, uuid.UUID]:
    first, second = sorted((one, other))
    return first, second


def _key(one: uuid.UUID, other: uuid.UUID) -> str:
    return f"{one.hex} {other.hex}"


def _rows(db: Database, of: set[uuid.UUID]) -> list[Any]:
    """What is proposed, or was dismissed, of any of some members; of all without any."""
    query = sa.select(_row.store, _row.key, _row.body).where(_row.list == LIST, _row.body.is_not(None))
    if of:
        query = query.where(sa.or_(*(_row.key.contains(member.hex) for member in of)))
    with db.read() as connection:
        return list(connection.execute(query.order_by(_row.key, _row.store)))


def merged(db: Database, member: uuid.UUID, other: uuid.UUID) -> None:
    """The two are one now: what was proposed of them is done."""
    found = {row.store for row in _rows(db, {member}) if row.key == _key(*_pair(member, other))}
    for store in sorted(found):
        listing.put_rows(db, LIST, store, {_key(*_pair(member, other)): None})


def proposals(db: Database) -> list[Proposal]:
    """What is proposed now."""
    stores: dict[tuple[uuid.UUID, uuid.UUID], set[str]] = defaultdict(set)
    for row in _rows(db, set()):
        body = protocol.decode(row.body, protocol.MergeBody)
        one, other = (merging.root(db, member) for member in body.members)
        if one != other and not body.dismissed:
            stores[_pair(one, other)].add(row.store)
    return [
        Proposal(members=pair, names=(_name(db, pair[0]), _name(db, pair[1])), stores=tuple(sorted(those)))
        for pair, those in sorted(stores.items())
    ]


def _name(db: Database, member: uuid.UUID) -> str:
    ours = (_person.shard == schema.shard_of(member)) & (_person.member == member)
    with db.read() as connection:
        return _of(connection.execute(sa.select(_person.data).where(ours)).scalar()).name


def dismiss(db: Database, one: uuid.UUID, other: uuid.UUID) -> bool:
    """They are two people: never propose them again. False if nobody had."""
    key = _key(*_pair(one, other))
    found = [row for row in _rows(db, {one}) if row.key == key]
    for row in found:
        body = protocol.decode(row.body, protocol.MergeBody)
        said = msgspec.structs.replace(body, dismissed=True)
        listing.put_rows(db, LIST, row.store, {key: protocol.encode(said)})
    return bool(found)
