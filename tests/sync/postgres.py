"""A PostgreSQL server of our own in a temporary folder, on a Unix socket: real, and gone afterwards."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg

AS_POSTGRES = ("runuser", "-u", "postgres", "--") if os.geteuid() == 0 else ()
"""PostgreSQL refuses to run as root."""


def program(name: str) -> str:
    """The path of one of PostgreSQL's programs, on Debian's own path too."""
    found = shutil.which(name) or max(map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}")), default="")
    if not found:
        raise RuntimeError(f"{name} is not installed: ./dev setup installs PostgreSQL")
    return found


def run(folder: Path, name: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs as its user."""
    subprocess.run([*AS_POSTGRES, program(name), *arguments], check=True, capture_output=True, cwd=folder)


class Postgres:
    """A server on the data in `folder`/data; each test takes a database of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self._numbers = itertools.count(1)

    def create(self) -> None:
        run(self.folder, "initdb", "-D", str(self.data), "-U", "postgres", "-A", "trust", "-N")

    def start(self, settings: Sequence[str] = ("fsync=off",)) -> None:
        """Start with settings given as name=value; returns once it takes connections."""
        base = (f"unix_socket_directories={self.folder}", "listen_addresses=", "max_connections=200")
        options = " ".join(f"-c '{setting}'" for setting in (*base, *settings))
        self._control("-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        """As a crash: what is committed is in the log, nothing else."""
        with contextlib.suppress(subprocess.CalledProcessError):
            self._control("-w", "-m", "immediate", "stop")

    def _control(self, *arguments: str) -> None:
        # Not captured: the server would keep the pipe open.
        command = [*AS_POSTGRES, program("pg_ctl"), "-D", str(self.data), "-s", *arguments]
        subprocess.run(command, check=True, cwd=self.folder)

    def dsn(self, database: str) -> str:
        return f"postgresql:///{database}?host={self.folder}&user=postgres"

    def fresh_database(self) -> str:
        """The DSN of a new, empty database."""
        name = f"test{next(self._numbers)}"
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
        return self.dsn(name)


@contextlib.contextmanager
def postgres_folder() -> Iterator[Path]:
    """A temporary folder that belongs to PostgreSQL's user."""
    folder = Path(tempfile.mkdtemp(prefix="stempel-pg-"))
    if AS_POSTGRES:
        shutil.chown(folder, "postgres")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def running(settings: Sequence[str] = ("fsync=off",)) -> Iterator[Postgres]:
    """A new server with these settings."""
    with postgres_folder() as folder:
        server = Postgres(folder)
        server.create()
        server.start(settings)
        try:
            yield server
        finally:
            server.stop()
