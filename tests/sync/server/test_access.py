"""Who gets in: everything under /v1 wants credentials, and each only what is its own."""

from __future__ import annotations

import re
import threading
import uuid
from typing import Any

import msgspec
import pytest

from sync import holds, protocol
from sync.server import admin, listing, schema, tills
from tests.sync.memory import body_of
from tests.sync.rig import NOW_MS, HandTill, Rig

DAY_MS = 86_400_000


@pytest.fixture
def till(rig: Rig) -> HandTill:
    till = HandTill(rig)
    assert till.enrol().status == 200
    return till


def test_health_is_open_and_nothing_else_is(rig: Rig) -> None:
    assert rig.call("GET", "/health").status == rig.call("GET", "/ready").status == 200
    paths = [route.path for route in rig.app.routes if route.path.startswith("/v1")]
    assert len(paths) >= 4
    for path in paths:
        target = re.sub(r"\{\w+:int\}", "1", re.sub(r"\{\w+:uuid\}", str(uuid.uuid4()), path))
        for method in ("GET", "POST", "PUT", "DELETE"):
            for headers in ([], [("Authorization", "Bearer nonsense")], [("Authorization", "x" * 5000)]):
                answer = rig.call(
                    method, target, protocol.pack(protocol.Enrol(public_key=bytes(32))), headers
                )
                assert answer.status in (401, 403, 405), (method, target, answer)


def test_the_first_seq_of_a_new_till(rig: Rig) -> None:
    mine = uuid.uuid4()
    till = HandTill(rig)
    answer = till.enrol(till=mine)
    got = answer.read(protocol.Enrolled)
    assert (got.till, got.epoch, got.store) == (mine, 1, "shop 1")
    assert (till.state().epoch, till.state().acked_seq) == (1, 0)


def test_a_code_works_once_and_the_same_request_again_gives_the_same(rig: Rig) -> None:
    code = rig.code()
    first, thief = HandTill(rig), HandTill(rig, bytes(reversed(range(32))))
    one = first.enrol(code.lower().replace("-", " "))
    two = first.enrol(code)
    assert one.read(protocol.Enrolled) == two.read(protocol.Enrolled)
    assert (thief.enrol(code).status, thief.enrol(code).problem.code) == (403, "code_used")
    assert len(admin.tills(rig.db)) == 1


@pytest.mark.parametrize("db", ["postgresql"], indirect=True)
def test_two_servers_that_start_at_once_make_the_first_store_together(rig: Rig) -> None:
    made: list[str] = []
    second = threading.Thread(target=lambda: made.append(admin.create_enrol_code(rig.db, "main", NOW_MS)))
    with rig.db.write() as connection:
        listing.make_store(connection, rig.db, "main")
        second.start()
        second.join(0.5)
        assert made == []
    second.join()
    (code,) = made
    assert HandTill(rig).enrol(code).status == 200


def test_codes_expire_and_wrong_ones_are_refused(rig: Rig) -> None:
    code = rig.code(days=7)
    till = HandTill(rig)
    assert till.enrol("AAAA-BBBB-CCCC-DDDD").problem.code == "bad_code"
    assert till.enrol(" ").problem.code == "bad_code"
    rig.world.ms += 8 * DAY_MS
    assert till.enrol(code).problem.code == "bad_code"
    assert admin.tills(rig.db) == []


def test_a_stranger_with_a_code_cannot_become_a_till_that_spoke(rig: Rig, till: HandTill) -> None:
    stranger = HandTill(rig, bytes(reversed(range(32))))
    till.push_ok(till.start, [body_of(rig.world)])
    answer = stranger.enrol(till=till.credentials.till)
    assert (answer.status, answer.problem.code) == (403, "till_exists")
    bound = rig.code(till=till.credentials.till)
    assert stranger.enrol(bound).status == 200, "head office may replace a till's machine"
    assert (stranger.credentials.till, stranger.credentials.epoch) == (till.credentials.till, 2)


def test_a_signature_covers_method_path_and_body(rig: Rig, till: HandTill) -> None:
    ours = till.credentials
    target = f"/v1/tills/{ours.till}/facts"
    body = protocol.pack(till.message(till.start, [body_of(rig.world)]))
    good = protocol.authorise(ours.private_key, "POST", target, ours.till, 1, body)
    wrong = [
        (target, body[:-1] + bytes([body[-1] ^ 1]), good),
        (target + "?x=1", body, good),
        (target, body, protocol.authorise(ours.private_key, "GET", target, ours.till, 1, body)),
        (target, body, protocol.authorise(bytes(32), "POST", target, ours.till, 1, body)),
    ]
    for sent_target, sent_body, header in wrong:
        answer = rig.call("POST", sent_target, sent_body, [("Authorization", header)])
        assert (answer.status, answer.problem.code) == (401, "bad_signature")
    assert rig.feed_all() == []
    assert rig.call("POST", target, body, [("Authorization", good)]).status == 200


def test_a_till_speaks_only_for_itself(rig: Rig, till: HandTill) -> None:
    other = HandTill(rig, bytes(reversed(range(32))))
    other.enrol()
    answer = other.send("GET", f"/v1/tills/{till.credentials.till}/state")
    assert (answer.status, answer.problem.code) == (403, "other_till")
    assert other.send("GET", "/v1/feed").status == 401


def test_a_revoked_till_is_refused_and_says_so_and_can_be_taken_back(rig: Rig, till: HandTill) -> None:
    _, head = till.push_ok(till.start, [body_of(rig.world)])
    admin.revoke_till(rig.db, till.credentials.till, NOW_MS)
    for answer in (till.push(head, [body_of(rig.world)]), till.enrol_again(bytes(reversed(range(32))))):
        assert (answer.status, answer.problem.code) == (401, "revoked")
    assert till.enrol(rig.code(till=till.credentials.till)).status == 200
    assert (till.credentials.epoch, till.state().acked_seq) == (1, 1), "the same key: the same epoch"
    with pytest.raises(admin.UnknownTill):
        admin.revoke_till(rig.db, uuid.uuid4(), NOW_MS)


def test_a_till_withdrawn_twice_is_let_in_again_all_the_same(rig: Rig, till: HandTill) -> None:
    for now_ms in (NOW_MS, NOW_MS + 5000):
        admin.revoke_till(rig.db, till.credentials.till, now_ms)
    assert till.push(till.start, [body_of(rig.world)]).problem.code == "revoked"
    admin.readmit_till(rig.db, till.credentials.till)
    till.push_ok(till.start, [body_of(rig.world)])


@pytest.mark.parametrize("db", ["postgresql"], indirect=True)
def test_a_key_made_while_its_till_is_withdrawn_is_withdrawn_with_it(
    rig: Rig, till: HandTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, epoch_for = threading.Event(), tills._epoch_for
    withdrawn = threading.Thread(target=admin.revoke_till, args=(rig.db, till.credentials.till, NOW_MS))

    def slowly(*arguments: Any) -> int:
        withdrawn.start()
        withdrawn.join(0.3)
        made.set()
        return epoch_for(*arguments)

    monkeypatch.setattr(tills, "_epoch_for", slowly)
    assert till.enrol_again(bytes([9]) * 32).status == 200
    withdrawn.join()
    assert made.is_set()
    monkeypatch.undo()
    stolen = till.credentials
    till.private_key = bytes([8]) * 32
    assert till.enrol(rig.code(till=stolen.till), stolen.till).status == 200
    till.credentials = stolen
    assert till.push(till.start, [body_of(rig.world)]).problem.code == "revoked"


def test_a_stolen_key_stays_withdrawn_when_its_till_comes_back_by_a_code(rig: Rig, till: HandTill) -> None:
    stolen, target = till.credentials, f"/v1/tills/{till.credentials.till}/state"
    admin.revoke_till(rig.db, stolen.till, NOW_MS)
    other = HandTill(rig, bytes(reversed(range(32))))
    assert other.enrol(till=stolen.till).problem.code == "till_exists", "though it never spoke"
    assert other.enrol(rig.code(till=stolen.till)).status == 200
    assert (other.credentials.till, other.credentials.epoch) == (stolen.till, 2)
    assert other.send("GET", target).status == 200
    assert till.send("GET", target).problem.code == "revoked"
    assert till.enrol_again(bytes([5]) * 32).problem.code == "revoked"
    assert withdrawn(rig, stolen.till) == {1: NOW_MS, 2: None}, "as tills know it, for coupons that it signed"
    admin.revoke_till(rig.db, stolen.till, NOW_MS + 1)
    admin.readmit_till(rig.db, stolen.till)
    assert withdrawn(rig, stolen.till) == {1: NOW_MS, 2: None}


def withdrawn(rig: Rig, till: uuid.UUID) -> dict[int, int | None]:
    """When each key of a till was withdrawn, as it is told to tills."""
    with rig.db.read() as connection:
        bodies = (
            connection.exec_driver_sql("SELECT body FROM listing WHERE list = 'till_key'").scalars().all()
        )
    keys = [msgspec.json.decode(body, type=holds.TillKey) for body in bodies]
    return {key.epoch: key.revoked_ms for key in keys if key.till == till}


def test_a_certificate_is_only_good_with_its_key_and_from_this_server(rig: Rig, till: HandTill) -> None:
    good = till.credentials
    till.credentials = type(good)(good.till, good.epoch, good.store, bytes(32), good.certificate)
    assert till.enrol_again(bytes(32)).problem.code == "bad_signature"
    data, signature = good.certificate.split(".")
    for forged in (f"{data[:-4]}AAAA.{signature}", f"{data}.{signature[:-8]}AAAAAAA=", "x", "a.b.c", "é.é"):
        till.credentials = type(good)(good.till, good.epoch, good.store, good.private_key, forged)
        answer = till.enrol_again(bytes(32))
        assert (answer.status, answer.problem.code) == (401, "bad_certificate")


def test_a_till_the_server_forgot_is_admitted_again_by_its_certificate(
    rig: Rig, till: HandTill, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from sync.server.database import Database

    bodies = [body_of(rig.world) for _ in range(3)]
    till.push_ok(till.start, bodies)
    restored = Database.sqlite(tmp_path_factory.mktemp("restored") / "server.sqlite")
    restored.migrate()
    with rig.db.read() as old, restored.write() as new:  # the server's secrets survive, the tills do not
        for row in old.exec_driver_sql("SELECT name, value FROM setting").all():
            new.exec_driver_sql("INSERT INTO setting VALUES (?, ?)", (row[0], bytes(row[1])))
    again = Rig(restored)
    till.rig = again
    answer = till.send("GET", f"/v1/tills/{till.credentials.till}/state")
    assert answer.problem.code == "unknown_till"
    assert till.enrol_again(till.private_key).status == 200
    assert (till.credentials.epoch, till.state().acked_seq) == (1, 0)
    till.push_ok(till.start, bodies)
    assert [bytes(fact.body) for fact in again.feed_all()] == bodies
    again.close()
    restored.close()


def test_a_withdrawn_token_reads_no_more(rig: Rig) -> None:
    assert rig.office("/v1/feed").status == 200
    assert admin.revoke_office_tokens(rig.db, "tests", NOW_MS) == 1
    assert rig.office("/v1/feed").problem.code == "bad_token"


def test_tokens_and_codes_are_not_kept_readable(rig: Rig) -> None:
    code = rig.code()
    with rig.db.read() as connection:
        kept = b"".join(
            bytes(row[0])
            for table, column in (("office_token", "token_hash"), ("enrol_code", "code_hash"))
            for row in connection.exec_driver_sql(f"SELECT {column} FROM {table}")
        )
    assert len(kept) == 64
    assert code.encode() not in kept
    assert rig.token.encode() not in kept


def test_every_answer_names_its_request(rig: Rig) -> None:
    refused = rig.call("GET", "/v1/feed")
    assert refused.problem.request_id == refused.headers["x-request-id"]
    assert len(refused.problem.request_id) == 32
    for path in ("/health", "/nowhere", "/v1/feed"):
        given = rig.call("GET", path, headers=[("X-Request-Id", "proxy-00017")])
        assert given.headers["x-request-id"] == "proxy-00017"
    assert (
        rig.call("GET", "/health", headers=[("X-Request-Id", "a b\tc")]).headers["x-request-id"] != "a b\tc"
    )


def test_a_server_without_its_database_is_alive_and_not_ready(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlalchemy.exc import OperationalError

    from sync.server.database import Database

    def away(_db: Database) -> str:
        raise OperationalError("SELECT 1", None, Exception("connection refused"))

    monkeypatch.setattr(Database, "version", away)
    assert rig.call("GET", "/health").status == 200
    answer = rig.call("GET", "/ready")
    assert (answer.status, answer.problem.code, answer.headers["retry-after"]) == (503, "database", "5")
    monkeypatch.setattr(Database, "version", lambda _db: "0000")
    assert rig.call("GET", "/ready").status == 503
    monkeypatch.undo()
    with rig.db.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    answer = rig.call("GET", "/ready")
    with rig.db.write() as connection:
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{schema.HEAD}'")
    assert (answer.status, answer.problem.code) == (503, "database"), "a newer server beside it"


def test_a_bug_is_a_500_that_says_nothing_inward(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    from sync.server.feed import Feed

    monkeypatch.setattr(Feed, "page", lambda *_: 1 / 0)
    answer = rig.office("/v1/feed")
    assert (answer.status, answer.problem.code) == (500, "internal")
    assert b"Zero" not in answer.body


NO_JSON = {
    "/v1/stream", "/v1/export", "/v1/quarantine/{origin}/{epoch}/{seq}", "/metrics", "/v1/directory",
    "/v1/directory/changes",
}  # fmt: skip
NO_BODY = {"/v1/quarantine/retry"}


def test_the_description_names_every_operation_its_credentials_and_its_problems(rig: Rig) -> None:
    answer = rig.call("GET", "/openapi/openapi.json")
    assert answer.status == 200
    paths = answer.read(dict)["paths"]
    routes = {
        re.sub(r":\w+", "", route.path) for route in rig.app.routes if not route.path.startswith("/openapi")
    }
    assert set(paths) == routes
    for path, operations in paths.items():
        for method, operation in operations.items():
            if path.startswith("/v1"):
                assert "401" in operation["responses"], path
                by_office = operation.get("security") == [{"office": []}]
                assert not by_office or {"403", "408"} <= operation["responses"].keys(), path
                assert path == "/v1/enrol" or operation["security"] in ([{"till": []}], [{"office": []}])
            sends = method in ("post", "put") and path not in NO_BODY
            assert ("requestBody" in operation) == sends, path
            for status, response in operation["responses"].items():
                if path == "/r/{sale}":
                    assert list(response["content"]) == ["text/html"], "customers read it, whatever happens"
                    continue
                if status == "204" or (path in NO_JSON and status in ("200", "206", "304")):
                    continue
                schema = response["content"]["application/json"]["schema"]
                assert all("$ref" in one for one in schema.get("oneOf", [schema])), path
