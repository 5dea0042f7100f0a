from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.outside import Counter
from tests.support.shop import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "till").stock()
    yield desk
    assert desk.database.writer.check()[1] == [], "after any test, the projections equal the log"
    desk.close()


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    made = Counter(tmp_path / "till")
    yield made
    made.desk.close()


@pytest.fixture
def lawful(tmp_path: Path) -> Iterator[Counter]:
    made = Counter(tmp_path / "till", fiscal=True)
    yield made
    made.desk.close()
