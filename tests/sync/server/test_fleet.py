"""Head office sees its tills, withdraws a key and lets a till in again; over HTTP and by command."""

from __future__ import annotations

import uuid
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from app.cli import app
from app.lanes import FixedWorld
from app.ledger.basis import ENGINE
from app.ledger.chain import Head, verify
from sync import protocol
from sync.server import admin
from sync.server.database import Database
from sync.server.fleet import Tills
from tests.sync.memory import body_of
from tests.sync.rig import NOW_MS, HandTill, Rig


def test_tills_are_listed_withdrawn_and_let_in_again(rig: Rig) -> None:
    till, other = HandTill(rig), HandTill(rig, bytes(32))
    till.enrol()
    other.enrol()
    _, head = till.push_ok(till.start, [body_of(rig.world) for _ in range(3)])
    rows = {row.id: row for row in rig.office("/v1/tills").read(Tills).tills}
    ours = rows[till.credentials.till]
    assert (ours.store, ours.epoch, ours.acked_seq, ours.seen_ms, ours.revoked_ms) == (
        "shop 1",
        1,
        3,
        NOW_MS,
        None,
    )
    assert (rows[other.credentials.till].acked_seq, rows[other.credentials.till].seen_ms) == (0, None)
    headers = [("Authorization", f"Bearer {rig.token}")]
    body = msgspec.json.encode({"till": ours.id})
    assert rig.call("POST", "/v1/revocations", body, headers).status == 204
    assert till.push(head, [body_of(rig.world)]).problem.code == "revoked"
    assert rig.call("DELETE", f"/v1/revocations/{ours.id}", headers=headers).status == 204
    assert till.push(head, [body_of(rig.world)]).status == 200
    nobody = uuid.UUID(int=5)
    assert rig.call("DELETE", f"/v1/revocations/{nobody}", headers=headers).problem.code == "unknown_till"
    body = msgspec.json.encode({"till": nobody})
    assert rig.call("POST", "/v1/revocations", body, headers).status == 404
    assert till.send("GET", "/v1/tills").status == 401, "head office alone"


def test_the_same_by_command(tmp_path: Path, migrated_file: bytes) -> None:
    (tmp_path / "server.sqlite").write_bytes(migrated_file)
    db = Database.sqlite(tmp_path / "server.sqlite")
    rig = Rig(db)
    till = HandTill(rig)
    till.enrol()
    till.push_ok(till.start, [body_of(rig.world)])
    id = str(till.credentials.till)

    def run(*arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, ["server", "--data", str(tmp_path), *arguments])
        assert done.exit_code == code, done.output
        return done.output

    assert f"shop 1  {id}  epoch 1 number 1  pushed 2026-09-21" in run("tills")
    run("revoke", id)
    assert admin.tills(db)[0].revoked_ms is not None
    assert "withdrawn" in run("tills")
    run("readmit", id)
    assert admin.tills(db)[0].revoked_ms is None
    assert "no till has the id" in run("revoke", str(uuid.UUID(int=1)), code=2)
    token = run("office-token", "shop", "--scope", "events").strip()
    answer = rig.call("GET", "/v1/feed", headers=[("Authorization", f"Bearer {token}")])
    assert (answer.status, answer.problem.code) == (403, "wrong_scope")
    assert "no scope is called all" in run("office-token", "shop", "--scope", "all", code=2)
    file = tmp_path / "day.csv"
    run("export", "2026-09-21", str(file), "--table", "sales")
    assert file.read_bytes().startswith(b"\xef\xbb\xbfkind;sale;")
    assert "exists" in run("export", "2026-09-21", str(file), code=2)
    assert "a day is written" in run("export", "21.9.2026", str(tmp_path / "x"), code=2)
    rig.close()
    db.close()


@pytest.mark.parametrize("db", ["sqlite"], indirect=True)
def test_a_bad_revocation_is_refused(rig: Rig) -> None:
    headers = [("Authorization", f"Bearer {rig.token}")]
    assert rig.call("POST", "/v1/revocations", b"{}", headers).status == 400


def test_a_till_tells_what_program_it_runs_and_what_it_told_stays(rig: Rig) -> None:
    till, other = HandTill(rig), HandTill(rig, bytes(32))
    till.enrol()
    other.enrol()
    target = f"/v1/tills/{till.credentials.till}/facts"

    def push(after: Head, bodies: list[bytes], **told: object) -> tuple[int, Head]:
        message = msgspec.structs.replace(till.message(after, bodies), **told)
        return till.send("POST", target, protocol.pack(message)).status, verify(after, bodies)

    def row() -> admin.TillRow:
        rows = {each.id: each for each in rig.office("/v1/tills").read(Tills).tills}
        assert rows[other.credentials.till].program is None
        return rows[till.credentials.till]

    status, head = push(till.start, [body_of(rig.world)], program="1.4.0", engine=ENGINE)
    assert (status, row().program, row().engine) == (200, "1.4.0", ENGINE)
    status, head = push(head, [body_of(rig.world)])
    assert (status, row().program, row().engine, row().acked_seq) == (200, "1.4.0", ENGINE, 2)
    for told in ({"program": "x" * 65}, {"program": "1\0"}, {"engine": -1}, {"engine": 2**40}):
        assert push(head, [body_of(rig.world)], **told)[0] == 400
    text = rig.call("GET", "/metrics", headers=[("Authorization", f"Bearer {rig.token}")]).body.decode()
    assert "stempel_tills_of_another_version 1.0" in text
    assert "stempel_tills_of_an_older_engine 1.0" in text, "the one that never told"


@pytest.mark.parametrize("push_v", [1, 2])
def test_both_forms_of_a_push_carry_the_program(push_v: int) -> None:
    world = FixedWorld(NOW_MS)
    bodies = [body_of(world) for _ in range(200)]
    head = Head(world.new_id(), 1)
    push = protocol.Push(
        epoch=1, first_seq=1, last_seq=200, prev_hash=head.hash, clock_ms=1,
        facts=[protocol.embed(body) for body in bodies], program="1.4.0", engine=7,
    )  # fmt: skip
    packed = protocol.pack_push(push, verify(head, bodies).hash, push_v)
    read = protocol.open_push(protocol.unpack(packed))
    assert (read.program, read.engine, len(protocol.bodies_of(read))) == ("1.4.0", 7, 200)
