"""Which rules are worth asking, and when: groups of discounts in their order, then those that settle.

A programme's whole agenda names every rule. Of most receipts a glance says that most rules have nothing to
say: their goods are not there, nobody brought a coupon. What is left is drawn up once for every scene.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain
from typing import NamedTuple

from app.loyalty.plan import BundlePlan, LinePlan, Plan, ReceiptPlan, Scene


@dataclass(slots=True)
class LineGroup:
    """A discount group over lines: single-line rules by filter, and bundles."""

    index: int = 0
    """Its place in the order, by which a profile keeps what the group says of its goods."""
    by_filter: dict[int, list[LinePlan]] = field(default_factory=dict[int, list[LinePlan]])
    bundles_by_filter: dict[int, list[BundlePlan]] = field(default_factory=dict[int, list[BundlePlan]])
    bundles: bool = False
    limited: list[LinePlan] = field(default_factory=list[LinePlan])
    """Single-line rules with a cap of their own: their value on a line depends on the others."""
    distinct: dict[int, list[BundlePlan]] = field(default_factory=dict[int, list[BundlePlan]])
    """Without those that would claim the same as one of a better rank."""
    numbers: frozenset[int] = frozenset()
    """The filters of all its rules: without such goods the group has nothing to do."""

    @classmethod
    def of(cls, index: int, plans: Iterable[LinePlan | BundlePlan]) -> LineGroup:
        group = cls(index)
        for plan in plans:
            if isinstance(plan, BundlePlan):
                group.bundles = True
                group.bundles_by_filter.setdefault(plan.filter, []).append(plan)
                continue
            group.by_filter.setdefault(plan.filter, []).append(plan)
            if plan.limited:
                group.limited.append(plan)
        group.distinct = _distinct(group.bundles_by_filter)
        group.numbers = frozenset([*group.by_filter, *group.bundles_by_filter])
        return group

    def within(self, scene: Scene) -> LineGroup | None:
        """With the rules alone that can have a say; None where none can."""
        plans = [*chain(*self.by_filter.values()), *chain(*self.bundles_by_filter.values())]
        left = [plan for plan in plans if plan.may_discount(scene)]
        return LineGroup.of(self.index, left) if left else None


@dataclass(slots=True)
class ReceiptGroup:
    """A discount group over the receipt, its rules by rank."""

    plans: list[ReceiptPlan]
    single: list[ReceiptPlan]
    """Those of the plans that have to be asked one by one."""
    ladders: list[Ladder]

    @classmethod
    def of(cls, plans: Iterable[ReceiptPlan]) -> ReceiptGroup:
        ranked = sorted(plans, key=lambda plan: plan.rank)
        by_filter: dict[int, list[ReceiptPlan]] = {}
        for plan in ranked:
            if plan.ladder():
                by_filter.setdefault(plan.filter, []).append(plan)
        single = [plan for plan in ranked if not plan.ladder()]
        return cls(ranked, single, [Ladder(number, found) for number, found in by_filter.items()])

    def within(self, scene: Scene) -> ReceiptGroup | None:
        """With the rules alone that can have a say; None where none can."""
        plans = [plan for plan in self.plans if plan.may_discount(scene)]
        single = [plan for plan in self.single if plan.may_discount(scene)]
        ladders = [ladder for ladder in self.ladders if scene.has(ladder.filter)]
        return ReceiptGroup(plans, single, ladders) if plans else None


class Ladder:
    """Many plans that take a share off the same goods from some total on, asked in one search."""

    def __init__(self, number: int, plans: list[ReceiptPlan]) -> None:
        self.filter = number
        steps = [(start, num, den, plan) for plan in plans for start, num, den in plan.ladder()]
        self.starts = sorted({start for start, *_ in steps})
        self.reached: list[list[tuple[int, int, ReceiptPlan]]] = []
        """For each start, what is reached there: the largest share first, then by rank."""
        for limit in self.starts:
            best: dict[ReceiptPlan, tuple[int, int, int]] = {}
            for start, num, den, plan in steps:
                if start <= limit and start >= best.get(plan, (0, 0, 0))[0]:
                    best[plan] = (start, num, den)  # the highest step alone counts
            entries = [(num, den, plan) for plan, (_, num, den) in best.items()]
            entries.sort(key=lambda e: (-Fraction(e[0], e[1]), e[2].rank))
            self.reached.append(entries)


class Agenda(NamedTuple):
    """The rules to ask, at the stages where a programme may have many."""

    line_groups: list[LineGroup]
    receipt_groups: list[ReceiptGroup]
    settling: list[Plan]

    def within(self, scene: Scene) -> Agenda:
        """What is left of it in a scene: the same receipts come out of both, to the minor unit."""
        lines = [group.within(scene) for group in self.line_groups]
        receipts = [group.within(scene) for group in self.receipt_groups]
        return Agenda(
            [group for group in lines if group is not None],
            [group for group in receipts if group is not None],
            [plan for plan in self.settling if plan.may_settle(scene)],
        )


def draw_up(plans: Sequence[Plan], names: Sequence[str]) -> Agenda:
    """The whole agenda: groups in the programme's order, then those it does not name."""
    lines: dict[str, list[LinePlan | BundlePlan]] = {}
    receipts: dict[str, list[ReceiptPlan]] = {}
    for plan in plans:
        name = plan.rule.group or plan.group
        if isinstance(plan, LinePlan | BundlePlan):
            lines.setdefault(name, []).append(plan)
        elif isinstance(plan, ReceiptPlan):
            receipts.setdefault(name, []).append(plan)
    order = {name: index for index, name in enumerate(names)}
    last = len(order)
    ordered = sorted(lines.items(), key=lambda group: order.get(group[0], last))
    settling = [plan for plan in plans if type(plan).settle is not Plan.settle and plan.settles]
    return Agenda(
        [LineGroup.of(index, found) for index, (_, found) in enumerate(ordered)],
        [
            ReceiptGroup.of(found)
            for _, found in sorted(receipts.items(), key=lambda group: order.get(group[0], last))
        ],
        sorted(settling, key=lambda plan: (plan.settle_order, plan.index)),
    )


def _distinct(by_filter: dict[int, list[BundlePlan]]) -> dict[int, list[BundlePlan]]:
    distinct: dict[int, list[BundlePlan]] = {}
    for number, plans in by_filter.items():
        seen: set[tuple[object, ...]] = set()
        for plan in sorted(plans, key=lambda p: p.rank):
            signature = plan.signature()
            if signature is None or signature not in seen:
                distinct.setdefault(number, []).append(plan)
            if signature is not None:
                seen.add(signature)
    return distinct
