"""A dead till's disk: what it holds, to a server and into a bundle, damage and missing keys included."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import msgspec
import pytest
from typer.testing import CliRunner

from app.checkout.ports import Person, Work
from app.cli import app
from app.ledger.facts import NoSale
from app.store.connection import DatabaseFile, StoreProblem, database_key
from app.store.database import Database
from app.store.remains import PAGE_BYTES, opened
from sync import protocol
from sync.bundle import BadBundle, from_bytes, to_bytes
from sync.outbox import Credentials
from sync.server import admin, taking
from sync.server.database import Database as ServerDatabase
from sync.server.database import open_database
from tests.support.facts import Shelf
from tests.sync.conftest import db, migrated, migrated_file, postgres  # noqa: F401  (fixtures)
from tests.sync.process import ServerProcess
from tests.sync.rig import HandTill, Rig
from tests.sync.test_processes import WORLD, read_all

runner = CliRunner()
COUNT = 40


@pytest.fixture
def rig(migrated_file: bytes, tmp_path: Path) -> Iterator[Rig]:  # noqa: F811
    path = tmp_path / "server.sqlite"
    path.write_bytes(migrated_file)
    found = Rig(ServerDatabase.sqlite(path))
    yield found
    found.close()
    found.db.close()


def dead_till(
    folder: Path, credentials: Credentials | None = None, acked: int = 0, count: int = COUNT, seed: int = 0
) -> list[bytes]:
    """A till that sold and then died without a word: its write-ahead log is still there."""
    shelf, live = Shelf(seed), Database(folder / "live")
    outbox = live.outbox()
    if credentials is not None:
        outbox.begin_epoch(credentials)
    live.write(shelf.opened())
    member, enrolled = shelf.enrolled()
    live.write(enrolled)
    for number in range(count - 2):
        live.write(shelf.sold(member if number % 2 else None))
    if credentials is not None:
        outbox.set_acked(credentials.epoch, acked)
    bodies = list(outbox.read(0, 1000).bodies)
    (folder / "dead").mkdir()
    for name in ("till.db", "till.db-wal", "till.key"):
        shutil.copyfile(folder / "live" / name, folder / "dead" / name)
    assert (folder / "dead" / "till.db-wal").stat().st_size > 0
    outbox.close()
    live.close()
    return bodies


def run(*arguments: str) -> tuple[int, str]:
    result = runner.invoke(app, list(arguments))
    return result.exit_code, result.output


def files(folder: Path) -> dict[str, tuple[int, int]]:
    return {path.name: (path.stat().st_size, path.stat().st_mtime_ns) for path in folder.iterdir()}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    process = ServerProcess(tmp_path_factory.mktemp("server"))
    yield process
    process.kill()


def test_a_till_that_died_before_it_enrolled_is_pushed_and_then_once_more(
    server: ServerProcess, tmp_path: Path
) -> None:
    bodies = dead_till(tmp_path)
    dead = tmp_path / "dead"
    before = files(dead)
    code, said = run("rescue", str(dead))
    assert code == 0, said
    assert f"{COUNT} facts not synced: 1 to {COUNT}, the oldest of 2026-11-18" in said
    assert "1 persons" in said
    assert run("rescue", str(dead), "--push", "--url", server.url)[0] == 2, "it needs a code"
    push = ("rescue", str(dead), "--push", "--url", server.url, "--enrol-code")
    code, said = run(*push, "AAAA-BBBB-CCCC-DDDD")
    assert (code, "does not know this --enrol-code" in said) == (1, True)
    code, said = run(*push, server.first_run["enrol_code"])
    assert code == 0, said
    assert read_all(server) == bodies
    assert files(dead) == before, "nothing is written where the till was"


def code_of(server: ServerProcess) -> str:
    database = open_database(None, server.folder)
    try:
        return admin.create_enrol_code(database, "main", WORLD.now_ms())
    finally:
        database.close()


def test_a_bundle_is_taken_once_however_often_it_comes(db: ServerDatabase, tmp_path: Path) -> None:  # noqa: F811
    rig = Rig(db)
    till = HandTill(rig)
    till.enrol()
    bodies = dead_till(tmp_path, till.credentials)
    till.push_ok(till.start, bodies[:7])
    with opened(tmp_path / "dead") as remains:
        made = remains.bundle(rig.world.now_ms())
    bundle = from_bytes(to_bytes(made))
    assert (bundle.first_seq, len(bundle.facts), bundle.store) == (1, COUNT, till.credentials.store)
    first = taking.take(rig.db, rig.context.secrets, bundle, rig.world.now_ms())
    assert (first.new, first.known, first.persons) == (COUNT - 7, 7, 1)
    again = taking.take(rig.db, rig.context.secrets, bundle, rig.world.now_ms())
    assert (again.new, again.known, again.persons) == (0, COUNT, 0)
    assert [bytes(fact.body) for fact in rig.feed_all()] == bodies
    assert till.state().acked_seq == COUNT, "a till that lives after all goes on from there"
    rig.close()


def test_a_bundle_that_was_changed_or_is_somebody_elses_is_refused_whole(rig: Rig, tmp_path: Path) -> None:
    till = HandTill(rig)
    till.enrol()
    dead_till(tmp_path, till.credentials)
    with opened(tmp_path / "dead") as remains:
        bundle = remains.bundle(rig.world.now_ms())
    data = to_bytes(bundle)
    for spoilt in (data[:-1], data[:200] + b"x" + data[201:], b"", b"PK" + data):
        with pytest.raises(BadBundle):
            from_bytes(spoilt)
    forged = msgspec.structs.replace(bundle, facts=bundle.facts[:-1])
    with pytest.raises(BadBundle, match="not signed"):
        taking.take(rig.db, rig.context.secrets, forged, rig.world.now_ms())
    assert rig.feed_all() == []


def test_a_till_that_this_server_never_saw_is_taken_on_the_operators_word(rig: Rig, tmp_path: Path) -> None:
    bodies = dead_till(tmp_path)
    with opened(tmp_path / "dead") as remains:
        bundle = remains.bundle(rig.world.now_ms())
    for options, words in (({}, "--unsigned"), ({"unsigned": True}, "--store")):
        with pytest.raises(BadBundle, match=words):
            taking.take(rig.db, rig.context.secrets, bundle, rig.world.now_ms(), **options)  # type: ignore[arg-type]
    for new in (COUNT, 0):
        taken = taking.take(
            rig.db, rig.context.secrets, bundle, rig.world.now_ms(), store="shop 1", unsigned=True
        )
        assert taken.new == new
    assert [bytes(fact.body) for fact in rig.feed_all()] == bodies


def test_a_bundle_of_what_the_server_knows_otherwise_goes_on_under_a_new_epoch(
    rig: Rig, tmp_path: Path
) -> None:
    till = HandTill(rig)
    till.enrol()
    bodies = dead_till(tmp_path, till.credentials)
    other = Shelf(seed=9)
    strange = msgspec.json.encode(
        NoSale(id=other.world.new_id(), at_ms=1, shift=uuid.UUID(int=0), cashier="x")
    )
    till.push_ok(till.start, [*bodies[:5], strange])
    with opened(tmp_path / "dead") as remains:
        bundle = remains.bundle(rig.world.now_ms())
    for new in (COUNT - 5, 0):
        assert taking.take(rig.db, rig.context.secrets, bundle, rig.world.now_ms()).new == new
    assert [bytes(fact.body) for fact in rig.feed_all()] == [*bodies[:5], strange, *bodies[5:]]


def test_a_server_put_back_asks_for_the_whole_of_it(rig: Rig, tmp_path: Path) -> None:
    till = HandTill(rig)
    till.enrol()
    bodies = dead_till(tmp_path, till.credentials, acked=10)
    with opened(tmp_path / "dead") as remains:
        unsynced, whole = remains.bundle(1), remains.bundle(1, whole=True)
    assert (unsynced.first_seq, len(unsynced.facts)) == (11, COUNT - 10)
    with pytest.raises(BadBundle, match="--whole"):
        taking.take(rig.db, rig.context.secrets, unsynced, rig.world.now_ms())
    taking.take(rig.db, rig.context.secrets, whole, rig.world.now_ms())
    assert [bytes(fact.body) for fact in rig.feed_all()] == bodies


@pytest.mark.parametrize("cut", [1, 100, 4096, 9000])
def test_a_torn_log_loses_its_end_alone(cut: int, tmp_path: Path) -> None:
    bodies = dead_till(tmp_path)
    wal = tmp_path / "dead" / "till.db-wal"
    wal.write_bytes(wal.read_bytes()[:-cut])
    with opened(tmp_path / "dead") as remains:
        found = [kept.body for kept in remains.unsynced]
    assert found == bodies[: len(found)]
    assert len(found) >= COUNT - 4


def test_a_database_whose_end_is_gone_gives_what_is_left_and_says_what_is_lost(tmp_path: Path) -> None:
    count = 300
    bodies = dead_till(tmp_path, count=count)
    live = Database(tmp_path / "live")  # closed in good order: all of it is in the database itself
    live.close()
    data = (tmp_path / "live" / "till.db").read_bytes()
    dead = tmp_path / "cut"
    dead.mkdir()
    shutil.copyfile(tmp_path / "live" / "till.key", dead / "till.key")
    losses: list[int] = []
    for missing in (0, 5, 2500, 40_000):
        (dead / "till.db").write_bytes(data[: len(data) - missing])
        with opened(dead) as remains:
            found = [kept.body for kept in remains.unsynced]
            bundle = remains.bundle(1)
        assert set(found) <= set(bodies)
        assert len(found) + len(remains.lost) == count
        assert len(bundle.facts) + len(bundle.loose) == len(found)
        losses.append(len(remains.lost))
    assert losses == sorted(losses)
    assert losses[0] == 0 < losses[-1] < count // 2


def holed(folder: Path, seq: int) -> Path:
    """A till's folder with one fact unreadable."""
    live = Database(folder / "live")
    live.close()
    sql = DatabaseFile(folder / "live" / "till.db", database_key(folder / "live")).connect()
    sql.execute("DROP TRIGGER fact_no_update")
    sql.execute("UPDATE fact SET body = x'00' WHERE id = (SELECT fact FROM envelope WHERE seq = ?)", (seq,))
    sql.close()
    return folder / "live"


def test_facts_behind_a_hole_go_on_under_a_new_epoch_by_bundle(rig: Rig, tmp_path: Path) -> None:
    till = HandTill(rig)
    till.enrol()
    bodies = dead_till(tmp_path, till.credentials)
    with opened(holed(tmp_path, 20)) as remains:
        assert remains.lost == [20]
        bundle = remains.bundle(1)
    for new in (COUNT - 1, 0):
        assert taking.take(rig.db, rig.context.secrets, bundle, rig.world.now_ms()).new == new
    assert [bytes(fact.body) for fact in rig.feed_all()] == bodies[:19] + bodies[20:]


def enrolled_only(server: ServerProcess, folder: Path) -> None:
    """A till that was killed before it had pushed anything."""
    live, key = Database(folder), bytes(range(32))
    asked = protocol.Enrol(
        public_key=protocol.public_key_of(key), code=code_of(server), till=live.writer.head.origin
    )
    headers = {"Content-Encoding": "zstd"}
    answer = httpx.post(f"{server.url}/v1/enrol", content=protocol.pack(asked), headers=headers)
    got = protocol.decode(answer.content, protocol.Enrolled)
    outbox = live.outbox()
    outbox.begin_epoch(Credentials(got.till, got.epoch, got.store, key, got.certificate))
    outbox.close()
    live.close()


def test_facts_behind_a_hole_go_on_under_a_new_epoch_by_push(server: ServerProcess, tmp_path: Path) -> None:
    before = len(read_all(server))
    bodies = dead_till(tmp_path, seed=7)
    enrolled_only(server, tmp_path / "live")
    folder = holed(tmp_path, 20)
    for _ in range(2):
        code, said = run("rescue", str(folder), "--push", "--url", server.url)
        assert code == 0, said
        assert "1 numbers could not be read: 20" in said
        ours = set(bodies)
        assert [body for body in read_all(server) if body in ours] == bodies[:19] + bodies[20:]
    assert len(read_all(server)) == before + COUNT - 1


def test_a_missing_key_says_where_to_look(tmp_path: Path) -> None:
    dead_till(tmp_path)
    dead = tmp_path / "dead"
    key = (dead / "till.key").rename(tmp_path / "kept.key")
    code, said = run("rescue", str(dead))
    assert code == 1
    assert "--key" in said
    assert "keystore" in said
    assert run("rescue", str(dead), "--key", str(key))[0] == 0
    key.write_text("no key")
    assert "is not a key" in run("rescue", str(dead), "--key", str(key))[1]
    key.write_text("00" * 32)
    code, said = run("rescue", str(dead), "--key", str(key))
    assert code == 1
    assert "cannot be read with this key" in said
    code, said = run("rescue", str(tmp_path))
    assert (code, "There is no till.db" in said) == (1, True)


@pytest.mark.parametrize(
    "url",
    ["https://server:port", "https://[::1", "https://", "shop.example", "ftp://shop.example", "http://a\nb"],
)
def test_an_address_that_is_none_is_named(url: str, tmp_path: Path) -> None:
    dead_till(tmp_path)
    code, said = run("rescue", str(tmp_path / "dead"), "--push", "--url", url, "--enrol-code", "x")
    assert code == 2, said
    assert f"{url} is not a server's address" in said
    assert "https://" in said.splitlines()[-1]


def test_a_till_that_runs_is_left_alone(tmp_path: Path) -> None:
    live = Database(tmp_path)
    try:
        code, said = run("rescue", str(tmp_path))
        assert (code, "A till is running" in said) == (1, True)
    finally:
        live.close()


def test_the_command_line_carries_a_bundle_to_a_server_on_another_machine(tmp_path: Path) -> None:
    bodies = dead_till(tmp_path)
    bundle, data = tmp_path / "till.bundle", str(tmp_path / "server")
    code, said = run("rescue", str(tmp_path / "dead"), "--bundle", str(bundle))
    assert code == 0, said
    assert bundle.stat().st_mode & 0o077 == 0, "it may name people"
    code, said = run("server", "--data", data, "take", str(bundle))
    assert (code, "--unsigned" in said) == (1, True)
    for words in (f"{len(bodies)} facts taken, 0 known", f"0 facts taken, {len(bodies)} known"):
        code, said = run("server", "--data", data, "take", str(bundle), "--unsigned", "--store", "main")
        assert code == 0, said
        assert words in said


def test_persons_come_along(rig: Rig, tmp_path: Path) -> None:
    live = Database(tmp_path / "live")
    member = Shelf().world.new_id()
    person = Person(member=member, name="Zofia", phone="+48 600 700 800")
    fact = NoSale(id=member, at_ms=1, shift=member, cashier="1")
    live.write(Work(facts=(fact,), people=(person,), at_ms=5, keep_basket=True))
    live.close()
    with opened(tmp_path / "live") as remains:
        (row,) = remains.bundle(1).persons
    assert msgspec.json.decode(row.data, type=Person) == person


def test_a_page_that_is_gone_costs_the_persons_in_it_alone_and_they_are_counted(tmp_path: Path) -> None:
    """Whichever page it is: each person is there or counted, or it is said that nobody knows how many."""
    count = 120
    shelf, live = Shelf(), Database(tmp_path / "live")
    live.write(shelf.opened())
    for n in range(count):
        live.write(shelf.enrolled(f"Person {n} " + "x" * 100, f"+48 600 000 {n:03}")[1])
    live.close()
    file = tmp_path / "live" / "till.db"
    data = broken = file.read_bytes()
    found: set[tuple[int, int | None]] = set()
    for start in range(0, len(data), PAGE_BYTES):
        file.write_bytes(data[:start] + bytes(PAGE_BYTES) + data[start + PAGE_BYTES :])
        with suppress(StoreProblem), opened(file.parent) as remains:
            found.add((len(remains.persons), remains.persons_unread))
            if 0 < len(remains.persons) < count:
                broken = file.read_bytes()
    assert all(unread is None or there + unread == count for there, unread in found)
    assert (count, 0) in found
    file.write_bytes(broken)
    code, said = run("rescue", str(file.parent))
    (there,) = (int(line.split()[0]) for line in said.splitlines() if "has not had" in line)
    assert (code, f"{count - there} persons could not be read" in said) == (0, True), said
