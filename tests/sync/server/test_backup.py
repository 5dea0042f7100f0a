"""Backups: whole, verified, taken while facts come; and what a restore makes of tills and readers."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.lanes import FixedWorld
from sync.server import backup
from sync.server.database import Database, DatabaseProblem
from tests.sync.memory import body_of
from tests.sync.rig import HandTill, Rig


@pytest.fixture
def rig(migrated_file: bytes, tmp_path: Path) -> Iterator[Rig]:
    """A server on SQLite."""
    path = tmp_path / "server.sqlite"
    path.write_bytes(migrated_file)
    database = Database.sqlite(path)
    rig = Rig(database)
    yield rig
    rig.close()
    database.close()


@pytest.fixture
def till(rig: Rig) -> HandTill:
    till = HandTill(rig)
    assert till.enrol().status == 200
    return till


def bodies(count: int, seed: int = 1) -> list[bytes]:
    world = FixedWorld(1_790_000_000_000, seed)
    return [body_of(world) for _ in range(count)]


def test_a_backup_says_what_it_holds_is_private_and_overwrites_nothing(
    rig: Rig, till: HandTill, tmp_path: Path
) -> None:
    till.push_ok(till.start, bodies(7))
    path = tmp_path / "backup.sqlite"
    found = backup.back_up(rig.db, path)
    assert (found.facts, found.tills, found.last_received_ms) == (7, 1, rig.world.now_ms())
    assert found.bytes == path.stat().st_size
    assert str(found).startswith("7 facts of 1 tills, 0.")
    assert str(found).endswith("the newest came at 2026-09-21 14:13:20 UTC")
    assert path.stat().st_mode & 0o077 == 0
    assert backup.verify(path) == found
    with pytest.raises(DatabaseProblem, match="exists"):
        backup.back_up(rig.db, path)
    assert sorted(file.name for file in tmp_path.glob("backup*")) == ["backup.sqlite"]


def test_a_backup_while_facts_come_is_of_one_moment(rig: Rig, till: HandTill, tmp_path: Path) -> None:
    """What it holds is a beginning of the till's facts, and grows from backup to backup."""
    pushed, stop, held = bodies(1000), threading.Event(), list[int]()

    def back_up() -> None:
        while not stop.wait(0.02) or len(held) < 2:
            path = tmp_path / f"{len(held)}.sqlite"
            held.append(backup.back_up(rig.db, path).facts)

    backing = threading.Thread(target=back_up)
    backing.start()
    head = till.start
    for start in range(0, len(pushed), 50):
        _, head = till.push_ok(head, pushed[start : start + 50])
    stop.set()
    backing.join()
    assert held == sorted(held)
    assert all(count % 50 == 0 for count in held), "never half a push"
    for number, count in enumerate(held):
        with sqlite3.connect(tmp_path / f"{number}.sqlite") as copy:
            found = [row[0] for row in copy.execute("SELECT body FROM fact ORDER BY pos")]
        assert found == pushed[:count]


def test_after_a_restore_the_till_sends_the_rest_and_readers_begin_again(
    rig: Rig, till: HandTill, tmp_path: Path
) -> None:
    early, late = bodies(3), bodies(4, seed=2)
    _, head = till.push_ok(till.start, early)
    backup.back_up(rig.db, tmp_path / "backup.sqlite")
    _, end = till.push_ok(head, late)
    cursor = rig.feed().cursor
    assert rig.office(f"/v1/feed?cursor={cursor}").status == 200

    found = backup.restore(tmp_path / "backup.sqlite", tmp_path / "new")
    assert found.facts == 3
    assert (tmp_path / "new" / "server.sqlite").stat().st_mode & 0o077 == 0
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["server.sqlite"]
    restored = Rig(Database.sqlite(tmp_path / "new" / "server.sqlite"))
    till.rig = restored
    # `Rig` made a token of its own: the reader's is as it was.
    restored.token, old = rig.token, restored.token
    assert restored.office(f"/v1/feed?cursor={cursor}").problem.code == "feed_reset"
    assert till.push(end, bodies(1, seed=3)).problem.expected == 4
    assert till.state().acked_seq == 3
    till.push_ok(head, late)
    assert [bytes(fact.body) for fact in restored.feed_all()] == early + late
    assert old != rig.token
    restored.close()
    restored.db.close()


def test_a_restore_takes_no_place_of_another_database(rig: Rig, tmp_path: Path) -> None:
    backup.back_up(rig.db, tmp_path / "backup.sqlite")
    before = (tmp_path / "server.sqlite").read_bytes()
    with pytest.raises(DatabaseProblem, match="stop the server and move"):
        backup.restore(tmp_path / "backup.sqlite", tmp_path)
    assert (tmp_path / "server.sqlite").read_bytes() == before


@pytest.mark.parametrize("killed", [False, True])
def test_a_log_that_is_left_of_another_database_is_not_played_into_it(
    rig: Rig, till: HandTill, tmp_path: Path, killed: bool
) -> None:
    """Of a database whose file alone was moved away, or of a restore that was killed."""
    _, head = till.push_ok(till.start, bodies(20))
    backup.back_up(rig.db, tmp_path / "backup.sqlite")
    till.push_ok(head, bodies(50))
    folder = tmp_path / "new"
    folder.mkdir()
    left = folder / ("server.sqlite.part-wal" if killed else "server.sqlite-wal")
    shutil.copyfile(tmp_path / "server.sqlite-wal", left)
    if not killed:
        with pytest.raises(DatabaseProblem, match=r"server\.sqlite-wal exists"):
            backup.restore(tmp_path / "backup.sqlite", folder)
        left.unlink()
    backup.restore(tmp_path / "backup.sqlite", folder)
    assert backup.verify(folder / "server.sqlite").facts == 20


@pytest.mark.parametrize("damage", ["cut", "garbage", "empty", "a missing fact", "no file"])
def test_a_damaged_backup_is_named_and_not_restored(
    rig: Rig, till: HandTill, tmp_path: Path, damage: str
) -> None:
    till.push_ok(till.start, bodies(300))
    path = tmp_path / "backup.sqlite"
    backup.back_up(rig.db, path)
    content = bytearray(path.read_bytes())
    if damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "garbage":
        middle = len(content) // 2
        content[middle : middle + 8192] = bytes(range(256)) * 32
        path.write_bytes(content)
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "no file":
        path.unlink()
    else:
        with sqlite3.connect(path) as copy:
            copy.execute("DROP TRIGGER fact_no_delete")
            copy.execute("DELETE FROM fact WHERE pos = 7")
    with pytest.raises(DatabaseProblem, match=r"backup\.sqlite"):
        backup.restore(path, tmp_path / "new")
    assert not list((tmp_path / "new").glob("*")) if (tmp_path / "new").exists() else True


def test_a_full_disk_leaves_no_half_backup(rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Database, path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Database, "copy_to", full)
    with pytest.raises(OSError, match="No space"):
        backup.back_up(rig.db, tmp_path / "backup.sqlite")
    assert not list(tmp_path.glob("backup*"))


def test_postgresql_is_sent_to_its_own_tools(tmp_path: Path) -> None:
    db = Database.postgres("postgresql://127.0.0.1:1/nothing")
    with pytest.raises(DatabaseProblem, match="pg_basebackup"):
        backup.back_up(db, tmp_path / "backup.sqlite")
    db.close()
