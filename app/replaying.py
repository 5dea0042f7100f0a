"""`stempel replay`: the Complete Journey baskets through a till without a window, synced if asked for."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from app.checkout.ports import Done, NotWritten, Work
from app.checkout.replay import replay
from app.checkout.shop import Shop
from app.checkout.till import Till
from app.lanes import FixedWorld
from app.loyalty.engine import compile_programme
from app.loyalty.programme import ProgrammeProblems, load_programme
from app.store.database import Database
from app.store.journey import baskets
from app.values import format_money
from sync.events import Status
from sync.worker import SyncWorker

SYNC_DEADLINE_S = 600.0


class ReplayResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay did, and how fast. Seconds include pricing, keeping each basket, and durable commits."""

    sales: int
    lines: int
    members: int
    goods_minor: int
    currency: str
    sell_s: float
    synced: int = 0
    sync_s: float = 0.0

    def __str__(self) -> str:
        rate = self.sales / self.sell_s if self.sell_s else 0.0
        goods = format_money(self.goods_minor, self.currency)
        text = (
            f"{self.sales} sales of {self.lines} lines to {self.members} members, "
            f"goods {goods} {self.currency}\n{rate:.0f} sales/s, each line rung, priced and kept, "
            "each sale committed durably"
        )
        if self.synced:
            text += f"\n{self.synced} facts synced, {self.sync_s:.1f} s after the last sale"
        return text


def run_replay(
    folder: Path,
    programme_file: Path,
    *,
    store: int | None = None,
    weeks: int | None = None,
    url: str = "",
    enrol_code: str = "",
) -> ReplayResult:
    """Replay into a new till in `folder`; with a `url`, until the server has acknowledged every fact."""
    try:
        programme = load_programme(programme_file)
    except ProgrammeProblems as error:
        raise NotWritten(f"{programme_file} cannot be used:\n{error}") from error
    past = list(baskets(store, weeks))
    if not past:
        raise NotWritten(f"The data set has no baskets of store {store} in the first {weeks} weeks")
    world = FixedWorld(past[0].at_ms, seed=store or 0)
    shop = Shop(
        name=f"Store {store}",
        currency=programme.currency,
        time_zone="UTC",
        store=str(store),
        redeem_cap_centi=None,
    )
    database = Database(folder)
    try:
        reader = database.reader()
        if reader.last_sale() is not None:
            raise NotWritten(f"{folder} has sold already: a replay begins with a new folder")
        till = Till(
            shop=shop,
            catalogue=reader,
            members=reader,
            journal=_Journal(database),
            programme=compile_programme(programme),
            world=world,
        )
        sync = _Sync(database, url, enrol_code) if url else None
        started_s = time.perf_counter()
        done = replay(till, world, past, _progress(len(past)))
        sell_s = time.perf_counter() - started_s
        synced, sync_s = sync.finish() if sync else (0, 0.0)
        goods = sum(day.goods_minor for day in reader.days())
    finally:
        database.close()
    return ReplayResult(
        sales=done.sales,
        lines=done.lines,
        members=done.members,
        goods_minor=goods,
        currency=shop.currency,
        sell_s=sell_s,
        synced=synced,
        sync_s=sync_s,
    )


class _Journal:
    """Waits for each sale to be durable; kept baskets follow one another in the lane, as in the window."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write(self, work: Work, done: Done) -> None:
        if not work.facts:
            self._database.lane.submit(lambda: self._database.commit(work))
            return done(None)
        try:
            self._database.write(work)
        except NotWritten as error:
            return done(error)
        return done(None)


class _Sync:
    """The sync lane beside a replay."""

    def __init__(self, database: Database, url: str, enrol_code: str) -> None:
        self._reader = database.reader()
        self._outbox, self._inbox = database.outbox(), database.inbox()
        self._status = Status()
        self._worker = SyncWorker(url, self._outbox, self._inbox, on_status=self._heard).start()
        if self._outbox.credentials() is None and enrol_code:
            self._worker.enrol(enrol_code)
        database.after_write.append(self._worker.facts_available)

    def _heard(self, status: Status) -> None:
        self._status = status

    def finish(self) -> tuple[int, float]:
        """Wait until the server holds everything: how many facts, and seconds it took."""
        started_s = time.perf_counter()
        self._worker.sync_now()
        while self._reader.unsynced()[0] or self._status.state != "online":
            if time.perf_counter() - started_s > SYNC_DEADLINE_S:
                raise NotWritten(f"The server did not take everything: {self._status.problem or 'too slow'}")
            time.sleep(0.02)
        took_s = time.perf_counter() - started_s
        self._worker.stop()
        self._outbox.close()
        self._inbox.close()
        head = self._reader.head()
        return (head.seq if head else 0), took_s


def _progress(total: int) -> Callable[[int], None]:
    def show(count: int) -> None:
        if sys.stderr.isatty() and (count % 50 == 0 or count == total):
            sys.stderr.write(f"\r{count} of {total} baskets")
            if count == total:
                sys.stderr.write("\n")

    return show
