"""A real server under pressure: memory stays bounded, whoever is refused is told when to come back, what is
acknowledged is durable whatever the stop."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator

import httpx
import pytest
import zstandard

from sync import protocol
from sync.server.room import STRANGERS_BYTES, Room
from sync.server.tills import Refused
from tests.sync.pressure import Sender, Stalled, refusals, rss_mib
from tests.sync.process import ServerProcess


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    process = ServerProcess(tmp_path_factory.mktemp("pressed"))
    yield process
    process.kill()


def test_bodies_that_stall_fill_the_room_and_no_more(server: ServerProcess) -> None:
    sender = Sender(server)
    sender.push(5)
    before = rss_mib(server)
    with Stalled(server.url, count=120, size=protocol.PACKED_MAX - 1, sender=sender) as stalled:
        # What does not fit into 64 MiB is refused, not kept.
        assert refusals(stalled, wanted=120 - 64) >= 120 - 64
        assert rss_mib(server) - before < 220
        assert httpx.get(f"{server.url}/health").status_code == 200
    sender.push(5)


def test_a_bomb_is_not_unpacked(server: ServerProcess) -> None:
    compressor = zstandard.ZstdCompressor(level=1).compressobj()
    bomb = b"".join(compressor.compress(bytes(1 << 20)) for _ in range(400)) + compressor.flush()
    assert len(bomb) < STRANGERS_BYTES
    before = rss_mib(server)
    for _ in range(3):
        answer = httpx.post(f"{server.url}/v1/enrol", content=bomb)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert rss_mib(server) - before < 60


def test_connections_that_say_nothing_keep_nobody_from_pushing(server: ServerProcess) -> None:
    sender = Sender(server)
    with Stalled(server.url, count=200, size=0), Stalled(server.url, count=100, size=STRANGERS_BYTES - 1):
        sender.push(10)


def test_the_log_is_one_json_object_a_line_with_request_ids(server: ServerProcess) -> None:
    given = httpx.get(f"{server.url}/v1/feed", headers={"X-Request-Id": "proxy-0001"})
    assert (given.status_code, given.headers["x-request-id"]) == (401, "proxy-0001")
    lines = [json.loads(line) for line in (server.folder / "server.log").read_text().splitlines()]
    (line,) = [line for line in lines if line.get("request_id") == "proxy-0001"]
    assert (line["status"], line["path"], line["level"]) == (401, "/v1/feed", "warning")


def test_a_stop_in_the_midst_loses_nothing_that_was_acknowledged(server: ServerProcess) -> None:
    senders = [Sender(server) for _ in range(3)]
    threads = [threading.Thread(target=sender.push_until_refused) for sender in senders]
    for thread in threads:
        thread.start()
    while sum(sender.acked for sender in senders) < 12:
        pass
    assert server.stop() == 0
    for thread in threads:
        thread.join()
    acked = {str(sender.till): sender.acked for sender in senders}
    server.start()
    assert {str(sender.till): sender.known() for sender in senders}.items() >= acked.items()
    for sender in senders:
        assert sender.known() - sender.acked <= 1, "an answer may be lost, a fact not"


def test_a_body_is_given_time_by_what_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.server.room.PATIENCE_S", 0.5)
    monkeypatch.setattr("sync.server.room.PACE", 100)

    async def read(pause_s: float, chunks: int) -> bytes:
        async def receive() -> dict[str, object]:
            nonlocal chunks
            await asyncio.sleep(pause_s)
            chunks -= 1
            return {"type": "http.request", "body": bytes(100), "more_body": chunks > 0}

        room = Room(10_000)
        with room.share() as share:
            body = await share.read(receive, 5000)  # type: ignore[arg-type]
            assert room.held == len(body)
        assert room.held == 0
        return body

    assert len(asyncio.run(read(0.06, 12))) == 1200, "at its pace it may take longer"
    with pytest.raises(Refused) as refused:
        asyncio.run(read(5, 2))
    assert (refused.value.status, refused.value.code) == (408, "slow")
    with pytest.raises(Refused) as refused:
        asyncio.run(read(0, 51))
    assert refused.value.status == 413


def test_room_is_given_back_whatever_happened() -> None:
    room = Room(100)

    def press() -> None:
        with room.share() as one, room.share() as two:
            one.grow(60)
            two.grow(60)

    with pytest.raises(Refused) as refused:
        press()
    assert (refused.value.status, refused.value.retry_after_s, room.held) == (503, 2, 0)
