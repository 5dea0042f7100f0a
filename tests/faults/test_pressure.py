"""A real server under a flood: memory stays bounded for as long as it lasts, and a stop has a deadline."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from sync import protocol
from tests.sync.pressure import Sender, Stalled, rss_mib
from tests.sync.process import ServerProcess

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

FLOOD_S = 30.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    process = ServerProcess(tmp_path)
    yield process
    process.kill()


def flood(url: str, until_s: float, seen: Counter[int]) -> None:
    body, target = bytes(protocol.PACKED_MAX - 1), f"{url}/v1/tills/{UUID(int=0)}/facts"
    with httpx.Client(timeout=30) as client:
        while time.monotonic() < until_s:
            try:
                answer = client.post(target, content=body)
            except httpx.TransportError:
                seen[0] += 1
                continue
            seen[answer.status_code] += 1
            if answer.status_code == 503:
                assert "retry-after" in answer.headers


def test_a_flood_of_strangers_is_refused_in_bounded_memory_while_a_till_pushes(server: ServerProcess) -> None:
    sender, seen = Sender(server), Counter[int]()
    sender.push(5)
    before, most = rss_mib(server), 0.0
    until_s = time.monotonic() + FLOOD_S
    threads = [threading.Thread(target=flood, args=(server.url, until_s, seen)) for _ in range(48)]
    with Stalled(server.url, count=150, size=protocol.PACKED_MAX - 1):
        for thread in threads:
            thread.start()
        while time.monotonic() < until_s:
            sender.push(1)
            most = max(most, rss_mib(server))
        for thread in threads:
            thread.join()
    assert most - before < 300, seen
    assert set(seen) <= {0, 401, 408, 503}, seen
    assert sender.acked > 10
    sender.push(5)
    assert server.stop() == 0


def test_connections_that_say_nothing_are_closed_and_make_room(server: ServerProcess) -> None:
    """More of them than the server takes at once."""
    sender = Sender(server)
    with Stalled(server.url, count=900, size=0):
        sender.push(3, deadline_s=60)


def test_a_stop_has_a_deadline_whoever_still_sends(server: ServerProcess) -> None:
    with Stalled(server.url, count=20, size=1000):
        begun_s = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - begun_s < 18
