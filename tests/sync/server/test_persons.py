"""Persons: the later version holds, only the store's own tills see them, and erased stays erased."""

from __future__ import annotations

import itertools
import uuid
from pathlib import Path

import msgspec
import pytest

from sync import protocol
from sync.server import admin, members, persons, pull
from sync.server.database import open_database
from sync.server.tills import Till
from tests.sync.rig import NOW_MS, HandTill, Rig
from tests.sync.server.test_members import fold_all, merged

ANN = uuid.UUID("019a0000-0000-7000-8000-00000000000a")


def till_of(rig: Rig, store: str, number: int) -> HandTill:
    till = HandTill(rig, bytes([number] * 32))
    assert till.enrol(admin.create_enrol_code(rig.db, store, rig.world.now_ms())).status == 200
    return till


def row(name: str, updated_ms: int, member: uuid.UUID = ANN) -> protocol.PersonRow:
    return protocol.PersonRow(
        member=member, updated_ms=updated_ms, data=msgspec.Raw(msgspec.json.encode({"name": name}))
    )


def hand(till: HandTill, *rows: protocol.PersonRow) -> int:
    body = protocol.pack(protocol.Persons(persons=list(rows)))
    answer = till.send("POST", f"/v1/tills/{till.credentials.till}/persons", body)
    assert answer.status == 200, answer.body
    return answer.read(protocol.PersonsKept).kept


def pulled(till: HandTill, cursor: str = "", limit: int = 1000) -> tuple[dict[uuid.UUID, str | None], str]:
    found: dict[uuid.UUID, str | None] = {}
    more = True
    while more:
        answer = till.send("GET", f"/v1/pull?cursor={cursor}&limit={limit}")
        page = answer.read(protocol.PullPage)
        for person in page.persons:
            found[person.member] = None if person.erased else msgspec.json.decode(person.data)["name"]
        cursor, more = page.cursor, page.more
    return found, cursor


@pytest.fixture
def till(rig: Rig) -> HandTill:
    return till_of(rig, "shop 1", 1)


def test_persons_reach_the_stores_tills_and_nobody_else(rig: Rig, till: HandTill) -> None:
    same, other = till_of(rig, "shop 1", 2), till_of(rig, "shop 2", 3)
    assert hand(till, row("Ann", 10)) == 1
    assert pulled(till)[0] == pulled(same)[0] == {ANN: "Ann"}
    assert pulled(other)[0] == {}
    assert hand(till, row("Ann", 10)) == 0, "the same again is nothing new"


def test_the_later_version_holds_whatever_order_they_come_in(rig: Rig) -> None:
    first, second = till_of(rig, "shop 1", 1), till_of(rig, "shop 1", 2)
    members: dict[uuid.UUID, str | None] = {}
    for order in itertools.permutations(range(4)):
        member = uuid.uuid4()
        writes = [(first, "a", 1), (second, "b", 5), (first, "c", 5), (second, "d", -9)]
        for till, name, updated_ms in (writes[index] for index in order):
            hand(till, row(name, updated_ms, member))
        later = max((first, second), key=lambda till: till.credentials.till.bytes)
        members[member] = "c" if later is first else "b"
    assert pulled(first)[0] == members


def test_erased_is_erased_everywhere_and_for_ever(rig: Rig, till: HandTill) -> None:
    other = till_of(rig, "shop 2", 2)
    hand(till, row("Ann", 10))
    _, cursor = pulled(till)
    _, elsewhere = pulled(other)
    answer = rig.call("DELETE", f"/v1/persons/{ANN}", headers=[("Authorization", f"Bearer {rig.token}")])
    assert answer.status == 204
    found, cursor = pulled(till, cursor)
    assert (found, pulled(other, elsewhere)[0]) == ({ANN: None}, {ANN: None})
    with rig.db.read() as connection:
        everything = connection.exec_driver_sql("SELECT data FROM person").scalars().all()
    assert everything == [None]
    assert hand(till, row("Ann again", 99)) == 0
    assert pulled(till, cursor)[0] == {ANN: None}, "a till that sends her again is told again"
    assert not persons.erase(rig.db, ANN, 1), "nothing is left to erase"
    assert persons.erase(rig.db, uuid.uuid4(), 1) is False, "but who is not here yet will never be"


def test_erased_is_erased_under_every_id_and_a_merge_forgets_the_other(rig: Rig, till: HandTill) -> None:
    south, anna, anja = till_of(rig, "shop 2", 2), uuid.uuid4(), uuid.uuid4()
    hand(south, row("Anna", 10, anna))
    _, head = till.push_ok(till.start, [merged(rig, ANN, anna)])
    fold_all(rig)
    assert pulled(south)[0] == {anna: None, ANN: "Anna"}, "the only one who says who she is"
    assert hand(till, row("Ann", 9)) == 0, "older than that"
    assert hand(till, row("Ann", 11)) == 1
    hand(south, row("Anja", 10, anja))
    till.push_ok(head, [merged(rig, ANN, anja)])
    fold_all(rig)
    assert pulled(south)[0] == {anna: None, anja: None}, "Ann is of the store that said it last"
    assert persons.erase(rig.db, anja, 1)
    assert pulled(south)[0] == {anna: None, anja: None, ANN: None}


@pytest.mark.parametrize("of_other", [False, True])
def test_who_was_erased_before_their_merge_was_heard_of_is_erased_under_both_ids(
    rig: Rig, till: HandTill, of_other: bool
) -> None:
    south, anna = till_of(rig, "shop 2", 2), uuid.uuid4()
    hand(till, row("Ann", 10))
    hand(south, row("Anna", 10, anna))
    fact = merged(rig, ANN, anna)
    persons.erase(rig.db, anna if of_other else ANN, NOW_MS + 5000)
    till.push_ok(till.start, [fact])
    for _ in range(2):
        fold_all(rig)
        assert pulled(till)[0] == pulled(south)[0] == {ANN: None, anna: None}
        members.rebuild(rig.db)


def test_who_is_merged_with_somebody_erased_long_ago_keeps_the_name(rig: Rig, till: HandTill) -> None:
    anna = uuid.uuid4()
    hand(till, row("Ann", 10), row("Anna", 10, anna))
    persons.erase(rig.db, ANN, NOW_MS - 5000)
    till.push_ok(till.start, [merged(rig, ANN, anna)])
    fold_all(rig)
    assert pulled(till)[0] == {ANN: None, anna: "Anna"}


def test_two_tills_that_merge_the_same_two_leave_one_who_has_a_name(rig: Rig, till: HandTill) -> None:
    south, anna = till_of(rig, "shop 2", 2), uuid.uuid4()
    hand(till, row("Ann", 10))
    hand(south, row("Anna", 10, anna))
    till.push_ok(till.start, [merged(rig, ANN, anna)])
    south.push_ok(south.start, [merged(rig, anna, ANN)])
    for _ in range(2):
        fold_all(rig)
        names = [name for name in (pulled(till)[0] | pulled(south)[0]).values() if name is not None]
        assert len(names) == 1
        members.rebuild(rig.db)


@pytest.mark.parametrize("most_bytes", [1, 100, 8 << 20])
def test_pages_of_members_and_persons_skip_neither(
    rig: Rig, till: HandTill, most_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pull, "PAGE_BYTES_MAX", most_bytes)
    people = [uuid.UUID(int=number) for number in range(60)]
    hand(till, *(row(str(member), 1, member) for member in people))
    for limit in (1, 7, 1000):
        found, cursor = pulled(till, limit=limit)
        assert set(found) == set(people)
    assert pulled(till, cursor)[0] == {}


def test_what_is_no_person_is_dropped_and_does_not_stop_the_others(rig: Rig, till: HandTill) -> None:
    huge = row("x" * (persons.DATA_MAX + 1), 1, uuid.uuid4())
    empty = protocol.PersonRow(member=uuid.uuid4(), updated_ms=1)
    far = row("Far", 2**62 + 5)
    assert hand(till, huge, empty, far) == 1
    assert pulled(till)[0] == {ANN: "Far"}
    many = protocol.pack(protocol.Persons(persons=[row("x", 1)] * (protocol.PERSONS_MAX + 1)))
    answer = till.send("POST", f"/v1/tills/{till.credentials.till}/persons", many)
    assert (answer.status, answer.problem.code) == (413, "too_large")


def test_nothing_of_the_erased_is_left_in_sqlites_files(tmp_path: Path) -> None:
    db = open_database(None, tmp_path)
    db.migrate()
    till, ids = Till(uuid.uuid4(), 1, "shop"), [uuid.uuid4() for _ in range(100)]
    for number, id in enumerate(ids):
        data = msgspec.Raw(msgspec.json.encode({"name": f"Somebody {number}"}))
        persons.take(db, till, [protocol.PersonRow(member=id, updated_ms=1, origin=till.id, data=data)])
    for id in ids:
        persons.erase(db, id, 2)
    left = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert left.count(b"Somebody") == 0
    db.close()
