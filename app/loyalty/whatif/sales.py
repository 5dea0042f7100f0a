"""Past sales in columns: a year of a chain's receipts in a hundred megabytes, ready to be priced anew."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import Final, NamedTuple

from app.loyalty.basket import Basket, Line
from app.values import Rounding, line_gross


class Goods(NamedTuple):
    """What is sold, as far as rules can tell: two lines of equal goods differ in price and quantity alone."""

    sku: str
    category: str = ""
    brand: str = ""
    tags: tuple[str, ...] = ()
    tax: str = ""
    name: str = ""


class PastLine(NamedTuple):
    """A line as it was sold, at its shelf price."""

    goods: Goods
    qty_milli: int
    price_minor: int


class PastSale(NamedTuple):
    """A sale of the past; `member` is empty for nobody. Coupons of the past are ignored."""

    id: str
    at_ms: int
    lines: tuple[PastLine, ...]
    member: str = ""
    store: str = ""
    points_minor: int = 0
    """What was paid in points then."""


class Sales:
    """Sales in order of time, each with its lines in canonical order (by what they are).

    `goods`, `members` and `stores` hold what the columns name by number; a member of -1 is nobody.
    """

    def __init__(self) -> None:
        self.goods: list[Goods] = []
        self.members: list[str] = []
        self.stores: list[str] = []
        self.enrolled_ms: dict[int, int] = {}
        """When a member was enrolled, where that is known; otherwise by their first sale."""
        self.referred_by: dict[int, int] = {}
        """Who brought a member, where that is known and both bought something."""
        self.ids: list[str] = []
        self.at_ms = array("q")
        self.member = array("q")
        self.store = array("q")
        self.points_minor = array("q")
        self.start = array("q", [0])
        """Where each sale's lines begin; one more at the end."""
        self.good = array("q")
        self.qty_milli = array("q")
        self.price_minor = array("q")
        self.odd: set[int] = set()
        """Sales with a line of nothing or below zero, which is no goods."""
        self._gross: dict[Rounding, array[int]] = {}

    def know_gross(self, gross: array[int]) -> None:
        """Take what each line costs from a reader that knows it, where nothing is weighed."""
        self._gross = {"half_up": gross, "down": gross}

    def __len__(self) -> int:
        return len(self.at_ms)

    def first(self, count: int) -> Sales:
        """The first so many sales alone."""
        cut = Sales()
        cut.goods, cut.members, cut.stores = self.goods, self.members, self.stores
        cut.enrolled_ms, cut.odd, cut.ids = self.enrolled_ms, self.odd, self.ids[:count]
        cut.referred_by = self.referred_by
        for name in ("at_ms", "member", "store", "points_minor"):
            setattr(cut, name, getattr(self, name)[:count])
        cut.start = self.start[: count + 1]
        for name in ("good", "qty_milli", "price_minor"):
            setattr(cut, name, getattr(self, name)[: cut.start[-1]])
        return cut

    @property
    def lines(self) -> int:
        return len(self.good)

    def gross_minor(self, rounding: Rounding) -> array[int]:
        """What each line costs at its shelf price; worked out once."""
        known = self._gross.get(rounding)
        if known is None:
            rows = zip(self.price_minor, self.qty_milli, strict=True)
            known = array("q", [line_gross(price, qty, rounding) for price, qty in rows])
            self._gross[rounding] = known
        return known

    def basket(self, number: int) -> Basket:
        """A sale's goods as the engine takes them."""
        first = self.start[number]
        return Basket(tuple([self.line(row, row - first) for row in range(first, self.start[number + 1])]))

    def line(self, row: int, place: int) -> Line:
        """A line by its row, named by its place in the sale."""
        goods = self.goods[self.good[row]]
        return Line(
            _IDS[place] if place < len(_IDS) else line_id(place),
            goods.sku,
            goods.category,
            self.qty_milli[row],
            self.price_minor[row],
            goods.name,
            goods.brand,
            goods.tags,
            tax=goods.tax,
        )


def line_id(place: int) -> str:
    """Names a line so that equal lines keep the order in which they stand."""
    return f"{place + 1:04}"


_IDS: Final = [line_id(place) for place in range(500)]


def collect(
    past: Iterable[PastSale],
    enrolled_ms: dict[str, int] | None = None,
    referred_by: dict[str, str] | None = None,
) -> Sales:
    """Sales in columns, from sales in any order. Sales without lines are left out."""
    sales = Sales()
    goods: dict[Goods, int] = {}
    members: dict[str, int] = {}
    stores: dict[str, int] = {}
    for sale in sorted((sale for sale in past if sale.lines), key=lambda sale: (sale.at_ms, sale.id)):
        sales.ids.append(sale.id)
        sales.at_ms.append(sale.at_ms)
        sales.member.append(members.setdefault(sale.member, len(members)) if sale.member else -1)
        sales.store.append(stores.setdefault(sale.store, len(stores)))
        sales.points_minor.append(sale.points_minor)
        if any(line.qty_milli <= 0 or line.price_minor < 0 for line in sale.lines):
            sales.odd.add(len(sales) - 1)
        for line in sorted(sale.lines, key=canonical):
            sales.good.append(goods.setdefault(line.goods, len(goods)))
            sales.qty_milli.append(line.qty_milli)
            sales.price_minor.append(line.price_minor)
        sales.start.append(len(sales.good))
    sales.goods, sales.members, sales.stores = list(goods), list(members), list(stores)
    for name, at_ms in (enrolled_ms or {}).items():
        if name in members:
            sales.enrolled_ms[members[name]] = at_ms
    for name, referrer in (referred_by or {}).items():
        if name in members and referrer in members:
            sales.referred_by[members[name]] = members[referrer]
    return sales


def canonical(line: PastLine) -> tuple[object, ...]:
    """The engine's order of lines (app.loyalty.pricing.take_lines)."""
    goods = line.goods
    return (goods.sku, line.price_minor, line.qty_milli, goods.category, goods.brand, goods.tags, goods.tax)
