"""The whole Complete Journey year: 155,848 sales by 457 tills, pushed to PostgreSQL through the real server.

Run: `./dev bench year`, or `python -m tests.bench.bench_year WEEKS` for the first weeks. A store is one till
with the real sync client; four push at a time. Then totals per store and day, balances per household and
the feed are compared with the sums of the file; any difference fails the run.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
import uuid
from collections import Counter, deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

import httpx
import msgspec

from app.lanes import RealWorld
from app.loyalty.standing import MemberState
from sync.feed import pages
from sync.server import admin, members
from sync.server.database import Database
from tests.sync.driver import Driver
from tests.sync.memory import MemoryOutbox
from tests.sync.postgres import running
from tests.sync.process import ServerProcess
from tests.sync.year import Sums, sums_of_the_file, tills

PUSHING = 4
"""Tills that push at the same time."""
WORLD = RealWorld()
_PER_DAY = """
    SELECT t.store, f.doc->>'business_day', sum((f.doc->>'goods_minor')::bigint)
    FROM fact f JOIN till t ON t.shard = f.shard AND t.id = f.origin
    WHERE f.kind = 'sale_completed' GROUP BY 1, 2
"""


class Year:
    """A server process on a PostgreSQL database, and what was pushed to it."""

    def __init__(self, folder: Path, url: str) -> None:
        self.server = ServerProcess(folder, url)
        self.db = Database.postgres(url)
        self.tills = self.facts = self.packed = 0
        self.pushes_s: list[float] = []
        self._http = httpx.Client(base_url=self.server.url, timeout=120)

    def __enter__(self) -> Year:
        return self

    def __exit__(
        self, _kind: type | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._http.close()
        self.server.kill()
        self.db.close()

    def push(self, store: int | None = None, weeks: int | None = None) -> None:
        """Make the facts of each till, and push them while those of the next are made."""
        under_way: deque[Future[Driver]] = deque()
        with ThreadPoolExecutor(PUSHING) as pool:
            for place, bodies in tills(store, weeks):
                under_way.append(pool.submit(self._push_till, place, bodies))
                if len(under_way) > 2 * PUSHING:
                    self._pushed(under_way.popleft().result())
            while under_way:
                self._pushed(under_way.popleft().result())

    def _push_till(self, store: int, bodies: list[bytes]) -> Driver:
        outbox = MemoryOutbox(uuid.uuid5(uuid.NAMESPACE_OID, f"till {store}"))
        for body in bodies:
            outbox.append(body)
        driver = Driver(self._http, outbox, admin.create_enrol_code(self.db, str(store), WORLD.now_ms()))
        driver.push_all()
        return driver

    def _pushed(self, driver: Driver) -> None:
        self.tills += 1
        self.facts += driver.outbox.head.seq
        self.packed += sum(size for _, size in driver.pushes)
        self.pushes_s += [seconds for seconds, _ in driver.pushes]
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{self.tills} tills, {self.facts} facts")

    def cpu_s(self) -> float:
        """CPU seconds that the server process has used."""
        fields = Path(f"/proc/{self.server.process.pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def fold(self) -> None:
        """Until every fact is folded into members, by the server and by us."""
        while members.fold_new(self.db):
            pass

    def differences(self, expected: Sums) -> list[str]:
        """What of the server is not what the file says. Empty is right."""
        wrong = []
        with self.db.read() as connection:
            rows = connection.exec_driver_sql(_PER_DAY).all()
            states = connection.exec_driver_sql("SELECT id, state FROM member").all()
        days = Counter({(int(store), day): int(cents) for store, day, cents in rows})
        wrong += _compared("goods of store and day", days, expected.goods_minor)
        decode = msgspec.json.Decoder(MemberState).decode
        points = Counter({member: decode(bytes(state)).balance_centi for member, state in states})
        wrong += _compared("points of", points, expected.points_centi)
        fed: Counter[str] = Counter()
        cents, places = 0, Counter[int]()
        for page in pages(self.server.url, self.server.first_run["office_token"], limit=5000):
            for fact in page.facts:
                places[fact.shard] += 1
                if fact.pos != places[fact.shard]:
                    wrong.append(f"feed: {fact.pos} after {places[fact.shard] - 1} in shard {fact.shard}")
                body = msgspec.json.decode(bytes(fact.body))
                fed[body["id"]] += 1
                if body["kind"] == "sale_completed":
                    cents += body["goods_minor"]
        if cents != sum(expected.goods_minor.values()):
            wrong.append(f"feed: {cents} cents, not {sum(expected.goods_minor.values())}")
        if len(fed) != self.facts or max(fed.values()) != 1:
            wrong.append(f"feed: {len(fed)} facts, some {max(fed.values())} times, not {self.facts} once")
        return wrong


def _compared(what: str, found: Counter, expected: Counter) -> list[str]:  # type: ignore[type-arg]
    keys = [key for key in found.keys() | expected.keys() if found[key] != expected[key]]
    return [f"{what} {key}: {found[key]}, not {expected[key]}" for key in keys]


def main() -> None:
    weeks = int(sys.argv[1]) if len(sys.argv) > 1 else None
    expected = sums_of_the_file(weeks=weeks)
    with (
        running() as postgres,
        tempfile.TemporaryDirectory() as folder,
        Year(Path(folder), postgres.fresh_database()) as year,
    ):
        begun, used_s = time.perf_counter(), year.cpu_s()
        year.push(weeks=weeks)
        took_s = time.perf_counter() - begun
        used_s = year.cpu_s() - used_s
        _told(year, expected, took_s, used_s)
        begun = time.perf_counter()
        year.fold()
        print(f"folded {time.perf_counter() - begun:.0f} s after the last push")
        wrong = year.differences(expected)
        _sizes(year)
    print("\n".join(wrong[:20]) or "every store and day, every household, the feed: equal to the cent")
    if wrong:
        sys.exit(1)


def _told(year: Year, expected: Sums, took_s: float, used_s: float) -> None:
    slowest = sorted(year.pushes_s)
    print(
        f"{expected.sales:,} sales ({year.facts:,} facts) of {year.tills} tills in {took_s:.0f} s:"
        f" {expected.sales / took_s:,.0f} sales/s with clients and PostgreSQL on the same cores\n"
        f"server process: {used_s:.0f} s of CPU, {expected.sales / used_s:,.0f} sales per CPU second\n"
        f"on the wire: {year.packed / expected.sales:.0f} bytes a sale\n"
        f"{len(slowest)} pushes: median {slowest[len(slowest) // 2] * 1000:.0f} ms,"
        f" p95 {slowest[len(slowest) * 95 // 100] * 1000:.0f} ms; load {os.getloadavg()[0]:.0f}",
        flush=True,
    )


def _sizes(year: Year) -> None:
    tables = ("fact", "envelope", "member", "member_fact", "member_card")
    with year.db.read() as connection:
        for name in tables:
            rows, size = connection.exec_driver_sql(
                f"SELECT count(*), pg_total_relation_size('{name}') FROM {name}"
            ).one()
            print(
                f"{name}: {rows:,} rows, {size / 1e6:.0f} MB, {size / max(rows, 1):.0f} bytes a row with keys"
            )
        wal = connection.exec_driver_sql("SELECT wal_bytes FROM pg_stat_wal").scalar_one()
        print(f"WAL: {float(wal) / year.facts:.0f} bytes a fact")


if __name__ == "__main__":
    main()
