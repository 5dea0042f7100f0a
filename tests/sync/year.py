"""The Complete Journey's sales as facts in the form that a till writes, and their sums from the file alone.

The rule is simple enough to be computed twice: a whole point for each whole 1.00 of a sale's total.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

import msgspec
import pyarrow.parquet as parquet  # type: ignore[import-untyped]

from app.checkout.replay import PastBasket, PastLine
from app.lanes import FixedWorld
from app.ledger.facts import LineEarned, MemberEnrolled, SaleCompleted, SoldLine, Tender
from app.loyalty.effects import Counted, Lot, PointsEarned, ReceiptCounted
from app.store.journey import baskets, folder
from app.values import from_ms, spread

_DAY_MS = 86_400_000
_LIFE_MS = 730 * _DAY_MS
"""Longer than the data: no lot expires in it."""


def stores() -> list[int]:
    """Every store of the data set, each with one till."""
    column = parquet.read_table(folder() / "transactions.parquet", columns=["store_id"]).column("store_id")
    return sorted(column.unique().to_pylist())


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


def sales_of(store: int, weeks: int | None = None) -> list[bytes]:
    """The facts of one store's till over the first weeks (all: None)."""
    return bodies_of(store, baskets(store, weeks))


@dataclass
class Sums:
    """What must come out: cents per (store, day), points per household in hundredths, sales."""

    goods_minor: Counter[tuple[int, str]] = field(default_factory=Counter[tuple[int, str]])
    points_centi: Counter[uuid.UUID] = field(default_factory=Counter[uuid.UUID])
    sales: int = 0


def sums_of_the_file(store: int | None = None, weeks: int | None = None) -> Sums:
    """From the parquet file and nothing else: decimals, no float, none of the program's code."""
    filters = [("store_id", "=", store)] if store is not None else []
    filters += [("week", "<=", weeks)] if weeks is not None else []
    table = parquet.read_table(folder() / "transactions.parquet", filters=filters or None)
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
