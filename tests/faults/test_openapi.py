"""schemathesis at length: every systematic request, and many random ones, on each database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.server.database import Database
from tests.sync.postgres import running
from tests.sync.rig import Rig
from tests.sync.server.described import Examiner

pytestmark = pytest.mark.faults


@pytest.fixture(params=["sqlite", "postgresql"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    if request.param == "sqlite":
        yield from _rig(Database.sqlite(tmp_path / "server.sqlite"))
    else:
        with running() as server:
            yield from _rig(Database.postgres(server.fresh_database()))


def _rig(db: Database) -> Iterator[Rig]:
    db.migrate()
    rig = Rig(db)
    yield rig
    rig.close()
    db.close()


@pytest.mark.timeout(1800)
def test_schemathesis_finds_no_fault_at_length(rig: Rig) -> None:
    examiner = Examiner(rig)
    faults = examiner.examine(examples=60)
    assert not faults, "\n\n".join(f"{name}\n{fault}" for name, fault in faults.items())
    assert examiner.asked > 2000
