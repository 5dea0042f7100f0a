"""The process behind the requests: there beside PostgreSQL, again after it died, gone with its server."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.sync.postgres import Postgres
from tests.sync.process import ServerProcess

NAME = "stempel background"


@pytest.fixture
def dsn(postgres: Postgres) -> str:
    return postgres.fresh_database()


@pytest.fixture
def server(dsn: str, tmp_path: Path) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path, dsn)
    yield server
    if server.process.poll() is None:
        server.kill()


def connected(dsn: str) -> bool:
    with psycopg.connect(dsn) as connection:
        asked = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"
        row = connection.execute(asked, (NAME,)).fetchone()
    return row is not None and row[0] > 0


def soon(true: Callable[[], bool], deadline_s: float = 60.0) -> None:
    until_s = time.monotonic() + deadline_s
    while not true():
        assert time.monotonic() < until_s
        time.sleep(0.05)


def test_it_comes_again_after_it_died_and_goes_with_its_server(server: ServerProcess, dsn: str) -> None:
    soon(lambda: connected(dsn))
    (first,) = server.behind()
    os.kill(first, signal.SIGKILL)
    soon(lambda: bool(server.behind() - {first}))
    soon(lambda: connected(dsn))
    (second,) = server.behind()
    server.kill()
    soon(lambda: not Path(f"/proc/{second}").exists())
    soon(lambda: not connected(dsn))


def test_it_ends_when_its_server_is_stopped(server: ServerProcess, dsn: str) -> None:
    soon(lambda: connected(dsn))
    (child,) = server.behind()
    assert server.stop() == 0
    assert not Path(f"/proc/{child}").exists()
