"""The core journeys under faults: network down, printer off and a kill at a random step, in pairs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.config import ServerSection
from app.lanes import RealWorld
from sync.server import admin
from sync.server.database import open_database
from tests.support.core_journeys import CORE, play, some_step
from tests.support.counter import Counter, nowhere, stocked, synced
from tests.sync.process import ServerProcess

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen platform has no size hints

PAIRS = [(False, False, False), (True, True, False), (True, False, True), (False, True, True)]
"""Network down, printer off, killed: every two of them in each of their four combinations."""

QUICK = ("cash", "member", "refunded")
"""The rest has its turn in tests/faults/test_journeys.py."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stocked(tmp_path_factory.mktemp("demo") / "shop")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    process = ServerProcess(tmp_path_factory.mktemp("server"))
    yield process
    process.stop()


def section(server: ServerProcess) -> ServerSection:
    """The server with a code for one more till."""
    database = open_database(None, server.folder)
    try:
        code = admin.create_enrol_code(database, "12", RealWorld().now_ms())
    finally:
        database.close()
    return ServerSection(url=server.url, enrol_code=code)


@pytest.mark.parametrize(("network_down", "printer_off", "killed"), PAIRS)
@pytest.mark.parametrize("name", QUICK)
def test_under_two_faults(
    qtbot: QtBot,
    shop: Path,
    server: ServerProcess,
    tmp_path: Path,
    name: str,
    network_down: bool,
    printer_off: bool,
    killed: bool,
) -> None:
    reached = ServerSection(url=nowhere(), enrol_code="x") if network_down else section(server)
    kill = some_step(name, 1) if killed else None
    with Counter(qtbot, shop, tmp_path / "till", server=reached, printer_off=printer_off) as counter:
        if not network_down:
            synced(counter)  # the till was joined to its server before this day
        play(counter, CORE[name], kill=kill)
        if not network_down:
            synced(counter)
