"""Four weeks of a store of the Complete Journey at PostgreSQL: every sum against the file, to the cent.

The whole year is `./dev bench year`.
"""

from __future__ import annotations

from pathlib import Path

from tests.bench.bench_year import Year
from tests.sync.postgres import Postgres
from tests.sync.year import sums_of_the_file

STORE, WEEKS = 367, 4


def test_four_weeks_at_the_server_are_those_of_the_file(postgres: Postgres, tmp_path: Path) -> None:
    with Year(tmp_path, postgres.fresh_database()) as year:
        year.push(STORE, WEEKS)
        expected = sums_of_the_file(STORE, WEEKS)
        assert expected.sales == 242
        year.fold()
        assert year.differences(expected) == []
