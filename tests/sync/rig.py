"""A real server in this process, spoken to without sockets, and a till that speaks to it by hand."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
from litestar import Litestar

from app.lanes import FixedWorld
from app.ledger.chain import Head, verify
from sync import protocol
from sync.outbox import Credentials
from sync.server import admin
from sync.server.api import create_app
from sync.server.context import Context, Inline, Runner
from sync.server.database import Database
from sync.server.tills import load_secrets

NOW_MS = 1_790_000_000_000
M = TypeVar("M")


_TILL = re.compile(r"(?<=/tills/)[^/]+")
_app: list[Litestar] = []
_documented: dict[tuple[str, str], set[int]] = {}


def documented(app: Litestar) -> dict[tuple[str, str], set[int]]:
    """The statuses of each operation, by method and path, as the server's own description has them."""
    if not _documented:
        for path, operations in app.openapi_schema.to_schema()["paths"].items():
            for method, operation in operations.items():
                _documented[method.upper(), path] = {int(status) for status in operation["responses"]}
    return _documented


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def read(self, kind: type[M]) -> M:
        return msgspec.json.decode(self.body, type=kind)

    @property
    def problem(self) -> protocol.Problem:
        return self.read(protocol.Problem)


class Rig:
    """The server's ASGI app on a database of its own, and the operator's hands."""

    def __init__(self, db: Database, runner: Runner | None = None) -> None:
        self.db = db
        self.world = FixedWorld(NOW_MS, seed=1)
        self._runner = runner or Inline()
        self._loop = asyncio.new_event_loop()
        self.private_webhooks = False
        self.restart()
        self.token = admin.create_office_token(db, "tests", NOW_MS)

    def restart(self) -> None:
        """A new server process on the same database. The app itself keeps nothing: making it anew each time
        would take most of a test's time."""
        self.context = Context(
            self.db, load_secrets(self.db), self.world, self._runner, private_webhooks=self.private_webhooks
        )
        if not _app:
            _app.append(create_app(self.context))
        self.app: Litestar = _app[0]

    def close(self) -> None:
        self._loop.close()

    def call(
        self, method: str, target: str, body: bytes = b"", headers: Iterable[tuple[str, str]] = ()
    ) -> Answer:
        """One HTTP request, without a socket. Every answer must be one that the description names."""
        self.app.state["context"] = self.context
        answer = self._loop.run_until_complete(asgi(self.app, method, target, body, headers))
        known = documented(self.app).get((method, _TILL.sub("{till}", target.partition("?")[0])))
        assert known is None or answer.status in known or answer.status == 500, (method, target, answer)
        return answer

    def office(self, target: str) -> Answer:
        return self.call("GET", target, headers=[("Authorization", f"Bearer {self.token}")])

    def feed(self, cursor: str = "", limit: int = 500) -> protocol.FeedPage:
        answer = self.office(f"/v1/feed?cursor={cursor}&limit={limit}")
        assert answer.status == 200, answer.body
        return answer.read(protocol.FeedPage)

    def feed_all(self, limit: int = 500) -> list[protocol.FeedFact]:
        facts: list[protocol.FeedFact] = []
        page = self.feed(limit=limit)
        facts += page.facts
        while page.more:
            page = self.feed(page.cursor, limit)
            facts += page.facts
        return facts

    def code(self, **options: Any) -> str:
        return admin.create_enrol_code(self.db, "shop 1", self.world.now_ms(), **options)


async def asgi(
    app: Any, method: str, target: str, body: bytes, headers: Iterable[tuple[str, str]] = ()
) -> Answer:
    path, _, query = target.partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "path": path,
        "raw_path": path.encode(), "query_string": query.encode(), "root_path": "", "scheme": "http",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "state": {},
    }  # fmt: skip
    inbox = [{"type": "http.request", "body": body, "more_body": False}]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return inbox.pop(0) if inbox else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start = next(message for message in sent if message["type"] == "http.response.start")
    content = b"".join(
        message.get("body", b"") for message in sent if message["type"] == "http.response.body"
    )
    answered = {name.decode().lower(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], answered, content)


@dataclass
class HandTill:
    """A till whose every message a test composes itself."""

    rig: Rig
    private_key: bytes = bytes(range(32))
    credentials: Credentials = field(init=False)

    def enrol(self, code: str | None = None, till: uuid.UUID | None = None) -> Answer:
        public_key = protocol.public_key_of(self.private_key)
        till = till or uuid.uuid5(uuid.NAMESPACE_OID, public_key.hex())  # every run alike
        request = protocol.Enrol(public_key=public_key, code=code or self.rig.code(), till=till)
        answer = self.rig.call("POST", "/v1/enrol", protocol.pack(request))
        if answer.status == 200:
            self._keep(answer)
        return answer

    def enrol_again(self, private_key: bytes) -> Answer:
        """By certificate, signed with the key it names."""
        request = protocol.Enrol(
            public_key=protocol.public_key_of(private_key), certificate=self.credentials.certificate
        )
        answer = self.send("POST", "/v1/enrol", protocol.pack(request))
        if answer.status == 200:
            self.private_key = private_key
            self._keep(answer)
        return answer

    def _keep(self, answer: Answer) -> None:
        got = answer.read(protocol.Enrolled)
        self.credentials = Credentials(got.till, got.epoch, got.store, self.private_key, got.certificate)

    @property
    def start(self) -> Head:
        return Head(self.credentials.till, self.credentials.epoch)

    def send(self, method: str, target: str, body: bytes = b"") -> Answer:
        ours = self.credentials
        signed = protocol.authorise(ours.private_key, method, target, ours.till, ours.epoch, body)
        return self.rig.call(method, target, body, [("Authorization", signed)])

    def message(self, after: Head, bodies: list[bytes]) -> protocol.Push:
        return protocol.Push(
            epoch=self.credentials.epoch, first_seq=after.seq + 1, last_seq=after.seq + len(bodies),
            prev_hash=after.hash, clock_ms=self.rig.world.now_ms(),
            facts=[protocol.embed(body) for body in bodies],
        )  # fmt: skip

    def push(self, after: Head, bodies: list[bytes]) -> Answer:
        target = f"/v1/tills/{self.credentials.till}/facts"
        return self.send("POST", target, protocol.pack(self.message(after, bodies)))

    def push_ok(self, after: Head, bodies: list[bytes]) -> tuple[protocol.Pushed, Head]:
        answer = self.push(after, bodies)
        assert answer.status == 200, answer.body
        return answer.read(protocol.Pushed), verify(after, bodies)

    def state(self) -> protocol.TillState:
        answer = self.send("GET", f"/v1/tills/{self.credentials.till}/state")
        assert answer.status == 200, answer.body
        return answer.read(protocol.TillState)
