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

from app.loyalty.state import EMPTY, MemberState
from sync.server import (
    budgets,
    cards,
    holding,
    member_scope,
    merging,
    overdrafts,
    persons,
    schema,
    settling,
    spending,
    twins,
    welcomes,
)
from sync.server.database import Database
from sync.server.impact import FoldedFact, impact_of
from sync.server.refolding import all_of, all_of_many, folded

BATCH: Final = 2000
"""Facts folded between two records of how far it is."""
GROUP: Final = 250
"""Facts folded in one transaction, of whole member shards: so long do holds of these members wait."""
SMALL_GROUP: Final = 50
"""The same beside SQLite, whose one writer pushes wait for, too."""
MERGE_TRIES: Final = 10
"""How often another server may be first to merge one of the two."""

_state: Final = msgspec.json.Decoder(MemberState)


def fold_new(db: Database, *, decide: bool = True) -> int:
    """Fold what came since the last time, in all shards; returns the number of facts looked at.

    Without `decide` nothing is worked out that hangs on all of a member's facts: more are to come.
    """
    late = budgets.catch_up(db)
    come = _come(db)
    found = [fact for shard, rows in come.items() for fact in _of_members(shard, rows)]
    for group in _groups(found, GROUP if db.postgresql else SMALL_GROUP):
        _fold_and_follow(db, group)
    for fact in found:
        other = merging.other_of(fact)
        if other is not None and fact.impact.member is not None:
            _merge(db, fact.impact.member, other)
            persons.forget_merged(db, other, merging.root(db, fact.impact.member), fact.at_ms)
    for shard, rows in come.items():
        spending.fold(db, rows)
        settling.settle(db, shard, [row.body for row in rows])
    if decide:
        welcomes.reverse(db, found)
    # Last, and never backwards: a crash before this repeats what is idempotent.
    _reach(db, come)
    return late + sum(map(len, come.values()))


def _come(db: Database) -> dict[int, Sequence[Any]]:
    """The next facts of each shard that is behind, `BATCH` in all."""
    fact, heads, folded = schema.fact.c, schema.shard_head, schema.folded
    columns = (fact.pos, fact.id, fact.kind, fact.at_ms, fact.origin, fact.epoch, fact.seq, fact.body)
    with db.read() as connection:
        behind = connection.execute(
            sa.select(heads.c.shard, folded.c.pos)
            .join(folded, folded.c.shard == heads.c.shard)
            .where(heads.c.head > folded.c.pos)
        ).all()
        share = max(BATCH // max(len(behind), 1), 1)
        return {
            shard: connection.execute(
                sa.select(*columns).where(fact.shard == shard, fact.pos > pos).order_by(fact.pos).limit(share)
            ).all()
            for shard, pos in behind
        }


def _of_members(shard: int, rows: Iterable[Any]) -> list[FoldedFact]:
    """Those of a shard's facts that this program can fold into a member."""
    found: list[FoldedFact] = []
    for row in rows:
        impact = impact_of(row.id, row.body)
        if impact is not None and impact.member is not None:
            found.append(FoldedFact(row.id, shard, row.at_ms, row.origin, row.epoch, row.seq, impact))
    return found


def _groups(facts: Iterable[FoldedFact], most: int) -> list[list[FoldedFact]]:
    """Facts by the shards of their members, several small ones together."""
    by_shard: dict[int, list[FoldedFact]] = defaultdict(list)
    for fact in facts:
        by_shard[schema.shard_of(_member_of(fact))].append(fact)
    found: list[list[FoldedFact]] = []
    for _, theirs in sorted(by_shard.items()):
        if found and len(found[-1]) + len(theirs) <= most:
            found[-1] += theirs
        else:
            found.append(theirs)
    return found


def _reach(db: Database, come: Mapping[int, Sequence[Any]]) -> None:
    folded, reached = schema.folded, [(shard, rows) for shard, rows in sorted(come.items()) if rows]
    if not reached:
        return
    with db.write() as connection:
        for shard, rows in reached:
            pos = rows[-1].pos
            connection.execute(
                sa.update(folded).where(folded.c.shard == shard, folded.c.pos < pos).values(pos=pos)
            )
            budgets.add(connection, shard, rows)


def _fold_and_follow(db: Database, facts: Sequence[FoldedFact]) -> None:
    """Fold facts, and those of merged members into whom they were merged into."""
    moved = fold_facts(db, facts)
    while moved:  # again and again: another server may merge the one that they were merged into
        by_root: dict[uuid.UUID, list[FoldedFact]] = defaultdict(list)
        for fact in moved:
            root = merging.root(db, _member_of(fact))
            if root != fact.impact.member:
                by_root[root].append(merging.as_of(fact, root))
        moved = [fact for theirs in by_root.values() for fact in fold_facts(db, theirs)]


def _merge(db: Database, member: uuid.UUID, other: uuid.UUID) -> None:
    """All that is known of `other` is the member's. May be repeated, and is, after a crash."""
    root, gone = merging.root(db, member), merging.root(db, other)
    for _ in range(MERGE_TRIES):
        if root == gone or merging.put(db, gone, root):
            break
        root, gone = merging.root(db, member), merging.root(db, other)
    twins.merged(db, member, other)
    for one in {member, other, gone} - {root}:
        holding.follow(db, one, root)
        shard = schema.shard_of(one)
        with db.read() as connection:
            facts = all_of(connection, shard, one)
        _fold_and_follow(db, [merging.as_of(fact, root) for fact in facts])


def _member_of(fact: FoldedFact) -> uuid.UUID:
    assert fact.impact.member is not None
    return fact.impact.member


def fold_facts(db: Database, facts: Sequence[FoldedFact]) -> list[FoldedFact]:
    """Fold facts into their members, in one transaction.

    Returns those of members who were merged into others, known ones too: they count there.
    """
    by_shard: dict[int, list[FoldedFact]] = defaultdict(list)
    for fact in facts:
        by_shard[schema.shard_of(_member_of(fact))].append(fact)
    with db.write() as connection:
        heads = db.lock_shards(connection, list(by_shard), schema.member_head)
        merged: set[uuid.UUID] = set()
        new: dict[int, list[FoldedFact]] = {}
        for shard, theirs in by_shard.items():
            members = {_member_of(fact) for fact in theirs}
            merged |= merging.aliases(connection, shard, members).keys()
            new[shard] = _unknown(connection, shard, theirs)
        _fold_new(db, connection, {shard: theirs for shard, theirs in new.items() if theirs}, merged, heads)
    return [fact for fact in facts if fact.impact.member in merged]


def _fold_new(
    db: Database,
    connection: sa.Connection,
    new: Mapping[int, Sequence[FoldedFact]],
    merged: Container[uuid.UUID],
    heads: Mapping[int, int],
) -> None:
    """Facts that are in no state yet, by shard, of shards that are locked."""
    by_member: dict[uuid.UUID, list[FoldedFact]] = defaultdict(list)
    versions: dict[uuid.UUID, tuple[int, int]] = {}
    reached = dict(heads)
    for shard, facts in new.items():
        for fact in facts:
            member = _member_of(fact)
            by_member[member].append(fact)
            if member not in versions:
                reached[shard] += 1
                versions[member] = (shard, reached[shard])
    rows = [
        (shard, member, fact.id, fact.shard, fact.at_ms, fact.origin, fact.epoch, fact.seq, version)
        for member, (shard, version) in versions.items()
        for fact in by_member[member]
    ]
    db.insert(connection, schema.member_fact, rows)
    member_scope.see(db, connection, [(shard, fact) for shard, facts in new.items() for fact in facts])
    _fold_members(db, connection, by_member, versions, merged)
    for shard, facts in new.items():
        cards.fold(connection, shard, [fact for fact in facts if _member_of(fact) not in merged])
        holding.end_by_facts(connection, shard, facts)
    moved = [{"in_shard": shard, "new_head": reached[shard]} for shard in new]
    if moved:
        connection.execute(_MOVE_HEAD, moved)


def _unknown(connection: sa.Connection, shard: int, facts: Sequence[FoldedFact]) -> list[FoldedFact]:
    """Those that are in no state yet, each once: several origins may have written the same."""
    known = schema.member_fact.c
    ids = [fact.id for fact in facts]
    members = {fact.impact.member for fact in facts}
    query = sa.select(known.member, known.fact_id).where(
        known.shard == shard, known.member.in_(members), known.fact_id.in_(ids)
    )
    there = {(row.member, row.fact_id) for row in connection.execute(query)}
    found: list[FoldedFact] = []
    for fact in facts:
        place = (fact.impact.member, fact.id)
        if place not in there:
            there.add(place)
            found.append(fact)
    return found


_STATES: Final = sa.select(schema.member).where(
    schema.member.c.shard.in_(sa.bindparam("shards", expanding=True)),
    schema.member.c.id.in_(sa.bindparam("ids", expanding=True)),
)
_MOVE_HEAD: Final = (
    sa.update(schema.member_head)
    .where(schema.member_head.c.shard == sa.bindparam("in_shard"))
    .values(head=sa.bindparam("new_head"))
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
    by_member: Mapping[uuid.UUID, Sequence[FoldedFact]],
    versions: Mapping[uuid.UUID, tuple[int, int]],
    merged: Container[uuid.UUID],
) -> None:
    """Bring members' states up to date; of one who was merged into another it stays empty."""
    asked = {"shards": sorted({shard for shard, _ in versions.values()}), "ids": list(by_member)}
    rows = {row.id: row for row in connection.execute(_STATES, asked)} if by_member else {}
    late = [
        (shard, member)
        for member, (shard, _) in versions.items()
        if member in rows and min(fact.order for fact in by_member[member]) <= _order_of(rows[member])
    ]
    again = all_of_many(connection, late)
    added: list[tuple[Any, ...]] = []
    changed: list[dict[str, Any]] = []
    fallen: dict[int, list[tuple[uuid.UUID, overdrafts.Fall]]] = defaultdict(list)
    for member, (shard, version) in versions.items():
        row, facts = rows.get(member), again.get(member)
        if facts is None:
            facts = sorted(by_member[member], key=lambda fact: fact.order)
            state = _state.decode(row.state) if row is not None else EMPTY
        else:
            overdrafts.drop(connection, shard, member)
            state = EMPTY
        falls: list[overdrafts.Fall] = []
        state = EMPTY if member in merged else folded(state, facts, falls)
        fallen[shard] += [(member, fall) for fall in falls]
        last = facts[-1]
        values = (version, msgspec.json.encode(state), last.at_ms, last.origin, last.epoch, last.seq)
        if row is None:
            added.append((shard, member, *values))
        else:
            names = ("new_version", "new_state", "new_at_ms", "new_origin", "new_epoch", "new_seq")
            changed.append({"in_shard": shard, "in_id": member, **dict(zip(names, values, strict=True))})
    db.insert(connection, schema.member, added)
    if changed:
        connection.execute(_CHANGE, changed)
    for shard, theirs in fallen.items():
        overdrafts.put(connection, shard, theirs)


def _order_of(row: Any) -> tuple[int, bytes, int, int]:
    """Where the last fact in a stored state stands."""
    return (row.at_ms, row.origin.bytes, row.epoch, row.seq)


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


def passed_over(db: Database) -> int:
    """How many facts this program reads and no state has, of those that were folded: an older one passed
    them over."""
    fact, reached, count = schema.fact.c, schema.folded.c, 0
    columns = (fact.pos, fact.id, fact.at_ms, fact.origin, fact.epoch, fact.seq, fact.body)
    with db.read(snapshot=True) as connection:
        for shard, until in connection.execute(sa.select(reached.shard, reached.pos)).all():
            query = sa.select(*columns).where(fact.shard == shard, fact.pos <= until).order_by(fact.pos)
            for start in range(0, until, BATCH):
                rows = connection.execute(query.where(fact.pos > start, fact.pos <= start + BATCH))
                for group in _groups(_of_members(shard, rows), 0):
                    count += len(_unknown(connection, schema.shard_of(_member_of(group[0])), group))
    return count


def rebuild(db: Database) -> int:
    """Drop the projection and fold every fact anew; versions go on, so tills pull every member again.

    Which store has seen whom stays, and is added to: of a till that moved, its facts no longer tell. What was
    found by pricing sales again (`checking`) stays, too: of the states that they were priced on, no version
    is known any more.
    """
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
    while more := fold_new(db, decide=False):
        count += more
    welcomes.reverse_of(db, welcomes.everyone(db))
    while more := fold_new(db):
        count += more
    budgets.rebuild(db)
    return count
