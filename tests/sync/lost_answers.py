"""Tills whose server dies, each time, between the commit of a request and its answer."""

from __future__ import annotations

import random
import shutil
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import sqlalchemy as sa

from app.loyalty.state import MemberState
from sync import protocol
from sync.feed import pages
from sync.server import admin, ingest, members, schema
from sync.server.database import Database, open_database
from tests.sync.deadly import FOR_EVER, Deadly
from tests.sync.memory import body_of
from tests.sync.test_processes import WORLD, Shop, synced


class Street:
    """Three shops that sell to the same members. `killed` counts what the server was doing as it died."""

    def __init__(self, folder: Path, database_url: str = "", seed: int = 1) -> None:
        self._folder, self._url = folder, database_url
        self._draw = random.Random(seed)
        self._members = [uuid.uuid4() for _ in range(200)]
        self.earned_centi: Counter[uuid.UUID] = Counter()
        self.killed: Counter[str] = Counter()
        self.server = Deadly(folder, database_url)
        self.server.live(answers=0)
        db = open_database(database_url or f"sqlite:///{folder / 'server.sqlite'}", None)
        self._codes = [admin.create_enrol_code(db, "main", WORLD.now_ms()) for _ in range(3)]
        db.close()
        self.shops = [Shop(self.server.url) for _ in self._codes]

    @contextmanager
    def _database(self) -> Iterator[Database]:
        """What is committed, read beside the server. Of SQLite a copy: whoever closes a file last tidies it,
        and that is for the next life to do."""
        url = self._url
        if not url:
            copy = self._folder / "copy"
            shutil.rmtree(copy, ignore_errors=True)
            copy.mkdir()
            for file in self._folder.glob("server.sqlite*"):
                shutil.copy(file, copy)
            url = f"sqlite:///{copy / 'server.sqlite'}"
        db = open_database(url, None)
        try:
            yield db
        finally:
            db.close()

    def sell(self, shop: Shop) -> None:
        member, centi = self._draw.choice(self._members), self._draw.randrange(1, 500)
        lot = {
            "id": str(uuid.uuid4()),
            "rule": "points",
            "amount_centi": centi,
            "earned_at_ms": WORLD.now_ms(),
        }
        shop.outbox.append(body_of(WORLD, member=member, effects=[{"do": "earned", "lot": lot}]))
        self.earned_centi[member] += centi
        shop.worker.facts_available()

    def life(self) -> None:
        """The server dies once more, having answered a little."""
        if self.killed:
            self.server.live(answers=self._draw.randrange(4))
        for shop in self.shops:
            for _ in range(self._draw.randrange(3)):
                self.sell(shop)
        self._until_dead()
        asked = self.server.died()
        self.killed[asked.rsplit("/", 1)[-1]] += 1
        if asked.endswith("/facts"):
            self._was_committed(uuid.UUID(asked.split("/")[3]))

    def _until_dead(self, deadline_s: float = 60.0) -> None:
        end = time.monotonic() + deadline_s
        while not self.server.dead:
            assert time.monotonic() < end, [shop.status for shop in self.shops]
            for shop, code in zip(self.shops, self._codes, strict=True):
                if shop.outbox.credentials() is None and shop.outbox.enrolment() is None:
                    shop.worker.enrol(code)
                shop.worker.sync_now()
            if self._draw.random() < 0.2:
                self.sell(self._draw.choice(self.shops))
            time.sleep(0.03)

    def _was_committed(self, till: uuid.UUID) -> None:
        """The server died in the very window: it had facts, and its till cannot know."""
        shop = next(shop for shop in self.shops if shop.outbox.head.origin == till)
        epoch, acked_seq = shop.outbox.acked
        with self._database() as db, db.read() as connection:
            assert ingest.position(connection, till, epoch)[0] > acked_seq

    def settle(self) -> None:
        """A last life, in which everything is answered; then all is held to what was sold."""
        self.server.live(FOR_EVER)
        for shop in self.shops:
            shop.worker.sync_now()
            shop.until(synced, 120)
        facts = [fact for page in self._pages() for fact in page.facts]
        for shop in self.shops:
            ours = [bytes(fact.body) for fact in facts if fact.origin == shop.outbox.head.origin]
            assert ours == shop.outbox.bodies, "lost, doubled or out of order"
            assert not shop.crashes
        assert len(facts) == sum(len(shop.outbox.bodies) for shop in self.shops)
        heads: Counter[int] = Counter()
        for fact in facts:
            heads[fact.shard] += 1
            assert fact.pos == heads[fact.shard], "a hole in the feed"
        self._check_members()

    def _pages(self) -> Iterator[protocol.FeedPage]:
        return pages(self.server.url, self.server.first_run["office_token"])

    def _check_members(self) -> None:
        end = time.monotonic() + 60
        while True:
            with self._database() as db:
                with db.read() as connection:
                    rows = connection.execute(sa.select(schema.member.c.id, schema.member.c.state)).all()
                wrong = members.check(db)
            found = {row.id: msgspec.json.decode(row.state, type=MemberState).balance_centi for row in rows}
            if found == self.earned_centi:
                break
            assert time.monotonic() < end, "balances are not the sums of what was earned"
            time.sleep(0.2)
        assert wrong == []

    def close(self) -> None:
        for shop in self.shops:
            shop.worker.stop(1)
        self.server.end()


def lost_answers(folder: Path, database_url: str, lives: int) -> Counter[str]:
    """So many deaths of a server between a commit and its answer; what it was asked as it died."""
    street = Street(folder, database_url)
    try:
        for _ in range(lives):
            street.life()
        street.settle()
    finally:
        street.close()
    return street.killed
