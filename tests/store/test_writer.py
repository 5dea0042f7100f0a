from __future__ import annotations

import uuid

import pytest
from msgspec.structs import replace
from sqlalchemy.exc import IntegrityError

from app.checkout.ports import Work
from app.ledger.chain import Head, verify
from app.ledger.facts import MemberEnrolled, SaleCompleted, ShiftClosed, decode
from app.store.connection import sqlcipher
from app.store.database import Database
from app.store.reader import Reader
from tests.support.facts import DAY, Shelf


def sell(database: Database, shelf: Shelf, sales: int = 3) -> uuid.UUID:
    database.writer.commit(shelf.opened())
    member, work = shelf.enrolled()
    database.writer.commit(work)
    for _ in range(sales):
        database.writer.commit(shelf.sold(member))
    return member


def test_one_transaction_writes_all_of_a_sale(database: Database) -> None:
    shelf, reader = Shelf(), database.reader()
    member = sell(database, shelf)
    state = reader.member(member)
    assert state is not None
    assert state.state.balance_centi == 3 * 1800
    assert state.state.card("coffee") == 3
    assert state.state.enrolled_at_ms is not None
    figures = reader.day(DAY)
    assert (figures.sales, figures.member_sales, figures.enrolled) == (3, 3, 1)
    assert (figures.total_minor, figures.discount_minor) == (3 * 1800, 3 * 198)
    assert figures.rules == {"gold": 3 * 198}
    assert reader.unsynced()[0] == 5
    assert reader.count("print_job") == 3
    assert reader.count("entry") == 6


def test_the_log_is_a_chain_over_the_stored_bytes(database: Database) -> None:
    sell(database, Shelf())
    log = list(database.reader().log())
    head = database.writer.head
    assert [envelope.seq for envelope, _ in log] == [1, 2, 3, 4, 5]
    assert verify(Head(head.origin, head.epoch), [body for _, body in log]) == head


@pytest.mark.parametrize("table", ["fact", "envelope", "entry"])
@pytest.mark.parametrize("act", ["UPDATE {} SET rowid = 9", "DELETE FROM {}"])
def test_facts_and_entries_cannot_be_changed(database: Database, table: str, act: str) -> None:
    sell(database, Shelf())
    column = "member" if table == "entry" else "hash" if table == "envelope" else "kind"
    statement = act.format(table).replace("rowid = 9", f"{column} = x'00'")
    with (
        database.file.engine().connect() as connection,
        pytest.raises(IntegrityError, match="write a correcting fact"),
    ):
        connection.exec_driver_sql(statement)
    assert database.reader().count(table) > 0


def test_a_sale_cannot_be_written_twice(database: Database) -> None:
    """The sale's id is its fact's id: the second attempt fails whole, and leaves the chain as it was."""
    shelf, reader = Shelf(), database.reader()
    member = sell(database, shelf, 1)
    work = shelf.sold(member)
    database.writer.commit(work)
    before, state = database.writer.head, reader.member(member)
    with pytest.raises(sqlcipher.IntegrityError):
        database.writer.commit(work)
    assert database.writer.head == before
    assert reader.member(member) == state
    database.writer.commit(shelf.sold(member))
    assert reader.day(DAY).sales == 3


def test_a_failed_work_leaves_nothing(database: Database) -> None:
    """An error at the last statement of the transaction takes back the first."""
    shelf, reader = Shelf(), database.reader()
    sell(database, shelf, 1)
    good, bad = shelf.sold(), shelf.sold()
    sale = bad.facts[0]
    assert isinstance(sale, SaleCompleted)
    twice = Work(facts=(*good.facts, sale, sale), slips=good.slips)
    with pytest.raises(sqlcipher.IntegrityError):
        database.writer.commit(twice)
    assert reader.day(DAY).sales == 1
    assert reader.count("print_job") == 1


def test_projections_rebuilt_from_facts_are_equal(database: Database) -> None:
    member = sell(database, Shelf())
    assert database.writer.check() == (5, [])
    with database.file.engine().connect() as connection:
        connection.exec_driver_sql("UPDATE day SET figures = x'7b7d'")
        connection.exec_driver_sql("DELETE FROM member")
    assert database.writer.check() == (5, ["member", "day"])
    assert database.reader().member(member) is None, "a check changes nothing"
    assert database.writer.rebuild() == 5
    assert database.writer.check() == (5, [])
    rebuilt = database.reader().member(member)
    assert rebuilt is not None
    assert rebuilt.state.balance_centi == 3 * 1800


def test_new_members_are_those_who_enrolled_in_an_open_shift(database: Database) -> None:
    """Those imported joined elsewhere, and whoever comes after the last shift belongs to none."""
    shelf, reader = Shelf(), database.reader()
    new = shelf.world.new_id

    def joined(channel: str = "till") -> Work:
        return Work(facts=(MemberEnrolled(id=new(), at_ms=shelf.world.ms, member=new(), channel=channel),))

    closed = ShiftClosed(id=new(), at_ms=shelf.world.ms, shift=shelf.shift, cashier="Anna", expected_minor=0)
    days = shelf.opened(), joined(), joined("import"), Work(facts=(closed,)), joined(), joined("import")
    for work in days:
        database.writer.commit(work)
    assert [figures.enrolled for figures in reader.days()] == [1]
    shelf.shift = new()
    (opened,) = shelf.opened().facts
    database.writer.commit(Work(facts=(replace(opened, number=2, business_day="2026-11-19"),)))
    for _ in range(2):
        database.writer.commit(joined())
    assert reader.day("2026-11-19").enrolled == 2
    assert reader.day(DAY).enrolled == 1
    assert database.writer.check() == (len(days) + 3, [])


def test_an_unreadable_fact_stays_and_does_not_stop_a_rebuild(database: Database) -> None:
    """A database that a newer version wrote to: what this one cannot read is kept and passed over."""
    sell(database, Shelf(), 1)
    with database.file.engine().connect() as connection:
        connection.exec_driver_sql(
            "INSERT INTO fact (id, kind, at_ms, body) VALUES (x'01', 'teleported', 1, ?)",
            (b'{"kind":"teleported","id":"00000000-0000-7000-8000-000000000001","at_ms":1}',),
        )
        head = database.writer.head
        connection.exec_driver_sql(
            "INSERT INTO envelope (origin, epoch, seq, fact, prev_hash, hash) VALUES (?, ?, ?, x'01', ?, ?)",
            (head.origin.bytes, head.epoch, head.seq + 1, head.hash, b"h" * 32),
        )
    assert database.writer.check() == (3, [])
    assert database.reader().count("fact") == 4


def test_basket_is_kept_and_cleared_with_the_sale(database: Database) -> None:
    reader = database.reader()
    database.writer.commit(Work(basket=b'{"x":1}', at_ms=1))
    database.writer.commit(Work(keep_basket=True))
    assert reader.basket() == b'{"x":1}'
    shelf = Shelf()
    database.writer.commit(shelf.opened())
    assert reader.basket() is None


def test_reader_sees_what_is_committed_and_cannot_write(database: Database) -> None:
    reader: Reader = database.reader()
    with pytest.raises(Exception, match="readonly"):
        reader._run("DELETE FROM setting")


def test_stored_bodies_decode_to_what_was_written(database: Database) -> None:
    shelf = Shelf()
    database.writer.commit(shelf.opened())
    work = shelf.sold()
    database.writer.commit(work)
    _, body = list(database.reader().log())[-1]
    assert decode(body) == work.facts[0]
