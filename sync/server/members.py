"""Members at the server: the facts of all tills folded, by the same code the tills use.

A projection of the facts, in transactions of its own, idempotent: `member_fact` knows which facts are in a
state, so folding a fact again changes nothing. Facts are folded in the order (at_ms, origin, epoch, seq). One
that comes late makes its member be folded anew from all of them. The projection can be dropped and rebuilt.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa
import structlog

from app.ledger.fold import enrolled
from app.loyalty.state import EMPTY, MemberState, apply
from sync.server import cards, holding, merging, overdrafts, schema, spending
from sync.server.database import Database
from sync.server.impact import FoldedFact, Impact

log = structlog.get_logger("stempel.members")

BATCH: Final = 1000
"""Facts folded between two records of how far it is."""

_impact: Final = msgspec.json.Decoder(Impact)
_state: Final = msgspec.json.Decoder(MemberState)


def fold_new(db: Database) -> int:
    """Fold what came since the last time, in all shards; returns the number of facts looked at."""
    heads, folded = schema.shard_head, schema.folded
    with db.read() as connection:
        behind = connection.execute(
            sa.select(heads.c.shard, folded.c.pos)
            .join(folded, folded.c.shard == heads.c.shard)
            .where(heads.c.head > folded.c.pos)
        ).all()
    return sum(_fold_shard(db, shard, pos) for shard, pos in behind)


def _fold_shard(db: Database, shard: int, pos: int) -> int:
    fact, folded = schema.fact.c, schema.folded
    with db.read() as connection:
        rows = connection.execute(
            sa.select(fact.pos, fact.id, fact.kind, fact.at_ms, fact.origin, fact.epoch, fact.seq, fact.body)
            .where(fact.shard == shard, fact.pos > pos)
            .order_by(fact.pos)
            .limit(BATCH)
        ).all()
    by_shard: dict[int, list[FoldedFact]] = defaultdict(list)
    for _, fact_id, _, at_ms, origin, epoch, seq, body in rows:
        impact = impact_of(fact_id, body)
        if impact is not None and impact.member is not None:
            found = FoldedFact(fact_id, shard, at_ms, origin, epoch, seq, impact)
            by_shard[schema.shard_of(impact.member)].append(found)
    for member_shard, facts in sorted(by_shard.items()):
        _fold_and_follow(db, member_shard, facts)
    for fact in (fact for facts in by_shard.values() for fact in facts):
        other = merging.other_of(fact)
        if other is not None and fact.impact.member is not None:
            _merge(db, fact.impact.member, other)
    spending.fold(db, rows)
    if rows:
        # Last, and never backwards: a crash before this repeats what is idempotent.
        with db.write() as connection:
            reached = rows[-1].pos
            connection.execute(
                sa.update(folded).where(folded.c.shard == shard, folded.c.pos < reached).values(pos=reached)
            )
    return len(rows)


def _fold_and_follow(db: Database, shard: int, facts: Sequence[FoldedFact]) -> None:
    """Fold facts, and those of merged members into whom they were merged into."""
    moved = fold_facts(db, shard, facts) or ()
    by_root: dict[uuid.UUID, list[FoldedFact]] = defaultdict(list)
    for fact in moved:
        assert fact.impact.member is not None
        root = merging.root(db, fact.impact.member)
        by_root[root].append(merging.as_of(fact, root))
    for root, theirs in by_root.items():
        fold_facts(db, schema.shard_of(root), theirs)


def _merge(db: Database, member: uuid.UUID, other: uuid.UUID) -> None:
    """All that is known of `other` is the member's. May be repeated, and is, after a crash."""
    root, gone = merging.root(db, member), merging.root(db, other)
    if root != gone:
        merging.put(db, gone, root)
    for one in {other, gone} - {root}:
        shard = schema.shard_of(one)
        with db.read() as connection:
            facts = all_of(connection, shard, one)
        fold_facts(db, schema.shard_of(root), [merging.as_of(fact, root) for fact in facts])


def impact_of(fact_id: uuid.UUID, body: bytes) -> Impact | None:
    """A fact's effects; None, and a line in the log, for effects of a later version than this program's."""
    try:
        return _impact.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        log.warning("not folded: start a newer program, then rebuild", fact=str(fact_id), error=str(error))
        return None


def fold_facts(db: Database, shard: int, facts: Sequence[FoldedFact]) -> list[FoldedFact]:
    """Fold facts into members of one shard, in one transaction.

    Returns those of members who were merged into others, known ones too: they count there.
    """
    with db.write() as connection:
        head = db.lock_shard(connection, shard, schema.member_head)
        members = {fact.impact.member for fact in facts if fact.impact.member is not None}
        merged = merging.aliases(connection, shard, members)
        new = _unknown(connection, shard, facts)
        if new:
            _fold_new(db, connection, shard, new, merged.keys(), head)
    return [fact for fact in facts if fact.impact.member in merged]


def _fold_new(
    db: Database,
    connection: sa.Connection,
    shard: int,
    new: Sequence[FoldedFact],
    merged: Container[uuid.UUID],
    head: int,
) -> None:
    by_member: dict[uuid.UUID, list[FoldedFact]] = defaultdict(list)
    for fact in new:
        assert fact.impact.member is not None
        by_member[fact.impact.member].append(fact)
    versions = {member: version for version, member in enumerate(by_member, head + 1)}
    rows = [
        (shard, member, fact.id, fact.shard, fact.at_ms, fact.origin, fact.epoch, fact.seq, versions[member])
        for member, theirs in by_member.items()
        for fact in theirs
    ]
    db.insert(connection, schema.member_fact, rows)
    _fold_members(db, connection, shard, by_member, versions, merged)
    cards.fold(
        connection,
        shard,
        [one for member, theirs in by_member.items() if member not in merged for one in theirs],
    )
    holding.end_by_facts(connection, shard, new)
    heads = schema.member_head
    connection.execute(sa.update(heads).where(heads.c.shard == shard).values(head=head + len(by_member)))


def _unknown(connection: sa.Connection, shard: int, facts: Sequence[FoldedFact]) -> list[FoldedFact]:
    known = schema.member_fact.c
    ids = [fact.id for fact in facts]
    members = {fact.impact.member for fact in facts}
    query = sa.select(known.fact_id).where(
        known.shard == shard, known.member.in_(members), known.fact_id.in_(ids)
    )
    there = set(connection.execute(query).scalars())
    return [fact for fact in facts if fact.id not in there]


_STATES: Final = sa.select(schema.member).where(
    schema.member.c.shard == sa.bindparam("in_shard"),
    schema.member.c.id.in_(sa.bindparam("ids", expanding=True)),
)
_CHANGE: Final = (
    sa.update(schema.member)
    .where(schema.member.c.shard == sa.bindparam("in_shard"), schema.member.c.id == sa.bindparam("in_id"))
    .values({
        name: sa.bindparam(f"new_{name}") for name in ("version", "state", "at_ms", "origin", "epoch", "seq")
    })
)  # fmt: skip


def _fold_members(
    db: Database,
    connection: sa.Connection,
    shard: int,
    by_member: Mapping[uuid.UUID, Sequence[FoldedFact]],
    versions: Mapping[uuid.UUID, int],
    merged: Container[uuid.UUID],
) -> None:
    """Bring members' states up to date; of one who was merged into another it stays empty."""
    asked = {"in_shard": shard, "ids": list(by_member)}
    rows = {row.id: row for row in connection.execute(_STATES, asked)}
    added: list[tuple[Any, ...]] = []
    changed: list[dict[str, Any]] = []
    fallen: list[tuple[uuid.UUID, overdrafts.Fall]] = []
    for member, new in by_member.items():
        row = rows.get(member)
        state, facts = _after(connection, shard, member, row, new)
        falls: list[overdrafts.Fall] = []
        state = EMPTY if member in merged else folded(state, facts, falls)
        fallen += [(member, fall) for fall in falls]
        last, version, encoded = facts[-1], versions[member], msgspec.json.encode(state)
        values = (version, encoded, last.at_ms, last.origin, last.epoch, last.seq)
        if row is None:
            added.append((shard, member, *values))
        else:
            names = ("new_version", "new_state", "new_at_ms", "new_origin", "new_epoch", "new_seq")
            changed.append({"in_shard": shard, "in_id": member, **dict(zip(names, values, strict=True))})
    db.insert(connection, schema.member, added)
    if changed:
        connection.execute(_CHANGE, changed)
    overdrafts.put(connection, shard, fallen)


def _after(
    connection: sa.Connection, shard: int, member: uuid.UUID, row: Any, new: Sequence[FoldedFact]
) -> tuple[MemberState, Sequence[FoldedFact]]:
    """Which state to go on from, and with which facts: all of them, where one comes late."""
    new = sorted(new, key=lambda fact: fact.order)
    if row is None:
        return EMPTY, new
    if new[0].order > (row.at_ms, row.origin.bytes, row.epoch, row.seq):
        return _state.decode(row.state), new
    overdrafts.drop(connection, shard, member)
    return EMPTY, all_of(connection, shard, member)


def folded(
    state: MemberState, facts: Iterable[FoldedFact], fallen: list[overdrafts.Fall] | None = None
) -> MemberState:
    """A state after facts, in their order. `fallen` gets those by which it fell below zero, or further."""
    for fact in facts:
        if fact.impact.kind == "member_enrolled":
            state = enrolled(state, fact.at_ms)
        debt_centi = state.debt_centi
        state = apply(state, fact.impact.effects, fact.at_ms)
        if fallen is not None and state.debt_centi > debt_centi:
            fallen.append(overdrafts.Fall(fact, state.debt_centi - debt_centi, state.debt_centi))
    return state


def all_of(connection: sa.Connection, shard: int, member: uuid.UUID) -> list[FoldedFact]:
    """Every fact in a member's state, in the order of folding."""
    links, fact = schema.member_fact.c, schema.fact.c
    by_shard: dict[int, list[uuid.UUID]] = defaultdict(list)
    query = sa.select(links.fact_shard, links.fact_id).where(links.shard == shard, links.member == member)
    for fact_shard, fact_id in connection.execute(query):
        by_shard[fact_shard].append(fact_id)
    found: list[FoldedFact] = []
    for fact_shard, ids in by_shard.items():
        rows = connection.execute(
            sa.select(fact.id, fact.at_ms, fact.origin, fact.epoch, fact.seq, fact.body).where(
                fact.shard == fact_shard, fact.id.in_(ids)
            )
        )
        for fact_id, at_ms, origin, epoch, seq, body in rows:
            impact = impact_of(fact_id, body)
            if impact is not None:
                found.append(FoldedFact(fact_id, fact_shard, at_ms, origin, epoch, seq, impact))
    return sorted(found, key=lambda one: one.order)


def check(db: Database) -> list[uuid.UUID]:
    """Members whose stored state is not what folding all their facts anew gives. None is expected."""
    wrong: list[uuid.UUID] = []
    table = schema.member
    with db.read(snapshot=True) as connection:
        for shard, member, state in connection.execute(
            sa.select(table.c.shard, table.c.id, table.c.state)
        ).all():
            gone = merging.aliases(connection, shard, [member])
            right = EMPTY if gone else folded(EMPTY, all_of(connection, shard, member))
            if msgspec.json.encode(right) != state:
                wrong.append(member)
    return wrong


def rebuild(db: Database) -> int:
    """Drop the projection and fold every fact anew; versions go on, so tills pull every member again."""
    with db.write() as connection:
        for table in (
            schema.member, schema.member_fact, schema.member_card, schema.member_alias, schema.overdraft,
            schema.code_use, schema.gift_card_move,
        ):  # fmt: skip
            connection.execute(sa.delete(table))
        connection.execute(sa.update(schema.folded).values(pos=0))
        # Of the states made so far nobody knows any more which facts were in them.
        connection.execute(sa.update(schema.member_head).values(since=schema.member_head.c.head))
    count = 0
    while more := fold_new(db):
        count += more
    return count
