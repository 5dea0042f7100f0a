"""Real sockets, a real server process, the real sync lane: stops, kills, and servers that are none."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from app.lanes import RealWorld
from sync import protocol
from sync.events import Status
from sync.feed import pages
from sync.server.serve import PortTaken, serve
from sync.worker import SyncWorker
from tests.sync.memory import MemoryInbox, MemoryOutbox, body_of
from tests.sync.postgres import Postgres
from tests.sync.process import ServerProcess

WORLD = RealWorld()


class LockedOutbox(MemoryOutbox):
    """Sells in the test's thread while the sync lane reads."""

    def __init__(self, origin: uuid.UUID) -> None:
        super().__init__(origin)
        self.lock = threading.Lock()

    def __getattribute__(self, name: str):  # type: ignore[no-untyped-def]
        found = super().__getattribute__(name)
        if name not in ("read", "append", "set_acked", "begin_epoch"):
            return found

        def locked(*args: object) -> object:
            with self.lock:
                return found(*args)

        return locked


class Shop:
    """A till with its sync lane."""

    def __init__(self, url: str, outbox: LockedOutbox | None = None) -> None:
        self.outbox = outbox or LockedOutbox(uuid.uuid4())
        self.status = Status()
        self.crashes: list[BaseException] = []
        self.inbox = MemoryInbox()
        self.worker = SyncWorker(
            url, self.outbox, self.inbox, on_status=self._told, on_crash=self.crashes.append
        ).start()

    def _told(self, status: Status) -> None:
        self.status = status

    def sell(self, count: int) -> None:
        for _ in range(count):
            self.outbox.append(body_of(WORLD))
        self.worker.facts_available()

    def until(self, true: Callable[[Status], bool], deadline_s: float = 30.0) -> None:
        end = time.monotonic() + deadline_s
        while not true(self.status):
            assert time.monotonic() < end, self.status
            time.sleep(0.01)


def synced(status: Status) -> bool:
    return status.state == "online" and status.unsynced == 0 and not status.problem


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ServerProcess]:
    url = ""
    if request.param == "postgresql":
        postgres: Postgres = request.getfixturevalue("postgres")
        url = postgres.fresh_database()
    process = ServerProcess(tmp_path, url)
    yield process
    process.kill()


@pytest.fixture
def shop(server: ServerProcess) -> Iterator[Shop]:
    shop = Shop(server.url)
    yield shop
    shop.worker.stop()


def read_all(server: ServerProcess) -> list[bytes]:
    token = server.first_run["office_token"]
    return [bytes(fact.body) for page in pages(server.url, token) for fact in page.facts]


def test_a_shop_from_its_first_sale_through_kills_of_the_server(server: ServerProcess, shop: Shop) -> None:
    shop.sell(3)
    shop.until(lambda status: (status.state, status.unsynced) == ("not_enrolled", 3))
    shop.worker.enrol(server.first_run["enrol_code"])
    shop.until(synced)
    for _ in range(2):
        shop.sell(40)
        server.kill()
        shop.sell(40)
        shop.until(lambda status: status.problem == "unreachable")
        server.start()
        shop.worker.sync_now()
        shop.until(synced)
    assert read_all(server) == shop.outbox.bodies
    assert not shop.crashes
    assert server.stop() == 0
    assert shop.worker.stop(5)


def test_members_of_all_tills_can_be_pulled_soon_after_a_sale(server: ServerProcess, shop: Shop) -> None:
    shop.worker.enrol(server.first_run["enrol_code"])
    shop.until(synced)
    member = str(WORLD.new_id())
    lot = {"id": "1", "rule": "points", "amount_centi": 700, "earned_at_ms": WORLD.now_ms()}
    shop.outbox.append(body_of(WORLD, member=member, effects=[{"do": "earned", "lot": lot}]))
    shop.worker.facts_available()
    ours = shop.outbox.credentials()
    assert ours is not None
    signed = protocol.authorise(ours.private_key, "GET", "/v1/pull", ours.till, ours.epoch, b"")
    end = time.monotonic() + 60
    while True:
        answer = httpx.get(f"{server.url}/v1/pull", headers={"Authorization": signed})
        rows = protocol.decode(answer.content, protocol.PullPage).members
        if rows:
            break
        assert time.monotonic() < end
        time.sleep(0.05)
    assert (str(rows[0].member), rows[0].applied) == (member, {1: 1})
    assert b'"amount_centi":700' in bytes(rows[0].state)


def test_the_port_of_a_running_server_is_not_shared(server: ServerProcess, tmp_path: Path) -> None:
    port = int(server.url.rsplit(":", 1)[1])
    with pytest.raises(PortTaken, match="in use"):
        serve(port=port, data_dir=tmp_path / "second")


class Impostor(BaseHTTPRequestHandler):
    """A server that is not ours."""

    answers: list[tuple[int, bytes]] = []  # noqa: RUF012
    leads_to = "/elsewhere"
    asked = 0

    def _answer(self) -> None:
        Impostor.asked += 1
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, body = self.answers[0]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Location", self.leads_to)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _answer

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.mark.parametrize(
    ("status", "body", "problem"),
    [
        (500, b"oops", "server_error"),
        (200, b"<html>", "nonsense"),
        (302, b"", "nonsense"),
        (503, b"", "busy"),
    ],
)
def test_a_server_of_nonsense_is_named_and_costs_nothing(status: int, body: bytes, problem: str) -> None:
    Impostor.answers = [(status, body)]
    with ThreadingHTTPServer(("127.0.0.1", 0), Impostor) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        shop = Shop(f"http://127.0.0.1:{http.server_port}")
        shop.sell(2)
        shop.worker.enrol("ABCD")
        shop.until(lambda told: told.problem == problem)
        assert (shop.outbox.acked, shop.status.unsynced, shop.crashes) == ((1, 0), 2, [])
        assert shop.worker.stop()
        http.shutdown()


PORTALS = ("https:portal.example/login", "about:blank", "mailto:a@b", "http://xn--/")


@pytest.mark.parametrize("leads_to", PORTALS)
def test_wherever_a_portal_leads_the_server_is_asked_again(
    leads_to: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Impostor, "answers", [(302, b"")])
    monkeypatch.setattr(Impostor, "leads_to", leads_to)
    monkeypatch.setattr(Impostor, "asked", 0)
    with ThreadingHTTPServer(("127.0.0.1", 0), Impostor) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        shop = Shop(f"http://127.0.0.1:{http.server_port}")
        shop.worker.enrol("ABCD")
        shop.until(lambda _: Impostor.asked >= 2)
        assert shop.crashes == []
        assert shop.worker.stop()
        http.shutdown()


def test_a_stop_does_not_wait_for_a_server_that_hangs() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as hung:  # accepts, and never says a word
        shop = Shop(f"http://127.0.0.1:{hung.getsockname()[1]}")
        shop.worker.enrol("ABCD")
        time.sleep(0.3)
        begun = time.monotonic()
        shop.worker.stop(2)
        assert time.monotonic() - begun < 2
        assert not shop.worker.lane.alive


def test_an_outbox_that_fails_is_reported_and_tried_again(
    server: ServerProcess, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.worker.enrol(server.first_run["enrol_code"])
    shop.until(synced)
    failures = [OSError("disk full")] * 2
    set_acked = LockedOutbox.set_acked

    def failing(self: LockedOutbox, epoch: int, seq: int) -> None:
        if failures:
            raise failures.pop()
        set_acked(self, epoch, seq)

    monkeypatch.setattr(LockedOutbox, "set_acked", failing)
    shop.sell(5)
    shop.until(lambda status: synced(status) and shop.outbox.acked[1] == 5)
    assert [str(error) for error in shop.crashes] == ["disk full"] * 2
    assert len(read_all(server)) == 5


def test_a_request_over_the_limit_is_answered_and_not_buffered(server: ServerProcess) -> None:
    answer = httpx.post(f"{server.url}/v1/enrol", content=bytes(protocol.PACKED_MAX * 3))
    assert answer.status_code == 413


def test_first_run_secrets_are_shown_once(server: ServerProcess) -> None:
    first = dict(server.first_run)
    assert set(first) == {"enrol_code", "office_token"}
    ready = server.folder / "ready.json"
    assert ready.stat().st_mode & 0o077 == 0
    assert server.stop() == 0
    server.start()
    assert '"first_run": null' in ready.read_text()
    assert read_all(server) == []
