"""Which members a till is given: everybody in a small chain, in a large one those whom its store has seen."""

from __future__ import annotations

import importlib
import threading
import uuid
from collections.abc import Sequence

import msgspec
import pytest
import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

from app.ledger import facts
from app.ledger.facts import CardLinked, MembersMerged
from sync import protocol
from sync.server import member_scope, members, schema
from sync.server.member_scope import MemberScope
from tests.sync.rig import NOW_MS, Rig
from tests.sync.server.pushing import Pushing, of_store
from tests.sync.server.test_members import earned, pull_all, state_of
from tests.sync.server.test_persons import hand, row


def limit(rig: Rig, full_up_to: int) -> bool:
    return member_scope.publish(rig.db, MemberScope(full_up_to=full_up_to)).limited


def some(rig: Rig, count: int) -> list[uuid.UUID]:
    return [rig.world.new_id() for _ in range(count)]


def linked(rig: Rig, member: uuid.UUID, card: str) -> bytes:
    return facts.encode(CardLinked(id=rig.world.new_id(), at_ms=NOW_MS, member=member, card=card))


def test_a_small_chain_knows_everybody_everywhere(rig: Rig, north: Pushing, south: Pushing) -> None:
    ann, bob = some(rig, 2)
    north.push(earned(rig, ann, 100))
    south.push(earned(rig, bob, 100))
    assert not limit(rig, 2)
    assert north.knows() == south.knows() == {ann, bob}
    assert not pull_page(north).limited


def pull_page(of: Pushing, cursor: str = "") -> protocol.PullPage:
    answer = of.till.send("GET", f"/v1/pull?cursor={cursor}")
    assert answer.status == 200, answer.body
    return answer.read(protocol.PullPage)


def test_a_large_chain_gives_a_store_whom_it_has_seen(rig: Rig, north: Pushing, south: Pushing) -> None:
    ann, bob, cat = some(rig, 3)
    north.push(earned(rig, ann, 100), earned(rig, bob, 100))
    south.push(earned(rig, cat, 100))
    assert limit(rig, 2)
    assert north.knows() == {ann, bob}
    assert south.knows() == {cat}
    assert pull_page(north).limited
    other = of_store(rig, "north", 3)
    assert other.knows() == {ann, bob}, "whichever till of the store saw them"


@pytest.mark.parametrize("far", [0, 10**9])
def test_who_comes_to_a_store_comes_to_its_tills(
    rig: Rig, north: Pushing, south: Pushing, far: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.server.pull.FAR", far)
    crowd = some(rig, 30)
    north.push(*(earned(rig, one, 100) for one in crowd))
    limit(rig, 0)
    assert set(pull_all(north.till, limit=4)[0]) == set(crowd)
    _, cursor = pull_all(south.till)
    south.push(earned(rig, crowd[0], 50))
    found, cursor = pull_all(south.till, cursor)
    assert set(found) == {crowd[0]}, "their first fact here brings them"
    assert state_of(found[crowd[0]]).balance_centi == 150, "with all that they have"
    assert found[crowd[0]].applied, "and says which of its own facts are in it"
    north.push(earned(rig, crowd[0], 1), earned(rig, crowd[1], 1))
    found, _ = pull_all(south.till, cursor)
    assert set(found) == {crowd[0]}, "and from then on what others do for them comes, too"


def test_crossing_the_limit_either_way_begins_again(rig: Rig, north: Pushing, south: Pushing) -> None:
    ann, bob = some(rig, 2)
    north.push(earned(rig, ann, 100))
    south.push(earned(rig, bob, 100))
    _, cursor = pull_all(north.till)
    limit(rig, 1)
    answer = north.till.send("GET", f"/v1/pull?cursor={cursor}")
    assert (answer.status, answer.problem.code) == (410, "cursor_expired")
    found, cursor = pull_all(north.till)
    assert set(found) == {ann}
    limit(rig, 10)
    answer = north.till.send("GET", f"/v1/pull?cursor={cursor}")
    assert (answer.status, answer.problem.code) == (410, "cursor_expired")
    assert north.knows() == {ann, bob}


def test_a_chain_at_its_limit_does_not_swing(rig: Rig, north: Pushing) -> None:
    north.push(*(earned(rig, one, 1) for one in some(rig, 20)))
    assert not limit(rig, 20)
    north.push(earned(rig, rig.world.new_id(), 1))
    assert member_scope.decide(rig.db).limited
    assert limit(rig, 22), "not far enough below"
    assert not limit(rig, 24)


@pytest.mark.parametrize("db", ["postgresql"], indirect=True)
def test_a_limit_that_is_set_while_a_server_decides_stays_set(
    rig: Rig, north: Pushing, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(rig, 5)
    north.push(*(linked(rig, rig.world.new_id(), f"uid:{number}") for number in range(9)))
    keep = member_scope._keep
    office = threading.Thread(target=limit, args=(rig, 7))

    def slowly(connection: sa.Connection, kept: member_scope.Kept) -> None:
        monkeypatch.setattr(member_scope, "_keep", keep)
        office.start()
        office.join(0.5)
        keep(connection, kept)

    monkeypatch.setattr(member_scope, "_keep", slowly)
    member_scope.decide(rig.db)
    office.join()
    with rig.db.read() as connection:
        assert member_scope.current(connection) == member_scope.Kept(full_up_to=7, limited=True)


def test_a_merge_follows_to_every_store_that_saw_either(rig: Rig, north: Pushing, south: Pushing) -> None:
    ann, other = some(rig, 2)
    north.push(earned(rig, ann, 100))
    south.push(earned(rig, other, 40), linked(rig, other, "code:7"))
    limit(rig, 0)
    _, cursor = pull_all(south.till)
    north.push(facts.encode(MembersMerged(id=rig.world.new_id(), at_ms=NOW_MS + 1, member=ann, other=other)))
    found, _ = pull_all(south.till, cursor)
    assert found[other].merged_into == ann
    assert [card.token for card in found[ann].cards] == ["code:7"], "with what the root has now"


def test_names_go_to_the_store_that_entered_them(rig: Rig, north: Pushing, south: Pushing) -> None:
    ann = rig.world.new_id()
    north.push(earned(rig, ann, 100))
    hand(north.till, row("Ann", NOW_MS, ann))
    south.push(earned(rig, ann, 1))
    limit(rig, 0)
    assert [one.member for one in pull_page(north).persons] == [ann]
    page = pull_page(south)
    assert ([one.member for one in page.members], page.persons) == ([ann], [])


def test_a_rebuild_keeps_who_was_seen_where(rig: Rig, north: Pushing, south: Pushing) -> None:
    ann, bob = some(rig, 2)
    north.push(earned(rig, ann, 100))
    south.push(earned(rig, bob, 100))
    limit(rig, 0)
    members.rebuild(rig.db)
    assert (north.knows(), south.knows()) == ({ann}, {bob})
    assert members.check(rig.db) == []


def test_a_server_that_was_there_before_knows_who_was_seen_where(
    rig: Rig, north: Pushing, south: Pushing
) -> None:
    ann, bob = some(rig, 2)
    north.push(earned(rig, ann, 100))
    south.push(earned(rig, ann, 1), earned(rig, bob, 100))
    before = seen(rig)
    migration = importlib.import_module("sync.server.migrations.versions.0009_scope")
    with rig.db.write() as connection:
        connection.execute(sa.delete(schema.member_store))
        with Operations.context(MigrationContext.configure(connection)):
            migration.fill()
    assert seen(rig) == before
    assert len(before) == 3


def seen(rig: Rig) -> set[Sequence[object]]:
    with rig.db.read() as connection:
        return {tuple(row) for row in connection.execute(sa.select(schema.member_store))}


def test_head_office_sets_the_limit(rig: Rig, north: Pushing) -> None:
    north.push(*(earned(rig, one, 1) for one in some(rig, 3)))
    headers = [("Authorization", f"Bearer {rig.token}"), ("Content-Type", "application/json")]
    answer = rig.call("PUT", "/v1/member-scope", b'{"full_up_to": 2}', headers)
    assert (answer.status, msgspec.json.decode(answer.body)) == (200, {"full_up_to": 2, "limited": True})
    assert rig.call("PUT", "/v1/member-scope", b'{"full_up_to": -1}', headers).status == 400
