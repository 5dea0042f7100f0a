"""The directory at the server: what it lists, what changed since, how it is fetched; members by card."""

from __future__ import annotations

import random
import uuid
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import msgspec
import pytest
import sqlalchemy as sa

from app.ledger import facts
from app.ledger.alone import Allowance
from app.ledger.facts import CardBlocked, MembersMerged
from app.loyalty.effects import Counted
from app.loyalty.state import EMPTY, MemberState
from sync import protocol
from sync.directory import Directory, Entry, card_key, merged
from sync.found import Found
from sync.server import exposure, listing, others, schema
from sync.server.tills import card_secret
from tests.sync.rig import NOW_MS, Answer, HandTill, Rig
from tests.sync.server.pushing import Pushing
from tests.sync.server.test_member_scope import limit, linked, some
from tests.sync.server.test_members import earned, spent
from tests.sync.server.test_persons import hand, row

LEVELS = b"""
stempel: 1
id: levels
name: {en: x, pl: x, ru: x}
version: 1
valid_from: 2026-01-01
time_zone: Europe/Warsaw
currency: PLN
rules:
  - id: level
    kind: tier
    name: {en: x, pl: x, ru: x}
    basis: spend
    levels:
      - {id: silver, name: {en: x, pl: x, ru: x}, from: 100, percent: 5%}
      - {id: gold, name: {en: x, pl: x, ru: x}, from: 500, percent: 10%}
"""


@pytest.fixture
def folder(rig: Rig, tmp_path: Path) -> Path:
    rig.context = msgspec_free(rig, tmp_path / "directory")
    return tmp_path / "directory"


def msgspec_free(rig: Rig, folder: Path):

    return replace(rig.context, directories=folder)


def key(rig: Rig, token: str) -> bytes:
    return card_key(card_secret(rig.context.secrets), token)


def made(rig: Rig) -> Directory:
    file = others.keep_up(rig.context)
    assert file is not None
    directory = Directory(file.read_bytes())
    assert directory.sound()
    return directory


def anew(rig: Rig) -> Directory:
    for file in rig.context.directories.glob("*"):  # type: ignore[union-attr]
        file.unlink()
    return made(rig)


def changes(till: HandTill, directory: Directory) -> Directory:
    """Everything that changed since, page by page."""
    more = True
    while more:
        answer = till.send("GET", f"/v1/directory/changes?cursor={quote(directory.header.cursor)}")
        assert answer.status == 200, answer.body
        page = Directory(answer.body)
        directory, more = Directory(merged(directory, page)), page.header.more
    return directory


def bought(rig: Rig, member: uuid.UUID, spend_minor: int) -> bytes:
    effects = (Counted("level", 0, 1, spend_minor),)
    return facts.encode(
        facts.PointsAdjusted(id=rig.world.new_id(), at_ms=NOW_MS, member=member, reason="x", effects=effects)
    )


def test_it_lists_every_card_with_points_level_and_whether_it_is_blocked(
    rig: Rig,
    north: Pushing,
    folder: Path,
) -> None:
    listing.publish_programme(rig.db, LEVELS)
    exposure.publish(rig.db, msgspec.json.encode(Allowance(points_centi=40_00, coupons_minor=0)))
    ann, bob = some(rig, 2)
    blocked = CardBlocked(id=rig.world.new_id(), at_ms=NOW_MS + 1, member=bob, card="code:2", reason="lost")
    north.push(
        earned(rig, ann, 12_00), linked(rig, ann, "uid:1"), bought(rig, ann, 600_00),
        earned(rig, bob, 90_00), linked(rig, bob, "code:2"), linked(rig, bob, "code:3"),
        facts.encode(blocked),
    )  # fmt: skip
    assert others.keep_up(rig.context) is None, "tills are told of everybody"
    assert north.till.send("GET", "/v1/directory").problem.code == "no_directory"
    limit(rig, 0)
    directory = made(rig)
    assert len(directory) == 3
    found = directory.find(key(rig, "uid:1"))
    assert found is not None
    assert (found.member, found.points_centi, found.blocked) == (ann, 12_00, False)
    assert found.level["level"][0].spend_minor == 500_00, "the least that gives the level"
    assert directory.find(key(rig, "code:2")) == Entry(bob, 40_00, {}, True, False), "no more than is allowed"
    assert directory.find(key(rig, "code:3")) == Entry(bob, 40_00, {}, False, False)
    assert directory.find(key(rig, "code:4")) is None
    assert others.keep_up(rig.context) is None, "once a day"
    rig.world.ms += others.DAY_MS + 10**12
    assert others.keep_up(rig.context) is not None
    assert len(list(folder.iterdir())) == 1


def test_a_card_is_of_whom_it_was_linked_to_last(rig: Rig, north: Pushing, folder: Path) -> None:
    ann, bob = some(rig, 2)
    north.push(linked(rig, ann, "uid:1"), linked(rig, bob, "uid:2"))
    limit(rig, 0)
    before = made(rig)
    later = facts.CardLinked(id=rig.world.new_id(), at_ms=NOW_MS + 5, member=bob, card="uid:1")
    north.push(facts.encode(later))
    north.push(earned(rig, ann, 100))
    for directory in (changes(north.till, before), anew(rig)):
        assert directory.find(key(rig, "uid:1")) == Entry(bob, 0, {}, False, False)
    assert found_member(north.till, "uid:1").member.member == bob


@pytest.mark.parametrize("seed", range(3))
def test_changes_make_of_an_old_directory_the_one_made_anew(
    rig: Rig,
    north: Pushing,
    folder: Path,
    seed: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sync.server.directory.PAGE", 7)
    monkeypatch.setattr("sync.server.directory.CHANGED_MAX", 0)
    draw = random.Random(seed)
    crowd = some(rig, 12)
    tokens = [f"uid:{n}" for n in range(20)]

    def something(n: int) -> bytes:
        member = draw.choice(crowd)
        at_ms = NOW_MS + n
        match draw.randrange(5):
            case 0:
                card = draw.choice(tokens)
                return facts.encode(
                    facts.CardLinked(id=rig.world.new_id(), at_ms=at_ms, member=member, card=card)
                )
            case 1:
                other = draw.choice(crowd)
                fact = MembersMerged(id=rig.world.new_id(), at_ms=at_ms, member=member, other=other)
                return facts.encode(fact) if other != member else earned(rig, member, 5, at_ms)
            case 2:
                return spent(rig, member, draw.randrange(100), at_ms)
            case _:
                return earned(rig, member, draw.randrange(1, 900), at_ms)

    north.push(*(something(n) for n in range(60)))
    limit(rig, 0)
    before = made(rig)
    for step in range(2):
        north.push(*(something(100 + 30 * step + n) for n in range(25)))
        before = changes(north.till, before)
    after = anew(rig)
    assert dict(before.entries()) == dict(after.entries())
    assert len(after) > 5


def test_who_lacks_much_takes_all_of_it_anew(
    rig: Rig,
    north: Pushing,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sync.server.directory.PAGE", 2)
    north.push(earned(rig, rig.world.new_id(), 1))
    limit(rig, 0)
    before = made(rig)
    north.push(*(earned(rig, one, 1) for one in some(rig, 5)))
    answer = north.till.send("GET", f"/v1/directory/changes?cursor={quote(before.header.cursor)}")
    assert (answer.status, answer.problem.code) == (410, "cursor_expired")
    assert north.till.send("GET", "/v1/directory/changes?cursor=x").problem.code == "bad_cursor"


def fetch(till: HandTill, *headers: tuple[str, str]) -> Answer:
    ours, target = till.credentials, "/v1/directory"
    signed = protocol.authorise(ours.private_key, "GET", target, ours.till, ours.epoch, b"")
    return till.rig.call("GET", target, b"", [("Authorization", signed), *headers])


def test_a_directory_that_was_cut_off_is_fetched_from_there(
    rig: Rig,
    north: Pushing,
    folder: Path,
) -> None:
    ann = rig.world.new_id()
    north.push(linked(rig, ann, "uid:1"), earned(rig, ann, 100))
    limit(rig, 0)
    whole = bytes(made(rig).data)
    answer = fetch(north.till)
    etag = answer.headers["etag"]
    assert (answer.status, answer.body) == (200, whole)
    assert fetch(north.till, ("If-None-Match", etag)).status == 304
    rest = fetch(north.till, ("Range", "bytes=20-"), ("If-Range", etag))
    assert (rest.status, rest.body) == (206, whole[20:])
    assert rest.headers["content-range"] == f"bytes 20-{len(whole) - 1}/{len(whole)}"
    other = fetch(north.till, ("Range", "bytes=20-"), ("If-Range", '"another"'))
    assert (other.status, other.body) == (200, whole), "of another file all is sent"
    assert fetch(north.till, ("Range", f"bytes={len(whole)}-"), ("If-Range", etag)).status == 416
    assert rig.call("GET", "/v1/directory").status == 401


def found_member(till: HandTill, card: str) -> Found:
    answer = till.send("GET", f"/v1/members?card={quote(card)}")
    assert answer.status == 200, answer.body
    return answer.read(Found)


def test_a_member_is_found_by_card_with_name_and_what_of_this_till_is_counted(
    rig: Rig,
    north: Pushing,
    south: Pushing,
) -> None:
    ann = rig.world.new_id()
    north.push(linked(rig, ann, "uid:1"), earned(rig, ann, 100))
    hand(north.till, row("Ann", NOW_MS, ann))
    limit(rig, 0)
    found = found_member(south.till, "uid:1")
    assert (found.member.member, found.kept, found.member.applied) == (ann, False, {})
    assert found.person is not None
    assert msgspec.json.decode(found.person.data) == {"name": "Ann"}
    assert msgspec.json.decode(found.member.state, type=MemberState).balance_centi == 100
    south.push(earned(rig, ann, 11))
    found = found_member(south.till, "uid:1")
    assert (found.kept, found.member.applied) == (True, {1: 1}), "counted, and told of from now on"
    assert south.till.send("GET", "/v1/members?card=uid:2").problem.code == "card_of_nobody"
    assert south.till.send("GET", "/v1/members?card=a%00b").problem.code == "card_of_nobody"
    assert msgspec.json.decode(found.member.state, type=MemberState) != EMPTY


def test_a_row_that_was_asked_for_is_the_row_that_is_pulled(rig: Rig, north: Pushing) -> None:
    ann = rig.world.new_id()
    north.push(linked(rig, ann, "uid:1"), earned(rig, ann, 100), earned(rig, ann, 7))
    pulled = north.till.send("GET", "/v1/pull").body
    assert msgspec.json.encode(found_member(north.till, "uid:1").member) in pulled


def test_nothing_of_it_is_left_where_it_could_not_be_made(
    rig: Rig,
    north: Pushing,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    north.push(linked(rig, rig.world.new_id(), "uid:1"))
    limit(rig, 0)
    with rig.db.write() as connection:
        connection.execute(sa.update(schema.member).values(state=b"{"))
    with pytest.raises(msgspec.DecodeError):
        others.keep_up(rig.context)
    assert list(folder.iterdir()) == []
