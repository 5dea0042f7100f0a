"""The full matrix: each core journey with and without network and printer, killed before every step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.config import ServerSection
from tests.journeys.test_pairwise import section
from tests.support.core_journeys import CORE, play
from tests.support.counter import Counter, nowhere, stocked, synced
from tests.sync.process import ServerProcess

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen platform has no size hints

KILLS = [(name, kill) for name in CORE for kill in (None, *range(len(CORE[name].steps)))]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stocked(tmp_path_factory.mktemp("demo") / "shop")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    process = ServerProcess(tmp_path_factory.mktemp("server"))
    yield process
    process.stop()


@pytest.mark.parametrize("network_down", [False, True], ids=["online", "offline"])
@pytest.mark.parametrize("printer_off", [False, True], ids=["printer", "no-printer"])
@pytest.mark.parametrize(("name", "kill"), KILLS)
def test_every_fault(
    qtbot: QtBot,
    shop: Path,
    server: ServerProcess,
    tmp_path: Path,
    name: str,
    kill: int | None,
    printer_off: bool,
    network_down: bool,
) -> None:
    reached = ServerSection(url=nowhere(), enrol_code="x") if network_down else section(server)
    with Counter(qtbot, shop, tmp_path / "till", server=reached, printer_off=printer_off) as counter:
        if not network_down:
            synced(counter)  # the till was joined to its server before this day
        play(counter, CORE[name], kill=kill)
        if not network_down:
            synced(counter)
