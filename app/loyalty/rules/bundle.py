"""`bundle`: N for the price of M, buy X get Y, a fixed price for a set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Literal

import msgspec

from app.loyalty.decision import Reason
from app.loyalty.filling import Chosen, Filling
from app.loyalty.model import EVERYTHING, Count, Filter, PositiveMoney, Programme, Rule, Share
from app.loyalty.plan import BundlePlan, Claim, Kind, Parts, Plan, Run, Scope, Work
from app.loyalty.promise import Said, Term, percent, say, some
from app.loyalty.unused import unused
from app.values import mul_rate, spread


class TakePay(msgspec.Struct, frozen=True, kw_only=True):
    """`take` units for the price of `pay`: in each set the cheapest units are free (or so much off)."""

    take: Count
    pay: Count
    percent: Share = Fraction(1)
    """Off the cheapest units."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Units that a set needs."""

    products: Filter = EVERYTHING
    qty: Count = 1


class Get(msgspec.Struct, frozen=True, kw_only=True):
    """What one gets beside what one buys."""

    products: Filter
    qty: Count = 1
    percent: Share = Fraction(1)
    pick: Literal["cheapest", "dearest"] = "cheapest"


class BundleRule(Rule, frozen=True, kw_only=True):
    """Exactly one of: `n_for_m`; `buy` (and `beside`) with `get`; `set` with `price` or `percent`."""

    n_for_m: TakePay | None = None
    buy: Count | None = None
    """Units of the rule's `products` to buy for each `get`."""
    beside: tuple[Part, ...] = ()
    """Other units to buy for each `get`."""
    get: Get | None = None
    set: tuple[Part, ...] = ()
    price: PositiveMoney | None = None
    percent: Share | None = None

    def takes_off(self) -> bool:
        return True


def unit_price(work: Work) -> int:
    """What a unit costs now, rounded down, so that units never add up to more than their line."""
    return work.net // work.units


def _units(works: Iterable[Work], left: dict[Work, int]) -> list[tuple[Work, int]]:
    """Lines with whole units left to claim, dearest first, in canonical order among equals."""
    found: list[tuple[Work, int]] = []
    for work in works:
        count = left.get(work, work.units)
        if count > 0 and not work.closed and work.net > work.floor:
            found.append((work, count))
    found.sort(key=_price_order)
    return found


def _price_order(entry: tuple[Work, int]) -> int:
    work = entry[0]
    return -(work.net // work.units)


class NForM(BundlePlan):
    """Units line up from the dearest; of every `take` in turn, those after the first `pay` are reduced."""

    def __init__(self, rule: BundleRule, terms: TakePay, scope: Scope) -> None:
        super().__init__(rule, scope)
        self.take, self.pay, self.share = terms.take, terms.pay, terms.percent
        self.whole = self.share == 1
        self.least = self.take

    def signature(self) -> tuple[object, ...] | None:
        if not self.free or self.limited:
            return None
        return (self.filter, self.take, self.pay, self.share, self.rule.exclusive)

    def claim(self, run: Run, left: dict[Work, int]) -> Claim | None:
        works = self.works(run)
        if len(works) == 1:
            queue = [(works[0], left.get(works[0], works[0].units))] if works[0].room else []
        else:
            queue = _units(works, left)
        count = sum([units for _, units in queue])
        end = count // self.take * self.take
        if not end:
            return None
        units: dict[Work, int] = {}
        parts: Parts = []
        start = 0
        for work, available in queue:
            stop = min(start + available, end)
            if stop <= start:
                break
            units[work] = stop - start
            reduced = self._reduced(stop) - self._reduced(start)
            if reduced:
                parts.append((work, reduced * self._off(unit_price(work))))
            start = stop
        return Claim(units, parts)

    def _off(self, price: int) -> int:
        return price if self.whole else mul_rate(price, self.share, self.rounding)

    def _reduced(self, position: int) -> int:
        """How many of the first `position` units are reduced."""
        sets, rest = divmod(position, self.take)
        return sets * (self.take - self.pay) + max(0, rest - self.pay)

    def explain(self, run: Run) -> Reason | None:
        count = sum(work.units for work in self.works(run))
        if 0 < count < self.take:
            return self.no("missing_units", n=self.take - count)
        return None


class Sets(BundlePlan):
    """Claims one set after another, dearest units first, and equal sets in one go.

    Goods that several components are about go to the first of them, unless a later one then lacks them.
    """

    one_filter = False

    def __init__(self, rule: BundleRule, components: list[tuple[int, int, bool]], scope: Scope) -> None:
        super().__init__(rule, scope)
        self.components = components
        """Filter number, units, and whether the cheapest are taken."""

    def sets(self, run: Run, left: dict[Work, int]) -> Iterator[tuple[dict[Work, int], Chosen, int]]:
        """The sets that can be formed: units of each line in a set, the same by component, and how many."""
        queues: list[list[Work]] = []
        counts: dict[Work, int] = {}
        for number, _, cheapest in self.components:
            queue = _units(run.works_of(number), left)
            counts.update(queue)
            works = [work for work, _ in queue]
            queues.append(works[::-1] if cheapest else works)
        while chosen := self._choose(queues, counts):
            need: dict[Work, int] = {}
            for part in chosen:
                for work, units in part:
                    need[work] = need.get(work, 0) + units
            times = min(counts[work] // units for work, units in need.items())
            for work, units in need.items():
                counts[work] -= units * times
            yield need, chosen, times

    def _choose(self, queues: Sequence[list[Work]], counts: dict[Work, int]) -> Chosen | None:
        """The units of the next set, or None where a component cannot be filled any more."""
        filling = Filling(queues, counts)
        for queue, (_, qty, _) in zip(queues, self.components, strict=True):
            while queue and not counts[queue[0]]:
                queue.pop(0)
            if not filling.fill(qty):
                return None
        return filling.chosen()

    def explain(self, run: Run) -> Reason | None:
        for number, qty, _ in self.components:
            count = sum(work.units for work in run.works_of(number))
            if count < qty:
                return self.no("missing_units", n=qty - count)
        return None


class BuyGet(Sets):
    def __init__(self, rule: BundleRule, buy: int, get: Get, scope: Scope) -> None:
        components = [(scope.filter(rule.products), buy, False)]
        components += [(scope.filter(part.products), part.qty, False) for part in rule.beside]
        components.append((scope.filter(get.products), get.qty, get.pick == "cheapest"))
        super().__init__(rule, components, scope)
        self.share = get.percent

    def claim(self, run: Run, left: dict[Work, int]) -> Claim | None:
        units: dict[Work, int] = {}
        parts: dict[Work, int] = {}
        for need, chosen, times in self.sets(run, left):
            for work, count in need.items():
                units[work] = units.get(work, 0) + count * times
            for work, count in chosen[-1]:
                off = mul_rate(unit_price(work), self.share, self.rounding)
                parts[work] = parts.get(work, 0) + off * count * times
        return Claim(units, list(parts.items())) if units else None


class SetPrice(Sets):
    def __init__(self, rule: BundleRule, scope: Scope) -> None:
        super().__init__(rule, [(scope.filter(p.products), p.qty, False) for p in rule.set], scope)
        self.filter = self.components[0][0]
        self.price, self.share = rule.price, rule.percent

    def claim(self, run: Run, left: dict[Work, int]) -> Claim | None:
        units: dict[Work, int] = {}
        off = 0
        for need, _, times in self.sets(run, left):
            gain = self._gain(sum(unit_price(work) * count for work, count in need.items()))
            if gain <= 0:
                break  # the sets get cheaper from here on
            off += gain * times
            for work, count in need.items():
                units[work] = units.get(work, 0) + count * times
        if not units:
            return None
        parts = spread(off, [unit_price(work) * count for work, count in units.items()])
        return Claim(units, list(zip(units, parts, strict=True)))

    def _gain(self, total: int) -> int:
        """What a set of this price saves."""
        if self.price is not None:
            return total - self.price
        return mul_rate(total, self.share or Fraction(0), self.rounding)


def plans(rule: BundleRule, scope: Scope) -> list[Plan]:
    if rule.n_for_m is not None:
        return [NForM(rule, rule.n_for_m, scope)]
    if rule.buy is not None and rule.get is not None:
        if rule.get.products == rule.products and not rule.beside:
            terms = TakePay(take=rule.buy + rule.get.qty, pay=rule.buy, percent=rule.get.percent)
            return [NForM(rule, terms, scope)]
        return [BuyGet(rule, rule.buy, rule.get, scope)]
    return [SetPrice(rule, scope)]


def check(rule: BundleRule, programme: Programme) -> Iterable[tuple[str, str, str]]:
    shapes = [rule.n_for_m is not None, rule.buy is not None or rule.get is not None, bool(rule.set)]
    if sum(shapes) != 1:
        yield (
            "",
            "it needs exactly one of n_for_m, buy with get, and set",
            "write n_for_m: {take: 3, pay: 2}, for example",
        )
    if rule.n_for_m is not None and rule.n_for_m.pay >= rule.n_for_m.take:
        yield "n_for_m", "pay must be less than take", "3 for the price of 2 is take: 3, pay: 2"
    if (rule.buy is None) != (rule.get is None):
        yield "", "buy and get belong together", "add the one that is missing"
    if rule.beside and rule.buy is None:
        yield "beside", "it belongs to buy and get", "remove beside, or add buy and get"
    if bool(rule.set) != (rule.price is not None or rule.percent is not None):
        yield (
            "set",
            "a set needs a price or a percent, and they need a set",
            "write set: [...] and price: 25.00 together",
        )
    if rule.price is not None and rule.percent is not None:
        yield "price", "a set has either a price or a percent", "remove one of the two"
    if rule.set and sum(part.qty for part in rule.set) < 2:
        yield "set", "a set has at least two units", "for one unit use kind: price"
    if rule.set:
        yield from unused(rule, "products", because="a set's parts name its goods", hint="write it under set")
    if rule.get is not None and rule.get.products == rule.products and not rule.beside:
        because = "among the same goods the cheapest are reduced, or customers would buy the other way round"
        yield from unused(rule.get, "pick", because=because, path="get.")


def terms(rule: BundleRule, programme: Programme) -> Said:
    if rule.n_for_m is not None:
        yield from _n_for_m(rule.n_for_m)
    elif rule.get is not None:
        yield from _buy_get(rule, rule.get, programme)
    else:
        yield say("set_of", parts={"parts": [_part(part, programme) for part in rule.set]})
        if rule.price is not None:
            yield say("set_price", amount_minor=rule.price)
        elif rule.percent is not None:
            yield say("gives_percent", percent=percent(rule.percent))


def _n_for_m(terms: TakePay) -> Said:
    if terms.percent == 1:
        yield say("n_for_m", take=terms.take, pay=terms.pay)
    else:
        yield say("nth_off", take=terms.take, n=terms.take - terms.pay, percent=percent(terms.percent))


def _buy_get(rule: BundleRule, get: Get, programme: Programme) -> Said:
    yield say("buy", n=rule.buy or 0)
    if rule.beside:
        yield say("beside", parts={"parts": [_part(part, programme) for part in rule.beside]})
    got = say("part", n=get.qty, parts={"goods": some(programme, get.products)})
    yield say(f"get_{get.pick}", percent=percent(get.percent), parts={"got": [got]})


def _part(part: Part, programme: Programme) -> Term:
    return say("part", n=part.qty, parts={"goods": some(programme, part.products)})


KIND = Kind(BundleRule, plans, check, terms=terms)
