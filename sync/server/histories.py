"""The facts of a member with the versions of their state, and any state that was ever sent, made again."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any, Final, Literal, NamedTuple

import sqlalchemy as sa

from app.ledger.basis import Basis
from app.ledger.facts import AnyFact, SaleRefunded, UnreadableFact, decode
from app.ledger.fold import changes_state, fold
from app.ledger.inputs import state_digest
from app.ledger.short import PREFIX, state_named
from app.loyalty.state import EMPTY, MemberState
from sync.server import schema
from sync.server.database import Database
from sync.server.findings import Reason
from sync.server.impact import FoldedFact, impact_of
from sync.server.members import folded

_links, _fact, _alias, _head, _key = (
    schema.member_fact.c, schema.fact.c, schema.member_alias.c, schema.member_head.c, schema.till_key.c,
)  # fmt: skip
IDS: Final = 500
"""Facts read by one query."""


class Place(NamedTuple):
    """A fact of a member; `version` is since which of their states it is in it (0: before any is known)."""

    fact: FoldedFact
    version: int
    body: bytes

    def read(self) -> AnyFact | None:
        """The fact; None for one that this version cannot read."""
        try:
            return decode(self.body)
        except UnreadableFact:
            return None


class Used(NamedTuple):
    """The state that a sale used; or why nobody can tell; or what is wrong with what it says."""

    state: MemberState | None = None
    reason: Reason | None = None
    defect: Literal["", "state", "stale"] = ""


class History:
    """All facts of a member, in the order of folding."""

    def __init__(
        self, db: Database, feed_epoch: str, places: list[Place], head: int, since: int, *, merged: bool
    ) -> None:
        self._db = db
        self._feed_epoch = feed_epoch
        self.places = places
        self._head = head
        self._since = since
        self._merged = merged

    def exchanged(self, sale: uuid.UUID) -> Place | None:
        """The refund that was put towards a sale, where goods were exchanged."""
        for place in self.places:
            if place.fact.impact.kind == "sale_refunded":
                refund = place.read()
                if isinstance(refund, SaleRefunded) and refund.exchange == sale:
                    return place
        return None

    def used(self, sale: FoldedFact, basis: Basis, *, but: Place | None = None) -> Used:
        """The state that a sale says it used, made again from the snapshot and the facts it names; `but` is
        a fact written together with it."""
        if basis.snapshot.startswith(PREFIX):
            state, version = state_named(basis.snapshot), -1
            if state is None:
                return Used(reason="unreadable")
        else:
            if basis.snapshot and (reason := self._unknown(basis.snapshot)) is not None:
                return Used(reason=reason)
            version = int(basis.snapshot.rpartition(":")[2]) if basis.snapshot else -1
            there = [place for place in self.places if place.version <= version]
            state = folded(EMPTY, [place.fact for place in there])
        own = [fact for place in self._own(sale, version) if place is not but and (fact := place.read())]
        own = [fact for fact in own if changes_state(fact)]
        states = [state]
        for fact in own:
            states.append(fold(states[-1], fact))
        if basis.own == len(own) and state_digest(states[-1]) == basis.state:
            return Used(states[-1])
        if self._merged:
            return Used(reason="merged")
        if self._forked(sale.origin):
            return Used(reason="forked")
        stale = any(state_digest(state) == basis.state for state in states[:-1])
        return Used(defect="stale" if stale else "state")

    def _own(self, sale: FoldedFact, version: int) -> list[Place]:
        """What its till had written of the member before, and no snapshot up to that version held."""
        theirs = [place for place in self.places if place.fact.origin == sale.origin]
        # As the till does: what the snapshot holds of its own ends with the last of them.
        held = max((_at(place.fact) for place in theirs if place.version <= version), default=(0, 0))
        own = [place for place in theirs if held < _at(place.fact) < _at(sale)]
        return sorted(own, key=lambda place: _at(place.fact))

    def _unknown(self, snapshot: str) -> Reason | None:
        feed_epoch, _, version = snapshot.rpartition(":")
        if feed_epoch != self._feed_epoch or not version.isdigit() or int(version) > self._head:
            return "restored"
        return "rebuilt" if int(version) <= self._since else None

    def _forked(self, origin: uuid.UUID) -> bool:
        """Whether a till has had more than one epoch: of a copied disk's facts nobody knows which copy wrote
        them."""
        where = (_key.shard == schema.shard_of(origin)) & (_key.till == origin)
        with self._db.read() as connection:
            epochs = connection.execute(sa.select(sa.func.count()).where(where)).scalar_one()
        return epochs > 1


def _at(fact: FoldedFact) -> tuple[int, int]:
    """Where a fact stands among its origin's own."""
    return fact.epoch, fact.seq


def histories(db: Database, members: Collection[uuid.UUID], feed_epoch: str) -> dict[uuid.UUID, History]:
    """The histories of some members, read together, at one moment."""
    shards = {schema.shard_of(member) for member in members}
    with db.read(snapshot=True) as connection:
        links = connection.execute(
            sa.select(_links.member, _links.fact_shard, _links.fact_id, _links.version).where(
                _links.shard.in_(shards), _links.member.in_(members)
            )
        ).all()
        places = _read(connection, links)
        heads = {
            shard: (head, since or 0)
            for shard, head, since in connection.execute(
                sa.select(_head.shard, _head.head, _head.since).where(_head.shard.in_(shards))
            )
        }
        twins = sa.select(_alias.member).where(_alias.member.in_(members)).distinct()
        merged = set(connection.execute(twins).scalars())
    found: dict[uuid.UUID, History] = {}
    for member in members:
        theirs = sorted(places[member], key=lambda place: place.fact.order)
        head, since = heads[schema.shard_of(member)]
        found[member] = History(db, feed_epoch, theirs, head, since, merged=member in merged)
    return found


def _read(connection: sa.Connection, links: Sequence[Any]) -> dict[uuid.UUID, list[Place]]:
    by_shard: dict[int, dict[uuid.UUID, list[tuple[uuid.UUID, int]]]] = defaultdict(lambda: defaultdict(list))
    for member, shard, fact_id, version in links:
        by_shard[shard][fact_id].append((member, version or 0))
    found: dict[uuid.UUID, list[Place]] = defaultdict(list)
    for shard, owners in by_shard.items():
        ids = list(owners)
        for start in range(0, len(ids), IDS):
            query = sa.select(_fact.id, _fact.at_ms, _fact.origin, _fact.epoch, _fact.seq, _fact.body).where(
                _fact.shard == shard, _fact.id.in_(ids[start : start + IDS])
            )
            for id, at_ms, origin, epoch, seq, body in connection.execute(query):
                impact = impact_of(id, body)
                if impact is not None:
                    fact = FoldedFact(id, shard, at_ms, origin, epoch, seq, impact)
                    for member, version in owners[id]:
                        found[member].append(Place(fact, version, body))
    return found
