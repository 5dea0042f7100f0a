"""What budgets have given, as a till knows it: its own facts and the server's sums, nothing twice."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command

from app.checkout.ports import Work
from app.ledger.facts import AnyFact, PointsAdjusted, encode
from app.loyalty.effects import AnyEffect, BudgetSpent, Counted, Lot, PointsReturned, PointsSpent
from app.store import migrate
from app.store.budgets import read_spent
from app.store.connection import DatabaseFile, database_key
from app.store.database import Database
from app.store.reader import Reader
from sync import protocol
from sync.outbox import Credentials
from tests.support.facts import START_MS, Shelf

TILL = uuid.UUID("019a0000-0000-7000-8000-000000000001")
OTHER = uuid.UUID("019a0000-0000-7000-8000-000000000002")


class Desk:
    """A till's database, opened and closed like the process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shelf = Shelf()
        self.page = 0
        self.open()

    def open(self) -> None:
        self.database = Database(self.folder)
        self.reader = self.database.reader()
        self.outbox, self.inbox = self.database.outbox(), self.database.inbox()

    def close(self) -> None:
        assert self.database.writer.check()[1] == []
        self.inbox.close()
        self.outbox.close()
        assert self.database.close()

    def restart(self) -> None:
        self.close()
        self.open()

    def charge(self, *effects: AnyEffect) -> None:
        self.write(fact(self.shelf, *effects))

    def write(self, *facts: AnyFact) -> None:
        self.database.write(Work(facts=facts, at_ms=self.shelf.world.ms))

    def enrol(self, till: uuid.UUID = TILL, epoch: int = 1) -> None:
        self.outbox.begin_epoch(Credentials(till, epoch, "12", bytes(32), ""))

    def acked(self, epoch: int = 1, seq: int | None = None) -> None:
        self.outbox.set_acked(epoch, self.database.writer.head.seq if seq is None else seq)

    def pull(self, spent: dict[str, int] | None, epoch: int = 1, seq: int = 0, *, more: bool = False) -> bool:
        self.page += 1
        budgets = None if spent is None else protocol.Budgets(spent, epoch, seq)
        page = protocol.PullPage(feed_epoch="f", cursor=f"c{self.page}", more=more, budgets=budgets)
        return self.inbox.apply(page, START_MS).budgets

    @property
    def spent(self) -> dict[str, int]:
        found = dict(self.reader.spent())
        assert found == Reader(self.database.file).spent(), "in memory as on the disk"
        return found


def fact(shelf: Shelf, *effects: AnyEffect) -> PointsAdjusted:
    shelf.world.ms += 1000
    member = uuid.UUID(int=7)
    return PointsAdjusted(
        id=shelf.world.new_id(), at_ms=shelf.world.ms, member=member, reason="test", effects=effects
    )


def old(amount_minor: int) -> BudgetSpent:
    return BudgetSpent("autumn", amount_minor)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "till")
    yield desk
    desk.close()


def test_a_till_alone_counts_its_own_by_part(desk: Desk) -> None:
    desk.charge(old(500), BudgetSpent("autumn", 300, new_member=True))
    desk.charge(old(200), old(50))
    assert desk.spent == {"autumn#existing": 750, "autumn#new": 300}
    desk.charge(old(-200), BudgetSpent("autumn", -300, new_member=True))
    assert desk.spent == {"autumn#existing": 550}, "a refund gives back to the part that it came from"
    desk.restart()
    assert desk.spent == {"autumn#existing": 550}


def test_rewards_are_counted_in_pieces_and_other_counters_are_not(desk: Desk) -> None:
    lot = Lot("1", "points", 9_00, START_MS)
    mug = PointsSpent("gifts", 500, (lot,), tender=False), Counted("gifts#mug", 0, uses=1)
    desk.charge(*mug, *mug, PointsSpent("points", 100, (lot,)), Counted("levels#done", 0, uses=1))
    assert desk.spent == {"gifts/mug": 2}
    desk.charge(PointsReturned("gifts", (lot,)), Counted("gifts#mug", 0, uses=-1))
    assert desk.spent == {"gifts/mug": 1}


def test_what_the_server_counted_is_not_counted_again(desk: Desk) -> None:
    desk.charge(old(100))
    desk.enrol()
    desk.charge(old(20))
    desk.acked()
    desk.charge(old(3))
    assert desk.pull({"autumn#existing": 5_000}, 1, 0), "it had folded nothing of this till"
    assert desk.spent == {"autumn#existing": 5_123}
    desk.pull({"autumn#existing": 5_100}, 1, 1)
    assert desk.spent == {"autumn#existing": 5_123}
    desk.pull({"autumn#existing": 5_120}, 1, 2)
    desk.restart()
    assert desk.spent == {"autumn#existing": 5_123}
    assert desk.pull({"autumn#existing": 5_120}, 1, 2), "a new process has not seen it"
    assert not desk.pull({"autumn#existing": 5_120}, 1, 2), "the same again is no news"


def test_a_page_before_the_last_and_an_older_server_say_nothing(desk: Desk) -> None:
    desk.enrol()
    desk.charge(old(100))
    assert desk.pull({"autumn#existing": 900}, 1, 0)
    assert not desk.pull(None)
    assert not desk.pull(None, more=True)
    assert desk.spent == {"autumn#existing": 1_000}


def test_a_part_that_the_server_no_longer_names_has_given_nothing_there(desk: Desk) -> None:
    desk.enrol()
    desk.pull({"autumn#existing": 900, "gifts/mug": 2})
    desk.pull({"gifts/mug": 2})
    assert desk.spent == {"gifts/mug": 2}


def test_a_new_epoch_moves_what_is_not_acknowledged(desk: Desk) -> None:
    desk.enrol()
    desk.charge(old(100))
    desk.charge(old(20))
    desk.acked(1, 1)
    desk.pull({"autumn#existing": 100}, 1, 1)
    desk.enrol(epoch=2)
    assert desk.spent == {"autumn#existing": 120}
    desk.pull({"autumn#existing": 100}, 1, 1)
    assert desk.spent == {"autumn#existing": 120}, "the second fact is the first of the new epoch"
    desk.charge(old(3))
    desk.acked(2)
    desk.pull({"autumn#existing": 120}, 2, 1)
    assert desk.spent == {"autumn#existing": 123}
    desk.pull({"autumn#existing": 123}, 2, 2)
    assert desk.spent == {"autumn#existing": 123}


def test_places_of_a_copy_of_this_disk_are_not_this_tills(desk: Desk) -> None:
    desk.enrol()
    desk.charge(old(100))
    desk.acked()
    desk.charge(old(20))
    desk.pull({"autumn#existing": 900}, 1, 9)
    assert desk.spent == {"autumn#existing": 920}, "only the first is acknowledged"
    desk.pull({"autumn#existing": 900}, 2, 5)
    assert desk.spent == {"autumn#existing": 920}


def test_a_till_that_became_another_counts_what_was_not_taken_under_the_old_name(desk: Desk) -> None:
    desk.enrol(epoch=3)
    desk.charge(old(100))
    desk.acked(3)
    desk.pull({"autumn#existing": 100}, 3, 1)
    desk.charge(old(20))
    desk.enrol(OTHER, 1)
    assert desk.spent == {"autumn#existing": 120}
    desk.pull({"autumn#existing": 100}, 0, 0)
    assert desk.spent == {"autumn#existing": 120}
    desk.acked(1)
    desk.pull({"autumn#existing": 120}, 1, 1)
    assert desk.spent == {"autumn#existing": 120}


def test_a_server_put_back_from_a_backup_lets_the_till_count_again(desk: Desk) -> None:
    desk.enrol()
    desk.charge(old(100))
    desk.charge(old(20))
    desk.acked()
    desk.pull({"autumn#existing": 1_120}, 1, 2)
    desk.pull({"autumn#existing": 1_100}, 1, 1)
    assert desk.spent == {"autumn#existing": 1_120}


def test_what_was_not_written_is_not_counted(desk: Desk) -> None:
    twice = fact(desk.shelf, old(100))
    desk.write(twice)
    with pytest.raises(Exception, match="UNIQUE"):
        desk.write(fact(desk.shelf, old(20)), twice)
    assert desk.spent == {"autumn#existing": 100}


def test_a_rebuild_finds_the_same(desk: Desk) -> None:
    desk.charge(old(100))
    desk.enrol()
    desk.charge(old(20), BudgetSpent("gift", 7, new_member=True))
    desk.acked()
    desk.pull({"autumn#existing": 5_100}, 1, 1)
    before = desk.spent
    desk.database.call(desk.database.writer.rebuild)
    assert desk.spent == before == {"autumn#existing": 5_120, "gift#new": 7}


def test_facts_of_before_are_counted_at_the_migration(tmp_path: Path) -> None:
    shelf = Shelf()
    facts = (
        fact(shelf, old(100), BudgetSpent("autumn", 5, new_member=True), old(20)),
        fact(shelf, old(-30), PointsSpent("points", 100)),
        fact(shelf, Counted("levels", 0, receipts=1)),
    )
    file = DatabaseFile(tmp_path / "x.db", database_key(tmp_path))
    config = migrate.alembic_config()
    with file.engine().begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0008")
        for one in facts:
            connection.exec_driver_sql(
                "INSERT INTO fact (id, kind, at_ms, body) VALUES (?, 'points_adjusted', 0, ?)",
                (one.id.bytes, encode(one)),
            )
        command.upgrade(config, "0009")
    sql = file.connect()
    assert read_spent(sql.execute) == {"autumn#existing": 90, "autumn#new": 5}
    assert sql.execute("SELECT count(*), sum(amount) FROM budget_charge").fetchone() == (3, 95)
    sql.close()


def test_looking_reads_no_disk(desk: Desk) -> None:
    desk.charge(old(100))
    first = desk.reader.spent()
    assert desk.reader.spent() is first
    desk.charge(old(100))
    assert desk.reader.spent() is not first
