"""A business day as a file: every row of it and no other, in each format, whatever the texts hold."""

from __future__ import annotations

import csv
import io
import tracemalloc
import uuid
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import openpyxl
import pyarrow.parquet as pq
import pytest

from app.ledger import facts
from app.ledger.chain import Head
from app.loyalty.effects import Lot, PointsEarned
from sync.server import export, tables
from sync.server.export import TABLES, date_new
from tests.sync.memory import body_of
from tests.sync.rig import NOW_MS, Answer, HandTill, Rig
from tests.sync.server.test_members import earned
from tests.sync.server.test_outside_events import event, member_of, publish, send

ONE = pytest.mark.parametrize("db", ["sqlite"], indirect=True)
DAY = "2026-09-21"
NASTY = ["Молоко «Домик в деревне» 3,2%", "=HYPERLINK(1)", 'Żółć; "kefir"\nнов', "-20%", "\x07bell"]


def sale(rig: Rig, day: str, name: str = "Milk", member: uuid.UUID | None = None) -> facts.SaleCompleted:
    line = facts.SoldLine(
        line=1, sku="1017", name=name, qty_milli=2000, price_minor=649, gross_minor=1298,
        discounts=(facts.Discount("a", 98),), net_minor=1200, tax="5",
    )  # fmt: skip
    sale_id = rig.world.new_id()
    earned = (PointsEarned(Lot(str(sale_id), "points", 1200, NOW_MS)),) if member else ()
    return facts.SaleCompleted(
        id=sale_id, at_ms=NOW_MS, number=7, shift=uuid.UUID(int=1), business_day=day, cashier="7",
        currency="PLN", programme="test@1", lines=(line,), goods_minor=1298, discount_minor=98,
        total_minor=1200, tenders=(facts.Tender(means="card", amount_minor=1200, reference="00012"),),
        member=member, effects=earned,
    )  # fmt: skip


def refund(rig: Rig, of: facts.SaleCompleted, day: str) -> facts.SaleRefunded:
    return facts.SaleRefunded(
        id=rig.world.new_id(), at_ms=NOW_MS, number=8, shift=of.shift, business_day=day, cashier="7",
        currency="PLN", sale=of.id, lines=of.lines, goods_minor=1298, discount_minor=98, total_minor=1200,
        tenders=of.tenders,
    )  # fmt: skip


def get(rig: Rig, query: str) -> Answer:
    return rig.office(f"/v1/export?{query}")


def rows(data: bytes) -> list[dict[str, str]]:
    assert data.startswith(b"\xef\xbb\xbf"), "by this Excel knows that it is UTF-8"
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=";"))


@pytest.fixture
def till(rig: Rig) -> HandTill:
    till = HandTill(rig)
    assert till.enrol().status == 200
    return till


def sold(rig: Rig, till: HandTill) -> list[facts.SaleCompleted]:
    """A day with nasty texts and a refund, and its neighbours."""
    sales = [sale(rig, DAY, name) for name in NASTY]
    other = [sale(rig, "2026-09-20"), sale(rig, "2026-09-22")]
    bodies = [facts.encode(fact) for fact in (*sales, *other, refund(rig, sales[0], DAY))]
    till.push_ok(till.start, [*bodies, body_of(rig.world, business_day=DAY)])
    return sales


def test_a_day_has_its_rows_and_no_others(rig: Rig, till: HandTill) -> None:
    sales = sold(rig, till)
    answer = get(rig, f"day={DAY}&table=sales")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert answer.headers["content-disposition"] == f'attachment; filename="stempel-{DAY}-sales.csv"'
    assert int(answer.headers["content-length"]) == len(answer.body)
    found = rows(answer.body)
    assert {row["sale"] for row in found if row["kind"] == "sale"} == {str(one.id) for one in sales}
    (back,) = [row for row in found if row["kind"] == "refund"]
    assert (back["original"], back["total_minor"], back["currency"]) == (str(sales[0].id), "-1200", "PLN")
    assert sum(int(row["total_minor"]) for row in found) == 4 * 1200
    assert {(row["store"], row["till"]) for row in found} == {("shop 1", str(till.credentials.till))}
    assert rows(get(rig, "day=2026-01-01&table=sales").body) == []


@ONE
def test_every_format_holds_the_same(rig: Rig, till: HandTill) -> None:
    sold(rig, till)
    archive = zipfile.ZipFile(io.BytesIO(get(rig, f"day={DAY}").body))
    assert archive.namelist() == [f"{name}.csv" for name in TABLES]
    names = [row["name"] for row in rows(archive.read("lines.csv")) if row["kind"] == "sale"]
    assert set(names) == {NASTY[0], "'=HYPERLINK(1)", NASTY[2], "'-20%", NASTY[4]}
    book = openpyxl.load_workbook(io.BytesIO(get(rig, f"day={DAY}&format=xlsx").body))
    assert book.sheetnames == list(TABLES)
    (_, *lines) = book["lines"].iter_rows(values_only=True)
    column = [name for name, _ in TABLES["lines"]].index("name")
    assert {str(line[column]) for line in lines} == {*NASTY[:4], "bell"}
    assert all(cell.data_type != "f" for row in book["lines"].iter_rows() for cell in row)
    packed = zipfile.ZipFile(io.BytesIO(get(rig, f"day={DAY}&format=parquet").body))
    table = pq.read_table(io.BytesIO(packed.read("lines.parquet")))
    assert set(table.column("name").to_pylist()) == set(NASTY)
    assert sum(table.column("net_minor").to_pylist()) == 4 * 1200
    one = get(rig, f"day={DAY}&format=parquet&table=tenders")
    assert one.headers["content-type"] == export.MEDIA["parquet"]
    tenders = pq.read_table(io.BytesIO(one.body)).to_pylist()
    assert {tender["reference"] for tender in tenders} == {"00012"}
    assert sum(tender["amount_minor"] for tender in tenders) == 4 * 1200


def test_entries_are_of_sales_and_of_what_happened_elsewhere_that_day(rig: Rig, till: HandTill) -> None:
    publish(rig)
    (ann,) = member_of(rig, till)
    late_ms = 1_790_028_000_000  # 22:40 UTC on 21 September is the 22nd in Warsaw
    rig.world.ms = late_ms
    assert send(rig, event(ann)).status == 200
    state = till.state()
    after = Head(till.credentials.till, 1, state.acked_seq, state.hash)
    till.push_ok(after, [facts.encode(sale(rig, DAY, member=ann))])
    (entry,) = rows(get(rig, f"day={DAY}&table=entries").body)
    assert (entry["kind"], entry["account"], entry["contra"], entry["amount"]) == (
        "sale_completed", "points", "issued", "1200",
    )  # fmt: skip
    (entry,) = rows(get(rig, "day=2026-09-22&table=entries").body)
    assert (entry["kind"], entry["member"], entry["amount"]) == ("activity_recorded", str(ann), "500")


def test_what_has_no_shift_is_of_the_day_in_its_stores_time_zone(rig: Rig, till: HandTill) -> None:
    publish(rig, store="shop 1")
    late_ms = rig.world.ms = 1_790_030_400_000  # 22:40 UTC on 21 September is the 22nd in Warsaw
    adjusted = msgspec.json.decode(earned(rig, uuid.uuid4(), 500))
    till.push_ok(till.start, [msgspec.json.encode(adjusted | {"at_ms": late_ms})])
    assert len(rows(get(rig, "day=2026-09-22&table=entries").body)) == 2, "points and a stamp"


def test_an_export_waits_for_what_was_there_and_for_nothing_else(
    rig: Rig, till: HandTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as tills send faster than days are found, it would never end."""
    _, head = till.push_ok(till.start, [facts.encode(sale(rig, DAY))])
    date_shard, runs = export._date_shard, 0

    def meanwhile(*args: Any) -> int:
        nonlocal head, runs
        runs += 1
        assert runs < 10
        looked_at = date_shard(*args)
        _, head = till.push_ok(head, [facts.encode(sale(rig, DAY))])
        return looked_at

    with monkeypatch.context() as busy:
        busy.setattr(export, "_date_shard", meanwhile)
        export.date_until_now(rig.db, rig.context.programmes, NOW_MS)
    assert runs == 1
    assert len(rows(get(rig, f"day={DAY}&table=sales").body)) == 2


def test_each_fact_is_dated_once_whoever_does_it(rig: Rig, till: HandTill) -> None:
    till.push_ok(till.start, [facts.encode(sale(rig, DAY)) for _ in range(3)])
    with rig.db.read() as connection:
        query = export.sa.select(export.schema.dated.c.shard, export.schema.dated.c.pos)
        before = dict(connection.execute(query).all())
    assert date_new(rig.db, rig.context.programmes, NOW_MS) == 3
    assert date_new(rig.db, rig.context.programmes, NOW_MS) == 0
    for shard, pos in before.items():  # as another server that read before
        with rig.db.read() as connection:
            here = connection.exec_driver_sql(f"SELECT count(*) FROM fact WHERE shard = {shard}").scalar()
        if here:
            looked_at = export._date_shard(rig.db, shard, pos, rig.context.programmes, NOW_MS)
            assert looked_at == here, "whoever was second goes on: there may be more behind them"
    assert len(rows(get(rig, f"day={DAY}&table=sales").body)) == 3


def test_a_sale_of_a_newer_till_has_its_day_already(rig: Rig, till: HandTill) -> None:
    newer = msgspec.json.decode(facts.encode(sale(rig, DAY)))
    newer |= {"effects": [{"do": "teleported", "rule": "x"}]}
    till.push_ok(till.start, [msgspec.json.encode(newer)])
    assert rows(get(rig, f"day={DAY}&table=sales").body) == [], "it cannot be read yet"
    with rig.db.read() as connection:
        days = connection.exec_driver_sql("SELECT day FROM business_day").scalars().all()
    assert days == [DAY], "a newer program finds it"


@ONE
def test_what_is_no_day_or_format_is_refused(rig: Rig, till: HandTill) -> None:
    assert get(rig, "day=2026-02-30").problem.code == "bad_day"
    for query in ("", "day=21.09.2026", f"day={DAY}&format=pdf", f"day={DAY}&table=persons"):
        answer = get(rig, query)
        assert (answer.status, answer.problem.code) == (400, "malformed"), query
    assert rig.call("GET", f"/v1/export?day={DAY}").status == 401


def test_a_long_table_goes_on_in_the_next_sheet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "SHEET_ROWS", 10)
    file = io.BytesIO()
    writer = tables.writer_of("xlsx", file, {"lines": (("n", int),)})
    writer.begin("lines")
    for number in range(20):
        writer.write([number])
    writer.close()
    book = openpyxl.load_workbook(file)
    assert {sheet.title: sheet.max_row for sheet in book} == {"lines": 10, "lines 2": 10, "lines 3": 3}


@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet"])
def test_memory_does_not_grow_with_the_day(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "_GROUP", 200)
    columns = {"lines": (("name", str), ("n", int))}

    def peak(count: int) -> int:
        with (tmp_path / f"{count}").open("wb") as file:
            tracemalloc.start()
            writer = tables.writer_of(form, file, columns)
            writer.begin("lines")
            for number in range(count):
                writer.write([f"Produkt {number}", number])
            writer.close()
            found = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        return found

    peak(10)
    assert peak(2400) < peak(800) * 1.5 + 50_000
