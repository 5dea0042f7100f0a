"""Point-in-time recovery as docs/operate/backup.md tells it: base backup, archived WAL, a moment to go to."""

from __future__ import annotations

import shutil
from pathlib import Path

import psycopg
import pytest

from sync.feed import FeedProblem, pages
from sync.server import admin, members
from sync.server.cursors import FeedReset
from sync.server.database import Database
from sync.server.serve import open_context
from sync.server.tills import Till
from tests.sync.postgres import Postgres, postgres_folder, run
from tests.sync.process import ServerProcess
from tests.sync.test_processes import Shop, read_all


def archiving(folder: Path) -> tuple[str, ...]:
    archive = folder / "archive"
    archive.mkdir(exist_ok=True)
    if archive.owner() != folder.owner():
        shutil.chown(archive, folder.owner())
    copy = f"test ! -f {archive}/%f && cp %p {archive}/%f"
    return ("fsync=off", "wal_level=replica", "archive_mode=on", f"archive_command={copy}")


def recovered(old: Postgres, base: Path, point: str) -> Postgres:
    """A new server from the base backup and the archive, as it was at the named restore point."""
    new = Postgres(old.folder / "new")
    new.folder.mkdir()
    shutil.move(base, new.data)
    (new.data / "recovery.signal").touch()
    if new.folder.owner() != old.folder.owner():
        for path in (new.folder, new.data / "recovery.signal"):
            shutil.chown(path, old.folder.owner())
    new.start(
        (
            "fsync=off",
            f"restore_command=cp {old.folder}/archive/%f %p",
            f"recovery_target_name={point}",
            "recovery_target_action=promote",
        )
    )
    return new


def test_what_came_after_the_restore_point_is_pushed_again(tmp_path: Path) -> None:
    with postgres_folder() as folder:
        old = Postgres(folder)
        old.create()
        old.start(archiving(folder))
        url = old.fresh_database()
        server = ServerProcess(tmp_path, url)
        shop = Shop(server.url)
        shop.worker.enrol(server.first_run["enrol_code"])
        shop.sell(30)
        all_acknowledged(shop)
        run(folder, "pg_basebackup", "-c", "fast", "-d", old.dsn("postgres"), "-D", str(folder / "base"))
        shop.sell(20)
        all_acknowledged(shop)
        kept = pulled(url, shop)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SELECT pg_create_restore_point('before')")
        shop.sell(40)
        all_acknowledged(shop)
        lost = pulled(url, shop)
        cursor = [page.cursor for page in pages(server.url, server.first_run["office_token"])][-1]
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SELECT pg_switch_wal()")
        server.kill()
        old.stop()

        new = recovered(old, folder / "base", "before")
        try:
            server.database_url = new.dsn(url.split("/")[3].split("?")[0])
            db = Database.postgres(server.database_url)
            assert facts_in(db) == 50, "neither what came before nor what came after the point"
            assert pulled(server.database_url, shop, kept), "it saw nothing that is no more"
            with pytest.raises(FeedReset):
                pulled(server.database_url, shop, lost)
            admin.after_restore(db)
            server.start()
            shop.sell(5)
            shop.worker.sync_now()
            all_acknowledged(shop)
            with pytest.raises(FeedProblem) as told:
                list(pages(server.url, server.first_run["office_token"], cursor=cursor))
            assert told.value.code == "feed_reset"
            assert read_all(server) == shop.outbox.bodies
            assert len(shop.outbox.bodies) == facts_in(db) == 95
            assert members.check(db) == []
            db.close()
        finally:
            shop.worker.stop()
            server.kill()
            new.stop()


def all_acknowledged(shop: Shop) -> None:
    shop.until(lambda _: shop.outbox.acked[1] == shop.outbox.head.seq, 60)


def pulled(url: str, shop: Shop, cursor: str = "") -> str:
    """Where a reader of members is after a page. Raises FeedReset."""
    context = open_context(None, url)
    page = context.pull(Till(shop.outbox.head.origin, 1, "main")).page(cursor, 1000)
    context.runner.close()
    context.db.close()
    return page.cursor


def facts_in(db: Database) -> int:
    with db.read() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM fact").scalar_one()
