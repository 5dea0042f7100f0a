"""What a server tells Prometheus: its requests, what it took and gave, and how far behind it is.

Each process answers for itself. What is the database's (tills, folding, webhooks) is the same at each.
Labels have few values, all of them the program's own: nothing that a client sends becomes one.
"""

from __future__ import annotations

import ipaddress
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

import sqlalchemy as sa
import structlog
from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.openapi.datastructures import ResponseSpec
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import CollectorRegistry, Counter, GCCollector, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from app.ledger.basis import ENGINE
from sync import protocol
from sync.server import schema, scopes
from sync.server.database import Database
from sync.server.describe import BY_OFFICE, problems
from sync.server.ingest import Outcome
from sync.server.tills import authenticate_office

log = structlog.get_logger("stempel.server")

PATH: Final = "/metrics"
FRESH_S: Final = 5.0
"""The database is asked no more often than this, however many ask for metrics."""
_UP: Final = ("stempel_database_up", "Whether the database answered these questions: 0 or 1")
_BUCKETS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS: Final = frozenset({"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"})


class Metrics:
    """The figures of one server. Safe to use from any thread."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._requests = self._counter("stempel_requests", "Requests, by route and status", labels)
        self._seconds = Histogram(
            "stempel_request_seconds", "Time to answer a request", ("route",), buckets=_BUCKETS,
            registry=self.registry,
        )  # fmt: skip
        self._refusals = self._counter("stempel_refusals", "Answers that are not 2xx, by code", ("code",))
        self._facts = self._counter(
            "stempel_facts", "Facts of pushes: new, known before, set aside", ("what",)
        )
        self._events = self._counter(
            "stempel_events", "Events from outside, by what became of them", ("status",)
        )
        self._rows = self._counter("stempel_pull_rows", "Rows given to tills", ("what",))
        for what in ("new", "replayed", "quarantined"):
            self._facts.labels(what)
        for code in ("fork", "gap", "busy", "database"):
            self._refusals.labels(code)
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def _counter(self, name: str, text: str, labels: tuple[str, ...]) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def watch(self, collect: Callable[[], Iterable[Metric]]) -> None:
        """Ask for these figures, too, whenever somebody asks for all."""
        self.registry.register(_Asked(collect))

    def pushed(self, outcome: Outcome, count: int) -> None:
        """A push of `count` facts was taken."""
        aside = sum(flag.code in ("quarantined", "id_reused", "unstorable") for flag in outcome.flagged)
        self._facts.labels("new").inc(outcome.added - aside)
        self._facts.labels("quarantined").inc(aside)
        self._facts.labels("replayed").inc(count - outcome.added)

    def told(self, statuses: Iterable[int]) -> None:
        """Events from outside were answered."""
        for status in statuses:
            self._events.labels(str(status)).inc()

    def pulled(self, page: protocol.PullPage) -> None:
        """A page was given to a till."""
        for what, rows in (("member", page.members), ("person", page.persons), ("list", page.listed)):
            self._rows.labels(what).inc(len(rows))

    def answered(self, scope: Scope, status: int, seconds: float) -> None:
        """A request ended."""
        route = str(scope.get("path_template") or "") or "none"
        method = str(scope.get("method"))
        self._requests.labels(method if method in _METHODS else "other", route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)
        refused = scope.get("state", {}).get("refused")
        if refused is not None:
            self._refusals.labels(refused).inc()


class _Asked(Collector):
    def __init__(self, collect: Callable[[], Iterable[Metric]]) -> None:
        self._collect = collect

    def collect(self) -> Iterable[Metric]:
        return self._collect()

    def describe(self) -> Iterable[Metric]:
        return ()


class Observed:
    """An ASGI app whose answers are counted, those of its router included."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, begun = 499, time.perf_counter()  # 499: whoever asked was gone before the answer

        async def observe(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, observe)
        finally:
            self._metrics.answered(scope, status, time.perf_counter() - begun)


class Behind:
    """How far the server and its tills are behind, from the database."""

    def __init__(self, db: Database, now_ms: Callable[[], int], program: str) -> None:
        self._db = db
        self._program = program
        self._now_ms = now_ms
        self._lock = threading.Lock()
        self._asked_s = -FRESH_S
        self._found: list[Metric] = []

    def collect(self) -> list[Metric]:
        """The figures, at most `FRESH_S` old. Without a database it is said that there is none: what this
        process counts is wanted just then."""
        with self._lock:
            if time.monotonic() - self._asked_s >= FRESH_S:
                try:
                    self._found = [_gauge(*_UP, 1), *self._look()]
                except SQLAlchemyError as error:
                    log.error("database", error=str(getattr(error, "orig", error)))
                    self._found = [_gauge(*_UP, 0)]
                self._asked_s = time.monotonic()
            return self._found

    def _look(self) -> list[Metric]:
        head, folded, till, hook = schema.shard_head.c, schema.folded.c, schema.till.c, schema.webhook.c
        now_ms = self._now_ms()
        with self._db.read() as connection:
            unfolded = connection.execute(
                sa.select(sa.func.sum(head.head - folded.pos)).where(head.shard == folded.shard)
            ).scalar()
            active = till.revoked_ms.is_(None)
            seen = sa.func.min(sa.func.coalesce(till.seen_ms, till.enrolled_ms))
            count, oldest_ms = connection.execute(sa.select(sa.func.count(), seen).where(active)).one()
            other = till.program.is_not(None) & (till.program != self._program)
            older = sa.func.coalesce(till.engine, 0) < ENGINE
            others, unpriced = (
                connection.execute(sa.select(sa.func.count()).where(active, which)).scalar_one()
                for which in (other, older)
            )
            since = sa.func.min(hook.failing_since_ms)
            failing = sa.func.count(hook.failing_since_ms)
            enabled = hook.disabled_ms.is_(None)
            hooks, troubled, failing_ms = connection.execute(
                sa.select(sa.func.count(), failing, since).where(enabled)
            ).one()
        silent_s = 0.0 if oldest_ms is None else max(now_ms - oldest_ms, 0) / 1000
        failing_s = 0.0 if failing_ms is None else max(now_ms - failing_ms, 0) / 1000
        return [
            _gauge("stempel_unfolded_facts", "Facts that are not in members' states yet", int(unfolded or 0)),
            _gauge("stempel_tills", "Tills whose keys are good", count),
            _gauge("stempel_till_silent_seconds", "Since the longest silent of them pushed", silent_s),
            _gauge("stempel_tills_of_another_version", "Tills that run another program than this", others),
            _gauge("stempel_tills_of_an_older_engine", "Tills whose sales cannot be priced again", unpriced),
            _gauge("stempel_webhooks", "Webhooks that are not disabled", hooks),
            _gauge("stempel_webhooks_failing", "Those whose last delivery failed", troubled),
            _gauge("stempel_webhook_lag_seconds", "Since when the longest failing one fails", failing_s),
        ]


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def now(
    queue: Callable[[], int], streams: Callable[[], int], held: Callable[[], int]
) -> Callable[[], list[Metric]]:
    """What is in hand at this moment."""
    return lambda: [
        _gauge("stempel_queue_jobs", "Jobs waiting for, or in, the database's threads", queue()),
        _gauge("stempel_streams", "Open streams of hints", streams()),
        _gauge("stempel_held_bytes", "Bodies of requests in hand", held()),
    ]


_TEXT: Final = {
    200: ResponseSpec(
        str,
        generate_examples=False,
        media_type="text/plain",  # type: ignore[arg-type]
        description="Prometheus text format, or OpenMetrics to whoever accepts that",
    )
}


@get(PATH, security=[{}, *BY_OFFICE], responses=_TEXT | problems(401, 403, 503))
async def read_metrics(request: Request[Any, Any, Any], state: State) -> Response[bytes]:
    """Figures for Prometheus: to this machine itself, or by a token with the scope `metrics`."""
    context = state["context"]
    if not from_here(request.scope):
        header = request.headers.get("Authorization", "")
        office = await context.runner.run(authenticate_office, context.db, header)
        scopes.check(office, PATH)
    encode, media_type = choose_encoder(request.headers.get("Accept", ""))
    found = await context.runner.run(encode, context.metrics.registry)
    return Response(found, media_type=media_type.removesuffix("; charset=utf-8"))  # it is added again


def from_here(scope: Scope) -> bool:
    """Whether a process of this machine asks, not a proxy on behalf of somebody else."""
    client = scope.get("client")
    forwarded = {b"forwarded", b"x-forwarded-for", b"x-real-ip"}
    if client is None or any(name.lower() in forwarded for name, _ in scope["headers"]):
        return False
    try:
        return ipaddress.ip_address(client[0]).is_loopback
    except ValueError:
        return False
