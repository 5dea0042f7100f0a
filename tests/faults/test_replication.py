"""What a replica does not have is never acknowledged, not even after the wait for it was broken off."""

from __future__ import annotations

import threading
import time

import psycopg
import pytest
import sqlalchemy as sa

from sync.server import schema
from sync.server.database import Database
from tests.sync.memory import body_of
from tests.sync.postgres import running
from tests.sync.rig import HandTill, Rig


@pytest.mark.parametrize("ask", ["state", "push"])
def test_what_no_replica_has_is_not_acknowledged(ask: str) -> None:
    with running() as postgres:
        url = postgres.fresh_database()
        db = Database.postgres(url)
        db.migrate()
        rig = Rig(db)
        till = HandTill(rig)
        assert till.enrol().status == 200
        bodies = [body_of(rig.world) for _ in range(3)]
        with psycopg.connect(postgres.dsn("postgres"), autocommit=True) as admin:
            admin.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
            admin.execute("SELECT pg_reload_conf()")
            pushing = threading.Thread(target=lambda: till.push(till.start, bodies))
            pushing.start()
            waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
            while not (found := admin.execute(waiting).fetchone()):
                time.sleep(0.01)
            admin.execute("SELECT pg_terminate_backend(%s)", found)
            pushing.join()
            with db.read() as connection:
                count = connection.execute(sa.select(sa.func.count()).select_from(schema.fact)).scalar_one()
            assert count == 3, "visible, and on this server alone"

            answers: list[int] = []

            def again() -> None:
                if ask == "push":
                    answers.append(till.push_ok(till.start, bodies)[0].acked_seq)
                else:
                    answers.append(till.state().acked_seq)

            asking = threading.Thread(target=again)
            asking.start()
            asking.join(1.0)
            assert answers == []
            admin.execute("ALTER SYSTEM RESET synchronous_standby_names")
            admin.execute("SELECT pg_reload_conf()")
            asking.join(30)
            assert answers == [3]
        rig.close()
        db.close()
