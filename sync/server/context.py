"""What every handler works with: the database, the secrets, the clock, and threads behind a bounded queue."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import ParamSpec, Protocol, TypeVar

from app.lanes import RealWorld, World
from sync import protocol
from sync.server.cursors import Cursors
from sync.server.database import Database, open_database
from sync.server.feed import Feed
from sync.server.hints import Hints
from sync.server.metrics import Behind, Metrics, now
from sync.server.programmes import Programmes
from sync.server.pull import Pull
from sync.server.receipts.wordings import Wordings
from sync.server.room import Room
from sync.server.tills import Refused, Secrets, Till, card_secret, load_secrets
from sync.version import PROGRAM

P = ParamSpec("P")
T = TypeVar("T")


class Runner(Protocol):
    """Runs blocking work for a handler."""

    pending: int
    """Jobs that are waiting or under way."""

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T: ...
    async def run_bulk(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Work that takes a while and may wait: it never keeps what is short from its thread."""
        ...

    def close(self) -> None: ...


class Threads:
    """Blocking work in a few threads. Beyond `queue_max` waiting jobs it refuses: memory stays bounded.

    Bulk work has threads of its own: a hundred tills that come back after a week wait for one another, and a
    till that pushes one sale does not wait for them.
    """

    def __init__(
        self, threads: int = 6, queue_max: int = 128, *, bulk_threads: int = 2, bulk_max: int = 24
    ) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="database")
        self._bulk = ThreadPoolExecutor(bulk_threads, thread_name_prefix="bulk")
        self._queue_max = queue_max
        self._bulk_max = bulk_max
        self._lock = threading.Lock()
        self.pending = self._bulk_pending = 0

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        if self.pending - self._bulk_pending >= self._queue_max:
            raise Refused(503, "busy", "the server has more work than it can do now", retry_after_s=2)
        return await self._submit(self._pool, 0, lambda: work(*args, **kwargs))

    async def run_bulk(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._bulk_pending >= self._bulk_max:
            raise Refused(503, "busy", "many push much at once: the server takes it in turn", retry_after_s=2)
        return await self._submit(self._bulk, 1, lambda: work(*args, **kwargs))

    async def _submit(self, pool: ThreadPoolExecutor, bulk: int, job: Callable[[], T]) -> T:
        with self._lock:
            self.pending += 1
            self._bulk_pending += bulk
        future = pool.submit(job)
        # The job's own end counts, not its client's: one that hung up leaves a thread at work.
        future.add_done_callback(lambda _: self._done(bulk))
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Finish the jobs in hand."""
        for pool in (self._pool, self._bulk):
            pool.shutdown(wait=True, cancel_futures=True)

    def _done(self, bulk: int) -> None:
        with self._lock:
            self.pending -= 1
            self._bulk_pending -= bulk


class Inline:
    """Blocking work right here: for simulation, where every run must be alike."""

    pending = 0

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return work(*args, **kwargs)

    async def run_bulk(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return work(*args, **kwargs)

    def close(self) -> None:
        pass


@dataclass(frozen=True)
class Context:
    """One server."""

    db: Database
    secrets: Secrets
    world: World
    runner: Runner = field(default_factory=Threads)
    hints: Hints = field(default_factory=Hints)
    programmes: Programmes = field(default_factory=Programmes)
    metrics: Metrics = field(default_factory=Metrics)
    room: Room = field(default_factory=Room)
    exporting: Runner = field(default_factory=lambda: Threads(threads=1, queue_max=3))
    receipts: Runner = field(default_factory=lambda: Threads(threads=1, queue_max=32))
    """Reads receipts for whoever has their link: however many ask, tills do not wait for them."""
    wordings: Wordings = field(default_factory=Wordings)
    private_webhooks: bool = False
    """Whether webhooks may lead into private networks."""
    contacts: dict[uuid.UUID, tuple[int, tuple[int | None, int]]] = field(default_factory=dict)
    """When tills were last written down as in contact, and how far they had the list of allowances."""
    directories: Path | None = None
    """The folder in which the directory of members is made; None: nowhere."""
    pull_min_v: int = protocol.VERSION
    """The least version of the protocol that tills may pull with; pushes are taken from any."""

    def __post_init__(self) -> None:
        self.metrics.watch(Behind(self.db, self.world.now_ms, PROGRAM).collect)
        hand = {"queue": lambda: self.runner.pending, "streams": lambda: self.hints.open}
        self.metrics.watch(now(**hand, held=lambda: self.room.held))

    def feed(self) -> Feed:
        """A reader of the feed."""
        return Feed(self.db, self.feed_cursors())

    def feed_cursors(self) -> Cursors:
        """The feed's cursors."""
        return self._cursors("feed")

    def directory_cursors(self) -> Cursors:
        """The cursors in directories of members: good for every till, at every server."""
        return self._cursors("directory")

    def pull(self, till: Till, scope: frozenset[str] = frozenset()) -> Pull:
        """A reader of what a till of a store needs; a cursor is good for one till and one scope."""
        purpose = " ".join(("pull", str(till.id), *sorted(scope)))
        return Pull(self.db, self._cursors(purpose, till.store), till, scope, card_secret(self.secrets))

    def _cursors(self, purpose: str, store: str = "") -> Cursors:
        return Cursors(self.secrets.cursor_key, self.secrets.feed_epoch, purpose, store)


def open_context(
    data_dir: Path | None,
    database_url: str | None = None,
    *,
    private_webhooks: bool = False,
    name: str = "stempel",
) -> Context:
    """The server's database, migrated, with its secrets; PostgreSQL knows the process by `name`."""
    db = open_database(database_url, data_dir, name)
    db.migrate()
    secrets = load_secrets(db)
    folder = (data_dir / "directory" if data_dir is not None else _cache()) / secrets.feed_epoch
    return Context(db, secrets, RealWorld(), Threads(), private_webhooks=private_webhooks, directories=folder)


def _cache() -> Path:
    """Where a server without a data folder keeps what it can make again."""
    from platformdirs import user_cache_path

    return user_cache_path("stempel-server")
