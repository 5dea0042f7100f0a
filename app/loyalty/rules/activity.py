"""`activity`: points for what happens elsewhere, by event name, within limits (app.loyalty.events)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from app.loyalty.benefit import LotTerms, earn
from app.loyalty.decision import Reason
from app.loyalty.effects import Counted
from app.loyalty.model import Count, Ident, Points, Programme, Rule, Share
from app.loyalty.plan import Kind, Plan, Run, Scope
from app.loyalty.promise import Said, lots, percent, say
from app.loyalty.unused import unused
from app.values import POINT_CENTI, mul_rate

KEEP_DAYS = 31


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How often it pays: by day, calendar week, calendar month, and ever."""

    per_day: Count | None = None
    per_week: Count | None = None
    per_month: Count | None = None
    ever: Count | None = None


class ActivityRule(Rule, frozen=True, kw_only=True):
    """`points` for the event, or `percent` of the money that it carries (a partner's purchase)."""

    event: Ident
    points: Points | None = None
    percent: Share | None = None
    limits: Limits = Limits()
    lots: LotTerms = LotTerms()

    def earns(self) -> bool:
        return True


class Activity(Plan):
    """Takes no part in a sale; `pay` is called for an event."""

    def __init__(self, rule: ActivityRule, scope: Scope) -> None:
        super().__init__(rule, scope)
        self.settings = rule

    def over_limit(self, run: Run) -> Reason | None:
        """Which limit is reached, if one is."""
        limits, day = self.settings.limits, run.now.day
        spans = (
            ("per_day", limits.per_day, day),
            ("per_week", limits.per_week, day - run.now.weekday),
            ("per_month", limits.per_month, day - run.now.day_of_month + 1),
        )
        for word, most, since in spans:
            if most is not None and run.state.counted(self.id, since, day).uses >= most:
                return self.no(f"limit_{word}", n=most)
        ever = run.state.counted(f"{self.id}#ever").uses
        if limits.ever is not None and ever >= limits.ever:
            return self.no("limit_ever", n=limits.ever)
        return None

    def at_hand(self, run: Run) -> Sequence[str]:
        return () if self.settings.points is None else ("",)

    def refused_by_hand(self, run: Run) -> Reason | None:
        return self.refused(run) or self.over_limit(run)

    def hand(self, run: Run, item: str) -> None:
        self.pay(run, 0)

    def pay(self, run: Run, amount_minor: int) -> None:
        """The points of one event and its count."""
        rule = self.settings
        centi = rule.points or 0
        if rule.percent is not None:
            centi = mul_rate(amount_minor * POINT_CENTI, rule.percent / run.point_minor, self.rounding)
        earn(self, run, centi, rule.lots)
        run.effects.append(Counted(self.id, run.now.day, uses=1, keep_days=KEEP_DAYS))
        if rule.limits.ever is not None:
            run.effects.append(Counted(f"{self.id}#ever", 0, uses=1))


def plans(rule: ActivityRule, scope: Scope) -> list[Plan]:
    return [Activity(rule, scope)]


def check(rule: ActivityRule, programme: Programme) -> Iterable[tuple[str, str, str]]:
    if (rule.points is None) == (rule.percent is None):
        yield "", "it gives either points or a percent of the event's money", "set one of points and percent"
    yield from unused(rule, "products", because="an event is about no goods")


def terms(rule: ActivityRule, programme: Programme) -> Said:
    if rule.points is not None:
        yield say("gives_points", points_centi=rule.points)
    elif rule.percent is not None:
        yield say("back", percent=percent(rule.percent))
    for period in ("per_day", "per_week", "per_month", "ever"):
        limit = getattr(rule.limits, period)
        if limit is not None:
            yield say(f"limit_{period}", n=limit)
    yield from lots(rule.lots)


KIND = Kind(ActivityRule, plans, check, terms=terms)
