"""Webhooks: facts posted to whoever head office named, in the order of the feed, at least once.

Signed by Standard Webhooks (webhook-id, webhook-timestamp, webhook-signature v1). What was not taken is sent
again, later and later, and given up after days. Each server may deliver; a lease in the row keeps two from
sending the same at once. All of it happens in a lane of its own: ingest never waits for it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import random
import secrets
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
import sqlalchemy as sa
import structlog

from app.lanes import World
from sync import protocol
from sync.server import schema
from sync.server.cursors import Cursor, Cursors, FeedReset
from sync.server.database import Database
from sync.server.feed import Feed
from sync.server.places import Poster, check_url
from sync.server.tills import Refused

log = structlog.get_logger("stempel.webhooks")

WEBHOOKS_MAX: Final = 50
BATCH: Final = 100
"""Facts in one delivery."""
BACKOFF_S: Final = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Waits after failures, the last one for all that follow; a tenth more or less, at random."""
GIVE_UP_MS: Final = 5 * 86_400_000
"""A webhook that failed all this while is disabled."""
LEASE_MS: Final = 60_000
IDLE_MS: Final = 1000
AHEAD_MS: Final = 2 * 86_400_000
"""No wait is so long: what seems to be due later was put off while the server's clock was ahead."""
REWIND_MS: Final = 86_400_000
"""So far back a webhook begins again when the feed's history was restored."""
_AT_ONCE: Final = 4
_hook: Final = schema.webhook

Kind = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_.]{0,63}$")]


class NewWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """POST /v1/webhooks. `kinds` of facts, none: all. `cursor` of the feed to begin after, "" from its first
    fact; left out: with what comes from now on."""

    url: Annotated[str, msgspec.Meta(min_length=8, max_length=2000)]
    kinds: Annotated[list[Kind], msgspec.Meta(max_length=100)] = []
    cursor: Annotated[str, msgspec.Meta(max_length=8192)] | None = None


class Webhook(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A webhook as head office sees it. `secret` only once, when it is made. `cursor` is how far it is."""

    id: uuid.UUID
    url: str
    kinds: list[str]
    created_ms: int
    cursor: str
    failures: int = 0
    failing_since_ms: int | None = None
    delivered_ms: int | None = None
    disabled_ms: int | None = None
    problem: str = ""
    secret: str = ""


class Webhooks(msgspec.Struct, frozen=True, kw_only=True):
    """All webhooks."""

    v: int = protocol.VERSION
    webhooks: list[Webhook]


def add(db: Database, cursors: Cursors, wish: NewWebhook, now_ms: int, *, private: bool = False) -> Webhook:
    """Register a webhook. Raises Refused(422) for a URL that is not let, WireProblem for a bad cursor."""
    check_url(wish.url, private=private)
    cursor = now_cursor(db, cursors) if wish.cursor is None else cursors.seal(cursors.open(wish.cursor))
    secret, hook_id = secrets.token_bytes(32), uuid.uuid4()
    row: dict[str, Any] = {
        "id": hook_id, "url": wish.url, "kinds": " ".join(wish.kinds), "cursor": cursor,
        "created_ms": now_ms,
    }  # fmt: skip
    with db.write() as connection:
        count = connection.execute(sa.select(sa.func.count()).select_from(_hook)).scalar_one()
        if count >= WEBHOOKS_MAX:
            raise Refused(409, "too_many", f"there are {count} webhooks: delete one")
        inner = {"secret": secret, "due_ms": now_ms, "failures": 0, "problem": ""}
        connection.execute(sa.insert(_hook).values(**row, **inner))
    shown = {**row, "kinds": list(wish.kinds)}
    return Webhook(**shown, secret="whsec_" + base64.b64encode(secret).decode())


def remove(db: Database, hook: uuid.UUID) -> None:
    """Forget a webhook. Raises Refused(404)."""
    with db.write() as connection:
        if not connection.execute(sa.delete(_hook).where(_hook.c.id == hook)).rowcount:
            raise Refused(404, "not_found", "there is no webhook of this id")


def known(db: Database) -> list[Webhook]:
    """All webhooks, the oldest first."""
    names = [name for name in Webhook.__struct_fields__ if name != "secret"]
    query = sa.select(*(_hook.c[name] for name in names)).order_by(_hook.c.created_ms, _hook.c.id)
    with db.read() as connection:
        return [Webhook(**{**row._mapping, "kinds": row.kinds.split()}) for row in connection.execute(query)]


def now_cursor(db: Database, cursors: Cursors) -> str:
    """The feed's end at this moment."""
    head = schema.shard_head.c
    with db.read() as connection:
        heads = dict(connection.execute(sa.select(head.shard, head.head)).all())
    return _sealed(cursors, heads)


def _sealed(cursors: Cursors, positions: dict[int, int]) -> str:
    cursor: Cursor = cursors.open("")
    cursor.positions = [positions.get(shard) or 0 for shard in range(schema.SHARDS)]
    return cursors.seal(cursor)


def sign(secret: bytes, message_id: str, timestamp_s: int, body: bytes) -> str:
    """webhook-signature: HMAC-SHA256 over id, time and body (Standard Webhooks 1.0, symmetric)."""
    signed = f"{message_id}.{timestamp_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()


class Deliverer:
    """Delivers what is due. Any number of them may work on one database."""

    def __init__(self, db: Database, cursors: Cursors, world: World, poster: Poster) -> None:
        self._db = db
        self._cursors = cursors
        self._world = world
        self._poster = poster
        self._dice = random.Random(world.random_bytes(8))

    def deliver_due(self) -> int:
        """One delivery for each webhook that is due; returns how many had something."""
        now_ms, due_ms = self._world.now_ms(), _hook.c.due_ms
        query = sa.select(_hook).where(
            _hook.c.disabled_ms.is_(None), (due_ms <= now_ms) | (due_ms > now_ms + AHEAD_MS)
        )
        with self._db.read() as connection:
            due = connection.execute(query).all()
        if not due:
            return 0
        with ThreadPoolExecutor(min(_AT_ONCE, len(due)), thread_name_prefix="webhooks") as pool:
            return sum(pool.map(self._deliver, due))

    def _deliver(self, hook: Any) -> bool:
        now_ms = self._world.now_ms()
        if not self._set(hook, hook.due_ms, due_ms=now_ms + LEASE_MS):
            return False  # another server was first
        leased_ms = now_ms + LEASE_MS
        try:
            page = Feed(self._db, self._cursors).page(hook.cursor, BATCH)
        except FeedReset:
            log.warning("webhook rewound: the feed was restored", webhook=str(hook.id))
            return self._set(hook, leased_ms, cursor=self._rewound(hook), due_ms=now_ms)
        facts = _of_kinds(page.facts, hook.kinds.split())
        if not facts:
            wait_ms = 0 if page.more else IDLE_MS
            self._set(hook, leased_ms, cursor=page.cursor, due_ms=now_ms + wait_ms)
            return page.more
        problem, wait_s = self._post(hook, page, facts)
        if problem:
            self._failed(hook, leased_ms, problem, wait_s)
        else:
            done = {"failures": 0, "failing_since_ms": None, "delivered_ms": now_ms, "problem": ""}
            self._set(hook, leased_ms, cursor=page.cursor, due_ms=self._world.now_ms(), **done)
        return True

    def _post(
        self, hook: Any, page: protocol.FeedPage, facts: Sequence[protocol.FeedFact]
    ) -> tuple[str, int]:
        """("", 0) if it was taken, else what was wrong, and the wait that was asked for."""
        now_ms = self._world.now_ms()
        told = datetime.fromtimestamp(now_ms / 1000, UTC).isoformat(timespec="milliseconds")
        data = {"feed_epoch": page.feed_epoch, "cursor": page.cursor, "more": page.more, "facts": facts}
        body = msgspec.json.encode({"type": "facts", "timestamp": told, "data": data})
        mark = hashlib.sha256(f"{hook.id} {hook.cursor} {page.cursor}".encode()).hexdigest()[:32]
        message_id, seconds = f"msg_{mark}", now_ms // 1000
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "stempel-server",
            "webhook-id": message_id,
            "webhook-timestamp": str(seconds),
            "webhook-signature": sign(bytes(hook.secret), message_id, seconds, body),
        }
        return self._poster.post(hook.url, body, headers)

    def _failed(self, hook: Any, leased_ms: int, problem: str, wait_s: int) -> None:
        now_ms = self._world.now_ms()
        since_ms = hook.failing_since_ms or now_ms
        backoff_s = BACKOFF_S[min(hook.failures, len(BACKOFF_S) - 1)] * self._dice.uniform(0.9, 1.1)
        gone = problem.startswith("410 ") or now_ms - since_ms >= GIVE_UP_MS
        log.warning("webhook failed", webhook=str(hook.id), problem=problem, disabled=gone)
        self._set(
            hook, leased_ms, failures=hook.failures + 1, failing_since_ms=since_ms, problem=problem[:500],
            due_ms=now_ms + int(max(backoff_s, wait_s) * 1000), disabled_ms=now_ms if gone else None,
        )  # fmt: skip

    def _rewound(self, hook: Any) -> str:
        """Where to begin again: what came within a day of the last delivery may have got another place."""
        fact = schema.fact.c
        before_ms = min(hook.delivered_ms or hook.created_ms, self._world.now_ms()) - REWIND_MS
        query = sa.select(fact.shard, sa.func.max(fact.pos)).where(fact.received_ms < before_ms)
        with self._db.read() as connection:
            reached = dict(connection.execute(query.group_by(fact.shard)).all())
        return _sealed(self._cursors, reached)

    def _set(self, hook: Any, leased_ms: int, **values: Any) -> bool:
        """Change a webhook's row while its lease is ours, and it is where we read it."""
        same = (_hook.c.id == hook.id) & (_hook.c.cursor == hook.cursor)
        ours = same & (_hook.c.due_ms == leased_ms)
        with self._db.write() as connection:
            return bool(connection.execute(sa.update(_hook).where(ours).values(**values)).rowcount)


class _Kind(msgspec.Struct, frozen=True):
    kind: str = ""


def _of_kinds(facts: Sequence[protocol.FeedFact], kinds: Sequence[str]) -> list[protocol.FeedFact]:
    if not kinds:
        return list(facts)
    return [fact for fact in facts if msgspec.json.decode(fact.body, type=_Kind).kind in kinds]
