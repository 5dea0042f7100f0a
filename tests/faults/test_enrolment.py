"""Enrolment and the raising of an epoch, killed for real at every step: one code, one epoch, nothing lost."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store.connection import DatabaseFile, database_key
from sync.server import admin
from sync.server.backup import back_up
from sync.server.database import open_database
from tests.sync import till_process
from tests.sync.process import ServerProcess
from tests.sync.test_processes import WORLD, read_all

pytestmark = pytest.mark.faults


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    (tmp_path / "server").mkdir()
    process = ServerProcess(tmp_path / "server")
    yield process
    process.kill()


def bodies(folder: Path) -> set[bytes]:
    sql = DatabaseFile(folder / "till.db", database_key(folder)).connect()
    try:
        return {row[0] for row in sql.execute("SELECT body FROM fact").fetchall()}
    finally:
        sql.close()


@pytest.mark.parametrize("step", till_process.STEPS)
def test_a_first_enrolment_spends_one_code(step: str, server: ServerProcess, tmp_path: Path) -> None:
    till, code = tmp_path / "till", server.first_run["enrol_code"]
    for sales in (2, 1):  # killed twice at the same step, or past it already
        epoch = till_process.run(till, server.url, code, step, sales=sales)
        assert epoch in (None, 1)
    assert till_process.run(till, server.url, code, sales=1) == 1
    assert set(read_all(server)) == bodies(till)
    assert len(read_all(server)) == 4


@pytest.mark.parametrize("step", till_process.STEPS)
def test_a_fork_is_left_by_one_new_epoch(step: str, server: ServerProcess, tmp_path: Path) -> None:
    till, copy, code = tmp_path / "till", tmp_path / "copy", server.first_run["enrol_code"]
    assert till_process.run(till, server.url, code, sales=2) == 1
    shutil.copytree(till, copy)
    assert till_process.run(copy, server.url, sales=3) == 1
    assert till_process.run(till, server.url, step=step, sales=2) is None
    assert till_process.run(till, server.url, step=step, sales=1) in (None, 2)
    assert till_process.run(till, server.url, sales=1) == 2, "one fork, one epoch"
    assert till_process.run(copy, server.url, sales=1) == 1
    found = read_all(server)
    assert len(found) == len(set(found)) == 2 + 4 + 4
    assert set(found) == bodies(till) | bodies(copy)


@pytest.mark.parametrize("step", ["before_reply", "before_epoch", "after_epoch"])
def test_a_server_put_back_readmits_a_till_in_its_epoch(
    step: str, server: ServerProcess, tmp_path: Path
) -> None:
    database = open_database(None, server.folder)
    back_up(database, tmp_path / "backup.sqlite")
    database.close()
    till, code = tmp_path / "till", server.first_run["enrol_code"]
    assert till_process.run(till, server.url, code, sales=3) == 1
    server.kill()
    for path in server.folder.glob("server.sqlite*"):
        path.unlink()
    shutil.copyfile(tmp_path / "backup.sqlite", server.folder / "server.sqlite")
    database = open_database(None, server.folder)
    admin.after_restore(database)
    database.close()
    server.start()
    assert till_process.run(till, server.url, step=step, sales=1) is None
    assert till_process.run(till, server.url, sales=1) == 1
    token = open_database(None, server.folder)
    server.first_run["office_token"] = admin.create_office_token(token, "tests", WORLD.now_ms())
    token.close()
    assert set(read_all(server)) == bodies(till)
