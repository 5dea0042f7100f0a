from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.shop import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "till").stock()
    yield desk
    assert desk.database.writer.check()[1] == [], "after any test, the projections equal the log"
    desk.close()
