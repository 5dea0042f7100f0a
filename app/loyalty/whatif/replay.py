"""The replay: every past sale under the draft and under the programme in force, in order of time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import msgspec

from app.loyalty.basket import Context
from app.loyalty.benefit import day_start_ms
from app.loyalty.compiled import Compiled
from app.loyalty.decision import Decision
from app.loyalty.engine import evaluate
from app.loyalty.life import Life
from app.loyalty.moment import moment_of
from app.loyalty.plan import Run
from app.loyalty.state import MemberState
from app.loyalty.whatif.figures import WAYS, Assumptions, Band, Change, Example, Past, Way, WhatIf
from app.loyalty.whatif.sales import Sales
from app.loyalty.whatif.shelf import Stock
from app.loyalty.whatif.side import EXISTING, NEW, NOBODY
from app.loyalty.whatif.side import Past as Replayed
from app.values import ValueProblem

Progress = Callable[[int, int], None]
"""Told how many sales of how many are done."""
STEP = 1_000
EXAMPLES = 2
"""Of each way in which receipts differ."""


def what_if(
    draft: Compiled,
    in_force: Compiled,
    sales: Sales,
    assumptions: Assumptions | None = None,
    progress: Progress | None = None,
) -> WhatIf:
    """Replay past sales under both programmes and compare.

    Members begin with nothing and live through the sales in order; the first `warm_up_days` only fill their
    balances, and budgets begin whole after them. Raises ValueProblem where the two are not comparable.
    """
    if draft.programme.currency != in_force.programme.currency:
        raise ValueProblem(
            f"the draft is in {draft.programme.currency}, the programme in force in "
            f"{in_force.programme.currency}: sales can be replayed in one currency only"
        )
    return _Replay(draft, in_force, sales, assumptions or Assumptions()).run(progress)


class _Candidate(msgspec.Struct, frozen=True):
    """A receipt that may be shown: what is needed to price it again with reasons."""

    size: int
    number: int
    before: tuple[MemberState | None, MemberState | None]
    contexts: tuple[Context, Context]


class _Replay:
    def __init__(self, draft: Compiled, in_force: Compiled, sales: Sales, assumptions: Assumptions) -> None:
        self.sales = sales
        self.assumptions = assumptions
        self.compiled = (draft, in_force)
        self.stock = Stock(self.compiled, sales)
        self.draft, self.in_force = (
            Replayed(compiled, shelf, assumptions)
            for compiled, shelf in zip(self.compiled, self.stock.shelves, strict=True)
        )
        self.differ = draft.programme.rounding != in_force.programme.rounding
        """Weighed goods then cost a cent more under one than under the other."""
        self.first = 0
        """The first sale in the figures."""
        self.ways: dict[Way, list[int]] = {way: [0, 0, 0] for way in WAYS}
        self.members: dict[Way, set[int]] = {way: set() for way in WAYS}
        self.bands: Counter[int] = Counter()
        self.candidates: dict[Way, list[_Candidate]] = {way: [] for way in WAYS}

    def run(self, progress: Progress | None) -> WhatIf:
        sales, count = self.sales, len(self.sales)
        start_ms = self._start_ms()
        warm = self.assumptions.warm_up_days > 0
        for number in range(count):
            if warm and sales.at_ms[number] >= start_ms:
                warm, self.first = False, number
                self.draft.budgets.clear()
                self.in_force.budgets.clear()
            self._sale(number, warm)
            if progress is not None and number % STEP == STEP - 1:
                progress(number + 1, count)
        if warm:
            self.first = count
        if progress is not None:
            progress(count, count)
        return self._result(start_ms)

    def _start_ms(self) -> int:
        """The local midnight at which the figures begin."""
        if not len(self.sales):
            return 0
        zone = self.draft.compiled.programme.time_zone
        first = moment_of(self.sales.at_ms[0] // 60_000, zone)
        return day_start_ms(first.day + self.assumptions.warm_up_days, zone)

    def _sale(self, number: int, warm: bool) -> None:
        draft, in_force = self.draft, self.in_force
        sums = self.stock.sums(number)
        goods = sum(sums.values())
        one = draft.sell(number, sums, goods)
        if self.differ:
            sums = self.stock.sums(number, 1)
            two = in_force.sell(number, sums, sum(sums.values()))
        else:
            two = in_force.sell(number, sums, goods)
        if not warm:
            self._count(number, one, two, goods, sum(sums.values()) if self.differ else goods)
        draft.settle(one)
        in_force.settle(two)

    def _count(self, number: int, one: Run, two: Run, goods: int, other_goods: int) -> None:
        """A sale that is in the figures."""
        audience = NOBODY if not one.member else NEW if one.state.receipts <= 0 else EXISTING
        one_total, two_total = price_of(one), price_of(two)
        points = self.draft.count(number, one, audience, goods, one_total)
        points -= self.in_force.count(number, two, audience, other_goods, two_total)
        way, size = _way(one, two, one_total - two_total, points)
        sums = self.ways[way]
        sums[0] += 1
        sums[1] += one_total - two_total
        sums[2] += points
        if one.member:
            self.members[way].add(self.sales.member[number])
        self.bands[band_of(one_total - two_total, two_total)] += 1
        if way != "same" and self._telling(way, size):
            before = (_frozen(one), _frozen(two))
            self._keep(way, _Candidate(size, number, before, (_kept(one.context), _kept(two.context))))

    # -- what differs ------------------------------------------------------------------------------------

    def _telling(self, way: Way, size: int) -> bool:
        """Whether a receipt differs more than those that are kept as examples."""
        kept = self.candidates[way]
        return len(kept) < EXAMPLES or size > kept[-1].size

    def _keep(self, way: Way, candidate: _Candidate) -> None:
        kept = self.candidates[way]
        kept.append(candidate)
        kept.sort(key=lambda each: (-each.size, each.number))
        del kept[EXAMPLES:]

    # -- the result --------------------------------------------------------------------------------------

    def _result(self, start_ms: int) -> WhatIf:
        sales = self.sales
        count = len(sales)
        receipts = count - self.first
        programme = self.draft.compiled.programme
        counted = sales.member[self.first :]
        until_ms = sales.at_ms[-1] if count else 0
        return WhatIf(
            currency=programme.currency,
            time_zone=programme.time_zone,
            assumptions=self.assumptions,
            past=Past(
                receipts=receipts,
                lines=len(sales.good) - sales.start[self.first],
                members=len({member for member in counted if member >= 0}),
                nobody=sum(1 for member in counted if member < 0),
                warm_up_receipts=self.first,
                from_ms=sales.at_ms[0] if count else 0,
                counted_from_ms=start_ms,
                until_ms=until_ms,
            ),
            draft=self.draft.side(receipts, until_ms),
            in_force=self.in_force.side(receipts, until_ms),
            changes=tuple(
                Change(
                    way=way,
                    receipts=sums[0],
                    members=len(self.members[way]),
                    total_minor=sums[1],
                    earned_centi=sums[2],
                )
                for way, sums in self.ways.items()
            ),
            bands=tuple(Band(above=low, to=high, receipts=self.bands[n]) for n, (low, high) in BANDS.items()),
            examples=tuple(
                self._example(way, kept) for way, found in self.candidates.items() for kept in found
            ),
        )

    def _example(self, way: Way, kept: _Candidate) -> Example:
        sales, number = self.sales, kept.number
        basket = sales.basket(number)
        decisions: list[Decision] = [
            evaluate(compiled, before, basket, context, explain=True)
            for compiled, before, context in zip(self.compiled, kept.before, kept.contexts, strict=True)
        ]
        member = sales.member[number]
        return Example(
            way=way,
            sale=sales.ids[number],
            at_ms=sales.at_ms[number],
            member=sales.members[member] if member >= 0 else "",
            draft=decisions[0],
            in_force=decisions[1],
        )


def _way(one: Run, two: Run, price: int, points: int) -> tuple[Way, int]:
    """How a receipt differs, and how much."""
    if price:
        return ("cheaper" if price < 0 else "dearer"), abs(price)
    if points:
        return ("more_points" if points > 0 else "fewer_points"), abs(points)
    return ("otherwise", 1) if _beside(one) != _beside(two) else ("same", 0)


def price_of(run: Run) -> int:
    """What the receipt costs before points and gift cards."""
    total = run.goods_minor()
    return total + sum([work.net for work in run.aside]) if run.aside else total


def _beside(run: Run) -> tuple[int, int, int]:
    return run.spent_centi, sum([view.earned for view in run.stamps]), len(run.issued)


def _frozen(run: Run) -> MemberState | None:
    """The member's state before the sale."""
    return run.state.frozen() if isinstance(run.state, Life) else None


def _kept(context: Context) -> Context:
    """Budgets go on changing; an example is priced with what was left then."""
    return msgspec.structs.replace(context, budgets=dict(context.budgets))


def band_of(price: int, before: int) -> int:
    """Which of the BANDS a difference falls in, by what the receipt costs under the present programme."""
    if not price:
        return 0
    size = abs(price) * 100
    number = 1 + sum([size > before * limit for limit in PERCENTS])
    return number if price > 0 else -number


PERCENTS = (2, 5, 10, 20)
_UP = tuple(enumerate(zip((0, *PERCENTS), (*PERCENTS, None), strict=True), 1))
BANDS: dict[int, tuple[int | None, int | None]] = {
    **{-n: (None if high is None else -high, -low) for n, (low, high) in reversed(_UP)},
    0: (0, 0),
    **dict(_UP),
}
"""From much cheaper to much dearer: over so many percent, up to so many; 0 in the middle is no difference."""
