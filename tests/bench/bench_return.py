"""A hundred tills come back after seven days offline, all at once: how long do the others wait for a push?

Run: `./dev bench return`, or `python -m tests.bench.bench_return TILLS A_DAY`. Ten tills push a sale every
half second throughout, measured first with nothing else going on and then while the hundred drain. All speak
through the real sync client to the real server on PostgreSQL, clients on the same cores.

Then one real till, with its database and its sync lane: how long the commit of a sale takes while the till
drains a week, in turns with the same while it rests, each a few seconds long. The server that takes what it
sends, and PostgreSQL behind it, work on the same cores here and on others in a shop: so the till rests in
some turns while another one drains, too, and what is left between these two is the till's own doing.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx

from app.checkout.ports import Work
from app.lanes import SWITCH_S
from app.store.database import LONG_S, Database
from sync.events import Status
from sync.server import admin
from sync.server.database import Database as Server
from sync.worker import SyncWorker
from tests.bench.bench_ingest import WORLD, sales
from tests.support.facts import Shelf
from tests.sync.driver import Driver
from tests.sync.memory import MemoryOutbox
from tests.sync.postgres import running
from tests.sync.process import ServerProcess

RETURNING, DAYS, A_DAY = 100, 7, 60
STEADY, PAUSE_S, IDLE_S = 10, 0.5, 15.0
BACKLOG, TURN_S = 3_000, 15.0
"""Sales that one selling till drains, and the seconds of a turn."""
ALONE, BESIDE, DRAINING = "resting", "resting while another drains", "draining"


def new_till(http: httpx.Client, db: Server, bodies: list[bytes]) -> Driver:
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


def drain(place: tuple[str, str], count: int, a_day: int, line: Connection) -> None:
    """In a process of its own, as tills are: make them, wait for the word, push; tells how long it took."""
    url, server_url = place
    db = Server.postgres(url)
    limits = httpx.Limits(max_connections=None)
    with httpx.Client(base_url=server_url, timeout=120, limits=limits) as http:
        drivers = [new_till(http, db, sales(DAYS * a_day)) for _ in range(count)]
        line.send("ready")
        line.recv()
        begun = time.monotonic()
        threads = [threading.Thread(target=driver.push_all) for driver in drivers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        line.send(time.monotonic() - begun)
    db.close()


class SellingTill:
    """A till with weeks to drain that goes on selling; `took_ms`: its commits, by what goes on meanwhile."""

    def __init__(self, folder: Path, server_url: str, code: str, seed: int) -> None:
        self._database = Database(folder)
        self._outbox, self._inbox = self._database.outbox(), self._database.inbox()
        self._shelf = Shelf(seed)
        self._database.write(self._shelf.opened())
        self._server_url, self._code = server_url, code
        self._state = Status()
        self._written: Callable[[], None] = lambda: None
        self.took_ms: dict[str, list[float]] = {ALONE: [], BESIDE: [], DRAINING: []}

    def offline_for_weeks(self) -> None:
        """Sales that no server has heard of."""

        def sell() -> None:
            for _ in range(BACKLOG // 500):
                sold = [self._shelf.sold(lines=9) for _ in range(500)]
                self._database.writer.commit(
                    Work(facts=tuple(fact for one in sold for fact in one.facts), at_ms=sold[-1].at_ms)
                )

        self._database.call(sell, LONG_S)

    def run(self, neighbour: Any) -> None:
        """Turns until everything is at the server: resting, resting while the neighbour drains, draining."""
        while not self.took_ms[DRAINING] or not self._done:
            self.sell(ALONE, lambda: False)
            neighbour.send("go")
            self.sell(BESIDE, neighbour.poll)
            neighbour.recv()
            self.drain(lambda: self.sell(DRAINING, lambda: self._done))

    def drain(self, meanwhile: Callable[[], None]) -> None:
        """Send as long as `meanwhile` lasts."""
        worker = SyncWorker(
            self._server_url, self._outbox, self._inbox, on_status=self._told, on_crash=print
        ).start()
        if self._code:
            worker.enrol(self._code)
            self._code = ""
        time.sleep(1)  # starting is not draining
        self._written = worker.facts_available
        meanwhile()
        self._written = lambda: None
        worker.stop(30)  # a request in flight may be abandoned: that is what the protocol is for
        assert not worker.lane.alive

    def drain_in_turns(self, line: Connection) -> None:
        """As somebody's neighbour: send for a turn whenever told to."""

        def a_turn() -> None:
            until_s = time.monotonic() + TURN_S
            while time.monotonic() < until_s and not self._done:
                time.sleep(0.01)

        while line.recv() == "go":
            if self._done:
                self.offline_for_weeks()
            self.drain(a_turn)
            line.send("rests")

    @property
    def _done(self) -> bool:
        return self._state.state == "online" and self._state.unsynced == 0

    def _told(self, status: Status) -> None:
        self._state = status

    def sell(self, what: str, done: Callable[[], bool]) -> None:
        until_s = time.monotonic() + TURN_S
        while time.monotonic() < until_s and not done():
            work = self._shelf.sold(lines=9)
            began_s = time.perf_counter()
            self._database.write(work)
            self.took_ms[what].append((time.perf_counter() - began_s) * 1000)
            self._written()
            time.sleep(0.05)

    def close(self) -> None:
        self._outbox.close()
        self._inbox.close()
        self._database.close()


def neighbour(folder: Path, server_url: str, code: str, line: Connection) -> None:
    """Another till, in a process of its own."""
    till = SellingTill(folder, server_url, code, 8)
    till.offline_for_weeks()
    sys.setswitchinterval(SWITCH_S)
    line.send("ready")
    till.drain_in_turns(line)
    till.close()


def selling(folder: Path, server: ServerProcess, db: Server) -> None:
    codes = [admin.create_enrol_code(db, "main", WORLD.now_ms()) for _ in range(2)]
    spawning = multiprocessing.get_context("spawn")
    line, theirs = spawning.Pipe()
    process = spawning.Process(
        target=neighbour, args=(folder / "other", server.url, codes[0], theirs), daemon=True
    )
    process.start()
    till = SellingTill(folder / "till", server.url, codes[1], 7)
    till.offline_for_weeks()
    line.recv()
    sys.setswitchinterval(SWITCH_S)  # as a till does
    till.run(line)
    line.send("stop")
    process.join()
    till.close()
    p99 = {what: percentile([ms / 1000 for ms in took], 0.99) for what, took in till.took_ms.items()}
    print(f"a sale's commit at a till that drains {BACKLOG:,} sales:")
    for what, took in till.took_ms.items():
        middle = percentile([ms / 1000 for ms in took], 0.5)
        print(f"  {what}: {len(took)} sales, median {middle:.2f} ms, p99 {p99[what]:.2f} ms")
    print(
        f"  draining p99 is {p99[DRAINING] / p99[ALONE]:.2f} of {ALONE},"
        f" {p99[DRAINING] / p99[BESIDE]:.2f} of {BESIDE}; load {os.getloadavg()[0]:.0f}"
    )


def main() -> None:
    count, a_day = (int(text) for text in sys.argv[1:3]) if len(sys.argv) > 2 else (RETURNING, A_DAY)
    with running() as postgres, tempfile.TemporaryDirectory() as folder, httpx.Client(timeout=120) as plain:
        url = postgres.fresh_database()
        server, db = ServerProcess(Path(folder), url), Server.postgres(url)
        plain.base_url = server.url
        spawning = multiprocessing.get_context("spawn")
        line, theirs = spawning.Pipe()
        process = spawning.Process(target=drain, args=((url, server.url), count, a_day, theirs), daemon=True)
        process.start()
        stop = threading.Event()
        steady = [Steady(new_till(plain, db, sales(1)), sales(10_000 // STEADY), stop) for _ in range(STEADY)]
        line.recv()
        for one in steady:
            one.thread.start()
        time.sleep(IDLE_S)
        begun = time.monotonic()
        line.send("go")
        took_s: float = line.recv()
        stop.set()
        for one in steady:
            one.thread.join()
        process.join()
        waits = [wait for one in steady for wait in one.waits_s]
        _told(waits, begun, took_s, count, count * DAYS * a_day)
        selling(Path(folder), server, db)
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
