"""The tables obey the rules that let them be sharded, and the migrations make exactly these tables."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import OperationalError
from sqlalchemy.schema import ColumnCollectionConstraint

from sync.server import database, schema
from sync.server.database import Database, DatabaseProblem, open_database
from sync.server.migrations import __file__ as migrations
from tests.sync.postgres import Postgres

TABLES = list(schema.metadata.tables.values())
SHARDED = [table for table in TABLES if table.info != schema.REFERENCE]


def keys(table: sa.Table) -> list[ColumnCollectionConstraint]:
    kinds = (sa.PrimaryKeyConstraint, sa.UniqueConstraint, sa.ForeignKeyConstraint)
    return [constraint for constraint in table.constraints if isinstance(constraint, kinds)]


def test_every_table_belongs_to_a_family_or_is_reference() -> None:
    assert all(table.info in (schema.FACTS, schema.MEMBERS, schema.REFERENCE) for table in TABLES)
    assert {"fact", "envelope", "shard_head", "quarantine", "till"} <= {table.name for table in SHARDED}


@pytest.mark.parametrize("table", SHARDED, ids=str)
def test_shard_stands_in_every_key_of_a_sharded_table(table: sa.Table) -> None:
    assert isinstance(table.c.shard.type, sa.SmallInteger)
    assert not table.c.shard.nullable
    for constraint in keys(table):
        assert "shard" in constraint.columns, constraint
    for index in table.indexes:
        assert not index.unique or "shard" in index.columns, index


@pytest.mark.parametrize("table", TABLES, ids=str)
def test_no_foreign_key_leaves_its_family(table: sa.Table) -> None:
    for constraint in table.foreign_key_constraints:
        assert constraint.referred_table.info == table.info
        if table.info != schema.REFERENCE:
            assert "shard" in [element.column.name for element in constraint.elements]


@pytest.mark.parametrize("table", TABLES, ids=str)
def test_no_sequence_hands_out_numbers(table: sa.Table) -> None:
    for column in table.columns:
        assert column.autoincrement in (False, "auto")
        assert column is not table.autoincrement_column
        assert column.server_default is None
        assert column.identity is None


def test_the_planned_keys_are_there() -> None:
    def columns(constraint: ColumnCollectionConstraint) -> tuple[str, ...]:
        return tuple(column.name for column in constraint.columns)

    assert columns(schema.envelope.primary_key) == ("shard", "origin", "epoch", "seq")
    assert columns(schema.shard_head.primary_key) == ("shard",)
    assert {columns(constraint) for constraint in keys(schema.fact)} == {("shard", "id"), ("shard", "pos")}


def test_the_head_named_in_the_code_is_the_newest_script() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations).parent))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_heads() == [schema.HEAD]


@pytest.mark.filterwarnings("ignore:.*expression-based index:Warning")  # SQLite's: the next test sees to it
def test_the_migrations_make_the_tables_of_the_metadata(db: Database) -> None:
    def ours(item: object, name: str | None, kind: str, _reflected: bool, _compared: object) -> bool:
        """Partitions, and the foreign keys PostgreSQL makes to each of them, are not ours."""
        if isinstance(item, sa.ForeignKeyConstraint):
            return item.elements[0].target_fullname.split(".")[0] in schema.metadata.tables
        return kind != "table" or name in schema.metadata.tables or "_p" not in str(name)

    with db.read() as connection:
        options = {"compare_type": True, "include_object": ours}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, schema.metadata) == []


def test_the_migrations_make_the_indexes_of_the_metadata_on_sqlite(tmp_path: Path) -> None:
    migrated = Database.sqlite(tmp_path / "server.sqlite")
    migrated.migrate()
    made = sa.create_engine("sqlite://")
    schema.metadata.create_all(made)
    asked = sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
    with migrated.read() as old, made.connect() as new:
        found = [{name: " ".join(sql.split()) for name, sql in each.execute(asked)} for each in (old, new)]
    migrated.close()
    assert "ix_fact_sale" in found[0]
    assert found[0] == found[1]


def test_migrating_again_changes_nothing_and_imports_no_alembic(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "alembic", None)  # importing it would fail
    db.migrate()
    assert db.version() == schema.HEAD


def test_a_database_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    db = Database.sqlite(tmp_path / "server.sqlite")
    db.migrate()
    with db.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseProblem, match="newer program"):
        db.migrate()
    db.close()


def test_a_server_that_cannot_use_its_database_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DatabaseProblem, match="data folder"):
        open_database(None, None)
    with pytest.raises(DatabaseProblem, match="mysql: is no database"):
        open_database("mysql://localhost/x", None)
    monkeypatch.setattr(database, "SQLITE_LEAST", (99, 0, 0))
    with pytest.raises(DatabaseProblem, match="too old"):
        open_database(None, tmp_path)


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to look at" * 100, None])
def test_a_file_that_is_no_database_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "server.sqlite"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    db = Database.sqlite(path)
    with pytest.raises(DatabaseProblem, match="Check the data folder"):
        db.migrate()
    if content is not None:
        assert path.read_bytes() == content


def test_a_postgresql_that_is_not_there_is_named() -> None:
    db = open_database("postgresql://127.0.0.1:1/nothing", None)
    with pytest.raises(DatabaseProblem, match="Check the URL"):
        db.migrate()


def test_sqlite_is_as_safe_as_it_can_be(tmp_path: Path) -> None:
    db = open_database(None, tmp_path / "new")
    db.migrate()
    with db.read() as connection:
        pragmas = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")
        ]
    assert pragmas == ["wal", 2]
    assert (tmp_path / "new" / "server.sqlite").stat().st_mode & 0o077 == 0
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0
    db.close()


def test_a_url_that_cannot_be_read_is_named() -> None:
    with pytest.raises(DatabaseProblem, match="URL cannot be read"):
        open_database("postgresql://h/x?target_session_attrs=read-write&nonsense=1", None)


def test_a_server_that_takes_no_writes_is_left_for_another(postgres: Postgres) -> None:
    """As one that was demoted under a connection: what fails is answered with 503, not as a defect."""
    db = Database.postgres(postgres.fresh_database() + "&options=-c%20default_transaction_read_only%3Don")
    pids: list[int] = []

    def write() -> None:
        with db.write() as connection:
            pids.append(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())
            connection.exec_driver_sql("CREATE TABLE x (y int)")

    for _ in range(2):
        with pytest.raises(OperationalError, match="read-only"):
            write()
    assert pids[0] != pids[1]
    db.close()
