"""Sales per second through the whole checkout use case: Complete Journey, one store, four weeks.

Every line is rung, priced and kept durably, every sale committed with its fact, entries and paper. Beside it,
in the same minute, as many bare one-row commits on bare SQLite (synchronous=FULL) as the replay made.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from pathlib import Path

import resources
from app.replaying import run_replay

STORE, WEEKS = 367, 4


def bare_commits(folder: Path, count: int) -> float:
    """Seconds for `count` one-row commits."""
    database = sqlite3.connect(folder / "bare.db", isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE row (n INTEGER PRIMARY KEY, body BLOB)")
    started_s = time.perf_counter()
    for _ in range(count):
        database.execute("INSERT INTO row (body) VALUES (?)", (b"x" * 1000,))
    return time.perf_counter() - started_s


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        result = run_replay(
            folder / "till", resources.path("programmes", "demo.yaml"), store=STORE, weeks=WEEKS
        )
        commits = result.sales + result.lines + 2 * result.members
        bare_s = bare_commits(folder, commits)
    print(result)
    print(f"{commits} durable commits in {result.sell_s:.2f} s; bare SQLite, one row each: {bare_s:.2f} s")
    print(f"ratio {result.sell_s / bare_s:.1f} (pricing, keys, pages and paper included)")


if __name__ == "__main__":
    main()
