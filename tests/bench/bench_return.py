"""A hundred tills come back after seven days offline, all at once: how long do the others wait for a push?

Run: `./dev bench return`, or `python -m tests.bench.bench_return TILLS A_DAY`. Ten tills push a sale every
half second throughout, measured first with nothing else going on and then while the hundred drain. All speak
through the real sync client to the real server on PostgreSQL, clients on the same cores.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path

import httpx

from sync.server import admin
from sync.server.database import Database
from tests.bench.bench_ingest import WORLD, sales
from tests.sync.driver import Driver
from tests.sync.memory import MemoryOutbox
from tests.sync.postgres import running
from tests.sync.process import ServerProcess

RETURNING, DAYS, A_DAY = 100, 7, 60
STEADY, PAUSE_S, IDLE_S = 10, 0.5, 15.0


def new_till(http: httpx.Client, db: Database, bodies: list[bytes]) -> Driver:
    outbox = MemoryOutbox(uuid.uuid4())
    for body in bodies:
        outbox.append(body)
    return Driver(http, outbox, admin.create_enrol_code(db, "main", WORLD.now_ms()))


class Steady:
    """A till that goes on as every day; `waits_s` are its pushes, with the moment each began."""

    def __init__(self, driver: Driver, bodies: list[bytes], stop: threading.Event) -> None:
        self._driver, self._bodies, self._stop = driver, bodies, stop
        self.waits_s: list[tuple[float, float]] = []
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        for body in self._bodies:
            if self._stop.wait(PAUSE_S):
                return
            begun = time.monotonic()
            self._driver.outbox.append(body)
            self._driver.push_all()
            self.waits_s.append((begun, time.monotonic() - begun))
            self._driver.settle()


def percentile(waits_s: list[float], share: float) -> float:
    """In milliseconds."""
    return sorted(waits_s)[min(int(len(waits_s) * share), len(waits_s) - 1)] * 1000


def drain(drivers: list[Driver]) -> float:
    """Seconds until all have pushed everything."""
    begun = time.monotonic()
    threads = [threading.Thread(target=driver.push_all) for driver in drivers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.monotonic() - begun


def main() -> None:
    count, a_day = (int(text) for text in sys.argv[1:3]) if len(sys.argv) > 2 else (RETURNING, A_DAY)
    limits = httpx.Limits(max_connections=None)
    with (
        running() as postgres,
        tempfile.TemporaryDirectory() as folder,
        httpx.Client(timeout=120, limits=limits) as plain,
    ):
        url = postgres.fresh_database()
        server, db = ServerProcess(Path(folder), url), Database.postgres(url)
        plain.base_url = server.url
        stop = threading.Event()
        steady = [Steady(new_till(plain, db, sales(1)), sales(10_000 // STEADY), stop) for _ in range(STEADY)]
        returning = [new_till(plain, db, sales(DAYS * a_day)) for _ in range(count)]
        for one in steady:
            one.thread.start()
        time.sleep(IDLE_S)
        begun = time.monotonic()
        took_s = drain(returning)
        stop.set()
        for one in steady:
            one.thread.join()
        waits = [wait for one in steady for wait in one.waits_s]
        _told(waits, begun, took_s, count, count * DAYS * a_day)
        server.kill()
        db.close()


def _told(waits: list[tuple[float, float]], begun: float, took_s: float, tills: int, facts: int) -> None:
    before = [wait for at, wait in waits if at < begun]
    during = [wait for at, wait in waits if at >= begun]
    print(f"{tills} tills drain {facts:,} sales in {took_s:.0f} s: {facts / took_s:,.0f}/s")
    for name, found in (("alone", before), ("beside them", during)):
        middle, most = percentile(found, 0.5), percentile(found, 0.95)
        print(
            f"  a sale of the {STEADY} others, {name}: {len(found)} pushes, median {middle:.0f} ms,"
            f" p95 {most:.0f} ms, worst {max(found) * 1000:.0f} ms"
        )
    print(f"  load {os.getloadavg()[0]:.0f}")


if __name__ == "__main__":
    main()
