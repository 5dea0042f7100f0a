"""Committing a sale of 20 lines with points, print job and fact, against the raw driver with the same rows.

Both encrypted, WAL, synchronous=FULL, on the same disk, taken in turns. Target: at most 1.5 times.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from app.checkout.ports import Work
from app.ledger.chain import seal
from app.ledger.entries import entries
from app.ledger.facts import SaleCompleted, encode
from app.loyalty.state import EMPTY
from app.store import rows
from app.store.connection import DatabaseFile, Driver, database_key
from app.store.database import FILE
from app.store.migrate import migrate
from app.store.writer import Writer
from hardware.receipt import encode_job
from tests.support.facts import Shelf

SALES = 1000


class Raw:
    """The same rows by the bare driver: values made beforehand, statements as short as they can be."""

    def __init__(self, folder: Path) -> None:
        file = DatabaseFile(folder / FILE, database_key(folder))
        migrate(file)
        self.head = Writer(file).head
        self.connection: Driver = file.connect()

    def prepare(self, work: Work) -> list[tuple[str, list[tuple[object, ...]]]]:
        sale = work.facts[0]
        assert isinstance(sale, SaleCompleted)
        assert sale.member is not None
        body = encode(sale)
        envelope, self.head = seal(self.head, body)
        id, member = sale.id.bytes, sale.member.bytes
        lines: list[tuple[object, ...]] = [(id, n, member, *entry) for n, entry in enumerate(entries(sale))]
        state = rows.encode_state(EMPTY) * 4
        place = (envelope.origin.bytes, envelope.epoch, envelope.seq, id, envelope.prev_hash, envelope.hash)
        return [
            ("INSERT INTO fact VALUES (?, ?, ?, ?, ?)", [(id, "sale_completed", sale.at_ms, member, body)]),
            ("INSERT INTO envelope VALUES (?, ?, ?, ?, ?, ?)", [place]),
            ("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?)", lines),
            (
                "INSERT INTO member (id, state, as_of_ms) VALUES (?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET state = excluded.state, as_of_ms = excluded.as_of_ms",
                [(member, state, sale.at_ms)],
            ),
            (
                "INSERT INTO sale VALUES (?, ?, ?, ?, ?, ?)",
                [(id, sale.number, sale.business_day, sale.at_ms, member, sale.total_minor)],
            ),
            (
                "INSERT INTO day VALUES (?, ?) ON CONFLICT (business_day) "
                "DO UPDATE SET figures = excluded.figures",
                [(sale.business_day, b"x" * 300)],
            ),
            (
                "INSERT INTO print_job (fact, title, document, state, created_ms) "
                "VALUES (?, ?, ?, 'queued', ?)",
                [(id, "sale", encode_job(work.slips[0].job), sale.at_ms)],
            ),
            ("UPDATE head SET seq = ?, hash = ?", [(envelope.seq, envelope.hash)]),
            ("DELETE FROM basket WHERE slot = 0", [()]),
        ]

    def commit(self, prepared: list[tuple[str, list[tuple[object, ...]]]]) -> None:
        execute = self.connection.execute
        execute("BEGIN IMMEDIATE")
        for statement, values in prepared:
            for each in values:
                execute(statement, each)
        execute("COMMIT")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        ours_folder, raw_folder = Path(folder) / "ours", Path(folder) / "raw"
        raw_folder.mkdir()
        file = DatabaseFile(ours_folder / FILE, database_key(ours_folder))
        migrate(file)
        writer, raw = Writer(file), Raw(raw_folder)
        shelf = Shelf()
        writer.commit(shelf.opened())
        members = []
        for _ in range(100):
            member, work = shelf.enrolled()
            writer.commit(work)
            members.append(member)
        pairs: list[tuple[float, float]] = []
        for number in range(SALES):
            work = shelf.sold(members[number % len(members)], lines=20)
            prepared = raw.prepare(work)
            first = time.perf_counter()
            raw.commit(prepared)
            second = time.perf_counter()
            writer.commit(work)
            pairs.append((second - first, time.perf_counter() - second))
    raw_ms = statistics.median(pair[0] for pair in pairs) * 1000
    ours_ms = statistics.median(pair[1] for pair in pairs) * 1000
    ratio = statistics.median(ours / raw for raw, ours in pairs)
    p99 = sorted(pair[1] for pair in pairs)[int(SALES * 0.99)] * 1000
    print(f"{SALES} sales of 20 lines, encrypted, synchronous=FULL")
    print(f"raw driver   {raw_ms:6.3f} ms")
    print(f"the till     {ours_ms:6.3f} ms   p99 {p99:.3f} ms")
    print(f"ratio        {ratio:6.2f}      (median of pairs, target 1.5)")


if __name__ == "__main__":
    main()
