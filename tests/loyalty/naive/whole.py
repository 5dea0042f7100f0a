"""The programme's meaning a second time: slow, unit by unit, in fractions, straight from the document.

It shares the settings' structs with the engine and nothing else: no index, no compiled plans, no
integer arithmetic of the engine's. It knows every kind of rule that a sale meets; `activity`, which
takes no part in a sale, has worked examples instead. Each file adds one subject to the class of the
one before: visits (who may, what a visit is worth), goods, lines, receipt, points, handing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from app.loyalty.basket import Basket, Context
from app.loyalty.model import Programme
from app.loyalty.rules.tier import TierRule
from app.loyalty.state import MemberState
from tests.loyalty.naive.handing import HandingStage


@dataclass
class Answer:
    """What is compared with the engine's Decision."""

    discounts: dict[str, dict[str, int]]
    nets: dict[str, int]
    earned: dict[str, int]
    spent: int
    spendable: int
    stamps: dict[str, int]
    levels: dict[str, str]
    due: int
    things: dict[tuple[str, str, str], int]
    """What is handed over, by rule, kind and name: coupons, gifts, uses, status, badges."""
    used: dict[str, int]
    """What was held and is used up, by rule."""
    bought: int
    """Points paid for rewards, in hundredths."""


class Naive(HandingStage):
    """All of it, in the order of the document."""

    def run(self) -> None:
        for groups, stage in (
            (self.groups(self.line_rules()), self.line_group),
            (self.groups(self.receipt_rules()), self.receipt_group),
        ):
            for group in groups:
                stage(group)
        self.cap()
        for each in self.lines:
            each.off["manual"] += min(each.line.manual_minor, max(0, each.net - each.floor))
        self.deliver()
        self.buy()
        self.spent, self.spendable = self.spend()
        self.earned = Counter({id: centi for id, centi in self.earnings().items() if centi > 0})
        self.due = self.pay()

    def groups(self, rules: list[tuple[Any, str]]) -> list[list[Any]]:
        found: dict[str, list[Any]] = {}
        for rule, own in rules:
            found.setdefault(rule.group or own, []).append(rule)
        named = [found.pop(name) for name in self.programme.groups if name in found]
        return named + list(found.values())


def naive(programme: Programme, state: MemberState | None, basket: Basket, context: Context) -> Answer:
    """The whole answer; a tier that counts `now` takes a second pass."""
    tiers = [rule for rule in programme.rules if isinstance(rule, TierRule)]
    one = Naive(programme, state, basket, context)
    if state is not None:
        one.levels = {rule.id: one.reached(rule, one.figure(rule)) for rule in tiers}
    stamps = _pass(one)
    if state is not None:
        risen = dict(one.levels)
        for rule in tiers:
            if rule.counts == "now" and one.allowed(rule):
                risen[rule.id] = max(
                    risen[rule.id], one.reached(rule, one.figure(rule) + one.this_sale(rule))
                )
        if risen != one.levels:
            one = Naive(programme, state, basket, context)
            one.levels = risen
            stamps = _pass(one)
    return Answer(
        {each.line.id: {r: a for r, a in each.off.items() if a} for each in one.everything},
        {each.line.id: each.net for each in one.everything},
        {rule: centi for rule, centi in (one.earned + one.hand.points).items() if centi},
        one.spent,
        one.spendable,
        stamps,
        {r.id: r.levels[one.levels[r.id] - 1].id if one.levels.get(r.id) else "" for r in tiers}
        if state is not None
        else {},
        one.due,
        dict(+one.hand.things),
        dict(+one.used),
        one.bought,
    )


def _pass(one: Naive) -> dict[str, int]:
    one.run()
    one.hand_over()
    return one.stamps()
