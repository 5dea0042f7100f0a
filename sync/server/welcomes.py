"""A welcome that one person got twice, as two members, is taken back: by facts of the server's own.

Runs behind the folding, when members were merged, or something came that gave or took a welcome of somebody
who was. Worked out anew each time from all that is known (`app.ledger.welcomes`), so it may be repeated.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
import sqlalchemy as sa
import structlog

from app.ledger import facts
from app.ledger.welcomes import reversals
from app.loyalty.effects import Counted
from app.loyalty.programme import ProgrammeProblems, load_programme
from app.loyalty.rules.welcome import WelcomeRule
from sync import protocol
from sync.server import merging, own, schema
from sync.server.database import Database
from sync.server.impact import FoldedFact
from sync.server.tills import load_secrets

log = structlog.get_logger("stempel.members")

KIND: Final = "welcome_reversed"
SALES: Final = frozenset({"sale_completed", "sale_given_to", "sale_refunded", "sale_taken_from"})
IDS: Final = 500

_alias, _fact, _link = schema.member_alias.c, schema.fact.c, schema.member_fact.c
_programme: Final = msgspec.json.Decoder(protocol.ProgrammeBody)


def reverse(db: Database, found: Iterable[FoldedFact]) -> int:
    """Look at whoever is concerned by facts that were just folded; returns how many facts were written."""
    merged: set[uuid.UUID] = set()
    perhaps: set[uuid.UUID] = set()
    for fact in found:
        if fact.impact.member is None:
            continue
        if fact.impact.kind == merging.MERGED:
            merged.add(fact.impact.member)
        elif fact.impact.kind in SALES and _welcomes(fact):
            perhaps.add(fact.impact.member)
    return reverse_of(db, merged | _merged(db, perhaps))


def reverse_of(db: Database, members: Iterable[uuid.UUID]) -> int:
    """The same for members who were merged."""
    roots = {merging.root(db, member) for member in members}
    rules = _rules(db) if roots else set[str]()
    return sum(_reverse(db, root, rules) for root in sorted(roots)) if rules else 0


def everyone(db: Database) -> set[uuid.UUID]:
    """All members that others were merged into."""
    with db.read() as connection:
        return set(connection.execute(sa.select(_alias.member).distinct()).scalars())


def _welcomes(fact: FoldedFact) -> bool:
    """Whether it counts something once for a life, as a welcome does: few sales do."""
    return any(isinstance(e, Counted) and e.day == 0 and "#" not in e.key for e in fact.impact.effects)


def _merged(db: Database, members: set[uuid.UUID]) -> set[uuid.UUID]:
    """Those who were merged, into others or with others."""
    found: set[uuid.UUID] = set()
    asked = sorted(members)
    with db.read() as connection:
        for start in range(0, len(asked), IDS):
            some = asked[start : start + IDS]
            query = sa.select(_alias.other, _alias.member).where(
                _alias.other.in_(some) | _alias.member.in_(some)
            )
            found.update(one for row in connection.execute(query) for one in row)
    return found & members


def _rules(db: Database) -> set[str]:
    """The ids of rules that welcome, of all programmes ever published: an id names its rule for ever."""
    listing, source = schema.listing.c, schema.programme_source.c
    with db.read() as connection:
        sources = [bytes(one) for one in connection.execute(sa.select(source.source)).scalars()]
        rows = sa.select(listing.body).where(listing.list == "programme", listing.body.is_not(None))
        sources += [_programme.decode(one).source.encode() for one in connection.execute(rows).scalars()]
    found: set[str] = set()
    for one in set(sources):
        try:
            found |= {rule.id for rule in load_programme(one).rules if isinstance(rule, WelcomeRule)}
        except ProgrammeProblems:
            continue  # of a later version than this program's
    return found


def _reverse(db: Database, root: uuid.UUID, rules: set[str]) -> int:
    keys, shard = load_secrets(db), schema.shard_of(root)
    ids = _ids(db, root)
    with db.write() as connection:
        db.lock_shard(connection, shard)
        bodies = _bodies(connection, root) | _pending(connection, ids)
        made = reversals(_read(body for _, body in bodies.values()), rules)
        if made:
            written = [facts.encode(msgspec.structs.replace(one, member=root)) for one in made]
            # It came with the last of what it follows from.
            received_ms = max(received_ms for received_ms, _ in bodies.values())
            own.append(db, connection, keys, shard, written, received_ms)
    return len(made)


def _ids(db: Database, root: uuid.UUID) -> set[uuid.UUID]:
    """All the ids of one person."""
    found = {root}
    with db.read() as connection:
        while True:
            query = sa.select(_alias.other).where(_alias.member.in_(found))
            more = set(connection.execute(query).scalars()) - found
            if not more:
                return found
            found |= more


Came = dict[uuid.UUID, tuple[int, bytes]]
"""Facts by id: when they were received, and their bytes."""


def _bodies(connection: sa.Connection, root: uuid.UUID) -> Came:
    """The member's facts that matter here, from all shards."""
    links = connection.execute(
        sa.select(_link.fact_shard, _link.fact_id).where(
            _link.shard == schema.shard_of(root), _link.member == root
        )
    ).all()
    found: Came = {}
    for home in sorted({row.fact_shard for row in links}):
        ids = [row.fact_id for row in links if row.fact_shard == home]
        for start in range(0, len(ids), IDS):
            query = sa.select(_fact.id, _fact.received_ms, _fact.body).where(
                _fact.shard == home,
                _fact.id.in_(ids[start : start + IDS]),
                _fact.kind.in_({*SALES, merging.MERGED, KIND}),
            )
            found |= {id: (came_ms, bytes(body)) for id, came_ms, body in connection.execute(query)}
    return found


def _pending(connection: sa.Connection, ids: set[uuid.UUID]) -> Came:
    """What was written of the person under any of their ids, and is not folded yet."""
    folded, found = schema.folded.c, Came()
    for shard in sorted({schema.shard_of(id) for id in ids}):
        reached = sa.select(folded.pos).where(folded.shard == shard).scalar_subquery()
        query = sa.select(_fact.id, _fact.received_ms, _fact.body).where(
            _fact.shard == shard, _fact.pos > reached, _fact.kind == KIND
        )
        for id, came_ms, body in connection.execute(query):
            if any(
                isinstance(one, facts.WelcomeReversed) and one.member in ids for one in _read([bytes(body)])
            ):
                found[id] = came_ms, bytes(body)
    return found


def _read(bodies: Iterable[bytes]) -> Sequence[facts.AnyFact]:
    found: list[facts.AnyFact] = []
    for body in bodies:
        try:
            found.append(facts.decode(body))
        except facts.UnreadableFact as error:
            log.warning("no welcome looked for: start a newer program", error=str(error))
    return found
