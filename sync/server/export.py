"""A business day in a file: its sales, their lines and tenders, and the ledger's entries.

Which facts are of a day is a projection of its own (`business_day`), so that a day is found among years. What
has a shift has its business day; what has none (points adjusted, activity from outside) is of the calendar
day in the time zone of the store's programme. Amounts are integers of minor units, `qty_milli` thousandths;
what came back is negative, so that columns add up. Rows are read and written in runs: a large day takes no
more memory.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any, BinaryIO, Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa
import structlog

from app.ledger import facts
from app.ledger.entries import entries
from app.loyalty.effects import AnyEffect
from sync.server import schema
from sync.server.database import Database
from sync.server.impact import LONG_MAX, plausible
from sync.server.programmes import Programmes
from sync.server.tables import Column, writer_of

log = structlog.get_logger("stempel.export")

Format = Literal["csv", "xlsx", "parquet"]
Table = Literal["", "sales", "lines", "tenders", "entries"]
MEDIA: Final[dict[str, str]] = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
    "zip": "application/zip",
}
RUN: Final = 500
"""Facts read at once."""
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

Sold = facts.SaleCompleted | facts.SaleRefunded


class Dated(msgspec.Struct, frozen=True):
    """All that decides of which day a fact is."""

    business_day: str = ""
    member: uuid.UUID | None = None
    effects: tuple[AnyEffect, ...] = ()


class _OfDay(msgspec.Struct, frozen=True):
    """The day alone, of a fact whose effects this program does not know."""

    business_day: str = ""


_dated: Final = msgspec.json.Decoder(Dated)
_day: Final = msgspec.json.Decoder(_OfDay)


def date_new(db: Database, programmes: Programmes, now_ms: int) -> int:
    """Find the business days of facts that came since the last time; returns how many were looked at."""
    head, dated = schema.shard_head.c, schema.dated.c
    with db.read() as connection:
        query = sa.select(head.shard, dated.pos).join(schema.dated, dated.shard == head.shard)
        behind = connection.execute(query.where(head.head > dated.pos)).all()
    return sum(_date_shard(db, shard, pos, programmes, now_ms) for shard, pos in behind)


def date_until_now(db: Database, programmes: Programmes, now_ms: int) -> None:
    """Find the business days of all facts that are stored at this moment. What comes meanwhile, however much,
    does not keep it."""
    head, dated = schema.shard_head.c, schema.dated.c
    with db.read() as connection:
        heads = connection.execute(sa.select(head.shard, head.head)).all()
    for shard, until in heads:
        while True:
            with db.read() as connection:
                pos = connection.execute(sa.select(dated.pos).where(dated.shard == shard)).scalar_one()
            if pos >= until:
                break
            _date_shard(db, shard, pos, programmes, now_ms)


def _date_shard(db: Database, shard: int, pos: int, programmes: Programmes, now_ms: int) -> int:
    fact, dated = schema.fact.c, schema.dated
    with db.read() as connection:
        columns = (fact.pos, fact.id, fact.at_ms, fact.origin, fact.body)
        query = sa.select(*columns).where(fact.shard == shard, fact.pos > pos)
        rows = connection.execute(query.order_by(fact.pos).limit(RUN)).all()
        zones = _Zones(connection, shard, programmes, now_ms)
        days = [(shard, day, row.id) for row in rows if (day := _day_of(row, zones))]
    moved = sa.update(dated).where(dated.c.shard == shard, dated.c.pos == pos).values(pos=rows[-1].pos)
    with db.write() as connection:
        # If another was first, these have their days now, and there may be more behind them.
        if connection.execute(moved).rowcount:
            db.insert(connection, schema.business_day, days)
    return len(rows)


def forget_days(db: Database) -> None:
    """Have every fact dated anew: a newer program may know of more facts which day they are of."""
    with db.write() as connection:
        connection.execute(sa.delete(schema.business_day))
        connection.execute(sa.update(schema.dated).values(pos=0))


class _Zones:
    """The time zones of tills, by the programmes of their stores; asked for few, since sales have a day."""

    def __init__(self, connection: sa.Connection, shard: int, programmes: Programmes, now_ms: int) -> None:
        self._connection, self._shard = connection, shard
        self._programmes, self._now_ms = programmes, now_ms
        self._known: dict[uuid.UUID, ZoneInfo] = {}

    def of(self, origin: uuid.UUID) -> ZoneInfo:
        """Universal time where no programme was ever published."""
        if origin not in self._known:
            till = schema.till.c
            asked = sa.select(till.store).where(till.shard == self._shard, till.id == origin)
            store = self._connection.execute(asked).scalar() or ""
            compiled = self._programmes.in_force(self._connection, store, self._now_ms)
            self._known[origin] = ZoneInfo(compiled.programme.time_zone if compiled is not None else "UTC")
        return self._known[origin]


def _day_of(row: Any, zones: _Zones) -> str:
    try:
        fact = _dated.decode(row.body)
    except (msgspec.DecodeError, RecursionError):
        return _day_alone(row.body)  # of a later version than this program's: said where it is folded
    if _DAY.fullmatch(fact.business_day):
        return fact.business_day
    if fact.member is None or not fact.effects:
        return ""
    try:
        moment = datetime.fromtimestamp(row.at_ms / 1000, UTC)
        return moment.astimezone(zones.of(row.origin)).date().isoformat()
    except (OverflowError, ValueError, OSError):  # a clock beyond all calendars
        return ""


def _day_alone(body: bytes) -> str:
    try:
        day = _day.decode(body).business_day
    except (msgspec.DecodeError, RecursionError):
        return ""
    return day if _DAY.fullmatch(day) else ""


class Row(NamedTuple):
    """A fact of the day and the store it happened in."""

    fact: facts.AnyFact
    till: uuid.UUID
    store: str


class Day:
    """What a business day's file is made of."""

    def __init__(self, db: Database, day: str) -> None:
        self._db = db
        self.day = day

    def write(self, file: BinaryIO, form: Format, table: Table = "") -> str:
        """The day's tables into a file; returns its media type. CSV and Parquet hold one table each: of all
        of them they make a zip."""
        wanted = {name: columns for name, columns in TABLES.items() if table in ("", name)}
        writer = writer_of(form, file, wanted)
        with self._db.read(snapshot=True) as connection:
            for name in wanted:
                writer.begin(name)
                for row in self._rows(connection):
                    for values in _READ[name](self.day, row):
                        writer.write([_plain(value) for value in values])
        writer.close()
        return MEDIA["zip" if form != "xlsx" and table == "" else form]

    def _rows(self, connection: sa.Connection) -> Iterator[Row]:
        stores = {(till.shard, till.id): till.store for till in connection.execute(_TILLS)}
        for shard in range(schema.SHARDS):
            after = uuid.UUID(int=0)
            while True:
                asked = {"in_shard": shard, "of_day": self.day, "after": after}
                found = connection.execute(_FACTS, asked).all()
                for row in found:
                    try:
                        fact = facts.decode(row.body)
                    except facts.UnreadableFact as error:
                        log.warning("not exported: start a newer program", fact=str(row.id), error=str(error))
                        continue
                    if not plausible(fact, text_max=LONG_MAX):
                        log.warning("not exported: a figure is out of all bounds", fact=str(row.id))
                        continue
                    yield Row(fact, row.origin, stores.get((shard, row.origin), ""))
                if len(found) < RUN:
                    break
                after = found[-1].id


_TILLS: Final = sa.select(schema.till.c.shard, schema.till.c.id, schema.till.c.store)
_FACTS: Final = (
    sa.select(schema.fact.c.id, schema.fact.c.origin, schema.fact.c.body)
    .join(
        schema.business_day,
        (schema.business_day.c.shard == schema.fact.c.shard)
        & (schema.business_day.c.fact_id == schema.fact.c.id),
    )
    .where(
        schema.business_day.c.shard == sa.bindparam("in_shard"),
        schema.business_day.c.day == sa.bindparam("of_day"),
        schema.business_day.c.fact_id > sa.bindparam("after", type_=schema.Id),
    )
    .order_by(schema.business_day.c.fact_id)
    .limit(RUN)
)

_HEAD: Final[tuple[Column, ...]] = (
    ("kind", str), ("sale", str), ("store", str), ("till", str), ("business_day", str), ("currency", str),
)  # fmt: skip
TABLES: Final[dict[str, tuple[Column, ...]]] = {
    "sales": (
        *_HEAD, ("number", int), ("at", str), ("cashier", str), ("member", str), ("programme", str),
        ("goods_minor", int), ("discount_minor", int), ("total_minor", int), ("points_minor", int),
        ("rounding_minor", int), ("change_minor", int), ("original", str), ("fiscal", str),
    ),
    "lines": (
        *_HEAD, ("line", int), ("sku", str), ("name", str), ("category", str), ("qty_milli", int),
        ("price_minor", int), ("gross_minor", int), ("discount_minor", int), ("net_minor", int),
        ("points_minor", int), ("tax", str),
    ),
    "tenders": (*_HEAD, ("means", str), ("amount_minor", int), ("reference", str)),
    "entries": (
        ("fact", str), ("kind", str), ("store", str), ("business_day", str), ("at", str), ("member", str),
        ("account", str), ("contra", str), ("amount", int),
    ),
}  # fmt: skip
"""The columns of each table. An entry's amount is in hundredths of a point, or in stamps."""


def _head(day: str, row: Row, fact: Sold) -> tuple[Any, ...]:
    kind = "sale" if isinstance(fact, facts.SaleCompleted) else "refund"
    return kind, fact.id, row.store, row.till, day, fact.currency


def _sales(day: str, row: Row) -> Iterator[Sequence[Any]]:
    fact = row.fact
    if not isinstance(fact, Sold):
        return
    sold = isinstance(fact, facts.SaleCompleted)
    sign = 1 if sold else -1
    amounts = (
        fact.goods_minor,
        fact.discount_minor,
        fact.total_minor,
        fact.points_minor,
        fact.rounding_minor,
    )
    yield (
        *_head(day, row, fact), fact.number, _moment(fact.at_ms), fact.cashier, fact.member,
        fact.programme if sold else "", *(sign * amount for amount in amounts),
        fact.change_minor if sold else 0, None if sold else fact.sale, fact.fiscal,
    )  # fmt: skip


def _lines(day: str, row: Row) -> Iterator[Sequence[Any]]:
    if not isinstance(row.fact, Sold):
        return
    sign, head = (1 if isinstance(row.fact, facts.SaleCompleted) else -1), _head(day, row, row.fact)
    for line in row.fact.lines:
        off = sum(discount.amount_minor for discount in line.discounts)
        yield (
            *head, line.line, line.sku, line.name, line.category, sign * line.qty_milli, line.price_minor,
            sign * line.gross_minor, sign * off, sign * line.net_minor, sign * line.points_minor, line.tax,
        )  # fmt: skip


def _tenders(day: str, row: Row) -> Iterator[Sequence[Any]]:
    if not isinstance(row.fact, Sold):
        return
    sign, head = (1 if isinstance(row.fact, facts.SaleCompleted) else -1), _head(day, row, row.fact)
    for tender in row.fact.tenders:
        yield (*head, tender.means, sign * tender.amount_minor, tender.reference)


def _entries(day: str, row: Row) -> Iterator[Sequence[Any]]:
    fact = row.fact
    kind, member = type(fact).__struct_config__.tag, facts.member_of(fact)
    for entry in entries(fact):
        at = _moment(fact.at_ms)
        yield fact.id, kind, row.store, day, at, member, entry.account, entry.contra, entry.amount


_READ: Final = {"sales": _sales, "lines": _lines, "tenders": _tenders, "entries": _entries}


def _moment(at_ms: int) -> str:
    try:
        return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")
    except (OverflowError, ValueError, OSError):
        return str(at_ms)


def _plain(value: Any) -> Any:
    return "" if value is None else str(value) if isinstance(value, uuid.UUID) else value


def day_of(text: str) -> str:
    """A day as it stands in facts. Raises ValueError."""
    if not _DAY.fullmatch(text):
        raise ValueError("a day is written 2026-01-31")
    return date.fromisoformat(text).isoformat()
