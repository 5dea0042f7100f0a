"""Ingest: facts per second over HTTP, beside the same rows put into the same database by its fastest way.

Four tills push at once, in columns as tills do, and four connections take part in what they are compared
with. One server keeps to about one core, so it is measured by two on the same database as well
(docs/operate.md). CPU time is told beside rates: it is the same on a machine that others use, more or less.

Beside that, the same sales through the usual FastAPI endpoint with pydantic and an ORM (`tests/bench/plain`);
its packages are installed into a folder of its own for the run. Run: `./dev bench ingest`. Prints ratios of
runs made side by side; asserts no times.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import statistics
import subprocess
import tempfile
import time
import uuid
import venv
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Literal

import httpx
import msgspec
import psycopg
import sqlalchemy as sa
from psycopg.types.json import Jsonb

from app.lanes import RealWorld
from app.ledger.chain import Head, link_hash, verify
from app.ledger.facts import header
from sync import protocol
from sync.server import admin
from sync.server.database import Database, open_database
from sync.server.schema import shard_of
from tests.sync.postgres import running
from tests.sync.process import ServerProcess

FACTS, BATCH, ROUNDS = 8_000, 500, 3
AT_ONCE = 4
"""Tills that push at the same time, and connections of whatever they are compared with."""
WORLD = RealWorld()
Table = Literal["fact", "envelope"]
TYPES: dict[Table, tuple[str, ...]] = {
    "fact": ("int2", "uuid", "int8", "uuid", "int4", "int8", "text", "int8", "int8", "bytea", "jsonb"),
    "envelope": ("int2", "uuid", "int4", "int8", "bytea", "uuid"),
}
"""Of the columns of the tables that a push writes."""
Rows = list[tuple[object, ...]]
PLAIN = Path(__file__).parent / "plain"


def sales(count: int) -> list[bytes]:
    """Bodies like sales of one to nine lines out of 2,000 products, two in three with a member."""
    draw = random.Random(1)
    shift, members = WORLD.new_id(), [WORLD.new_id() for _ in range(500)]
    products = [
        (f"590{draw.randrange(10**10):010}", f"Towar {n} {draw.randbytes(4).hex()}") for n in range(2000)
    ]
    bodies = []
    for number in range(count):
        lines = []
        for line in range(1, draw.randint(1, 9) + 1):
            sku, name = draw.choice(products)
            gross = draw.randrange(99, 9999)
            lines.append(
                {"line": line, "sku": sku, "name": name, "category": sku[3:5], "qty_milli": 1000,
                 "price_minor": gross, "gross_minor": gross, "net_minor": gross, "tax": "23"}
            )  # fmt: skip
        total = sum(line["net_minor"] for line in lines)
        sale = {
            "kind": "sale_completed", "id": WORLD.new_id(), "at_ms": WORLD.now_ms() + number * 40_000,
            "number": number, "shift": shift, "business_day": "2026-11-20", "cashier": "7", "currency": "PLN",
            "programme": "standard-3", "lines": lines, "goods_minor": total, "total_minor": total,
            "tenders": [{"means": "cash", "amount_minor": total}],
        }  # fmt: skip
        if draw.random() < 0.67:
            sale["member"] = draw.choice(members)
        bodies.append(msgspec.json.encode(sale))
    return bodies


class Till:
    """An enrolled till with its pushes made beforehand; `size` is their bytes on the wire."""

    def __init__(self, server: ServerProcess, bodies: list[bytes]) -> None:
        key = WORLD.random_bytes(32)
        self._http = httpx.Client(base_url=server.url, timeout=60)
        db = open_database(server.database_url or None, server.folder)
        code = admin.create_enrol_code(db, "bench", WORLD.now_ms())
        db.close()
        request = protocol.pack(protocol.Enrol(public_key=protocol.public_key_of(key), code=code))
        till = protocol.decode(self._http.post("/v1/enrol", content=request).content, protocol.Enrolled).till
        head, self._requests = Head(till, 1), list[tuple[bytes, str]]()
        self._target = f"/v1/tills/{till}/facts"
        for start in range(0, len(bodies), BATCH):
            batch = bodies[start : start + BATCH]
            push = protocol.Push(
                epoch=1, first_seq=head.seq + 1, last_seq=head.seq + len(batch), prev_hash=head.hash,
                clock_ms=WORLD.now_ms(), facts=[protocol.embed(body) for body in batch],
            )  # fmt: skip
            head = verify(head, batch)
            data = protocol.pack_push(push, head.hash, protocol.PUSH_V)
            self._requests.append((data, protocol.authorise(key, "POST", self._target, till, 1, data)))
        self.size = sum(len(data) for data, _ in self._requests)

    def push(self) -> None:
        for data, signed in self._requests:
            headers = {"Authorization": signed}
            assert self._http.post(self._target, content=data, headers=headers).status_code == 200

    def close(self) -> None:
        self._http.close()


def at_once(jobs: Sequence[Callable[[], object]]) -> float:
    """Seconds until all have ended."""
    with ThreadPoolExecutor(len(jobs)) as pool:
        begun = time.perf_counter()
        for done in [pool.submit(job) for job in jobs]:
            done.result()
        return time.perf_counter() - begun


def shares(bodies: list[bytes]) -> list[list[bytes]]:
    each = len(bodies) // AT_ONCE
    return [bodies[n * each : (n + 1) * each] for n in range(AT_ONCE)]


def over_http(
    servers: Sequence[ServerProcess], bodies: list[bytes], used: Callable[[], float] = lambda: 0.0
) -> tuple[float, float, float, float]:
    """Seconds for the first pushes and for replays of them all, at servers of one database in turn; bytes a
    sale on the wire; CPU seconds of the first pushes by `used`."""
    tills = [Till(server, share) for server, share in zip(cycle(servers), shares(bodies), strict=False)]
    before_s = used()
    first = at_once([till.push for till in tills])
    used_s = used() - before_s
    again = at_once([till.push for till in tills])
    for till in tills:
        till.close()
    return first, again, sum(till.size for till in tills) / len(bodies), used_s


def rows_of(bodies: list[bytes]) -> dict[Table, Rows]:
    """The rows that a push of these bodies writes."""
    origin, previous = uuid.uuid4(), bytes(32)
    rows: dict[Table, Rows] = {"fact": [], "envelope": []}
    for seq, body in enumerate(bodies, 1):
        previous = link_hash(previous, origin, 1, seq, body)
        head, shard = header(body), shard_of(origin)
        doc = Jsonb(body, bytes)
        rows["fact"].append((shard, head.id, seq, origin, 1, seq, head.kind, head.at_ms, 0, body, doc))
        rows["envelope"].append((shard, origin, 1, seq, previous, head.id))
    return rows


def copy_on_conflict(dsn: str, bodies: list[bytes], *tables: Table) -> tuple[float, float]:
    """COPY to temporary tables and ON CONFLICT DO NOTHING: the same rows, no checks of chain or identity.

    Seconds, and CPU seconds at both ends."""
    with psycopg.connect(dsn) as connection:
        for table in tables:
            connection.execute(f"CREATE TABLE IF NOT EXISTS raw_{table} (LIKE {table} INCLUDING ALL)")
            connection.execute(f"TRUNCATE raw_{table}")
    with contextlib.ExitStack() as stack:
        jobs: list[Callable[[], object]] = []
        pids: list[int] = []
        for share in shares(bodies):
            connection = stack.enter_context(psycopg.connect(dsn))
            connection.execute("SET default_toast_compression = lz4")  # as ours: the fastest way there is
            for table in tables:
                connection.execute(f"CREATE TEMPORARY TABLE new_{table} (LIKE {table})")
            connection.commit()
            pids.append(connection.info.backend_pid)
            rows = rows_of(share)
            jobs.append(partial(_copy, connection, {table: rows[table] for table in tables}))
        before_s = time.process_time() + sum(map(cpu_s, pids))
        took_s = at_once(jobs)
        return took_s, time.process_time() + sum(map(cpu_s, pids)) - before_s


def _copy(connection: psycopg.Connection, rows: dict[Table, Rows]) -> None:
    for start in range(0, len(rows["fact"]), BATCH):
        for table, theirs in rows.items():
            with connection.cursor() as cursor:
                with cursor.copy(f"COPY new_{table} FROM STDIN (FORMAT BINARY)") as copy:
                    copy.set_types(TYPES[table])
                    for row in theirs[start : start + BATCH]:
                        copy.write_row(row)
                cursor.execute(f"INSERT INTO raw_{table} SELECT * FROM new_{table} ON CONFLICT DO NOTHING")
                cursor.execute(f"TRUNCATE new_{table}")
        connection.commit()


@contextlib.contextmanager
def plain_server(folder: Path, url: str) -> Iterator[tuple[str, int]]:
    """The endpoint of `tests/bench/plain` in an environment of its own; gives its URL and process id."""
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    wanted = PLAIN / "requirements.txt"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--quiet", "-r", wanted], check=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "PGAPPNAME": "plain"}
    process = subprocess.Popen([python, PLAIN / "server.py", str(port), url], cwd=folder, env=environment)
    try:
        address = f"http://127.0.0.1:{port}"
        while True:
            with contextlib.suppress(httpx.TransportError):
                httpx.get(f"{address}/docs")
                break
            assert process.poll() is None, "the plain endpoint did not start"
            time.sleep(0.1)
        yield address, process.pid
    finally:
        process.kill()
        process.wait()


def over_plain_http(address: str, bodies: list[bytes]) -> float:
    """Seconds for the same sales, in the same batches, as plain JSON."""
    with httpx.Client(base_url=address, timeout=60) as http:
        return at_once([partial(_plain_pushes, http, _plain_requests(share)) for share in shares(bodies)])


def _plain_requests(bodies: list[bytes]) -> list[bytes]:
    till, requests = WORLD.new_id(), list[bytes]()
    for start in range(0, len(bodies), BATCH):
        facts = [msgspec.Raw(body) for body in bodies[start : start + BATCH]]
        requests.append(msgspec.json.encode({"till": till, "first_seq": start + 1, "facts": facts}))
    return requests


def _plain_pushes(http: httpx.Client, requests: list[bytes]) -> None:
    for data in requests:
        answer = http.post("/facts", content=data, headers={"Content-Type": "application/json"})
        assert answer.status_code == 200


@contextlib.contextmanager
def standing_still(servers: Sequence[ServerProcess]) -> Iterator[None]:
    """What servers still do behind their requests waits: the next has the machine to itself."""
    behind = [pid for server in servers for pid in server.behind()]
    for pid in behind:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in behind:
            os.kill(pid, signal.SIGCONT)


def cpu_s(pid: int) -> float:
    """CPU seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def used_s(db: Database, name: str, pid: int) -> float:
    """CPU seconds of a server's process and of PostgreSQL's processes that work for it."""
    with db.read() as connection:
        asked = sa.text("SELECT pid FROM pg_stat_activity WHERE application_name = :name")
        ours = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        theirs = {*connection.execute(asked, {"name": name}).scalars()} - {ours}
    return cpu_s(pid) + sum(map(cpu_s, theirs))


class Rounds:
    """Seconds of everything that is measured, in turns: all meet the same minutes of the machine."""

    def __init__(self) -> None:
        self._took: dict[str, list[float]] = defaultdict(list)
        self._used: dict[str, float] = defaultdict(float)

    def use(self, name: str, seconds: float) -> None:
        """CPU seconds of a round."""
        self._used[name] += seconds

    def cpu_us(self, name: str) -> float:
        """CPU microseconds a sale."""
        return self._used[name] / len(self._took[name]) / FACTS * 1e6

    def add(self, name: str, seconds: float) -> None:
        self._took[name].append(seconds)

    def rate(self, name: str) -> float:
        """Sales a second, by the median round."""
        return FACTS / statistics.median(self._took[name])


def measure_sqlite(folder: Path) -> None:
    server, rounds, size = _server(folder), Rounds(), 0.0
    for _ in range(ROUNDS):
        first, again, size, _ = over_http([server], sales(FACTS))
        rounds.add("first", first)
        rounds.add("again", again)
    _told("SQLite", rounds, size)
    server.kill()


def measure_postgresql(folder: Path, url: str) -> None:
    servers, rounds, size = [_server(folder / "1", url), _server(folder / "2", url)], Rounds(), 0.0
    one = servers[:1]
    db = open_database(url, folder)
    with plain_server(folder, url) as (address, pid):
        for _ in range(ROUNDS):
            ours = partial(used_s, db, "stempel", one[0].process.pid)
            with standing_still(servers[1:]):
                first, again, size, used = over_http(one, sales(FACTS), ours)
            rounds.use("first", used)
            rounds.add("first", first)
            rounds.add("again", again)
            with standing_still(servers):
                rounds.add("alone", over_http(one, sales(FACTS))[0])
                rounds.add("two", over_http(servers, sales(FACTS))[0])
                raw_s, raw_used_s = copy_on_conflict(url, sales(FACTS), "fact", "envelope")
                rounds.add("raw", raw_s)
                rounds.use("raw", raw_used_s)
                rounds.add("facts", copy_on_conflict(url, sales(FACTS), "fact")[0])
                before_s = used_s(db, "plain", pid)
                rounds.add("plain", over_plain_http(address, sales(FACTS)))
                rounds.use("plain", used_s(db, "plain", pid) - before_s)
    _told("PostgreSQL", rounds, size)
    _compared(rounds)
    db.close()
    for server in servers:
        server.kill()


def _server(folder: Path, url: str = "") -> ServerProcess:
    folder.mkdir(parents=True)
    return ServerProcess(folder, url)


def _compared(rounds: Rounds) -> None:
    rate, alone, two = map(rounds.rate, ("first", "alone", "two"))
    raw, facts, plain = map(rounds.rate, ("raw", "facts", "plain"))
    ours_us, raw_us, plain_us = (rounds.cpu_us(name) for name in ("first", "raw", "plain"))
    print(f"  COPY + ON CONFLICT of the same rows: {raw:,.0f}/s; HTTP is {rate / raw:.2f} of it")
    print(
        f"  with folding and the rest stopped, as for the others: {alone / raw:.2f} of it;"
        f" by two servers {two / raw:.2f}"
    )
    print(
        f"  COPY of the facts alone, without the numbers of the till that they came under: {facts:,.0f}/s;"
        f" {rate / facts:.2f}, {alone / facts:.2f} and {two / facts:.2f} of it"
    )
    print(
        f"  FastAPI, pydantic and an ORM: {plain:,.0f}/s;"
        f" HTTP is {rate / plain:.1f}, {alone / plain:.1f} and {two / plain:.1f} times it"
    )
    print(
        f"  CPU time a sale, PostgreSQL's included: {ours_us:.0f} µs; COPY + ON CONFLICT {raw_us:.0f} µs,"
        f" {raw_us / ours_us:.2f} of it; FastAPI {plain_us:.0f} µs, {plain_us / ours_us:.1f} times as much"
    )


def _told(name: str, rounds: Rounds, size: float) -> None:
    rate, again = rounds.rate("first"), rounds.rate("again")
    print(
        f"{name}: {rate:,.0f} sales/s over HTTP, replays {again:,.0f}/s ({again / rate:.1f} times),"
        f" {size:.0f} bytes a sale; load {os.getloadavg()[0]:.0f}"
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, running() as postgres:
        measure_sqlite(Path(folder) / "sqlite")
        measure_postgresql(Path(folder) / "postgresql", postgres.fresh_database())


if __name__ == "__main__":
    main()
