"""Past sales as programmes see them: sums by filter at once, lines only where a rule asks for one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet

from app.loyalty.compiled import Compiled, Profile
from app.loyalty.plan import Plan, Run, Work
from app.loyalty.pricing import floor_of, take_lines
from app.loyalty.whatif.sales import Sales
from app.values import QTY_MILLI, spread


class Stock:
    """Goods by kind: two of one kind are alike to every rule of all the programmes."""

    def __init__(self, programmes: Sequence[Compiled], sales: Sales) -> None:
        self.sales = sales
        self.kinds: list[int] = []
        """By goods."""
        named = {sku for compiled in programmes for sku in compiled.filters.skus}
        by_look: dict[tuple[str, str, str, tuple[str, ...]], int] = {}
        numbers: dict[tuple[int, ...], int] = {}
        profiles: list[list[Profile]] = []
        for goods in sales.goods:
            look = (goods.sku if goods.sku in named else "", goods.category, goods.brand, goods.tags)
            kind = by_look.get(look)
            if kind is None:
                alike = [compiled.alike(goods) for compiled in programmes]
                kind = by_look[look] = numbers.setdefault(tuple(map(id, alike)), len(numbers))
                if kind == len(profiles):
                    profiles.append(alike)
            self.kinds.append(kind)
        self.shelves = [
            Shelf(self, compiled, [alike[place] for alike in profiles])
            for place, compiled in enumerate(programmes)
        ]

    def sums(self, number: int, place: int = 0) -> dict[int, int]:
        """What a sale's goods of each kind cost at their shelf price, in a programme's rounding."""
        first, last = self.sales.start[number], self.sales.start[number + 1]
        kinds = self.kinds
        sums: dict[int, int] = {}
        for good, gross in zip(
            self.sales.good[first:last], self.shelves[place].gross[first:last], strict=True
        ):
            kind = kinds[good]
            if kind in sums:
                sums[kind] += gross
            else:
                sums[kind] = gross
        return sums


class Shelf:
    """Lays the goods of past sales before a run; equal to `take_lines`, to the minor unit."""

    def __init__(self, stock: Stock, compiled: Compiled, profiles: list[Profile]) -> None:
        self.compiled = compiled
        self.sales = stock.sales
        self.kinds = stock.kinds
        self.rounding = compiled.programme.rounding
        self.gross = self.sales.gross_minor(self.rounding)
        self.line_cap = compiled.programme.caps.line
        self.profiles = profiles
        self.filters = [profile.filters for profile in profiles]
        self.bits = [sum([1 << number for number in numbers]) for numbers in self.filters]
        self.plain = [profile.plain and self.line_cap is None for profile in profiles]
        self.aside = {kind for kind, profile in enumerate(profiles) if profile.aside}

    def lay(self, number: int, sums: dict[int, int]) -> Callable[[Run], None]:
        """What puts a sale's goods before a run, given their sums by kind."""
        if number in self.sales.odd or not self.aside.isdisjoint(sums):
            basket = self.sales.basket(number)
            return lambda run: take_lines(self.compiled, run, basket.lines)
        return Rows(self, self.sales.start[number], self.sales.start[number + 1], sums).lay


class Rows:
    """The lines of one sale, made when a rule asks for them; until then a column of what they cost."""

    __slots__ = ("first", "given", "last", "made", "nets", "shelf", "sums")

    def __init__(self, shelf: Shelf, first: int, last: int, sums: dict[int, int]) -> None:
        self.shelf = shelf
        self.first, self.last = first, last
        self.sums = sums
        self.made: dict[int, Work] = {}
        self.nets: Sequence[int] | None = None
        """What each line costs now, once that is not its shelf price; a line that is made knows it itself."""
        self.given: list[tuple[Plan, list[int]]] = []
        """Discounts by line, as far as they were taken off the column."""

    def lay(self, run: Run) -> None:
        """Put the goods before a run; a second pass begins anew."""
        shelf, nets = self.shelf, run.nets
        filters, plain, masks, bits = shelf.filters, shelf.plain, shelf.bits, 0
        for kind, gross in self.sums.items():
            bits |= masks[kind]
            if not plain[kind]:
                run.any_floor = True
            for number in filters[kind]:
                if number in nets:
                    nets[number] += gross
                else:
                    nets[number] = gross
        if self.made or self.given:
            self.made, self.nets, self.given = {}, None, []
        run.source, run.present, run.goods_bits = self, nets, bits

    def take_off(self, run: Run, plan: Plan, amount: int) -> None:
        shelf, first, made = self.shelf, self.first, self.made
        filters, kinds = shelf.filters, shelf.kinds
        goods = [kinds[good] for good in shelf.sales.good[first : self.last]]
        costs = list(self.nets or shelf.gross[first : self.last])
        for row, work in made.items():
            costs[row - first] = work.net
        inside = {kind for kind in self.sums if plan.filter in filters[kind]}
        weights = (
            costs
            if len(inside) == len(self.sums)
            else [cost if kind in inside else 0 for cost, kind in zip(costs, goods, strict=True)]
        )
        parts = spread(amount, weights)
        self.nets = [cost - part for cost, part in zip(costs, parts, strict=True)]
        self.given.append((plan, parts))
        for row, work in made.items():
            part = parts[row - first]
            if part:
                work.net -= part
                work.discounts.append((plan, part))
        off = dict.fromkeys(inside, 0)
        for kind, part in zip(goods, parts, strict=True):
            if part:
                off[kind] += part
        nets = run.nets
        for kind, part in off.items():
            for number in filters[kind]:
                nets[number] -= part

    def of(self, number: int) -> list[Work]:
        filters = self.shelf.filters
        return self._works({kind for kind in self.sums if number in filters[kind]})

    def of_any(self, numbers: AbstractSet[int]) -> list[Work]:
        filters = self.shelf.filters
        return self._works({kind for kind in self.sums if not numbers.isdisjoint(filters[kind])})

    def all(self) -> list[Work]:
        return [self._work(row) for row in range(self.first, self.last)]

    def part_of(self, amount: int, whole: int, part: int) -> int:
        shelf, first = self.shelf, self.first
        filters, kinds = shelf.filters, shelf.kinds
        nets: list[int] = []
        inside: list[bool] = []
        goods = shelf.sales.good[first : self.last]
        for place, cost in enumerate(self.nets or shelf.gross[first : self.last]):
            numbers = filters[kinds[goods[place]]]
            if whole in numbers:
                made = self.made.get(first + place)
                nets.append(cost if made is None else made.net)
                inside.append(part in numbers)
        return sum([each for each, here in zip(spread(amount, nets), inside, strict=True) if here])

    def _works(self, wanted: set[int]) -> list[Work]:
        if not wanted:
            return []
        if len(wanted) == len(self.sums):
            return self.all()
        kinds, first = self.shelf.kinds, self.first
        goods = self.shelf.sales.good[first : self.last]
        return [self._work(first + place) for place, good in enumerate(goods) if kinds[good] in wanted]

    def _work(self, row: int) -> Work:
        work = self.made.get(row)
        if work is None:
            work = self.made[row] = self._make(row)
        return work

    def _make(self, row: int) -> Work:
        shelf = self.shelf
        sales = shelf.sales
        kind = shelf.kinds[sales.good[row]]
        profile = shelf.profiles[kind]
        units, rest = divmod(sales.qty_milli[row], QTY_MILLI)
        pieces = 0 if rest or profile.weighed else units
        work = Work(sales.line(row, row - self.first), profile, shelf.gross[row], pieces)
        for plan, parts in self.given:
            part = parts[row - self.first]
            if part:
                work.net -= part
                work.discounts.append((plan, part))
        if not shelf.plain[kind]:
            work.floor = work.gross if profile.no_discount else floor_of(work, shelf.line_cap)
        return work
