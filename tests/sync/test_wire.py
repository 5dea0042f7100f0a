"""The lane that talks to the server: whatever comes back, the client hears of it and goes on."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterator

import httpx
import pytest

from sync.events import Failed, Replied, Send
from sync.outbox import Credentials
from sync.worker import SyncWorker, request
from tests.sync.memory import MemoryInbox, MemoryOutbox

TILL = uuid.UUID("019a0000-0000-7000-8000-000000000001")
ODD = ["https:portal.example/login", "http:login", "mailto:a@b", "about:blank", "http://xn--/"]


@pytest.mark.parametrize("place", ODD)
def test_a_redirect_to_nowhere_is_no_answer(place: str) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(302, headers={"Location": place}))
    with httpx.Client(base_url="http://server", transport=transport) as http:
        assert request(http, Send(7, "GET", "/v1/pull", (), b"")) == Failed(7)


class Server:
    """Answers as a function says, and a till that syncs with it."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer: Callable[[httpx.Request], httpx.Response] = lambda _: httpx.Response(503)
        outbox = MemoryOutbox(TILL)
        outbox.saved = Credentials(TILL, 1, "12", bytes(32), "")
        self.worker = SyncWorker(
            "http://server",
            outbox,
            MemoryInbox(),
            on_status=lambda status: None,
            transport=httpx.MockTransport(self._handle),
        )

    def _handle(self, asked: httpx.Request) -> httpx.Response:
        if asked.url.path == "/v1/stream":
            return httpx.Response(404)
        self.asked.append(asked.url.path)
        return self.answer(asked)

    def until_asked(self, times: int) -> None:
        until_s = time.monotonic() + 10
        while len(self.asked) < times:
            assert time.monotonic() < until_s, f"asked {len(self.asked)} times, and no more"
            self.worker.sync_now()
            time.sleep(0.01)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    assert server.worker.stop()


@pytest.mark.parametrize("place", ODD)
def test_sync_goes_on_after_a_redirect_to_nowhere(server: Server, place: str) -> None:
    server.answer = lambda _: httpx.Response(302, headers={"Location": place})
    server.worker.start()
    server.until_asked(3)


def test_sync_goes_on_after_what_nobody_foresaw_and_the_log_tells_of_it(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(asked: httpx.Request) -> httpx.Response:
        raise ZeroDivisionError("nobody foresaw it")

    server.answer = broken
    with caplog.at_level(logging.ERROR, "stempel"):
        server.worker.start()
        server.until_asked(3)
    told = caplog.records[0]
    assert told.exc_info is not None
    assert told.exc_info[0] is ZeroDivisionError


def test_what_came_late_but_at_once_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.worker.ANSWER_S", -1.0)
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=b"all of it"))
    with httpx.Client(base_url="http://server", transport=transport) as http:
        assert request(http, Send(7, "GET", "/v1/pull", (), b"")) == Replied(7, 200, b"all of it")


def test_what_goes_on_and_on_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.worker.ANSWER_S", -1.0)
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=iter([b"all", b" of", b" it"])))
    with httpx.Client(base_url="http://server", transport=transport) as http:
        assert request(http, Send(7, "GET", "/v1/pull", (), b"")) == Failed(7)
