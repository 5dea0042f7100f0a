"""Connections to a PostgreSQL that went away meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from sync.server import database, schema
from sync.server.database import Database
from tests.sync.memory import body_of
from tests.sync.postgres import Postgres
from tests.sync.rig import HandTill, Rig

ASK = sa.text("SELECT 1")


@pytest.fixture
def db(postgres: Postgres) -> Iterator[Database]:
    db = Database.postgres(postgres.fresh_database(), pool_size=3)
    yield db
    db.close()


def cut_off(db: Database) -> None:
    """End one or two of its three connections at PostgreSQL's side."""
    with db.read() as one, db.read() as two, db.read():
        pids = {connection.exec_driver_sql("SELECT pg_backend_pid()").scalar() for connection in (one, two)}
    with db.read() as one:
        for pid in pids - {one.exec_driver_sql("SELECT pg_backend_pid()").scalar()}:
            one.exec_driver_sql(f"SELECT pg_terminate_backend({pid}, 5000)")


def test_a_connection_that_lay_idle_is_asked_first(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_off(db)
    monkeypatch.setattr(database, "IDLE_S", 0.0)
    for _ in range(3):
        with db.read() as connection:
            assert connection.execute(ASK).scalar() == 1
        with db.glance() as connection:
            assert connection.execute(ASK).scalar() == 1


def test_one_that_was_in_use_a_moment_ago_fails_once_and_all_are_made_anew(db: Database) -> None:
    cut_off(db)
    failures = 0
    for _ in range(5):
        try:
            with db.read() as connection:
                assert connection.execute(ASK).scalar() == 1
        except OperationalError:
            failures += 1
    assert failures <= 1


def test_after_a_glance_transactions_are_transactions_again(db: Database) -> None:
    with db.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE kept (n int)")
    for _ in range(4):
        with db.glance() as connection:
            assert connection.execute(sa.text("SELECT count(*) FROM kept")).scalar() == 0
        with db.engine.connect() as connection:
            connection.exec_driver_sql("INSERT INTO kept VALUES (1)")


def test_what_a_hanging_server_had_locked_is_free_again(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "STUCK_S", 1)
    url = postgres.fresh_database()
    hangs, works = Database.postgres(url), Database.postgres(url)
    hangs.migrate()
    with hangs.engine.connect() as hanging:
        hangs.lock_shard(hanging, 0)
        with works.write() as connection:
            assert works.lock_shard(connection, 0) == 0
        with pytest.raises(OperationalError):
            hanging.execute(ASK)
    hangs.close()
    works.close()


def test_what_another_has_locked_is_waited_for_a_while_and_no_longer(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LOCK_S", 1)
    url = postgres.fresh_database()
    hangs, works = Database.postgres(url), Database.postgres(url, pool_size=1)
    hangs.migrate()
    rig = Rig(works)
    till = HandTill(rig)
    assert till.enrol().status == 200
    with hangs.write() as hanging:
        hangs.lock_shard(hanging, schema.shard_of(till.credentials.till))
        answer = till.push(till.start, [body_of(rig.world)])
        assert (answer.status, answer.problem.code, answer.headers["retry-after"]) == (503, "database", "5")
        assert rig.office("/v1/feed").status == 200, "its thread and its connection serve others"
    till.push_ok(till.start, [body_of(rig.world)])
    rig.close()
    hangs.close()
    works.close()


def test_a_request_that_gets_no_connection_in_time_is_told_to_come_again(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = Database.postgres(postgres.fresh_database(), pool_size=1)
    db.migrate()
    rig = Rig(db)
    monkeypatch.setattr(db.engine.pool, "_timeout", 0.1)
    with db.read():
        for target in ("/ready", "/v1/feed", f"/r/{rig.world.new_id()}"):
            answer = rig.office(target)
            assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert rig.call("GET", "/ready").status == 200
    rig.close()
    db.close()


def test_who_migrates_is_waited_for(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "LOCK_S", 1)
    url = postgres.fresh_database()
    first, second = Database.postgres(url), Database.postgres(url)
    waiting = threading.Thread(target=second.migrate)
    with first.write() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(database._MIGRATION_LOCK)))
        waiting.start()
        waiting.join(1.5)
        assert waiting.is_alive()
    waiting.join(60)
    assert second.version() == schema.HEAD
    first.close()
    second.close()


def test_a_command_sees_that_a_server_runs(postgres: Postgres) -> None:
    url = postgres.fresh_database()
    server, command = Database.postgres(url), Database.postgres(url, name=database.COMMAND)
    assert not command.in_use()
    with server.read() as connection:
        connection.execute(ASK)
    assert command.in_use(), "it keeps its connection for the next request"
    server.close()
    assert not command.in_use()
    command.close()
