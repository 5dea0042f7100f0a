"""POST /v1/events: what members do elsewhere (a review, an order in the web shop, a partner's purchase).

An event is priced by the programme in force and becomes a fact of the server's own, in the feed and in the
member's state like any till's. Its `key` makes it count once: first the key is claimed in its own shard, then
the fact, whose id follows from the key, is written in the member's. Each step may be repeated, so a request
that was cut anywhere is finished by sending it again.
"""

from __future__ import annotations

import hashlib
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Annotated, Final

import msgspec
import sqlalchemy as sa

from app.ledger import facts
from app.loyalty.basket import Context as Moment
from app.loyalty.compiled import Compiled
from app.loyalty.decision import Reason
from app.loyalty.effects import PointsEarned
from app.loyalty.events import Event, EventDecision, evaluate_event, knows
from app.loyalty.rules.activity import KEEP_DAYS
from sync import protocol
from sync.server import budgets, merging, own, schema
from sync.server.database import Database
from sync.server.pending import States
from sync.server.programmes import Programmes
from sync.server.tills import Secrets

EVENTS_MAX: Final = 500
"""Events in one request."""
AHEAD_MS: Final = 5 * 60_000
AGE_MS: Final = KEEP_DAYS * 86_400_000
"""Older events cannot be held to limits: what was counted before is forgotten."""

Text = Annotated[str, msgspec.Meta(max_length=64, pattern=r"^[^\x00]*$")]
Moment_ms = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class OutsideEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One event. `key` is the sender's own name for it: the same key never counts twice.

    `at_ms` is when it happened, left out: now; at most 31 days ago. `amount_minor` is the money it was about,
    in `currency`. `partner` is whose purchase it was. `store` is where, if that matters.
    """

    key: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
    member: uuid.UUID
    name: Text
    at_ms: Moment_ms | None = None
    amount_minor: Annotated[int, msgspec.Meta(ge=0, le=10**12)] = 0
    currency: Annotated[str, msgspec.Meta(pattern=r"^([A-Z]{3})?$")] = ""
    partner: Text = ""
    store: Text = ""


class OutsideEvents(msgspec.Struct, frozen=True, kw_only=True):
    """Several events; each is answered for itself."""

    events: Annotated[list[OutsideEvent], msgspec.Meta(min_length=1, max_length=EVENTS_MAX)]


class EventResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of an event: with status 200 its fact and what it earned, else the problem's code.

    The same key with the same content gives the same result, whenever it is sent.
    """

    key: str
    status: int = 200
    code: str = ""
    detail: str = ""
    fact: uuid.UUID | None = None
    member: uuid.UUID | None = None
    earned_centi: int = 0
    programme: str = ""
    why: tuple[Reason, ...] = ()


class EventResults(msgspec.Struct, frozen=True, kw_only=True):
    """One result for each event, in their order."""

    v: int = protocol.VERSION
    events: list[EventResult]


class _Claim(msgspec.Struct, frozen=True):
    """An event whose key is its own: the member is the one that the key was first claimed for."""

    place: int
    event: OutsideEvent
    fact: uuid.UUID
    member: uuid.UUID


class Taker:
    """Takes the events of one source."""

    def __init__(self, db: Database, keys: Secrets, programmes: Programmes, source: str, now_ms: int) -> None:
        self._db = db
        self._keys = keys
        self._programmes = programmes
        self._source = source
        self._now_ms = now_ms
        self._results: dict[int, EventResult] = {}

    def take(self, events: Sequence[OutsideEvent]) -> list[EventResult]:
        """One result for each event; those with status 200 are durable."""
        self._results = {}
        hashes = [key_hash(self._source, event.key) for event in events]
        by_key: dict[int, list[int]] = defaultdict(list)
        for place, digest in enumerate(hashes):
            by_key[digest[0] % schema.SHARDS].append(place)
        claims: list[_Claim] = []
        for shard, places in sorted(by_key.items()):
            claims += self._claim(shard, [(place, events[place], hashes[place]) for place in places])
        by_member: dict[int, list[_Claim]] = defaultdict(list)
        for claim in sorted(claims, key=lambda one: one.place):
            by_member[schema.shard_of(claim.member)].append(claim)
        for shard, theirs in sorted(by_member.items()):
            self._record(shard, theirs)
        return [self._results[place] for place in range(len(events))]

    # The key, in the key's shard

    def _claim(self, shard: int, asked: Iterable[tuple[int, OutsideEvent, bytes]]) -> list[_Claim]:
        claims: list[_Claim] = []
        checked = [(place, event, digest, self._member(event)) for place, event, digest in asked]
        with self._db.write() as connection:
            self._db.lock_shard(connection, shard)
            for place, event, digest, member in checked:
                claimed = self._claimed(connection, shard, event, digest)
                if claimed is None:
                    problem = self._problem(connection, event, member)
                    if problem is not None or member is None:
                        self._results[place] = problem or _unknown_member(event)
                        continue
                    row = (shard, digest, _digest(event), member, self._now_ms)
                    self._db.insert(connection, schema.event_key, [row])
                    claimed = member
                if isinstance(claimed, EventResult):
                    self._results[place] = claimed
                else:
                    claims.append(_Claim(place, event, own.uuid8(b"stempel-event-1" + digest), claimed))
        return claims

    @staticmethod
    def _claimed(
        connection: sa.Connection, shard: int, event: OutsideEvent, digest: bytes
    ) -> uuid.UUID | EventResult | None:
        """Whom the key was claimed for, None for a new key, a refusal if it was for another event."""
        key = schema.event_key.c
        query = sa.select(key.digest, key.member).where(key.shard == shard, key.key_hash == digest)
        row = connection.execute(query).first()
        if row is None:
            return None
        if bytes(row.digest) != _digest(event):
            detail = "another event was sent with this key: give each its own"
            return EventResult(key=event.key, status=409, code="key_reused", detail=detail)
        return row.member

    def _member(self, event: OutsideEvent) -> uuid.UUID | None:
        """The id that the member goes by now, None for nobody."""
        root = merging.root(self._db, event.member)
        table = schema.member.c
        query = sa.select(table.id).where(table.shard == schema.shard_of(root), table.id == root)
        with self._db.read() as connection:
            return None if connection.execute(query).first() is None else root

    def _problem(
        self, connection: sa.Connection, event: OutsideEvent, member: uuid.UUID | None
    ) -> EventResult | None:
        """Why an event cannot be taken: nothing of it is kept, and its key stays free."""
        at_ms = self._at_ms(event)
        if not self._now_ms - AGE_MS <= at_ms <= self._now_ms + AHEAD_MS:
            detail = "at_ms must be within the last 31 days and not ahead of the server's clock"
            return EventResult(key=event.key, status=422, code="bad_time", detail=detail)
        if member is None:
            return _unknown_member(event)
        compiled = self._programmes.in_force(connection, event.store, at_ms)
        if compiled is None:
            detail = "no programme is in force at the server: publish one"
            return EventResult(key=event.key, status=422, code="no_programme", detail=detail)
        return _unfit(compiled, event)

    def _at_ms(self, event: OutsideEvent) -> int:
        return self._now_ms if event.at_ms is None else event.at_ms

    # The fact, in the member's shard

    def _record(self, shard: int, claims: Sequence[_Claim]) -> None:
        with self._db.write() as connection:
            self._db.lock_shard(connection, shard)
            known = _bodies(connection, shard, [claim.fact for claim in claims])
            fresh: dict[uuid.UUID, bytes] = {}
            states, left = States(connection, self._keys, shard), budgets.Left(connection)
            for claim in claims:
                body = known.get(claim.fact) or fresh.get(claim.fact)
                if body is None:
                    body = fresh[claim.fact] = self._body(connection, claim, states, left)
                self._results[claim.place] = _result(claim.event.key, body)
            if fresh:
                bodies = list(fresh.values())
                own.append(self._db, connection, self._keys, shard, bodies, self._now_ms)

    def _body(self, connection: sa.Connection, claim: _Claim, states: States, left: budgets.Left) -> bytes:
        event, at_ms = claim.event, self._at_ms(claim.event)
        compiled = self._programmes.in_force(connection, event.store, at_ms)
        decision, programme = EventDecision(), ""
        if compiled is not None:  # withdrawn since the key was claimed: nothing is earned
            told = Event(str(claim.fact), event.name, event.amount_minor, event.partner)
            moment = Moment(
                at_ms=at_ms,
                store=event.store,
                channel="web",
                member_id=str(claim.member),
                budgets=left.of(compiled),
            )
            decision = evaluate_event(compiled, states.of(claim.member), told, moment)
            left.gave(decision.effects)
            states.add(claim.member, decision.effects, at_ms)
            programme = f"{compiled.programme.id}@{compiled.programme.version}"
        fact = facts.ActivityRecorded(
            id=claim.fact, at_ms=at_ms, member=claim.member, event=event.name, source=self._source,
            partner=event.partner, amount_minor=event.amount_minor, currency=event.currency,
            programme=programme, effects=decision.effects, why=decision.why,
        )  # fmt: skip
        return facts.encode(fact)


def key_hash(source: str, key: str) -> bytes:
    """What is kept of a key, for ever. Keys of different sources are different."""
    return hashlib.sha256(msgspec.json.encode([source, key])).digest()


def _digest(event: OutsideEvent) -> bytes:
    """What is kept of an event's content: defaults are left out, so that a later field changes no digest."""
    return hashlib.sha256(msgspec.json.encode(event)).digest()


def _unknown_member(event: OutsideEvent) -> EventResult:
    detail = "no member of this id is known here yet; a till that enrolled them may not have synced"
    return EventResult(key=event.key, status=404, code="unknown_member", detail=detail)


def _unfit(compiled: Compiled, event: OutsideEvent) -> EventResult | None:
    programme = compiled.programme
    name = f"{programme.id}@{programme.version}"
    if not knows(compiled, Event("", event.name, event.amount_minor, event.partner)):
        detail = f"no rule of the programme {name} is about this event: check its name and partner"
        return EventResult(key=event.key, status=422, code="unknown_event", detail=detail)
    if event.amount_minor and event.currency != programme.currency:
        detail = f"amount_minor needs the currency of the programme {name}, {programme.currency}"
        return EventResult(key=event.key, status=422, code="other_currency", detail=detail)
    return None


def _bodies(connection: sa.Connection, shard: int, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, bytes]:
    fact = schema.fact.c
    query = sa.select(fact.id, fact.body).where(fact.shard == shard, fact.id.in_(ids))
    return {fact_id: bytes(body) for fact_id, body in connection.execute(query)}


def _result(key: str, body: bytes) -> EventResult:
    """The answer as the fact has it, so that it is the same whenever it is asked for."""
    fact = facts.decode(body)
    assert isinstance(fact, facts.ActivityRecorded)
    earned = sum(effect.lot.amount_centi for effect in fact.effects if isinstance(effect, PointsEarned))
    return EventResult(
        key=key, fact=fact.id, member=fact.member, earned_centi=earned, programme=fact.programme, why=fact.why
    )
