"""The Complete Journey's sales as facts in the form that a till writes, and their sums from the file alone.

The rule is simple enough to be computed twice: a whole point for each whole 1.00 of a sale's total.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC
from decimal import Decimal
from itertools import groupby
from typing import Any

import msgspec
import pyarrow.parquet as parquet  # type: ignore[import-untyped]

from app.checkout.replay import PastBasket, PastLine
from app.lanes import FixedWorld
from app.ledger.facts import LineEarned, MemberEnrolled, SaleCompleted, SoldLine, Tender
from app.loyalty.effects import Counted, Lot, PointsEarned, ReceiptCounted
from app.store.journey import folder
from app.values import from_ms, spread, utc_ms

_DAY_MS = 86_400_000
_LIFE_MS = 730 * _DAY_MS
"""Longer than the data: no lot expires in it."""


def tills(store: int | None = None, weeks: int | None = None) -> Iterator[tuple[int, list[bytes]]]:
    """The facts of each store's one till: of one store or all, of the first weeks or the whole year."""
    columns = ("store_id", "basket_id", "transaction_timestamp", "household_id", "product_id", "quantity")
    table = _transactions(store, weeks)
    table = table.sort_by(
        [(name, "ascending") for name in ("store_id", "transaction_timestamp", "basket_id")]
    )
    goods = _goods()
    rows = zip(*(table.column(name).to_pylist() for name in (*columns, "sales_value")), strict=True)
    for place, of_store in groupby(rows, key=lambda row: row[0]):
        past: list[PastBasket] = []
        for (_, moment, household), lines in groupby(of_store, key=lambda row: row[1:4]):
            sold = tuple(_past(goods, *line[4:]) for line in lines)
            past.append(PastBasket(utc_ms(moment.replace(tzinfo=UTC)), str(household), sold))
        yield place, bodies_of(place, past)


def _past(goods: dict[int, tuple[str, str, str, str]], product: int, pieces: int, dollars: float) -> PastLine:
    about = goods.get(product) or (str(product), f"Product {product}", "", "")
    return PastLine(*about, pieces, round(dollars * 100))


def _transactions(store: int | None, weeks: int | None) -> Any:
    pq: Any = parquet
    filters = [("store_id", "=", store)] if store is not None else []
    filters += [("week", "<=", weeks)] if weeks is not None else []
    return pq.read_table(folder() / "transactions.parquet", filters=filters or None)


def _goods() -> dict[int, tuple[str, str, str, str]]:
    """Number, name, category and brand of each product."""
    pq: Any = parquet
    table = pq.read_table(folder() / "products.parquet")
    names = ("product_id", "product_type", "product_category", "brand")
    rows = zip(*(table.column(name).to_pylist() for name in names), strict=True)
    return {id: (str(id), kind or f"Product {id}", _slug(kin), brand or "") for id, kind, kin, brand in rows}


def _slug(text: str | None) -> str:
    return "-".join("".join(letter if letter.isalnum() else " " for letter in (text or "").lower()).split())


def member_of(household: str) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_OID, f"household {household}")


def bodies_of(store: int, past: Iterable[PastBasket]) -> list[bytes]:
    """The facts of a store's till: its sales, and the enrolments of whom it sees for the first time."""
    world = FixedWorld(0, seed=store)
    encode = msgspec.json.Encoder().encode
    found: list[bytes] = []
    known: set[str] = set()
    shifts: dict[str, uuid.UUID] = {}
    for number, basket in enumerate(past, 1):
        world.ms = basket.at_ms
        if basket.member not in known:
            known.add(basket.member)
            found.append(encode(_enrolled(basket, world)))
        day = from_ms(basket.at_ms).date().isoformat()
        shift = shifts.setdefault(day, world.new_id())
        found.append(encode(_sale(basket, number, day, shift, world)))
    return found


def _enrolled(basket: PastBasket, world: FixedWorld) -> MemberEnrolled:
    return MemberEnrolled(id=world.new_id(), at_ms=basket.at_ms, member=member_of(basket.member))


def _sale(basket: PastBasket, number: int, day: str, shift: uuid.UUID, world: FixedWorld) -> SaleCompleted:
    total = sum(line.amount_minor for line in basket.lines)
    points_centi = total // 100 * 100
    shares = spread(points_centi, [line.amount_minor for line in basket.lines]) if points_centi else []
    sale = world.new_id()
    lot = Lot(
        f"{sale}:points",
        "points",
        points_centi,
        basket.at_ms,
        expires_at_ms=basket.at_ms // _DAY_MS * _DAY_MS + _LIFE_MS,
    )
    return SaleCompleted(
        id=sale,
        at_ms=basket.at_ms,
        number=number,
        shift=shift,
        business_day=day,
        cashier="7",
        currency="USD",
        programme="demo@1",
        lines=tuple(
            _line(place, line, shares[place - 1] if shares else 0)
            for place, line in enumerate(basket.lines, 1)
        ),
        goods_minor=total,
        total_minor=total,
        tenders=(Tender(means="cash", amount_minor=total),),
        member=member_of(basket.member),
        card=f"code:{basket.member}",
        effects=(
            ReceiptCounted(1, total),
            *((PointsEarned(lot),) if points_centi else ()),
            Counted("tier", basket.at_ms // _DAY_MS, receipts=1, spend_minor=total, keep_days=365),
        ),
    )


def _line(place: int, line: PastLine, points_centi: int) -> SoldLine:
    pieces = line.pieces if 0 < line.pieces <= 9_999 and line.amount_minor % line.pieces == 0 else 1
    return SoldLine(
        line=place,
        sku=line.sku,
        name=line.name,
        category=line.category,
        qty_milli=pieces * 1000,
        price_minor=line.amount_minor // pieces,
        gross_minor=line.amount_minor,
        net_minor=line.amount_minor,
        earned=(LineEarned("points", points_centi),) if points_centi else (),
    )


@dataclass
class Sums:
    """What must come out: cents per (store, day), points per household in hundredths, sales."""

    goods_minor: Counter[tuple[int, str]] = field(default_factory=Counter[tuple[int, str]])
    points_centi: Counter[uuid.UUID] = field(default_factory=Counter[uuid.UUID])
    sales: int = 0


def sums_of_the_file(store: int | None = None, weeks: int | None = None) -> Sums:
    """From the parquet file and nothing else: decimals, no float, none of the program's code."""
    table = _transactions(store, weeks)
    names = ("basket_id", "store_id", "household_id", "transaction_timestamp", "sales_value")
    cents: Counter[int] = Counter()
    about: dict[int, tuple[int, str, int]] = {}
    for basket, place, household, moment, dollars in zip(
        *(table.column(name).to_pylist() for name in names), strict=True
    ):
        cents[basket] += int(Decimal(str(dollars)).quantize(Decimal("0.01")) * 100)
        about[basket] = (place, moment.date().isoformat(), household)
    sums = Sums(sales=len(about))
    for basket, (place, day, household) in about.items():
        sums.goods_minor[place, day] += cents[basket]
        sums.points_centi[member_of(str(household))] += cents[basket] // 100 * 100
    return sums
