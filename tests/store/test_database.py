from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from app.checkout.ports import Work
from app.store import connection, migrate, schema
from app.store.connection import DatabaseFile, StoreProblem, TillRunning, database_key
from app.store.database import Database
from tests.support.facts import Shelf


def test_the_file_is_encrypted(tmp_path: Path) -> None:
    database = Database(tmp_path)
    _, work = Shelf().enrolled("Hieronim Kowalewski")
    database.writer.commit(work)
    database.close()
    content = b"".join(file.read_bytes() for file in tmp_path.glob("till.db*"))
    assert b"SQLite format" not in content
    assert b"Hieronim" not in content
    assert (tmp_path / "till.key").stat().st_mode & 0o077 == 0


def test_a_second_till_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    """In this process and in another; the first goes on working."""
    database = Database(tmp_path)
    with pytest.raises(TillRunning, match="already running"):
        Database(tmp_path)
    code = (
        "from app.store.database import Database; from pathlib import Path; "
        f"Database(Path({str(tmp_path)!r}))"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "TillRunning" in other.stderr
    database.writer.commit(Work(basket=b"{}"))
    database.close()
    Database(tmp_path).close()


def test_a_lost_or_wrong_key_is_told_and_nothing_is_made_anew(tmp_path: Path) -> None:
    Database(tmp_path).close()
    key = tmp_path / "till.key"
    kept = key.read_text()
    key.unlink()
    with pytest.raises(StoreProblem, match=r"till\.key is missing"):
        Database(tmp_path)
    key.write_text("00" * 32)
    with pytest.raises(StoreProblem, match="cannot be read with this key"):
        Database(tmp_path)
    key.write_text("abcd")
    with pytest.raises(StoreProblem, match="not a key of 32 bytes"):
        Database(tmp_path)
    for garbage in (b"nonsense\n", b"\xff\xfe", b""):
        key.write_bytes(garbage)
        with pytest.raises(StoreProblem, match=r"till\.key is not a key .* restore it from the backup"):
            Database(tmp_path)
    key.write_text(kept)
    Database(tmp_path).close()


def test_a_key_in_the_keystore_that_is_none_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for garbage in ("nonsense", "abcd"):
        monkeypatch.setattr("keyring.get_password", lambda *_, kept=garbage: kept)
        with pytest.raises(StoreProblem, match=r"keystore .* is not a key .* restore it"):
            database_key(tmp_path, "keyring")


def test_sqlite_with_the_wal_fault_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "SQLITE_AT_LEAST", (99, 0, 0))
    with pytest.raises(StoreProblem, match="can lose data"):
        Database(tmp_path)


def test_durable_settings_are_in_force(tmp_path: Path) -> None:
    file = DatabaseFile(tmp_path / "x.db", database_key(tmp_path))
    with file.engine().connect() as open_connection:
        run = open_connection.exec_driver_sql
        assert run("PRAGMA synchronous").scalar() == 2
        assert run("PRAGMA journal_mode").scalar() == "wal"
        assert run("PRAGMA foreign_keys").scalar() == 1


def test_migrations_end_where_the_tables_are_defined(database: Database) -> None:
    scripts = ScriptDirectory.from_config(migrate.alembic_config())
    assert scripts.get_heads() == [migrate.HEAD]

    def ours(name: str | None, kind: str, *_: object) -> bool:
        return kind != "table" or name in schema.metadata.tables

    with database.file.engine().connect() as open_connection:
        context = MigrationContext.configure(open_connection, opts={"include_name": ours})
        assert compare_metadata(context, schema.metadata) == []


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    database = Database(tmp_path)
    with database.file.engine().connect() as open_connection:
        open_connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    with pytest.raises(StoreProblem, match="newer Stempel"):
        Database(tmp_path)


def test_nothing_heavy_is_imported_when_the_version_is_right(tmp_path: Path) -> None:
    Database(tmp_path).close()
    code = (
        "import sys; from pathlib import Path; from app.store.database import Database; "
        f"Database(Path({str(tmp_path)!r})).close(); print(sys.modules.keys() & ['alembic', 'sqlalchemy'])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout.strip() == "set()"


def test_a_database_of_the_first_version_is_brought_up(tmp_path: Path) -> None:
    """0001 knew no tap counters; everything else it held is still there."""
    from alembic import command

    file = DatabaseFile(tmp_path / "till.db", database_key(tmp_path))
    config = migrate.alembic_config()
    with file.engine().begin() as open_connection:
        config.attributes["connection"] = open_connection
        command.upgrade(config, "0001")
        open_connection.exec_driver_sql("INSERT INTO setting (key, value) VALUES ('kept', x'01')")
    database = Database(tmp_path)
    database.writer.commit(Work(tap_counters=(("04A1B2C3D4E5F6", 61),), keep_basket=True))
    reader = database.reader()
    assert (reader.tap_counter("04A1B2C3D4E5F6"), reader.setting("kept")) == (61, b"\x01")
    database.close()


def test_what_is_held_until_after_is_written_in_order_even_if_what_came_first_failed(tmp_path: Path) -> None:
    database = Database(tmp_path)
    heard: list[str] = []
    journal, reader = database.journal(lambda call: call()), database.reader()
    with suppress(RuntimeError), journal.after():
        journal.write(Work(basket=b"one"), lambda error: heard.append(f"one {error}"))
        with journal.after():
            journal.write(Work(basket=b"two"), lambda error: heard.append(f"two {error}"))
        database.lane.call(lambda: None, 10.0)
        assert reader.basket() is None
        raise RuntimeError("the paint failed")
    journal.write(Work(basket=b"three"), lambda error: heard.append(f"three {error}"))
    database.lane.call(lambda: None, 10.0)
    assert heard == ["one None", "two None", "three None"]
    assert reader.basket() == b"three"
    database.close()
