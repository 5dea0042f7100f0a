"""`cashback`: a share of the price comes back as points; the most specific category decides the rate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import lcm
from typing import Final

import msgspec

from app.loyalty.benefit import Expiry, LotTerms, expiry_ms, make_grant
from app.loyalty.conditions import common_refusal
from app.loyalty.decision import Reason
from app.loyalty.model import CategoryName, Count, Money, Programme, Rule, Share
from app.loyalty.plan import Kind, Plan, Run, Scope, Work
from app.loyalty.promise import Said, categories, counted_on, lots, min_receipt, percent, say
from app.loyalty.rules.points import Base, EarningPlan, RoundTo, base_minor, round_points
from app.values import POINT_CENTI

THIS_MONTH: Final = Expiry(days=0, to_month_end=True)


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """Categories of which the member picks some for the month; those earn `rate`."""

    categories: tuple[CategoryName, ...]
    rate: Share
    picks: Count = 1


class CashbackRule(Rule, frozen=True, kw_only=True):
    rate: Share = Fraction(0)
    """For goods of no category named below."""
    rates: dict[str, Share] = msgspec.field(default_factory=dict[str, Share])
    """By category; one deeper in the tree wins over one above it."""
    chosen: Chosen | None = None
    base: Base = "paid"
    min_receipt: Money = 0
    round_to: RoundTo = "hundredth"
    lots: LotTerms = LotTerms()

    def earns(self) -> bool:
        return True

    def grants(self) -> bool:
        return self.chosen is not None


class Cashback(EarningPlan):
    def __init__(self, rule: CashbackRule, scope: Scope) -> None:
        super().__init__(rule, scope)
        self.settings = rule
        self.base, self.round_to = rule.base, rule.round_to
        self.one_rate = rule.chosen is None and not rule.rates and rule.base != "gross"
        self.conditional = rule.min_receipt > 0
        chosen = [rule.chosen.rate] if rule.chosen else []
        self.unit = lcm(*(r.denominator for r in [rule.rate, *rule.rates.values(), *chosen]))
        self.parents = {name: c.parent for name, c in scope.programme.categories.items()}
        self.shares = self._shares(())
        """The rate of each known category, in 1/unit."""
        self.otherwise = int(rule.rate * self.unit)

    def terms(self) -> LotTerms:
        return self.settings.lots

    def refusal(self, run: Run) -> Reason | None:
        if not run.member:
            return self.no("members_only")
        missing = self.settings.min_receipt - run.goods_minor()
        if missing > 0:
            return self.no("missing_for_points", missing_minor=missing)
        return None

    def _shares(self, picked: tuple[str, ...]) -> dict[str, int]:
        known = {*self.parents, *self.settings.rates, *picked}
        return {category: int(self.rate(category, picked) * self.unit) for category in known}

    def rate(self, category: str, picked: tuple[str, ...] = ()) -> Fraction:
        """The rate of a category: its own, or the nearest above it; a chosen one where it is higher."""
        rule = self.settings
        base = None
        best = Fraction(0)
        while category:
            if base is None and category in rule.rates:
                base = rule.rates[category]
            if rule.chosen and category in picked:
                best = max(best, rule.chosen.rate)
            category = self.parents.get(category, "")
        return max(best, rule.rate if base is None else base)

    def _picked(self, run: Run) -> tuple[str, ...]:
        """Categories picked for this month: the member holds a status per pick, issued by the till."""
        if self.settings.chosen is None:
            return ()
        held = run.state.held(self.id, run.context.at_ms)
        picks = sorted(g.item for g in held if g.item in self.settings.chosen.categories)
        return tuple(picks[: self.settings.chosen.picks])

    def at_hand(self, run: Run) -> Sequence[str]:
        """Categories that the member may still pick for this month."""
        picked = self._picked(run)
        chosen = self.settings.chosen
        if chosen is None or len(picked) >= chosen.picks:
            return ()
        return tuple(category for category in chosen.categories if category not in picked)

    def refused_by_hand(self, run: Run) -> Reason | None:
        return common_refusal(self, run)

    def hand(self, run: Run, item: str) -> None:
        """The pick holds to the end of the month, and cannot be changed before."""
        grant = make_grant(self, run, "status", item=item)
        ends_at_ms = expiry_ms(THIS_MONTH, run)
        run.grant(msgspec.structs.replace(grant, expires_at_ms=ends_at_ms))

    def weights(self, run: Run) -> list[tuple[Work, int]]:
        picked = self._picked(run)
        shares = self._shares(picked) if picked else self.shares
        weights: list[tuple[Work, int]] = []
        for work in self.works(run):
            share = shares.get(work.line.category, self.otherwise)
            weights.append((work, base_minor(work, self.base) * share))
        return weights

    def earned(self, run: Run) -> int:
        if self.per_minor is None and self.one_rate:
            points, minor = self.rate_of(run)
            self.per_minor = (points * self.otherwise, minor)
        return super().earned(run)

    def rate_of(self, run: Run) -> tuple[int, int]:
        """Hundredths of a point for a minor unit of full cashback, by what a point is worth, over `unit`."""
        worth, minor = run.point_minor.as_integer_ratio()
        return POINT_CENTI * minor, self.unit * worth

    def centi(self, run: Run, weight: int) -> int:
        points, minor = self.rate_of(run)
        return round_points(run, weight * points, minor, self.round_to, self.rounding)


def plans(rule: CashbackRule, scope: Scope) -> list[Plan]:
    return [Cashback(rule, scope)]


def check(rule: CashbackRule, programme: Programme) -> Iterable[tuple[str, str, str]]:
    if not rule.rate and not any(rule.rates.values()) and rule.chosen is None:
        yield "", "it gives nothing back", "set rate or rates"
    named = {name: f"rates.{name}" for name in rule.rates}
    if rule.chosen:
        named |= dict.fromkeys(rule.chosen.categories, "chosen.categories")
    for name, field in named.items():
        if programme.categories and name not in programme.categories:
            yield field, f"there is no category {name!r}", "add it under categories"


def terms(rule: CashbackRule, programme: Programme) -> Said:
    if rule.rate:
        yield say("back", percent=percent(rule.rate))
    for category, rate in rule.rates.items():
        yield say(
            "back_category", percent=percent(rate), names={"category": categories(programme, [category])}
        )
    if (chosen := rule.chosen) is not None:
        among = categories(programme, chosen.categories)
        yield say("back_chosen", percent=percent(chosen.rate), n=chosen.picks, names={"categories": among})
    yield from counted_on(rule.base, rule.round_to)
    yield from min_receipt(rule.min_receipt)
    yield from lots(rule.lots)


KIND = Kind(CashbackRule, plans, check, terms=terms)
