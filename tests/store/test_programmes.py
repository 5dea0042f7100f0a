"""The programme in force: published ones by date, a store's own first, the folder's file without any."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

import resources
from app.lanes import FixedWorld
from app.loyalty.engine import Compiled, compile_programme
from app.loyalty.programme import load_programme
from app.store.database import Database
from app.store.programmes import ProgrammeLane
from app.store.reader import Reader
from sync import protocol

SOURCE = resources.path("programmes", "demo.yaml").read_text("utf-8")
FILE = compile_programme(load_programme(SOURCE.encode()))
CURRENCY = FILE.programme.currency
DAY_MS = 86_400_000
START_MS = 1_795_000_000_000


class Desk:
    def __init__(self, folder: Path) -> None:
        self.database = Database(folder)
        self.inbox = self.database.inbox()
        self.world = FixedWorld(START_MS)
        self.used: list[Compiled] = []
        self.lane = self.new_lane(self.database.reader())

    def new_lane(self, reader: Reader) -> ProgrammeLane:
        kept = self.database.folder / "kept"
        return ProgrammeLane(reader, FILE, CURRENCY, self.world, self.used.append, kept)

    def publish(self, version: int, from_ms: int, *, store: str = "", source: str | None = None) -> None:
        text = source or SOURCE.replace(f"version: {FILE.programme.version}", f"version: {version}", 1)
        body = protocol.ProgrammeBody(id="demo", version=version, valid_from_ms=from_ms, source=text)
        self.take(version, store, msgspec.Raw(protocol.encode(body)))

    def take(self, version: int, store: str, body: msgspec.Raw = protocol.NOTHING) -> None:
        row = protocol.Listed(list="programme", key=f"demo@{version}", store=store, body=body)
        page = protocol.PullPage(feed_epoch="f", cursor=f"{version}", more=False, listed=[row])
        self.inbox.apply(page, START_MS)
        self.lane.look()

    def tick(self, after_ms: int = 0) -> int:
        """The version in force after a while."""
        self.world.ms += after_ms
        self.lane._tick()
        return self.used[-1].programme.version if self.used else 0

    def close(self) -> None:
        self.inbox.close()
        assert self.database.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "till")
    yield desk
    desk.close()


def test_the_file_is_in_force_while_nothing_is_published(desk: Desk) -> None:
    assert desk.lane.first(desk.database.reader()) is FILE
    assert desk.tick() == 0


def test_a_version_to_come_begins_at_its_moment_without_any_network(desk: Desk) -> None:
    desk.publish(70, START_MS - DAY_MS)
    desk.publish(71, START_MS + DAY_MS)
    assert desk.tick() == 70
    assert desk.tick(DAY_MS - 1) == 70
    assert desk.tick(1) == 71
    assert len(desk.used) == 2, "each is handed over once"
    assert desk.tick(10 * DAY_MS) == 71
    restarted = desk.new_lane(desk.database.reader())
    assert restarted.first(desk.database.reader()).programme.version == 71
    assert desk.tick(-10 * DAY_MS - 1) == 70, "a clock put back"


def test_a_stores_own_goes_before_the_one_for_all(desk: Desk) -> None:
    desk.publish(70, START_MS - 2 * DAY_MS, store="12")
    desk.publish(71, START_MS - DAY_MS)
    assert desk.tick() == 70
    desk.take(70, "")
    assert desk.tick() == 71, "withdrawn"
    desk.take(71, "")
    assert desk.tick() == FILE.programme.version


def test_one_that_cannot_be_used_here_leaves_the_one_before(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.publish(70, START_MS - 2 * DAY_MS)
    desk.publish(71, START_MS - DAY_MS, source=SOURCE.replace("rules:", "rulez:"))
    assert desk.tick() == 70
    assert "demo@71 is not used" in caplog.text
    foreign = SOURCE.replace(f"currency: {CURRENCY}", "currency: CZK")
    assert foreign != SOURCE
    desk.publish(72, START_MS - DAY_MS, source=foreign)
    assert desk.tick() == 70
    desk.take(73, "", msgspec.Raw(b"[]"))
    assert desk.tick() == 70
    assert len(desk.used) == 1


def test_the_lane_hears_of_a_new_one_and_ends(desk: Desk) -> None:
    import time

    desk.lane.start()
    desk.publish(70, START_MS - DAY_MS)
    until_s = time.monotonic() + 20
    while not desk.used and time.monotonic() < until_s:
        time.sleep(0.02)
    assert [one.programme.version for one in desk.used] == [70]
    assert desk.lane.stop()
