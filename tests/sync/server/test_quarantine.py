"""What could not be taken: listed, looked at, tried again; in the feed once, wherever it stood."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.ledger.facts import NoSale, encode
from sync import protocol
from sync.server import ingest, quarantine
from sync.server.database import open_database
from sync.server.storing import Item
from tests.sync.memory import body_of
from tests.sync.rig import NOW_MS, HandTill, Rig

POISON = b'{"kind":"no id","at_ms":1}'


@pytest.fixture
def till(rig: Rig) -> HandTill:
    till = HandTill(rig)
    assert till.enrol().status == 200
    return till


def fact(rig: Rig) -> bytes:
    return encode(NoSale(id=rig.world.new_id(), at_ms=NOW_MS, shift=uuid.UUID(int=0), cashier="1"))


def read_only_no_sales(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a server would that is older than some kind of fact, or has a fault in reading it."""
    taken = ingest.item_of

    def item_of(seq: int, digest: bytes, body: bytes) -> Item:
        item = taken(seq, digest, body)
        if b'"no_sale"' in body or item.header is None:
            return item
        return Item(seq, digest, body, None, "a kind of tomorrow")

    monkeypatch.setattr(ingest, "item_of", item_of)


def test_it_is_listed_page_by_page_and_read_as_it_came(rig: Rig, till: HandTill) -> None:
    poison = [POISON, b"\xff\xfe", b"{}", POISON + b" "]
    till.push_ok(till.start, [fact(rig), *poison])
    found: list[quarantine.Aside] = []
    after, first = "", True
    while first or after:
        page = rig.office(f"/v1/quarantine?limit=3&after={after}").read(quarantine.Quarantine)
        found += page.items
        after, first = page.next, False
    mine = till.credentials.till
    assert [(one.origin, one.epoch, one.seq, one.code) for one in found] == [
        (mine, 1, seq, "quarantined") for seq in range(2, 6)
    ]
    assert [one.size for one in found] == [len(body) for body in poison]
    for one, body in zip(found, poison, strict=True):
        assert rig.office(f"/v1/quarantine/{mine}/1/{one.seq}").body == body
    assert rig.office(f"/v1/quarantine/{mine}/1/1").status == 404
    assert rig.office(f"/v1/quarantine/{mine}/{2**40}/1").status == 404
    assert rig.office("/v1/quarantine?after=nonsense").problem.code == "bad_cursor"
    assert till.send("GET", "/v1/quarantine").status == 401, "tills have no business there"


def test_what_can_be_read_after_an_upgrade_enters_the_feed_once(
    rig: Rig, till: HandTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = [body_of(rig.world) for _ in range(3)]
    bodies = [fact(rig), late[0], late[1], POISON, fact(rig), late[2]]
    with monkeypatch.context() as older:
        read_only_no_sales(older)
        _, head = till.push_ok(till.start, bodies)
    assert [bytes(one.body) for one in rig.feed_all()] == [bodies[0], bodies[4]]
    cursor = rig.feed().cursor
    again = rig.call("POST", "/v1/quarantine/retry", headers=[("Authorization", f"Bearer {rig.token}")])
    assert again.read(quarantine.Retried) == quarantine.Retried(taken=3, left=1)
    page = rig.feed(cursor)
    assert [(one.pos, one.seq, bytes(one.body)) for one in page.facts] == [
        (3, 2, late[0]),
        (4, 3, late[1]),
        (5, 6, late[2]),
    ]
    assert quarantine.retry(rig.db) == quarantine.Retried(taken=0, left=1)
    pushed, _ = till.push_ok(till.start, bodies)
    assert pushed.acked_seq == head.seq, "the till's own numbers are as they were"
    assert len(rig.feed_all()) == 5


def test_what_came_meanwhile_under_another_number_is_not_doubled(
    rig: Rig, till: HandTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = body_of(rig.world)
    with monkeypatch.context() as older:
        read_only_no_sales(older)
        _, head = till.push_ok(till.start, [body])
    till.push_ok(head, [body])
    assert quarantine.retry(rig.db) == quarantine.Retried(taken=1, left=0)
    assert [bytes(one.body) for one in rig.feed_all()] == [body]


def test_an_id_that_another_fact_has_stays_aside(rig: Rig, till: HandTill) -> None:
    body = fact(rig)
    till.push_ok(till.start, [body, body.replace(b'"1"', b'"2"')])
    assert quarantine.retry(rig.db) == quarantine.Retried(taken=0, left=1)
    (one,) = quarantine.read(rig.db).items
    assert one.code == "id_reused"


def test_the_command_line_lists_shows_and_retries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    db = open_database(None, tmp_path)
    db.migrate()
    rig = Rig(db)
    till = HandTill(rig)
    till.enrol()
    late = body_of(rig.world)
    with monkeypatch.context() as older:
        read_only_no_sales(older)
        till.push_ok(till.start, [POISON, late])
    rig.close()
    db.close()
    run = CliRunner()
    command = ["server", "--data", str(tmp_path), "quarantine"]
    listed = run.invoke(app, command).output
    assert f"{till.credentials.till} 1 1" in listed
    assert "a kind of tomorrow" in listed
    shown = run.invoke(app, [*command, "show", str(till.credentials.till), "1", "1"])
    assert shown.stdout_bytes == POISON
    assert run.invoke(app, [*command, "show", str(till.credentials.till), "1", "9"]).exit_code == 1
    assert "1 taken, 1 left" in run.invoke(app, [*command, "retry"]).output


def test_bytes_that_are_no_json_come_back_as_they_were(rig: Rig, till: HandTill) -> None:
    body = bytes(range(256))
    till.push_ok(till.start, [body])
    assert protocol.extract(protocol.embed(body)) == body
    assert quarantine.bytes_of(rig.db, till.credentials.till, 1, 1) == body
