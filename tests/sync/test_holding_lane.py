"""The lane that asks for holds: one answer to each question, in time, whatever the server does."""

from __future__ import annotations

import queue
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from app.lanes import RealWorld
from sync import holds, protocol
from sync.asking import AskLane
from sync.holding import DEADLINE_S, SILENCE, Answer, HoldLane, read
from sync.outbox import Credentials
from sync.questions import QUEUE_MAX

OURS = Credentials(till=uuid.uuid4(), epoch=1, store="1", private_key=bytes(32), certificate="")
Handler = Callable[[httpx.Request], httpx.Response]


class Desk:
    """A till's thread that asks, and a server made of a function."""

    def __init__(self) -> None:
        self.heard: queue.Queue[Answer] = queue.Queue()
        self.requests: list[tuple[str, str]] = []
        self.handler: Handler = granted
        self.online = True
        http = httpx.Client(base_url="http://x", transport=httpx.MockTransport(self._handle))
        self.lane = HoldLane(http, lambda: OURS, lambda: self.online, world=RealWorld()).start()

    def _handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append((request.method, request.url.path))
        return httpx.Response(204) if request.method == "DELETE" else self.handler(request)

    def ask(self) -> uuid.UUID:
        id = uuid.uuid4()
        self.lane.ask(id, "points", str(uuid.uuid4()), 500, sale=id, part=True, answer=self.heard.put)
        return id


def granted(request: httpx.Request) -> httpx.Response:
    wish = protocol.decode(protocol.unpack(request.content), holds.Hold)
    assert protocol.parse_authorization(request.headers["Authorization"]).verify(
        protocol.public_key_of(OURS.private_key), "POST", "/v1/holds", request.content
    )
    return httpx.Response(
        200, content=protocol.encode(holds.Held(id=wish.id, amount=400, good_ms=60_000, left=7))
    )


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    assert desk.lane.stop(5.0)


def test_a_hold_is_asked_for_and_given_back(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.holding.DEADLINE_S", 5.0)  # on a machine that stands still, too
    id = desk.ask()
    assert desk.heard.get(timeout=5) == Answer("held", 400, 60_000, 7)
    desk.lane.give_back([id])
    until(lambda: ("DELETE", f"/v1/holds/{id}") in desk.requests)


def test_a_server_that_is_slow_is_not_waited_for_and_its_late_yes_is_given_back(desk: Desk) -> None:
    go_on = threading.Event()

    def slow(request: httpx.Request) -> httpx.Response:
        go_on.wait(10)
        return granted(request)

    desk.handler = slow
    began_s = time.monotonic()
    id = desk.ask()
    assert desk.heard.get(timeout=10) == SILENCE
    assert time.monotonic() - began_s >= DEADLINE_S * 0.9
    go_on.set()
    until(lambda: ("DELETE", f"/v1/holds/{id}") in desk.requests)
    assert desk.heard.empty(), "and nobody hears twice"


def test_what_waits_behind_a_slow_one_is_answered_in_time_too(desk: Desk) -> None:
    go_on = threading.Event()
    desk.handler = lambda request: granted(request) if go_on.wait(10) else httpx.Response(500)
    for _ in range(QUEUE_MAX + 1):
        desk.ask()
    until(lambda: len(desk.requests) == 1)
    assert not desk.lane.online, "no more is asked while so many wait"
    for _ in range(QUEUE_MAX + 1):
        assert desk.heard.get(timeout=10) == SILENCE
    go_on.set()
    until(lambda: desk.lane.online)
    assert [method for method, _ in desk.requests].count("POST") == 1, "what is too late is not sent"


def test_a_network_that_fails_is_silence(desk: Desk) -> None:
    def fails(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route", request=request)

    desk.handler = fails
    desk.ask()
    assert desk.heard.get(timeout=5) == SILENCE


def dripping() -> Iterator[bytes]:
    while True:
        yield b" "
        time.sleep(0.05)


def flooding() -> Iterator[bytes]:
    while True:
        yield bytes(1 << 18)


@pytest.mark.parametrize("endless", [dripping, flooding])
def test_an_answer_without_end_does_not_keep_those_behind_it_back(
    desk: Desk, endless: Callable[[], Iterator[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.handler = lambda _: httpx.Response(200, content=endless())
    desk.ask()
    assert desk.heard.get(timeout=5) == SILENCE
    desk.handler = granted
    monkeypatch.setattr("sync.holding.DEADLINE_S", 5.0)
    desk.ask()
    assert desk.heard.get(timeout=10).outcome == "held"


@pytest.mark.parametrize("endless", [dripping, flooding])
def test_whose_a_card_is_can_be_asked_after_an_answer_without_end(
    endless: Callable[[], Iterator[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = httpx.Response(404, content=b'{"code": "card_of_nobody"}')
    coming = [httpx.Response(200, content=endless()), nobody]
    http = httpx.Client(base_url="http://x", transport=httpx.MockTransport(lambda _: coming.pop(0)))
    lane = AskLane(http, lambda: OURS, lambda: True, world=RealWorld())
    lane.lane.start()
    told: queue.Queue[tuple[str, object, bool]] = queue.Queue()
    monkeypatch.setattr("sync.asking.DEADLINE_S", 0.3)
    lane.ask(["uid:04"], lambda *heard: told.put(heard))
    assert told.get(timeout=5) == ("", None, False)
    monkeypatch.setattr("sync.asking.DEADLINE_S", 5.0)
    lane.ask(["uid:04"], lambda *heard: told.put(heard))
    assert told.get(timeout=10) == ("", None, True), "that it is nobody's, the server says"
    assert lane.stop(5.0)


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (409, b'{"code": "not_enough"}', "refused"),
        (409, b"<html>", "silent"),
        (503, b'{"code": "busy"}', "silent"),
        (401, b'{"code": "revoked"}', "silent"),
        (200, b"{}", "silent"),
        (200, b'{"id": "00000000-0000-0000-0000-000000000001", "amount": 5, "good_ms": 1}', "silent"),
        (200, b'{"id": "00000000-0000-0000-0000-000000000000", "amount": 501, "good_ms": 1}', "silent"),
        (200, b'{"id": "00000000-0000-0000-0000-000000000000", "amount": 500, "good_ms": 1}', "held"),
    ],
)
def test_only_what_makes_sense_is_believed(status: int, body: bytes, outcome: Any) -> None:
    wish = holds.Hold(id=uuid.UUID(int=0), kind="points", of="x", amount=500)
    assert read(wish, status, body).outcome == outcome


def until(true: Callable[[], bool], deadline_s: float = 10) -> None:
    began_s = time.monotonic()
    while not true():
        assert time.monotonic() < began_s + deadline_s, "it did not happen"
        time.sleep(0.005)
