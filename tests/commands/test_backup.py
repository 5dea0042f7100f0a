"""`stempel server backup` and `restore`: one file and back, and what a person is told."""

from __future__ import annotations

from pathlib import Path

from tests.commands.test_publish import run


def test_a_backup_is_put_in_place_with_the_codes_it_knew(tmp_path: Path) -> None:
    run(tmp_path / "old", "enrol-code", "12")
    file = tmp_path / "backup.sqlite"
    done = run(tmp_path / "old", "backup", file)
    assert done.exit_code == 0, done.output
    assert done.output.startswith(f"{file}: 0 facts of 0 tills, 0.")
    again = run(tmp_path / "old", "backup", file)
    assert (again.exit_code, "exists: name a new file" in again.output) == (1, True)
    restored = run(tmp_path / "new", "restore", file)
    assert restored.exit_code == 0, restored.output
    assert "A new history of the feed has begun." in restored.output
    taken = run(tmp_path / "new", "restore", file)
    assert (taken.exit_code, "stop the server" in taken.output) == (1, True)


def test_what_is_no_backup_is_named(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not a database")
    done = run(tmp_path / "new", "restore", file)
    assert (done.exit_code, "no whole backup" in done.output) == (1, True)
    assert not (tmp_path / "new").exists()


def test_which_of_the_two_ways_is_asked_for_plainly(tmp_path: Path) -> None:
    assert run(tmp_path, "restore").exit_code == 2
    both = run(tmp_path, "--database", "postgresql://127.0.0.1:1/x", "restore", tmp_path / "file")
    assert (both.exit_code, "Name a backup file for SQLite" in both.output) == (2, True)


def test_the_statements_for_citus_are_printed(tmp_path: Path) -> None:
    done = run(tmp_path / "none", "citus")
    assert "SELECT create_reference_table('store');" in done.output.splitlines()
    assert not (tmp_path / "none").exists()
