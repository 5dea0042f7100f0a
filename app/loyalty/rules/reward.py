"""`reward`: a catalogue of things for points; also hands over gifts that other rules have given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable

import msgspec

from app.loyalty.decision import Reason
from app.loyalty.effects import Counted, Grant, GrantUsed, Lot, PointsSpent
from app.loyalty.model import Count, Ident, Names, Points, Programme, Rule
from app.loyalty.plan import Kind, Plan, Run, Scope
from app.loyalty.promise import Said, say
from app.loyalty.rules.points import ready_lots
from app.loyalty.state import Standing, take_from
from app.loyalty.unused import unused


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A thing of the catalogue. `stock` is for all tills; a till's part of it comes as a budget."""

    id: Ident
    name: Names
    points: Points
    stock: Count | None = None
    per_member: Count | None = None


class RewardRule(Rule, frozen=True, kw_only=True):
    items: tuple[Item, ...]


class Rewards(Plan):
    needs_goods = False

    def __init__(self, rule: RewardRule, scope: Scope) -> None:
        super().__init__(rule, scope)
        self.items = {item.id: item for item in rule.items}

    def buy(self, run: Run) -> None:
        given: dict[str, int] = {}
        for wish in run.context.redeem.rewards:
            rule, _, name = wish.partition("/")
            if rule != self.id:
                continue
            reason = self._give(run, name, given)
            if reason is not None:
                run.refused.append(reason)

    def _give(self, run: Run, name: str, given: dict[str, int]) -> Reason | None:
        item = self.items.get(name)
        if item is None:
            return self.no("reward_unknown", item=name)
        if not run.member:
            return self.no("members_only")
        refused = self.refused(run) or self._out(run, item, given.get(name, 0))
        if refused is not None:
            return refused
        ready = ready_lots(run)
        have = _to_spend(run, ready)
        if have < item.points:
            return self.no("reward_too_dear", missing_centi=item.points - have, item=name)
        limit = run.context.points_limit_centi
        if limit is not None and limit - run.rewards_centi < item.points:
            return self.no("reward_beyond_limit", item=name)
        given[name] = given.get(name, 0) + 1
        run.effects.append(PointsSpent(self.id, item.points, take_from(ready, item.points), tender=False))
        run.effects.append(Counted(f"{self.id}#{name}", 0, uses=1))
        run.rewards_centi += item.points
        run.notes[self.id] = self.yes("reward_given", item=name, points_centi=given[name] * item.points)
        return None

    def _out(self, run: Run, item: Item, given: int) -> Reason | None:
        stock = run.context.budgets.get(f"{self.id}/{item.id}", item.stock)
        if stock is not None and stock <= given:
            return self.no("reward_out_of_stock", item=item.id)
        had = run.state.counted(f"{self.id}#{item.id}").uses + given
        if item.per_member is not None and had >= item.per_member:
            return self.no("reward_had", item=item.id)
        return None

    def explain(self, run: Run) -> Reason | None:
        """The dearest thing that the points would buy, or what lacks to the cheapest."""
        if not run.member:
            return None
        have = _to_spend(run, ready_lots(run))
        affordable = [item for item in self.items.values() if item.points <= have]
        if affordable:
            best = max(affordable, key=lambda item: (item.points, item.id))
            return self.no("reward_ready", item=best.id, points_centi=best.points)
        least = min(self.items.values(), key=lambda item: (item.points, item.id))
        return self.no("reward_near", item=least.id, missing_centi=least.points - have)


def _to_spend(run: Run, ready: Iterable[Lot]) -> int:
    """What may be spent now; below zero where the member owes."""
    return sum(lot.amount_centi for lot in ready) - run.state.debt_centi


def gifts(state: Standing, at_ms: int) -> list[Grant]:
    """Gifts that a member holds and may take at a moment, by code."""
    return [
        grant for grant in state.grants if grant.kind == "reward" and grant in state.held(grant.rule, at_ms)
    ]


def collect(run: Run, catalogues: Container[str]) -> None:
    """Hand over gifts that the member holds, named by their code in the wish.

    A wish for a thing of one of the `catalogues` is for that rule to answer.
    """
    held = {grant.code: grant for grant in gifts(run.state, run.context.at_ms)}
    for wish, count in Counter(run.context.redeem.rewards).items():
        grant = held.get(wish)
        if grant is not None:
            run.effects.append(GrantUsed(msgspec.structs.replace(grant, uses=min(count, grant.uses))))
        if count > (grant.uses if grant else 0) and wish.partition("/")[0] not in catalogues:
            run.refused.append(Reason("", False, "reward_unknown", {"item": wish}))


def plans(rule: RewardRule, scope: Scope) -> list[Plan]:
    return [Rewards(rule, scope)]


def check(rule: RewardRule, programme: Programme) -> Iterable[tuple[str, str, str]]:
    if not rule.items:
        yield "items", "the catalogue is empty", "add an item with id, name and points"
    if len({item.id for item in rule.items}) != len(rule.items):
        yield "items", "two things have the same id", "rename one: stock and limits are kept by the id"
    yield from unused(rule, "products", because="the things of the catalogue stand under items")


def terms(rule: RewardRule, programme: Programme) -> Said:
    for item in rule.items:
        yield say("reward", points_centi=item.points, names={"item": item.name})
        if item.per_member is not None:
            yield say("per_member", n=item.per_member)
        if item.stock is not None:
            yield say("in_stock")


KIND = Kind(RewardRule, plans, check, terms=terms)
