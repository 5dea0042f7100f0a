"""Members with one phone number: found whatever order they come in, asked of the tills, done once."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event
from typer.testing import CliRunner

from app.cli import app
from app.ledger.facts import MemberEnrolled, MembersMerged, encode
from sync import protocol
from sync.server import admin, persons, twins
from sync.server.database import Database
from sync.server.merges import Proposals
from tests.sync.rig import NOW_MS, HandTill, Rig
from tests.sync.server.test_lists import Mirror, till_of
from tests.sync.server.test_members import fold_all


class People:
    """Enrols people by phone at tills."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.till, self.other = till_of(rig, "shop 1", 1), till_of(rig, "shop 2", 2)
        self.stamp_ms = NOW_MS

    def enrol(self, phone: str, till: HandTill | None = None, member: uuid.UUID | None = None) -> uuid.UUID:
        till, member = till or self.till, member or self.rig.world.new_id()
        self.stamp_ms += 1
        data = msgspec.Raw(msgspec.json.encode({"member": member, "name": f"N {phone}", "phone": phone}))
        row = protocol.PersonRow(member=member, updated_ms=self.stamp_ms, data=data)
        target = f"/v1/tills/{till.credentials.till}/persons"
        assert till.send("POST", target, protocol.pack(protocol.Persons(persons=[row]))).status == 200
        return member

    def pairs(self) -> set[frozenset[uuid.UUID]]:
        """What is proposed now."""
        while twins.compare_new(self.rig.db, self.rig.context.secrets):
            pass
        return {frozenset(one.members) for one in twins.proposals(self.rig.db)}


@pytest.fixture
def people(rig: Rig) -> People:
    return People(rig)


def test_one_number_at_two_tills_is_proposed_to_the_stores_of_both(people: People) -> None:
    ann = people.enrol("+48 601 202 303")
    people.enrol("600 000 001")
    assert people.pairs() == set()
    twin = people.enrol("601-202-303", people.other)
    assert people.pairs() == {frozenset((ann, twin))}
    for till in (people.till, people.other):
        (body,) = Mirror(till, "merge").pull().of("merge").values()
        assert {uuid.UUID(one) for one in body["members"]} == {ann, twin}
    third = Mirror(till_of(people.rig, "shop 3", 3), "merge")
    assert third.pull().of("merge") == {}, "other stores are not asked"
    (found,) = people.rig.office("/v1/merges").read(Proposals).merges
    assert (set(found.names), found.stores) == ({"N +48 601 202 303", "N 601-202-303"}, ("shop 1", "shop 2"))


def test_members_who_change_without_their_persons_cost_one_transaction(people: People) -> None:
    db, new = people.rig.db, people.rig.world.new_id
    people.pairs()
    begun = [encode(MemberEnrolled(id=new(), at_ms=NOW_MS, member=new())) for _ in range(20)]
    people.till.push_ok(people.till.start, begun)
    fold_all(people.rig)
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    assert twins.compare_new(db, people.rig.context.secrets) == 0
    assert sum(statement.startswith("UPDATE") for statement in asked) == 1
    assert twins.compare_new(db, people.rig.context.secrets) == 0
    assert sum(statement.startswith("UPDATE") for statement in asked) == 1, "nothing is left behind"
    event.remove(db.engine, "before_cursor_execute", note)


def test_a_merge_ends_it_and_a_third_is_proposed_to_who_is_left(people: People) -> None:
    ann, twin = people.enrol("601202303"), people.enrol("601202303", people.other)
    people.pairs()
    new = people.rig.world.new_id
    begun = [encode(MemberEnrolled(id=new(), at_ms=NOW_MS, member=one)) for one in (ann, twin)]
    done = encode(MembersMerged(id=new(), at_ms=NOW_MS, member=ann, other=twin))
    people.till.push_ok(people.till.start, [*begun, done])
    fold_all(people.rig)
    assert people.pairs() == set()
    assert Mirror(people.other, "merge").pull().of("merge") == {}
    third = people.enrol("+48601202303")
    assert people.pairs() == {frozenset((ann, third))}


def test_another_number_or_none_any_more_ends_it(people: People) -> None:
    ann, twin = people.enrol("601202303"), people.enrol("601202303", people.other)
    assert people.pairs() == {frozenset((ann, twin))}
    people.enrol("600111222", people.other, twin)
    assert people.pairs() == set()
    people.enrol("601202303", people.other, twin)
    assert people.pairs() == {frozenset((ann, twin))}
    persons.erase(people.rig.db, ann, NOW_MS)
    assert people.pairs() == set()
    with people.rig.db.read() as connection:
        kept = connection.exec_driver_sql("SELECT count(*) FROM person_phone").scalar_one()
    assert kept == 1, "what was erased left nothing"


def test_who_is_erased_while_another_server_compares_them_leaves_no_number(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    db, keys = people.rig.db, people.rig.context.secrets
    ann, compare = people.enrol("601202303"), twins._compare

    def after_the_other(*arguments: Any) -> Any:
        monkeypatch.setattr(twins, "_compare", compare)
        persons.erase(db, ann, NOW_MS)
        twins.compare_new(db, keys)
        return compare(*arguments)

    monkeypatch.setattr(twins, "_compare", after_the_other)
    twins.compare_new(db, keys)
    with db.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM person_phone").scalar_one() == 0


def test_what_was_dismissed_is_not_proposed_again(people: People) -> None:
    ann, twin = people.enrol("601202303"), people.enrol("601202303", people.other)
    people.pairs()
    headers = [("Authorization", f"Bearer {people.rig.token}")]
    target = f"/v1/merges/{twin}/{ann}"
    assert people.rig.call("DELETE", target, headers=headers).status == 204
    people.enrol("601 202 303", people.other, twin)
    assert people.pairs() == set()
    (body,) = Mirror(people.till, "merge").pull().of("merge").values()
    assert body["dismissed"] is True
    assert people.rig.call("DELETE", f"/v1/merges/{ann}/{ann}", headers=headers).status == 404
    assert people.till.send("GET", "/v1/merges").status == 401


def test_nor_at_a_store_that_one_of_them_comes_to_later(people: People) -> None:
    ann, twin = people.enrol("601 202 303"), people.enrol("601 202 303", people.other)
    assert people.pairs() == {frozenset((ann, twin))}
    assert twins.dismiss(people.rig.db, ann, twin)
    people.enrol("601 202 303", till_of(people.rig, "shop 3", 3), twin)
    assert people.pairs() == set()


def test_a_number_of_many_is_nobodys_own(people: People) -> None:
    for _ in range(twins.MOST + 1):
        people.enrol("111111111")
    people.pairs()
    last = people.enrol("111111111")
    assert not any(last in pair for pair in people.pairs())


@given(st.sampled_from(["48", "0048", "+48", "(48) ", ""]), st.from_regex(r"[1-9][0-9]{8}", fullmatch=True))
def test_how_a_number_is_written_does_not_matter(prefix: str, number: str) -> None:
    spaced = f"{number[:3]} {number[3:6]}-{number[6:]}"
    assert twins.same(prefix + spaced, number)
    assert twins.digits_of(spaced)[-9:] == twins.digits_of(prefix + number)[-9:]


def test_russias_eight_and_other_countries() -> None:
    assert twins.same("8 (916) 123-45-67", "+7 916 123 45 67")
    assert twins.same("916 123 45 67", "8 916 123 45 67")
    assert not twins.same("+48 601 202 303", "+7 960 120 23 03"), "only the last nine digits are alike"
    assert not twins.same("", "")
    assert not twins.same("12345", "12345"), "too short to be anybody's"


@pytest.mark.parametrize("data", [b"{}", b"[1]", b'{"phone": 5}', b'{"phone": "601202303", "x": [1]}'])
def test_what_cannot_be_read_of_a_person_is_no_number(people: People, data: bytes) -> None:
    people.enrol("601202303")
    row = protocol.PersonRow(member=people.rig.world.new_id(), updated_ms=1, data=msgspec.Raw(data))
    target = f"/v1/tills/{people.till.credentials.till}/persons"
    people.till.send("POST", target, protocol.pack(protocol.Persons(persons=[row])))
    assert len(people.pairs()) == data.count(b"601202303")


def test_the_same_by_command(tmp_path: Path, migrated_file: bytes) -> None:
    (tmp_path / "server.sqlite").write_bytes(migrated_file)
    db = Database.sqlite(tmp_path / "server.sqlite")
    people = People(Rig(db))
    ann, twin = people.enrol("601202303"), people.enrol("601202303", people.other)
    people.pairs()

    def run(*arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, ["server", "--data", str(tmp_path), *arguments])
        assert done.exit_code == code, done.output
        return done.output

    assert "N 601202303 = N 601202303  shop 1, shop 2" in run("merges")
    run("dismiss-merge", str(ann), str(twin))
    assert run("merges") == ""
    assert "nobody proposed" in run("dismiss-merge", str(ann), str(ann), code=2)
    assert admin.tills(db)
    people.rig.close()
    db.close()
