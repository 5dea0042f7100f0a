"""A till at the counter for each journey: its shop is made once a run and copied."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tests.support.counter import Counter, richer, stocked


@pytest.fixture(scope="package")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stocked(tmp_path_factory.mktemp("demo") / "shop")


@pytest.fixture
def counter(qtbot: QtBot, shop: Path, tmp_path: Path) -> Iterator[Counter]:
    with Counter(qtbot, shop, tmp_path / "till", change=richer) as made:
        yield made
        made.adds_up()
