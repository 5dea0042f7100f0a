"""Hints: which stores have something to pull. Told to whoever listens; what is missed, polling finds.

The news comes from the database, so that it does not matter which of several servers took a push.
"""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakSet

import sqlalchemy as sa

from sync.server import schema
from sync.server.database import Database
from sync.server.impact import impact_of

OWN_MAX: Final = 200
"""Facts of the server's own that are looked into at once, for each shard."""
LISTENERS_MAX: Final = 512
"""Open streams; whoever comes later polls."""
EVERYONE: Final = None


class Full(Exception):
    """No more listeners are taken."""


@dataclass(eq=False)
class Listener:
    """One open stream: `news` is set, in its event loop, when its store has something to pull."""

    store: str
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    closed: bool = False

    def wake(self) -> None:
        """From any thread."""
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.news.set)


class Hints:
    """The listeners of one server. Safe to use from any thread."""

    def __init__(self, most: int = LISTENERS_MAX) -> None:
        self._most = most
        self._lock = threading.Lock()
        # Whoever is gone before its stream has begun is never told to leave.
        self._listeners: WeakSet[Listener] = WeakSet()

    def join(self, store: str) -> Listener:
        """Listen for a store, from a coroutine. Raises Full."""
        with self._lock:
            if len(self._listeners) >= self._most:
                raise Full
            listener = Listener(store)
            self._listeners.add(listener)
        return listener

    @property
    def open(self) -> int:
        """How many listen."""
        return len(self._listeners)

    def leave(self, listener: Listener) -> None:
        """Stop listening."""
        with self._lock:
            self._listeners.discard(listener)

    def tell(self, stores: Iterable[str] | None) -> None:
        """There is something for the tills of these stores, or for `EVERYONE`."""
        wanted = None if stores is None else set(stores)
        with self._lock:
            told = [one for one in self._listeners if wanted is None or one.store in wanted]
        for listener in told:
            listener.wake()

    async def close(self) -> None:
        """End every stream, and take no more: the server stops."""
        with self._lock:
            self._most = 0
            for listener in self._listeners:
                listener.closed = True
                listener.wake()


class Watch:
    """Sees, in the database, for which stores something is new since it last looked."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._folded: dict[int, int] = {}
        self._lists: dict[str, int] = {}
        self._stores: dict[uuid.UUID, str] = {}
        self.look()

    def look(self) -> set[str] | None:
        """Stores whose tills' facts were folded, or persons came; None (everyone) if a list has changed."""
        folded, lists = schema.folded.c, schema.list_head.c
        with self._db.read() as connection:
            reached = dict(connection.execute(sa.select(folded.shard, folded.pos)).all())
            heads = dict(connection.execute(sa.select(lists.list, lists.head)).all())
            origins = self._origins(connection, reached)
            self._learn(connection, origins)
            stores = {self._stores[origin] for origin in origins if origin in self._stores}
            stores |= self._of_own(connection, reached, origins - self._stores.keys())
        everyone = heads != self._lists
        self._folded, self._lists = reached, heads
        if everyone:
            return EVERYONE
        return stores

    def _of_own(
        self, connection: sa.Connection, reached: dict[int, int], origins: set[uuid.UUID]
    ) -> set[str]:
        """Of what the server recorded itself (events from outside, referrals), the stores that its members
        are known at: others hear of it when they ask."""
        fact, person, found = schema.fact.c, schema.person.c, set[str]()
        for shard, pos in reached.items() if origins else ():
            after = self._folded.get(shard, pos)
            if pos <= after:
                continue
            query = sa.select(fact.id, fact.body).where(
                fact.shard == shard, fact.pos.between(after + 1, pos), fact.origin.in_(origins)
            )
            for row in connection.execute(query.limit(OWN_MAX)).all():
                impact = impact_of(row.id, row.body)
                if impact is not None and impact.member is not None:
                    home = schema.shard_of(impact.member)
                    theirs = sa.select(person.store).where(
                        person.shard == home, person.member == impact.member
                    )
                    found.update(connection.execute(theirs).scalars())
        return found - {""}

    def _origins(self, connection: sa.Connection, reached: dict[int, int]) -> set[uuid.UUID]:
        fact, found = schema.fact.c, set[uuid.UUID]()
        for shard, pos in reached.items():
            after = self._folded.get(shard, pos)
            if pos > after:
                query = sa.select(fact.origin).where(fact.shard == shard, fact.pos.between(after + 1, pos))
                found.update(connection.execute(query.distinct()).scalars())
        return found

    def _learn(self, connection: sa.Connection, origins: set[uuid.UUID]) -> None:
        till = schema.till.c
        for origin in origins - self._stores.keys():
            query = sa.select(till.store).where(till.shard == schema.shard_of(origin), till.id == origin)
            store = connection.execute(query).scalar()
            if store is not None:
                self._stores[origin] = store
