from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from sync.server import schema
from sync.server.database import Database
from tests.sync.postgres import Postgres, running
from tests.sync.rig import Rig


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def migrated(postgres: Postgres) -> Iterator[dict[str, Database]]:
    """PostgreSQL with the tables plain, and hash-partitioned by shard."""
    databases: dict[str, Database] = {}
    for kind, partitions in {"postgresql": 0, "partitioned": 8}.items():
        databases[kind] = Database.postgres(postgres.fresh_database())
        databases[kind].migrate(partitions=partitions)
    yield databases
    for database in databases.values():
        database.close()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A migrated SQLite database, as bytes to copy."""
    path = tmp_path_factory.mktemp("migrated") / "server.sqlite"
    database = Database.sqlite(path)
    database.migrate()
    database.close()
    return path.read_bytes()


def emptied(database: Database) -> Database:
    """As after the migration: a new database for every test would take most of its time."""
    with database.write() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")  # past the triggers
        for table in reversed(schema.metadata.sorted_tables):
            columns = set(table.columns.keys())
            counters = {"head", "pos"} & columns
            if "id" in table.columns or not counters:
                connection.execute(sa.delete(table))
            else:
                values = {**dict.fromkeys(columns & {"head", "pos", "sales"}, 0)}
                values |= dict.fromkeys(columns & {"since", "pruned"})
                connection.execute(sa.update(table).values(values))
    return database


@pytest.fixture(params=["sqlite", "postgresql", "partitioned"])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty, migrated database: SQLite, PostgreSQL, and PostgreSQL with the tables split by shard."""
    if request.param != "sqlite":
        yield emptied(request.getfixturevalue("migrated")[request.param])
        return
    path = tmp_path / "server.sqlite"
    path.write_bytes(request.getfixturevalue("migrated_file"))
    database = Database.sqlite(path)
    yield database
    database.close()


@pytest.fixture
def rig(db: Database) -> Iterator[Rig]:
    """A server on that database, spoken to without sockets."""
    rig = Rig(db)
    yield rig
    rig.close()
