"""Clients that press a real server: tills that push by hand, and connections that stall."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import time
import uuid
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

import httpx

from app.lanes import RealWorld
from app.ledger.chain import Head, verify
from sync import protocol
from sync.server import admin
from sync.server.database import open_database
from tests.sync.memory import body_of
from tests.sync.process import ServerProcess

WORLD = RealWorld()


def rss_mib(server: ServerProcess) -> float:
    """What the server's process holds in memory."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    kib = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(kib.split()[1]) / 1024


class Sender:
    """A till that pushes one fact after another, and knows what was acknowledged."""

    def __init__(self, server: ServerProcess) -> None:
        self._server = server
        self._key = os.urandom(32)
        db = open_database(server.database_url or None, server.folder)
        code = admin.create_enrol_code(db, "shop 1", WORLD.now_ms())
        db.close()
        wish = protocol.Enrol(public_key=protocol.public_key_of(self._key), code=code, till=uuid.uuid4())
        answer = httpx.post(f"{server.url}/v1/enrol", content=protocol.pack(wish), timeout=30)
        assert answer.status_code == 200, answer.text
        enrolled = protocol.decode(answer.content, protocol.Enrolled)
        self.till, self.epoch, self.acked = enrolled.till, enrolled.epoch, 0
        self._head = Head(self.till, self.epoch)

    def signed(self, target: str) -> str:
        """Its signature over an empty body."""
        return protocol.authorise(self._key, "POST", target, self.till, self.epoch, b"")

    def _ask(self, method: str, target: str, body: bytes = b"") -> httpx.Response:
        signed = protocol.authorise(self._key, method, target, self.till, self.epoch, body)
        headers = {"Authorization": signed}
        return httpx.request(method, self._server.url + target, content=body, headers=headers, timeout=30)

    def try_push(self) -> httpx.Response:
        bodies = [body_of(WORLD)]
        push = protocol.Push(
            epoch=self.epoch, first_seq=self._head.seq + 1, last_seq=self._head.seq + 1,
            prev_hash=self._head.hash, clock_ms=WORLD.now_ms(), facts=[protocol.embed(bodies[0])],
        )  # fmt: skip
        answer = self._ask("POST", f"/v1/tills/{self.till}/facts", protocol.pack(push))
        if answer.status_code == 200:
            self._head = verify(self._head, bodies)
            self.acked = protocol.decode(answer.content, protocol.Pushed).acked_seq
        return answer

    def push(self, count: int, deadline_s: float = 30) -> None:
        """Push facts, as long as it takes."""
        until = time.monotonic() + deadline_s
        while count:
            answer = self.try_push()
            if answer.status_code == 200:
                count -= 1
                continue
            assert answer.status_code == 503, answer.text
            assert int(answer.headers["Retry-After"]) > 0
            assert time.monotonic() < until
            time.sleep(0.05)

    def push_until_refused(self) -> None:
        """Push until the server is gone."""
        with contextlib.suppress(httpx.TransportError):
            while self.try_push().status_code == 200:
                pass

    def known(self) -> int:
        """What the server says it has."""
        answer = self._ask("GET", f"/v1/tills/{self.till}/state")
        return protocol.decode(answer.content, protocol.TillState).acked_seq


class Stalled:
    """Connections that send the beginning of a request, `size` bytes of its body (0: not even all headers),
    and then nothing; those of a known till, if there is a `sender`."""

    def __init__(self, url: str, count: int, size: int, sender: Sender | None = None) -> None:
        self._place = (urlsplit(url).hostname or "", urlsplit(url).port or 0)
        self._count = count
        self._size = size
        self._target = "/v1/enrol" if sender is None else f"/v1/tills/{sender.till}/facts"
        self._says = "" if sender is None else f"Authorization: {sender.signed(self._target)}\r\n"
        self.sockets: list[socket.socket] = []

    def __enter__(self) -> Stalled:
        head = f"POST {self._target} HTTP/1.1\r\nHost: x\r\n{self._says}".encode()
        if self._size:
            head += f"Content-Length: {self._size + 1}\r\n\r\n".encode()
        for _ in range(self._count):
            connection = socket.create_connection(self._place, timeout=30)
            self.sockets.append(connection)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(head + bytes(self._size))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for connection in self.sockets:
            connection.close()


def refusals(stalled: Stalled, wanted: int, within_s: float = 20) -> int:
    """How many of them were answered 503 with a time to come back, once `wanted` were."""
    until, waiting, count = time.monotonic() + within_s, set(stalled.sockets), 0
    while count < wanted and time.monotonic() < until:
        for connection in select.select(list(waiting), [], [], 0.5)[0]:
            waiting.discard(connection)
            with contextlib.suppress(ConnectionResetError):
                said = connection.recv(4096)
                count += said.startswith(b"HTTP/1.1 503") and b"retry-after: 2" in said.lower()
    return count
