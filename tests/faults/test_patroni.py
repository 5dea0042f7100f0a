"""The PostgreSQL leader killed again and again under Patroni, while tills push through a real server process.

With synchronous replication nothing that was acknowledged may be lost. With asynchronous replication it is
lost (the replicas are held back before half of the kills, so that it must be), and the tills push it again.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from app.lanes import RealWorld
from sync import protocol
from sync.feed import FeedProblem, pages
from sync.server import members
from sync.server.database import Database
from tests.sync.memory import body_of
from tests.sync.patroni import Cluster, Node, cluster, until
from tests.sync.process import ServerProcess
from tests.sync.test_processes import LockedOutbox, Shop, synced

KILLS = int(os.environ.get("STEMPEL_FAILOVERS", "5"))
TILLS = 6
MEMBERS = 600
SELL_S = 5.0
HELD_BACK_S = 1.0
WORLD = RealWorld()


class HonestOutbox(LockedOutbox):
    """Counts the facts that were acknowledged and then forgotten by the server."""

    def __init__(self, origin: uuid.UUID) -> None:
        super().__init__(origin)
        self.forgotten = 0

    def set_acked(self, epoch: int, seq: int) -> None:
        self.forgotten += max(self.acked[1] - seq, 0)
        super().set_acked(epoch, seq)


class Seller:
    """A till that never stops selling, to members of the whole chain."""

    def __init__(self, url: str, code: str, seed: int, known: list[uuid.UUID]) -> None:
        self.shop = Shop(url, HonestOutbox(uuid.uuid4()))
        self.shop.worker.enrol(code)
        self._draw = random.Random(seed)
        self._known = known
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sell)
        self._thread.start()

    def _sell(self) -> None:
        while not self._stop.wait(self._draw.uniform(0.05, 0.4)):
            lot = {"id": str(WORLD.new_id()), "rule": "points", "amount_centi": self._draw.randrange(1, 900)}
            earned = {"do": "earned", "lot": {**lot, "earned_at_ms": WORLD.now_ms()}}
            member = str(self._draw.choice(self._known))
            self.shop.outbox.append(body_of(WORLD, member=member, effects=[earned], note="x" * 400))
            self.shop.worker.facts_available()

    def rest(self) -> None:
        self._stop.set()
        self._thread.join()


@dataclass
class HeadOffice:
    """Follows the feed, and begins again when it is told to."""

    url: str
    token: str
    facts: list[protocol.FeedFact] = field(default_factory=list)
    resets: int = 0
    cursor: str = ""

    def read(self) -> None:
        try:
            for page in pages(self.url, self.token, cursor=self.cursor):
                self.facts += page.facts
                self.cursor = page.cursor
        except FeedProblem as problem:
            if problem.code == "feed_reset":
                self.resets, self.facts, self.cursor = self.resets + 1, [], ""


@contextlib.contextmanager
def followed(office: HeadOffice) -> Iterator[threading.Event]:
    """Head office reads along until the event is set."""
    stop = threading.Event()

    def follow() -> None:
        while not stop.wait(0.2):
            office.read()

    thread = threading.Thread(target=follow)
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join()


@pytest.fixture(params=["synchronous", "asynchronous"])
def patroni(request: pytest.FixtureRequest) -> Iterator[tuple[Cluster, bool]]:
    with cluster(synchronous=request.param == "synchronous") as made:
        yield made, request.param == "synchronous"


@contextlib.contextmanager
def held_back(replicas: list[Node]) -> Iterator[None]:
    """The replicas receive nothing, as behind a slow line; what was under way to them is lost in the end."""
    receivers: list[int] = []
    for node in replicas:
        with psycopg.connect(f"host=127.0.0.1 port={node.port} user=postgres dbname=postgres") as connection:
            receivers += [row[0] for row in connection.execute("SELECT pid FROM pg_stat_wal_receiver")]
    try:
        for pid in receivers:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in receivers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
                os.kill(pid, signal.SIGCONT)


def kill_leader(patroni: Cluster, sellers: list[Seller], *, slowly: bool) -> tuple[float, float]:
    """Seconds until there was another leader, and until a till was acknowledged again."""
    time.sleep(SELL_S)
    old = patroni.leader
    with contextlib.ExitStack() as stack:
        if slowly:
            stack.enter_context(held_back([node for node in patroni.nodes if node is not old]))
            time.sleep(HELD_BACK_S)
        old.kill()
    begun = time.monotonic()
    promoted_s = until(lambda: patroni.has_other_leader(old), "nobody was promoted")
    last = [seller.shop.outbox.head.seq for seller in sellers]
    until(
        lambda: any(seller.shop.outbox.acked[1] >= seq for seller, seq in zip(sellers, last, strict=True)),
        "no till was acknowledged again",
    )
    served_s = time.monotonic() - begun
    old.start()
    patroni.until_whole()
    return promoted_s, served_s


def test_a_leader_killed_again_and_again(patroni: tuple[Cluster, bool], tmp_path: Path) -> None:
    nodes, synchronous = patroni
    with contextlib.ExitStack() as stack:
        server = ServerProcess(tmp_path, nodes.dsn)
        stack.callback(server.kill)
        db = Database.postgres(nodes.dsn)
        stack.callback(db.close)
        office = HeadOffice(server.url, server.first_run["office_token"])
        following = stack.enter_context(followed(office))
        known, sellers = [WORLD.new_id() for _ in range(MEMBERS)], list[Seller]()
        for seed, code in enumerate(codes(db, server)):
            sellers.append(Seller(server.url, code, seed, known))
            stack.callback(sellers[-1].shop.worker.stop)
            stack.callback(sellers[-1].rest)
        times = [kill_leader(nodes, sellers, slowly=number % 2 == 0) for number in range(KILLS)]
        for seller in sellers:
            seller.rest()
        for seller in sellers:
            seller.shop.worker.sync_now()
            seller.shop.until(synced, 120)
        until(lambda: folded_all(db), "the server does not end folding", 900)
        following.set()
        office.read()
        lost = sum(forgotten(seller) for seller in sellers)
        print(told(sellers, office, times, lost, synchronous=synchronous))
        everything_once(sellers, office)
        balances_agree(sellers, db)
        assert (lost == 0) == synchronous


def folded_all(db: Database) -> bool:
    """Whether the server has folded every fact into members."""
    with db.read() as connection:
        query = "SELECT count(*) FROM shard_head h JOIN folded f ON f.shard = h.shard WHERE f.pos < h.head"
        return connection.exec_driver_sql(query).scalar_one() == 0


def codes(db: Database, server: ServerProcess) -> list[str]:
    from sync.server import admin

    first = server.first_run["enrol_code"]
    return [first, *(admin.create_enrol_code(db, "main", WORLD.now_ms()) for _ in range(TILLS - 1))]


def forgotten(seller: Seller) -> int:
    outbox = seller.shop.outbox
    assert isinstance(outbox, HonestOutbox)
    return outbox.forgotten


def told(
    sellers: list[Seller],
    office: HeadOffice,
    times: list[tuple[float, float]],
    lost: int,
    *,
    synchronous: bool,
) -> str:
    facts = sum(seller.shop.outbox.head.seq for seller in sellers)
    promoted = ", ".join(f"{promoted_s:.0f}" for promoted_s, _ in times)
    served = ", ".join(f"{served_s:.0f}" for _, served_s in times)
    kind = "synchronous" if synchronous else "asynchronous"
    return (
        f"{kind}: {len(times)} leaders killed, {facts} facts of {len(sellers)} tills; {lost} acknowledged and"
        f" lost, all there again; {office.resets} resets of the feed; seconds to a new leader: {promoted};"
        f" to the next acknowledgement: {served}"
    )


def everything_once(sellers: list[Seller], office: HeadOffice) -> None:
    by_origin: dict[uuid.UUID, list[bytes]] = {}
    for fact in office.facts:
        by_origin.setdefault(fact.origin, []).append(bytes(fact.body))
    for seller in sellers:
        outbox = seller.shop.outbox
        assert by_origin[outbox.head.origin] == outbox.bodies


def balances_agree(sellers: list[Seller], db: Database) -> None:
    """What tills pulled of members is what the server has, and that is the fold of all facts."""
    assert members.check(db) == []
    with db.read() as connection:
        rows = connection.exec_driver_sql("SELECT id, state FROM member").all()
    states = {row[0]: bytes(row[1]) for row in rows}
    for seller in sellers:
        shop = seller.shop
        shop.worker.sync_now()
        until(
            lambda shop=shop: {id: bytes(row.state) for id, row in shop.inbox.members.items()} == states,
            "a till has other balances than the server",
            30,
        )
