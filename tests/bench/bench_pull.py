"""A bare till pulls everything: members a second over loopback, and what that does to the till meanwhile.

    python -m tests.bench.bench_pull [members]       (200,000 if left out)

The server runs in a process of its own on SQLite; its members, with a card each, are made beforehand.
Beside the pull a thread stands for the window: it wakes every 4 ms, works 1 ms and notes how late it was;
the same is measured with nothing else going on, and beside a busy thread as the control. Sales are written
throughout, and their commits timed.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import msgspec
import sqlalchemy as sa

from app.ledger.facts import AnyFact, MemberEnrolled, PointsAdjusted
from app.ledger.fold import fold
from app.loyalty.effects import Counted, Lot, PointsEarned, ReceiptCounted, StampsChanged
from app.loyalty.state import EMPTY
from app.store.database import Database
from sync.events import Status
from sync.server import admin, schema
from sync.server.database import Database as ServerDatabase
from sync.worker import SyncWorker
from tests.support.facts import Shelf
from tests.sync.process import ServerProcess

NOW_MS = 1_790_000_000_000


def seed(folder: Path, count: int) -> str:
    """A server that knows `count` members as if folded from facts; returns a code for a till."""
    db = ServerDatabase.sqlite(folder / "server.sqlite")
    db.migrate()
    facts: list[AnyFact] = [MemberEnrolled(id=uuid.uuid4(), at_ms=NOW_MS, member=uuid.UUID(int=0))]
    for sale in range(1, 4):
        at_ms = NOW_MS + sale
        effects = (
            PointsEarned(Lot(str(uuid.uuid4()), "points", 1250, at_ms, expires_at_ms=at_ms + 10**10)),
            StampsChanged("coffee", 1),
            Counted("levels", 20_700 + sale, receipts=1, spend_minor=12_50),
            ReceiptCounted(1, 12_50),
        )
        id, member = uuid.uuid4(), uuid.UUID(int=0)
        facts.append(PointsAdjusted(id=id, at_ms=at_ms, member=member, reason="bench", effects=effects))
    state = EMPTY
    for fact in facts:
        state = fold(state, fact)
    body, origin = msgspec.json.encode(state), uuid.uuid4()
    by_shard: dict[int, list[uuid.UUID]] = defaultdict(list)
    for _ in range(count):
        member = uuid.uuid4()
        by_shard[schema.shard_of(member)].append(member)
    with db.write() as connection:
        for shard, ids in by_shard.items():
            rows = [(shard, id, n, body, NOW_MS, origin, 1, n) for n, id in enumerate(ids, 1)]
            db.insert(connection, schema.member, rows)
            cards = [(shard, id, f"uid:{id.hex[:14]}", NOW_MS, None) for id in ids]
            db.insert(connection, schema.member_card, cards)
            heads = schema.member_head
            connection.execute(sa.update(heads).where(heads.c.shard == shard).values(head=len(ids)))
    code = admin.create_enrol_code(db, "main", time.time_ns() // 1_000_000)
    db.close()
    return code


class Window:
    """A thread with the window's habit: short work, often; how late each turn began, in milliseconds."""

    def __init__(self) -> None:
        self.late_ms: list[float] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Window:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        due_s = time.perf_counter()
        while not self._stop.is_set():
            due_s += 0.004
            time.sleep(max(due_s - time.perf_counter(), 0))
            began_s = time.perf_counter()
            while time.perf_counter() - began_s < 0.001:
                pass
            self.late_ms.append((time.perf_counter() - due_s - 0.001) * 1000)
            due_s = max(due_s, time.perf_counter() - 0.004)

    def __str__(self) -> str:
        p50, p99, most = at(self.late_ms, 0.5), at(self.late_ms, 0.99), max(self.late_ms)
        return f"late by p50 {p50:5.2f}  p99 {p99:6.2f}  max {most:6.1f} ms"


def at(values: list[float], share: float) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


class Seller:
    """Commits a sale every 50 ms in the database lane, and times each."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._shelf = Shelf()
        database.write(self._shelf.opened())
        self.took_ms: list[float] = []

    def sell_until(self, done: Callable[[], bool], deadline_s: float) -> None:
        until_s = time.monotonic() + deadline_s
        while not done() and time.monotonic() < until_s:
            began_s = time.perf_counter()
            self._database.write(self._shelf.sold())
            self.took_ms.append((time.perf_counter() - began_s) * 1000)
            time.sleep(0.05)

    def __str__(self) -> str:
        return f"sale's commit p50 {at(self.took_ms, 0.5):6.2f}  p99 {at(self.took_ms, 0.99):6.2f} ms"


def pull(folder: Path, server: ServerProcess, code: str, count: int) -> None:
    database = Database(folder)
    outbox, inbox, reader = database.outbox(), database.inbox(), database.reader()
    status: list[Status] = []
    seller = Seller(database)
    with Window() as window:
        seller.sell_until(lambda: False, 5)
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"nothing else  window {window}   {seller}")
    busy = threading.Event()
    spinner = threading.Thread(target=lambda: all(iter(lambda: not busy.is_set(), False)))
    spinner.start()
    seller.took_ms = []
    with Window() as window:
        seller.sell_until(lambda: False, 5)
    busy.set()
    spinner.join()
    print(f"busy thread   window {window}   {seller}")
    seller.took_ms = []
    worker = SyncWorker(server.url, outbox, inbox, on_status=status.append, on_crash=print).start()
    began_s = time.perf_counter()
    worker.enrol(code)
    with Window() as window:
        seller.sell_until(lambda: reader.count("member") >= count, 600)
    took_s = time.perf_counter() - began_s
    print(f"pulling       window {window}   {seller}")
    size = sum(file.stat().st_size for file in folder.glob("till.db*"))
    print(
        f"{reader.count('member'):,} members in {took_s:.1f} s, {count / took_s:,.0f} a second, selling"
        f" meanwhile; {size / count:,.0f} bytes each in the till's database"
    )
    assert worker.stop(20)
    outbox.close()
    inbox.close()
    database.close()


def main(count: int = 200_000) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "server").mkdir()
        code = seed(folder / "server", count)
        server = ServerProcess(folder / "server")
        try:
            pull(folder / "till", server, code, count)
        finally:
            server.kill()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
