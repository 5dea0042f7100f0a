"""Holds: how long one takes, over HTTP and inside, beside a bare INSERT of the same row, and beside what the
disk alone takes: four kilobytes written and synced. Both databases sync, as they do for real.

Run: `./dev bench hold`. Each round takes one of each in turn: all meet the same moments of the machine.
Prints medians, p99 and ratios, and CPU time, which is ours whatever the disk does; asserts no times.
"""

from __future__ import annotations

import gc
import os
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import httpx
import sqlalchemy as sa

from app.lanes import RealWorld
from app.ledger.chain import Head
from app.ledger.facts import PointsAdjusted, encode
from app.loyalty.effects import Lot, PointsEarned
from sync import holding as client
from sync import holds, protocol
from sync.outbox import Credentials
from sync.server import admin, holding, members, schema
from sync.server.database import Database, open_database
from tests.bench.bench_ingest import cpu_s, used_s
from tests.sync.postgres import running
from tests.sync.process import ServerProcess

ROUNDS, MEMBERS = 1_000, 200
WORLD = RealWorld()
SEED = bytes(range(32))


def stock(db: Database, http: httpx.Client) -> tuple[Credentials, list[uuid.UUID]]:
    """A till, and members with points enough."""
    code = admin.create_enrol_code(db, "main", WORLD.now_ms())
    request = protocol.Enrol(public_key=protocol.public_key_of(SEED), code=code, till=WORLD.new_id())
    answer = http.post("/v1/enrol", content=protocol.pack(request))
    got = protocol.decode(answer.content, protocol.Enrolled)
    ours = Credentials(got.till, got.epoch, got.store, SEED, got.certificate)
    ids = [WORLD.new_id() for _ in range(MEMBERS)]
    now_ms = WORLD.now_ms()
    bodies = [
        encode(
            PointsAdjusted(
                id=(id := WORLD.new_id()), at_ms=now_ms, member=member, reason="bench",
                effects=(PointsEarned(Lot(str(id), "points", 10**9, now_ms)),),
            )
        )
        for member in ids
    ]  # fmt: skip
    head = Head(ours.till, ours.epoch)
    push = protocol.Push(
        epoch=head.epoch, first_seq=1, last_seq=len(bodies), prev_hash=head.hash, clock_ms=now_ms,
        facts=[protocol.embed(body) for body in bodies],
    )  # fmt: skip
    target, body = f"/v1/tills/{ours.till}/facts", protocol.pack(push)
    signed = protocol.authorise(SEED, "POST", target, ours.till, ours.epoch, body)
    assert http.post(target, content=body, headers={"Authorization": signed}).status_code == 200
    while members.fold_new(db):
        pass
    return ours, ids


def bare(db: Database, member: uuid.UUID) -> None:
    """The row that a hold makes, put in by itself and committed."""
    row = (
        schema.shard_of(member), WORLD.new_id(), holds.POINTS, member.hex, 100, WORLD.new_id(), None,
        holding.ENDED, WORLD.now_ms(),
    )  # fmt: skip
    with db.write() as connection:
        db.insert(connection, schema.hold, [row])


def inside(db: Database, till: uuid.UUID, member: uuid.UUID) -> None:
    wish = holds.Hold(id=WORLD.new_id(), kind="points", of=str(member), amount=100)
    holding.take(db, till, wish, WORLD.now_ms())


def over_http(http: httpx.Client, ours: Credentials, member: uuid.UUID) -> None:
    wish = holds.Hold(id=WORLD.new_id(), kind="points", of=str(member), amount=100)
    target, body, headers = client.request(ours, wish)
    answer = http.post(target, content=body, headers=headers)
    assert client.read(wish, answer.status_code, answer.content).outcome == "held", answer.content


def synced(file: int) -> None:
    os.pwrite(file, os.urandom(4096), 0)
    os.fdatasync(file)


def timed(work: Callable[[], None]) -> float:
    began_s = time.perf_counter()
    work()
    return (time.perf_counter() - began_s) * 1000


def cpu_of(db: Database, server: ServerProcess) -> float:
    """CPU seconds of the server, PostgreSQL's for it included."""
    return used_s(db, "stempel", server.process.pid) if db.postgresql else cpu_s(server.process.pid)


def measure(name: str, folder: Path, url: str) -> None:
    server = ServerProcess(folder, url)
    db = open_database(url or None, folder)
    http = httpx.Client(base_url=server.url)
    file = os.open(folder / "synced", os.O_RDWR | os.O_CREAT)
    try:
        ours, ids = stock(db, http)
        whats = ("disk alone", "bare INSERT", "hold, inside", "hold, over HTTP")
        taken: dict[str, list[float]] = {what: [] for what in whats}
        gc.disable()
        before_s = cpu_of(db, server)
        for number in range(ROUNDS):
            member = ids[number % MEMBERS]
            taken["disk alone"].append(timed(lambda: synced(file)))
            taken["bare INSERT"].append(timed(lambda member=member: bare(db, member)))
            taken["hold, inside"].append(timed(lambda member=member: inside(db, ours.till, member)))
            taken["hold, over HTTP"].append(timed(lambda member=member: over_http(http, ours, member)))
        used_ms = (cpu_of(db, server) - before_s) / ROUNDS * 1000
        gc.enable()
        with db.read() as connection:
            count = connection.execute(sa.select(sa.func.count()).select_from(schema.hold)).scalar_one()
        assert count == 3 * ROUNDS
    finally:
        os.close(file)
        http.close()
        db.close()
        server.kill()
    found = {
        what: (statistics.median(times), statistics.quantiles(times, n=100)[98])
        for what, times in taken.items()
    }
    print(f"{name:11}CPU time of a hold over HTTP, the database's included: {used_ms:.1f} ms")
    least, least99 = found["bare INSERT"]
    for what, (median, p99) in found.items():
        print(
            f"{name:11}{what:17} median {median:6.2f} ms, {median / least:5.2f} × INSERT;"
            f"  p99 {p99:6.2f} ms, {p99 / least99:5.2f} × INSERT; load {os.getloadavg()[0]:.0f}"
        )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, running(()) as postgres:
        for name, url in (("SQLite", ""), ("PostgreSQL", postgres.fresh_database())):
            place = Path(folder) / name
            place.mkdir()
            measure(name, place, url)


if __name__ == "__main__":
    main()
