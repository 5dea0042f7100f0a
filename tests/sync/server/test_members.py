"""Members at the server: folded from all tills' facts, in whatever order they come, and pulled by tills."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from app.ledger import facts
from app.ledger.chain import Head, verify
from app.ledger.facts import PointsAdjusted
from app.loyalty.effects import Lot, PointsEarned, PointsSpent, StampsChanged
from app.loyalty.state import EMPTY, MemberState, apply
from sync import protocol
from sync.server import members, merging, schema
from sync.server.database import Database
from tests.sync.memory import body_of
from tests.sync.rig import NOW_MS, HandTill, Rig


def earned(rig: Rig, member: uuid.UUID, amount_centi: int, at_ms: int = NOW_MS) -> bytes:
    fact_id = rig.world.new_id()
    lot = Lot(str(fact_id), "points", amount_centi, at_ms)
    effects = (PointsEarned(lot), StampsChanged("coffee", 1))
    return facts.encode(
        PointsAdjusted(id=fact_id, at_ms=at_ms, member=member, reason="test", effects=effects)
    )


def spent(rig: Rig, member: uuid.UUID, amount_centi: int, at_ms: int) -> bytes:
    effects = (PointsSpent("points", amount_centi),)
    return facts.encode(
        PointsAdjusted(id=rig.world.new_id(), at_ms=at_ms, member=member, reason="test", effects=effects)
    )


def state_of(row: protocol.MemberRow) -> MemberState:
    return msgspec.json.decode(row.state, type=MemberState)


def pull(till: HandTill, cursor: str = "", limit: int = 1000) -> protocol.PullPage:
    answer = till.send("GET", f"/v1/pull?cursor={cursor}&limit={limit}")
    assert answer.status == 200, answer.body
    return answer.read(protocol.PullPage)


def pull_all(
    till: HandTill, cursor: str = "", limit: int = 1000
) -> tuple[dict[uuid.UUID, protocol.MemberRow], str]:
    rows: dict[uuid.UUID, protocol.MemberRow] = {}
    more = True
    while more:
        page = pull(till, cursor, limit)
        rows |= {row.member: row for row in page.members}
        cursor, more = page.cursor, page.more
    return rows, cursor


def fold_all(rig: Rig) -> None:
    while members.fold_new(rig.db):
        pass


@pytest.fixture
def till(rig: Rig) -> HandTill:
    till = HandTill(rig)
    assert till.enrol().status == 200
    return till


def test_a_pulled_member_is_the_fold_of_its_facts(rig: Rig, till: HandTill) -> None:
    ann, bob = rig.world.new_id(), rig.world.new_id()
    bodies = [
        earned(rig, ann, 500),
        earned(rig, bob, 100),
        body_of(rig.world),
        earned(rig, ann, 250, NOW_MS + 1),
    ]
    till.push_ok(till.start, bodies)
    fold_all(rig)
    rows, _ = pull_all(till)
    assert {member: state_of(row).balance_centi for member, row in rows.items()} == {ann: 750, bob: 100}
    assert state_of(rows[ann]).card("coffee") == 2
    assert (rows[ann].applied, rows[bob].applied, rows[ann].at_ms) == ({1: 4}, {1: 2}, NOW_MS + 1)
    other = HandTill(rig, bytes(32))
    other.enrol()
    assert pull_all(other)[0][ann].applied == {}, "marks are of the asking till's own facts"


def test_only_what_changed_is_pulled_again(rig: Rig, till: HandTill) -> None:
    people = [rig.world.new_id() for _ in range(30)]
    _, head = till.push_ok(till.start, [earned(rig, member, 100) for member in people])
    fold_all(rig)
    for limit in (1, 7, 1000):
        rows, cursor = pull_all(till, limit=limit)
        assert set(rows) == set(people)
    assert pull(till, cursor).members == []
    till.push_ok(head, [earned(rig, people[3], 11)])
    fold_all(rig)
    rows, _ = pull_all(till, cursor)
    assert {member: state_of(row).balance_centi for member, row in rows.items()} == {people[3]: 111}


def test_a_late_fact_is_folded_where_it_belongs(rig: Rig, till: HandTill) -> None:
    """An offline till spent first; had the order of arrival counted, the debt would remain different."""
    member = rig.world.new_id()
    late = HandTill(rig, bytes(32))
    late.enrol()
    till.push_ok(till.start, [earned(rig, member, 100, NOW_MS), spent(rig, member, 300, NOW_MS + 2)])
    fold_all(rig)
    assert state_of(pull_all(till)[0][member]).debt_centi == 200
    late.push_ok(late.start, [earned(rig, member, 500, NOW_MS + 1)])
    fold_all(rig)
    row = pull_all(till)[0][member]
    assert (state_of(row).balance_centi, state_of(row).debt_centi) == (300, 0)
    assert [lot.amount_centi for lot in state_of(row).lots] == [300]
    assert row.at_ms == NOW_MS + 2, "the last fact in order, not the last that came"
    assert members.check(rig.db) == []


def test_one_fact_of_two_tills_counts_once_though_both_come_in_one_batch(rig: Rig, till: HandTill) -> None:
    """What a till and the server, or two copies of a disk, settle each for itself has one id."""
    member = rig.world.new_id()
    body = earned(rig, member, 700)
    twin = HandTill(rig, bytes(32))
    assert twin.enrol().status == 200
    assert schema.shard_of(twin.credentials.till) != schema.shard_of(till.credentials.till)
    till.push_ok(till.start, [body])
    twin.push_ok(twin.start, [body])
    fold_all(rig)
    rows, _ = pull_all(till)
    assert state_of(rows[member]).balance_centi == 700
    assert members.check(rig.db) == []


def test_folding_again_after_a_crash_changes_nothing(
    rig: Rig, till: HandTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [rig.world.new_id() for _ in range(12)]
    till.push_ok(till.start, [earned(rig, member, 100) for member in people * 2])
    fold_facts, calls = members.fold_facts, 0

    def dying(*args: object) -> None:
        nonlocal calls
        calls += 1
        if calls % 3 == 0:
            raise KeyboardInterrupt
        fold_facts(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(members, "fold_facts", dying)
    monkeypatch.setattr(members, "GROUP", 5)
    for _ in range(100):
        try:
            fold_all(rig)
            break
        except KeyboardInterrupt:
            monkeypatch.setattr(members, "BATCH", 5)
    monkeypatch.setattr(members, "fold_facts", fold_facts)
    fold_all(rig)
    rows, _ = pull_all(till)
    assert {state_of(row).balance_centi for row in rows.values()} == {200}
    assert len(rows) == len(people)
    assert members.check(rig.db) == []


def test_a_rebuild_gives_the_same_states_and_tills_pull_them(rig: Rig, till: HandTill) -> None:
    people = [rig.world.new_id() for _ in range(5)]
    till.push_ok(till.start, [earned(rig, member, 100 + n) for n, member in enumerate(people * 3)])
    fold_all(rig)
    before, cursor = pull_all(till)
    assert members.rebuild(rig.db) == 15
    after, _ = pull_all(till, cursor)
    assert [row.version for row in after.values()] != [row.version for row in before.values()]
    unnamed = {member: msgspec.structs.replace(row, version=0) for member, row in after.items()}
    assert unnamed == {member: msgspec.structs.replace(row, version=0) for member, row in before.items()}
    with rig.db.write() as connection:
        connection.execute(
            sa.update(schema.member).where(schema.member.c.id == people[0]).values(state=b"{}")
        )
    assert members.check(rig.db) == [people[0]], "the check can fail"


def test_effects_of_a_later_version_wait_for_a_newer_program(
    rig: Rig, till: HandTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = rig.world.new_id()
    future = body_of(rig.world, member=member, effects=[{"do": "teleported", "far": 1}])
    till.push_ok(till.start, [earned(rig, member, 100), future, earned(rig, member, 50, NOW_MS + 1)])
    fold_all(rig)
    assert state_of(pull_all(till)[0][member]).balance_centi == 150
    assert len(rig.feed_all()) == 3


def test_facts_that_came_under_two_envelopes_are_marked_off_in_both_epochs(rig: Rig, till: HandTill) -> None:
    member = rig.world.new_id()
    one, two = earned(rig, member, 100), earned(rig, member, 50)
    till.push_ok(till.start, [one])
    till.enrol_again(bytes(reversed(range(32))))
    till.push_ok(till.start, [one, two])
    fold_all(rig)
    row = pull_all(till)[0][member]
    assert (state_of(row).balance_centi, row.applied) == (150, {1: 1, 2: 2})
    till.push_ok(till.start, [one, two])
    fold_all(rig)
    assert pull_all(till)[0][member] == row


def test_a_cursor_is_for_one_till_and_one_purpose(rig: Rig, till: HandTill) -> None:
    other = HandTill(rig, bytes(32))
    other.enrol()
    mine = pull(till).cursor
    for answer in (
        other.send("GET", f"/v1/pull?cursor={mine}"),
        rig.office(f"/v1/feed?cursor={mine}"),
        till.send("GET", f"/v1/pull?cursor={rig.feed().cursor}"),
    ):
        assert (answer.status, answer.problem.code) == (400, "bad_cursor")
    assert rig.office("/v1/pull").status == 401


@dataclass
class Counter:
    """A till that keeps its facts and their newest envelopes, and reckons balances as a till does."""

    hand: HandTill
    bodies: list[bytes] = field(default_factory=list)
    head: Head | None = None
    unsent: list[bytes] = field(default_factory=list)
    places: dict[bytes, tuple[int, int]] = field(default_factory=dict)

    def sell(self, body: bytes) -> None:
        self.bodies.append(body)
        self.unsent.append(body)
        self._place()

    def _place(self) -> None:
        assert self.head is not None
        for offset, body in enumerate(self.unsent, 1):
            self.places[body] = (self.head.epoch, self.head.seq + offset)

    def push(self, count: int, *, reply: bool = True) -> None:
        assert self.head is not None
        some = self.unsent[:count]
        if not some:
            return
        assert self.hand.push(self.head, some).status == 200
        if reply:
            self.head, self.unsent = verify(self.head, some), self.unsent[count:]

    def new_epoch(self, key: bytes) -> None:
        """As after a fork: what the server has in common is acknowledged first."""
        assert self.head is not None
        there = self.hand.state().acked_seq - self.head.seq
        self.unsent = self.unsent[there:]
        assert self.hand.enrol_again(key).status == 200
        self.head = self.hand.start
        self._place()

    def balance(self, member: uuid.UUID, row: protocol.MemberRow | None) -> tuple[int, int]:
        """As the till shows it: the pulled state, and its own later facts on top."""
        state = EMPTY if row is None else state_of(row)
        applied = {} if row is None else row.applied
        for body in self.bodies:
            epoch, seq = self.places[body]
            fact = facts.decode(body)
            if facts.member_of(fact) == member and seq > applied.get(epoch, 0):
                state = apply(state, facts.effects_of(fact), fact.at_ms)
        return state.balance_centi, state.card("coffee")


@pytest.mark.parametrize("seed", range(3))
def test_what_a_till_shows_is_always_the_truth_it_can_know(rig: Rig, seed: int) -> None:
    """At any moment: everything folded at the server and everything of its own, each exactly once."""
    draw = random.Random(seed)
    people = [rig.world.new_id() for _ in range(3)]
    tills = [Counter(HandTill(rig, bytes([n] * 32))) for n in (1, 2, 3)]
    for till in tills:
        till.hand.enrol()
        till.head = till.hand.start
    for step in range(60):
        till = draw.choice(tills)
        at_ms = NOW_MS + draw.randrange(10_000)
        match draw.choice(["sell", "sell", "push", "lost", "fold", "epoch"]):
            case "sell":
                till.sell(earned(rig, draw.choice(people), draw.randrange(1, 999), at_ms))
            case "push":
                till.push(draw.randrange(1, 5))
            case "lost":
                till.push(draw.randrange(1, 5), reply=False)
            case "epoch":
                till.new_epoch(draw.randbytes(32))
            case _:
                members.fold_new(rig.db)
        if step % 4 == 0:
            check_balances(rig, draw.choice(tills), people)
    fold_all(rig)
    for till in tills:
        check_balances(rig, till, people)
    assert members.check(rig.db) == []


def check_balances(rig: Rig, till: Counter, people: list[uuid.UUID]) -> None:
    rows, _ = pull_all(till.hand)
    with rig.db.read() as connection:
        links = connection.execute(sa.select(schema.member_fact.c.fact_id)).scalars().all()
    at_server = {
        bytes(fact.body) for fact in rig.feed_all() if facts.header(bytes(fact.body)).id in set(links)
    }
    for member in people:
        known = [facts.decode(body) for body in at_server | set(till.bodies)]
        truth = EMPTY
        for fact in known:
            if facts.member_of(fact) == member:
                truth = apply(truth, facts.effects_of(fact), fact.at_ms)
        assert till.balance(member, rows.get(member)) == (truth.balance_centi, truth.card("coffee"))


def merged(rig: Rig, member: uuid.UUID, other: uuid.UUID) -> bytes:
    fact = facts.MembersMerged(id=rig.world.new_id(), at_ms=NOW_MS, member=member, other=other)
    return facts.encode(fact)


def linked(rig: Rig, member: uuid.UUID, card: str) -> bytes:
    return facts.encode(facts.CardLinked(id=rig.world.new_id(), at_ms=NOW_MS, member=member, card=card))


@pytest.mark.parametrize("seed", range(6))
def test_merged_members_are_one_whatever_order_their_facts_come_in(
    rig: Rig, till: HandTill, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in a chain, with late facts on the old ids, and with a crash after any transaction."""
    draw = random.Random(seed)
    ann, anna, anja = (rig.world.new_id() for _ in range(3))
    bodies = [
        earned(rig, ann, 1), earned(rig, anna, 20), earned(rig, anja, 300), linked(rig, anja, "uid:03"),
        merged(rig, ann, anna), merged(rig, anna, anja), earned(rig, anja, 4000), earned(rig, anna, 50_000),
    ]  # fmt: skip
    draw.shuffle(bodies)
    fold_facts, calls = members.fold_facts, 0

    def dying(*args: object) -> object:
        nonlocal calls
        calls += 1
        done = fold_facts(*args)  # type: ignore[arg-type]
        if calls % 3 == 0:
            raise KeyboardInterrupt
        return done

    head = till.start
    while bodies:
        some, bodies = bodies[:3], bodies[3:]
        _, head = till.push_ok(head, some)
        monkeypatch.setattr(members, "fold_facts", dying)
        for _ in range(30):
            try:
                fold_all(rig)
                break
            except KeyboardInterrupt:
                monkeypatch.setattr(members, "fold_facts", fold_facts if draw.random() < 0.3 else dying)
        monkeypatch.setattr(members, "fold_facts", fold_facts)
        fold_all(rig)
    rows, _ = pull_all(till)
    roots = [member for member in rows if rows[member].merged_into is None]
    assert len(roots) == 1
    (root,) = roots
    assert state_of(rows[root]).balance_centi == 54_321
    assert [card.token for card in rows[root].cards] == ["uid:03"]
    for member in {ann, anna, anja} - {root}:
        assert (state_of(rows[member]), rows[member].cards) == (EMPTY, ())
    assert members.check(rig.db) == []
    members.rebuild(rig.db)
    again, _ = pull_all(till)
    assert state_of(again[root]).balance_centi == 54_321
    assert members.check(rig.db) == []


def test_facts_that_a_newer_program_can_read_are_folded_by_a_rebuild(
    rig: Rig, till: HandTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = rig.world.new_id()
    with monkeypatch.context() as older:
        older.setattr(members, "impact_of", lambda *_: None)
        _, head = till.push_ok(till.start, [earned(rig, member, 700)])
        fold_all(rig)
    till.push_ok(head, [earned(rig, member, 50)])
    assert members.passed_over(rig.db) == 1, "one is not folded yet, and waits"
    fold_all(rig)
    assert members.passed_over(rig.db) == 1
    assert state_of(pull_all(till)[0][member]).balance_centi == 50
    members.rebuild(rig.db)
    assert members.passed_over(rig.db) == 0
    assert state_of(pull_all(till)[0][member]).balance_centi == 750


def test_two_servers_that_merge_the_same_two_agree(
    rig: Rig, till: HandTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other merges them the other way round after this one has looked whose aliases they are."""
    ann, anna = rig.world.new_id(), rig.world.new_id()
    _, head = till.push_ok(till.start, [earned(rig, ann, 1), earned(rig, anna, 20)])
    fold_all(rig)
    till.push_ok(head, [merged(rig, ann, anna)])
    put, first = merging.put, True

    def raced(db: Database, other: uuid.UUID, member: uuid.UUID) -> bool:
        nonlocal first
        if first:
            first = False
            assert put(db, member, other)
        return put(db, other, member)

    monkeypatch.setattr(merging, "put", raced)
    fold_all(rig)
    rows, _ = pull_all(till)
    assert (rows[ann].merged_into, rows[anna].merged_into) == (anna, None)
    assert state_of(rows[anna]).balance_centi == 21
    members.rebuild(rig.db)
    assert sum(state_of(row).balance_centi for row in pull_all(till)[0].values()) == 21


def test_a_fact_follows_its_member_however_often_they_are_merged_meanwhile(
    rig: Rig, till: HandTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, anna, anja = (rig.world.new_id() for _ in range(3))
    _, head = till.push_ok(till.start, [earned(rig, one, 1) for one in (ann, anna, anja)])
    fold_all(rig)
    _, head = till.push_ok(head, [merged(rig, anna, ann)])
    fold_all(rig)
    fold_facts, calls = members.fold_facts, 0

    def raced(*args: Any) -> list[Any]:
        nonlocal calls
        calls += 1
        if calls == 2:  # between its root being looked up and the fact being folded into it
            merging.put(rig.db, anna, anja)
        return fold_facts(*args)

    till.push_ok(head, [earned(rig, ann, 500)])
    monkeypatch.setattr(members, "fold_facts", raced)
    fold_all(rig)
    assert state_of(pull_all(till)[0][anja]).balance_centi == 501
