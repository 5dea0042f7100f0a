"""`complement`: bought X, now or before, and Y is offered; never what was just bought."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from app.loyalty.decision import Reason
from app.loyalty.effects import Counted
from app.loyalty.model import Days, Filter, PositiveMoney, Programme, Rule, Share
from app.loyalty.plan import Kind, LinePlan, Plan, Run, Scene, Scope, Work
from app.loyalty.promise import Said, percent, say, some
from app.loyalty.unused import unused
from app.values import line_gross, mul_rate


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Who bought the one is offered the other."""

    bought: Filter
    offer: Filter


class ComplementRule(Rule, frozen=True, kw_only=True):
    """`percent` or `amount` off each piece offered; neither: the offer is only mentioned."""

    pairs: tuple[Pair, ...]
    before_days: Days = 0
    """How long an earlier purchase counts; 0: only this basket."""
    percent: Share | None = None
    amount: PositiveMoney | None = None

    def takes_off(self) -> bool:
        return self.percent is not None or self.amount is not None


class Complement(LinePlan):
    """One pair of the rule."""

    conditional = True
    needs_goods = False

    def __init__(self, rule: ComplementRule, number: int, scope: Scope) -> None:
        pair = rule.pairs[number]
        super().__init__(rule, scope, pair.offer)
        self.settings = rule
        self.key = f"{rule.id}#{number}"
        self.bought = scope.filter(pair.bought)
        self.goods = pair.offer

    def _bought_before(self, run: Run) -> bool:
        days = self.settings.before_days
        return days > 0 and run.state.counted(self.key, run.now.day - days).receipts > 0

    def refusal(self, run: Run) -> Reason | None:
        if self.bought not in run.present and not self._bought_before(run):
            return self.no("complement_not_bought")
        return None

    def value(self, work: Work) -> int:
        if self.bought in work.profile.filters:
            return 0  # the very thing that was bought is no complement of itself
        if self.settings.percent is not None:
            return mul_rate(work.net, self.settings.percent, self.rounding)
        off = self.settings.amount or 0
        return min(work.net, line_gross(off, work.line.qty_milli, self.rounding))

    def may_settle(self, scene: Scene) -> bool:
        return scene.member and scene.has(self.bought)

    def settle(self, run: Run) -> None:
        if run.member and self.settings.before_days and self.bought in run.present:
            keep = self.settings.before_days
            run.effects.append(Counted(self.key, run.now.day, receipts=1, keep_days=keep))

    def explain(self, run: Run) -> Reason | None:
        """The goods to mention, while none of them is in the basket."""
        if self.works(run):
            return None
        skus, categories = self.goods.skus, self.goods.categories
        if skus:
            return self.no("complement_sku", sku=skus[0])
        return self.no("complement_category", category=categories[0]) if categories else None


def plans(rule: ComplementRule, scope: Scope) -> list[Plan]:
    return [Complement(rule, number, scope) for number in range(len(rule.pairs))]


def check(rule: ComplementRule, programme: Programme) -> Iterable[tuple[str, str, str]]:
    if not rule.pairs:
        yield "pairs", "it has no pair", "add one with bought and offer"
    if rule.percent is not None and rule.amount is not None:
        yield "amount", "it takes off either a percent or an amount", "remove one of the two"
    yield from unused(rule, "products", because="the pairs name the goods", hint="write it under pairs")
    for number, pair in enumerate(rule.pairs):
        if pair.offer == Filter() or pair.bought == Filter():
            yield (
                f"pairs[{number}]",
                "a pair names goods on both sides",
                "give bought and offer a category or skus each",
            )
        elif pair.offer == pair.bought:
            yield (
                f"pairs[{number}]",
                "both sides are the same goods",
                "offer what goes with it, not the same again",
            )


def terms(rule: ComplementRule, programme: Programme) -> Said:
    for pair in rule.pairs:
        sides = {"bought": some(programme, pair.bought), "offer": some(programme, pair.offer)}
        yield say("pair", parts=sides)
    if rule.percent is not None:
        yield say("complement_percent", percent=percent(rule.percent))
    elif rule.amount is not None:
        yield say("off_each", amount_minor=rule.amount)
    if rule.before_days:
        yield say("bought_before", n=rule.before_days)


KIND = Kind(ComplementRule, plans, check, terms=terms)
