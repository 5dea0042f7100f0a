"""A bare till of a large chain: its store's members in full, everybody's cards in short, over loopback.

    python -m tests.bench.bench_directory [cards] [members of the store] [in the server's tables]
                                           10,000,000          200,000                  1,000,000

The server runs in a process of its own on SQLite; members, with a card each, are put into its tables in bulk
and its directory is made of them beforehand, and timed. The records of the rest are put into that file as
they would have been made. Beside the till's own figure: the same bytes fetched by
a plain HTTP client into a file and hashed, in the same minute.
"""

from __future__ import annotations

import hashlib
import os
import random
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import httpx
import msgspec

from app.loyalty.effects import Lot
from app.loyalty.state import Bucket, MemberState
from app.store.database import Database
from sync import protocol
from sync.directory import BOUGHT, RECORD_BYTES, Directory, card_key, head_of, record
from sync.events import Status
from sync.server import admin, member_scope, others, schema
from sync.server.context import open_context
from sync.server.database import Database as ServerDatabase
from sync.server.directory import Buckets, newest, put_together
from sync.server.member_scope import MemberScope
from sync.shelf import Shelf
from sync.worker import SyncWorker
from tests.sync.process import ServerProcess

NOW_MS = 1_790_000_000_000
STORE = "main"


def seed(folder: Path, cards: int, of_store: int) -> str:
    """A server that knows members as if folded from facts, some of them seen by the store; a till's code."""
    db = ServerDatabase.sqlite(folder / "server.sqlite")
    db.migrate()
    drawn, origin = random.Random(1), uuid.uuid4()
    states = [
        msgspec.json.encode(
            MemberState(
                lots=(Lot(f"{n:036}", "points", 100 + n, NOW_MS),),
                counters={"levels": (Bucket(20_000 + n, 1, 10_00 * n),)},
                receipts=1 + n,
            )
        )
        for n in range(50)
    ]
    with db.write() as connection:
        rows = [uuid.UUID(int=drawn.getrandbits(128), version=4) for _ in range(of_store)]
        places = [(schema.shard_of(member), member) for member in rows]
        heads = [0] * schema.SHARDS
        full: list[tuple[object, ...]] = []
        for n, (shard, member) in enumerate(places):
            heads[shard] += 1
            full.append((shard, member, heads[shard], states[n % 50], NOW_MS, origin, 1, n))
        db.insert(connection, schema.member, full)
        cards_of = [(shard, one, f"code:{n}", NOW_MS, None) for n, (shard, one) in enumerate(places)]
        db.insert(connection, schema.member_card, cards_of)
        db.insert(connection, schema.member_store, [(shard, STORE, one) for shard, one in places])
    others_of(db, states, heads, of_store, cards)
    code = admin.create_enrol_code(db, STORE, time.time_ns() // 1_000_000)
    member_scope.publish(db, MemberScope(full_up_to=0))
    db.close()
    return code


def others_of(db: ServerDatabase, states: list[bytes], heads: list[int], first: int, last: int) -> None:
    """The members of other stores, made by the database: ten million by hand take an hour. They are in any
    shard, which only who asks for one by their id would notice."""
    with db.write() as connection:
        run = connection.exec_driver_sql
        run("PRAGMA cache_size = -2000000")
        run("CREATE TEMP TABLE made (n INTEGER PRIMARY KEY, state BLOB)")
        run("INSERT INTO made VALUES (?, ?)", list(enumerate(states)))
        run(
            "CREATE TEMP TABLE other AS WITH RECURSIVE c (n) AS "
            "(SELECT ? UNION ALL SELECT n + 1 FROM c WHERE n < ?) "
            "SELECT n, n % 64 AS shard, randomblob(16) AS id FROM c",
            (first, last - 1),
        )
        run("CREATE TEMP TABLE head AS SELECT 0 AS shard, 0 AS head WHERE 0")
        run("INSERT INTO head VALUES (?, ?)", list(enumerate(heads)))
        run(
            "INSERT INTO member SELECT o.shard, o.id, h.head + 1 + (o.n - ?) / 64, m.state, ?, zeroblob(16), "
            "1, o.n FROM other o JOIN head h ON h.shard = o.shard JOIN made m ON m.n = o.n % 50 "
            "ORDER BY o.shard, o.id",
            (first, NOW_MS),
        )
        run(
            "INSERT INTO member_card SELECT shard, id, 'code:' || n, ?, NULL FROM other ORDER BY shard, id",
            (NOW_MS,),
        )
        newest_of = "SELECT max(version) FROM member m WHERE m.shard = member_head.shard"
        run(f"UPDATE member_head SET head = ({newest_of})")
        run("DROP TABLE other")


def widen(file: Path, cards: int) -> None:
    """The directory as of so many cards: with records that nobody's card has the key of."""
    directory, drawn = Directory(file.read_bytes()), random.Random(3)
    with tempfile.TemporaryDirectory(dir=file.parent) as name:
        place = Path(name)
        with Buckets(place) as buckets:
            for at in range(directory.count):
                buckets.put(directory.records(at, at + 1), 0)
            for n in range(directory.count, cards):
                key = drawn.getrandbits(64).to_bytes(8, "big")
                buckets.put(record(key, b"%016d" % n, n % 100_00, 0, BOUGHT), 0)
        with (place / "records").open("wb") as out:
            count, sha256 = buckets.sorted_into(out, lambda: None)
        header = msgspec.structs.replace(directory.header, count=count, sha256=sha256)
        put_together(place, head_of(header), file.parent)


def timed(what: str, work: Callable[[], object]) -> float:
    began_s, cpu_s = time.perf_counter(), time.process_time()
    work()
    took_s = time.perf_counter() - began_s
    print(f"{what}: {took_s:.1f} s by the clock, {time.process_time() - cpu_s:.1f} s of this process's CPU")
    return took_s


def plain(url: str, till: Database, into: Path) -> None:
    """The bytes, a file and a digest: what it cannot be done without."""
    outbox = till.outbox()
    ours = outbox.credentials()
    assert ours is not None
    signed = protocol.authorise(ours.private_key, "GET", "/v1/directory", ours.till, ours.epoch, b"")
    digest = hashlib.sha256()
    with (
        httpx.stream("GET", f"{url}/v1/directory", headers={"Authorization": signed}) as response,
        into.open("wb") as file,
    ):
        assert response.status_code == 200
        for chunk in response.iter_raw():
            file.write(chunk)
            digest.update(chunk)
    outbox.close()


def fetch(folder: Path, server: ServerProcess, code: str, cards: int, of_store: int, tables: int) -> None:
    database, shelf = Database(folder), Shelf(folder / "directory")
    outbox, inbox, reader = database.outbox(), database.inbox(), database.reader()
    told: list[Status] = []
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    worker = SyncWorker(server.url, outbox, inbox, on_status=told.append, on_crash=print, shelf=shelf).start()
    began_s, marks = time.perf_counter(), dict[str, float]()

    def wait() -> None:
        worker.enrol(code)
        while len(marks) < 2 and time.perf_counter() - began_s < 1800:
            if "full" not in marks and reader.count("member") >= of_store:
                marks["full"] = time.perf_counter() - began_s
            if "short" not in marks and shelf.header is not None:
                marks["short"] = time.perf_counter() - began_s
            time.sleep(0.05)

    whole_s = timed(f"a bare till: {of_store:,} members in full and {cards:,} cards in short", wait)
    assert worker.stop(20)
    print(
        f"the members in full after {marks['full']:.1f} s, the directory beside them {marks['short']:.1f} s"
    )
    secret = reader.setting("pull.card_key")
    assert secret is not None
    drawn = random.Random(2)
    tokens = [f"code:{drawn.randrange(tables)}" for _ in range(20_000)]
    found_s = time.perf_counter()
    assert all(shelf.find(card_key(secret, token)) for token in tokens)
    found_us = (time.perf_counter() - found_s) / len(tokens) * 1e6
    size = sum(file.stat().st_size for file in (folder / "directory").iterdir())
    print(f"{size / 1e6:,.0f} MB, {RECORD_BYTES} bytes a card; a lookup takes {found_us:.0f} µs")
    plain_s = timed(
        "the same bytes, fetched plainly and hashed", lambda: plain(server.url, database, folder / "x")
    )
    print(f"the directory took {marks['short'] / plain_s:.1f} times that; all of it {whole_s / plain_s:.1f}")
    outbox.close()
    inbox.close()
    database.close()


def main(cards: int = 10_000_000, of_store: int = 200_000, tables: int = 1_000_000) -> None:
    with tempfile.TemporaryDirectory(prefix="stempel-directory-") as name:
        folder = Path(name)
        (folder / "server").mkdir()
        code = ""

        def fill() -> None:
            nonlocal code
            code = seed(folder / "server", tables, of_store)

        timed("filling the server's tables", fill)
        context = open_context(folder / "server")
        timed(f"making the directory of {tables:,}", lambda: others.keep_up(context))
        made = newest(context.directories)
        assert made is not None
        timed(f"widening it to {cards:,}", lambda: widen(made, cards))
        context.db.close()
        server = ServerProcess(folder / "server")
        try:
            fetch(folder / "till", server, code, cards, of_store, tables)
        finally:
            server.kill()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
