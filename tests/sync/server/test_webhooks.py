"""Webhooks: signed as the standard says, at least once, later and later, given up after days."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import http.server
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from app.ledger.chain import Head
from sync import protocol
from sync.server import admin, places, webhooks
from sync.server.places import Forbidden, Poster, resolve
from sync.server.webhooks import Deliverer, Webhook, Webhooks
from tests.sync.memory import body_of
from tests.sync.rig import NOW_MS, Answer, HandTill, Rig

ONE = pytest.mark.parametrize("db", ["sqlite"], indirect=True)
DAY_MS = 86_400_000


class Receiver(http.server.BaseHTTPRequestHandler):
    """Takes what is posted, and answers as it is told."""

    taken: list[tuple[dict[str, str], bytes]] = []  # noqa: RUF012
    answers: list[tuple[int, dict[str, str]]] = []  # noqa: RUF012

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, headers = self.answers.pop(0) if self.answers else (204, {})
        if status < 300:
            self.taken.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(status)
        for name, value in {"Content-Length": "0", **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def url(rig: Rig) -> Iterator[str]:
    """Where a receiver on this machine listens, of a server that may post there."""
    rig.private_webhooks = True
    rig.restart()
    Receiver.taken, Receiver.answers = [], []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/hook?shop=1"
        server.shutdown()


@pytest.fixture
def till(rig: Rig) -> HandTill:
    till = HandTill(rig)
    assert till.enrol().status == 200
    return till


def call(rig: Rig, method: str, path: str = "", body: object = None) -> Answer:
    headers = [("Authorization", f"Bearer {rig.token}"), ("Content-Type", "application/json")]
    data = b"" if body is None else msgspec.json.encode(body)
    return rig.call(method, f"/v1/webhooks{path}", data, headers)


def register(rig: Rig, url: str, **more: Any) -> Webhook:
    answer = call(rig, "POST", body={"url": url, **more})
    assert answer.status == 201, answer.body
    return answer.read(Webhook)


def the_one(rig: Rig) -> Webhook:
    (hook,) = call(rig, "GET").read(Webhooks).webhooks
    return hook


def deliverer(rig: Rig) -> Deliverer:
    return Deliverer(rig.db, rig.context.feed_cursors(), rig.world, Poster(private=True, timeout_s=5))


def deliver_all(rig: Rig) -> None:
    work = deliverer(rig)
    while work.deliver_due():
        pass


def facts_taken() -> list[dict[str, Any]]:
    return [fact for _, body in Receiver.taken for fact in msgspec.json.decode(body)["data"]["facts"]]


def test_facts_are_posted_signed_in_order_with_the_cursor(rig: Rig, till: HandTill, url: str) -> None:
    hook = register(rig, url, cursor="")
    assert hook.secret.startswith("whsec_")
    bodies = [body_of(rig.world) for _ in range(230)]
    till.push_ok(till.start, bodies)
    deliver_all(rig)
    assert [fact["seq"] for fact in facts_taken()] == list(range(1, 231))
    assert len(Receiver.taken) == 3
    secret = base64.b64decode(hook.secret.removeprefix("whsec_"))
    for headers, body in Receiver.taken:
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        right = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{right}"
        assert headers["webhook-timestamp"] == str(NOW_MS // 1000)
    assert len({headers["webhook-id"] for headers, _ in Receiver.taken}) == 3
    last = msgspec.json.decode(Receiver.taken[-1][1])
    assert (last["type"], last["data"]["more"]) == ("facts", False)
    assert rig.feed(last["data"]["cursor"]).facts == [], "who reads on by the feed misses nothing"
    shown = the_one(rig)
    assert (shown.secret, shown.failures, shown.delivered_ms) == ("", 0, NOW_MS)


def test_the_signature_is_that_of_the_standards_example() -> None:
    """https://github.com/standard-webhooks/standard-webhooks: the example of its libraries' tests."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = webhooks.sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@ONE
def test_wherever_an_answer_leads_it_is_a_failure_like_any_other(rig: Rig, till: HandTill, url: str) -> None:
    register(rig, url)
    till.push_ok(till.start, [body_of(rig.world)])
    Receiver.answers = [(302, {"Location": "https:portal.example/login"})]
    deliver_all(rig)
    assert the_one(rig).failures == 1


def test_who_drips_an_answer_is_given_up() -> None:
    def drip(listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            line, _ = listening.accept()
            line.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            for _ in range(100):
                line.sendall(b"x")
                time.sleep(0.1)
            line.sendall(b"\r\nContent-Length: 0\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=drip, args=(listening,), daemon=True).start()
        begun_s = time.monotonic()
        poster = Poster(private=True, timeout_s=1, whole_s=0.5)
        problem, _ = poster.post(f"http://127.0.0.1:{listening.getsockname()[1]}/", b"{}", {})
    assert problem == "ReadTimeout: it takes longer than 0.5 s in all"
    assert time.monotonic() - begun_s < 3


@ONE
def test_what_is_not_taken_comes_again_later_and_later(rig: Rig, till: HandTill, url: str) -> None:
    register(rig, url)
    till.push_ok(till.start, [body_of(rig.world)])
    waits: list[int] = []
    Receiver.answers = [(500, {}), (302, {"Location": "http://127.0.0.1:1/"}), (503, {"Retry-After": "7000"})]
    for _ in range(3):
        deliver_all(rig)
        with rig.db.read() as connection:
            due_ms = connection.exec_driver_sql("SELECT due_ms FROM webhook").scalar_one()
        waits.append(due_ms - rig.world.ms)
        assert deliverer(rig).deliver_due() == 0, "not before its time"
        rig.world.ms = due_ms
    hook = the_one(rig)
    assert (hook.failures, hook.failing_since_ms, hook.problem) == (3, NOW_MS, "503 Service Unavailable")
    assert [4500 <= waits[0] <= 5500, 270_000 <= waits[1] <= 330_000, waits[2] == 7_000_000] == [True] * 3
    deliver_all(rig)
    assert [fact["seq"] for fact in facts_taken()] == [1]
    hook = the_one(rig)
    assert (hook.failures, hook.failing_since_ms, hook.problem) == (0, None, "")


@ONE
def test_days_of_failure_disable_it_and_its_cursor_takes_it_up_again(
    rig: Rig, till: HandTill, url: str
) -> None:
    hook = register(rig, url)
    till.push_ok(till.start, [body_of(rig.world)])
    Receiver.answers = [(500, {})] * 50
    for _ in range(40):
        deliver_all(rig)
        rig.world.ms += DAY_MS // 4
    shown = the_one(rig)
    assert shown.disabled_ms is not None
    assert shown.disabled_ms - NOW_MS >= 5 * DAY_MS
    Receiver.answers = []
    deliver_all(rig)
    assert Receiver.taken == []
    assert call(rig, "DELETE", f"/{hook.id}").status == 204
    register(rig, url, cursor=shown.cursor)
    deliver_all(rig)
    assert [fact["seq"] for fact in facts_taken()] == [1]


@ONE
def test_gone_means_gone(rig: Rig, till: HandTill, url: str) -> None:
    register(rig, url)
    till.push_ok(till.start, [body_of(rig.world)])
    Receiver.answers = [(410, {})]
    deliver_all(rig)
    assert the_one(rig).disabled_ms == NOW_MS


def test_only_the_kinds_that_were_asked_for_come(rig: Rig, till: HandTill, url: str) -> None:
    register(rig, url, kinds=["no_sale"])
    bodies = [body_of(rig.world, kind=kind) for kind in ["x", "no_sale", "y"] * 60]
    till.push_ok(till.start, bodies)
    deliver_all(rig)
    assert [fact["seq"] for fact in facts_taken()] == list(range(2, 181, 3))


def test_two_servers_do_not_send_the_same_at_once(rig: Rig, till: HandTill, url: str) -> None:
    register(rig, url)
    till.push_ok(till.start, [body_of(rig.world)])
    one, two = deliverer(rig), deliverer(rig)
    with rig.db.read() as connection:
        due = connection.execute(webhooks.sa.select(webhooks._hook)).one()
    assert (one._deliver(due), two._deliver(due)) == (True, False)
    assert len(Receiver.taken) == 1


@ONE
def test_after_a_restore_everything_since_the_backup_comes_again(rig: Rig, till: HandTill, url: str) -> None:
    register(rig, url)
    _, head = till.push_ok(till.start, [body_of(rig.world)])
    deliver_all(rig)
    admin.after_restore(rig.db)
    rig.restart()
    till.push_ok(Head(till.credentials.till, 1, head.seq, head.hash), [body_of(rig.world)])
    rig.world.ms += 2000
    deliver_all(rig)
    assert [fact["seq"] for fact in facts_taken()][-2:] == [1, 2]


@ONE
@pytest.mark.parametrize(
    "bad",
    [
        "http://example.com/", "ftp://example.com/", "https://user:pw@example.com/", "https:///x",
        "https://example.com/#x", "https://exa mple.com/", "https://10.0.0.1/", "https://192.168.1.1:8443/x",
        "https://169.254.169.254/latest", "https://[::ffff:10.0.0.1]/", "https://[fd00::1]/",
        "https://[64:ff9b::a00:1]/", "http://127.0.0.1.example.com/", "https://example.com:99999/",
        "http://127.0.0.1:8008/restart", "http://localhost/", "https://127.0.0.1/", "https://[::1]/",
    ],
)  # fmt: skip
def test_a_place_that_nobody_should_be_posted_to_is_refused(rig: Rig, bad: str) -> None:
    answer = call(rig, "POST", body={"url": bad})
    assert (answer.status, answer.problem.code) == (422, "bad_url"), answer.body


@ONE
def test_a_name_that_leads_into_a_private_network_is_not_followed(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Registered while it led elsewhere; no name server is asked here."""
    register(rig, "https://hook.example/x")
    told: list[str] = []

    def lookup(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        told.append(host)
        return [(2, 1, 6, "", (address, port)) for address in ("93.184.216.34", "10.1.2.3")]

    monkeypatch.setattr(places.socket, "getaddrinfo", lookup)
    with pytest.raises(Forbidden, match=r"10\.1\.2\.3 is in a private network"):
        resolve("https://hook.example/x")
    assert resolve("https://hook.example/x", private=True) == ("https://93.184.216.34:443/x", "hook.example")
    problem, _ = Poster().post("https://hook.example/x", b"", {})
    assert problem.startswith("Forbidden: 10.1.2.3")


@ONE
def test_bad_requests_and_strangers_are_refused(rig: Rig, url: str) -> None:
    for bad in ({}, {"url": 1}, {"url": url, "kinds": ["NO"]}, []):
        assert call(rig, "POST", body=bad).status == 400
    assert call(rig, "POST", body={"url": url, "cursor": "nonsense"}).problem.code == "bad_cursor"
    assert call(rig, "DELETE", f"/{uuid.UUID(int=1)}").status == 404
    assert rig.call("GET", "/v1/webhooks").status == 401
    assert call(rig, "GET").read(Webhooks).v == protocol.VERSION
