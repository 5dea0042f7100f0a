"""`tenure`: a benefit by the years since enrolment."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from app.loyalty.benefit import LotTerms, benefit_problems
from app.loyalty.decision import Reason
from app.loyalty.model import Benefit, Count, Days, Programme, Rule
from app.loyalty.moment import anniversary, moment_of
from app.loyalty.plan import Kind, Plan, Run, Scope
from app.loyalty.promise import Said, gives, lots, say
from app.loyalty.yearly import Yearly


class TenureStep(msgspec.Struct, frozen=True, kw_only=True):
    years: Count
    give: Benefit


class TenureRule(Rule, frozen=True, kw_only=True):
    """The highest step reached counts."""

    steps: tuple[TenureStep, ...]
    within_days: Days | None = None
    """Only so many days after the anniversary, and once; without it, on every receipt."""
    lots: LotTerms = LotTerms()


class Tenure(Yearly):
    def __init__(self, rule: TenureRule, scope: Scope) -> None:
        super().__init__(rule, rule.lots, rule.within_days is not None, scope)
        self.settings = rule
        self.steps = sorted(rule.steps, key=lambda step: -step.years)

    def years(self, run: Run) -> int:
        """Whole years since enrolment."""
        return self._last_anniversary(run)[0]

    def _last_anniversary(self, run: Run) -> tuple[int, int]:
        """Whole years, and the day on which they were full."""
        if run.state.enrolled_at_ms is None:
            return 0, run.now.day
        start = moment_of(run.state.enrolled_at_ms // 60_000, run.zone)
        year = run.now.year
        if anniversary(year, start.month, start.day_of_month) > run.now.day:
            year -= 1
        return max(0, year - start.year), anniversary(year, start.month, start.day_of_month)

    def step(self, run: Run) -> TenureStep | None:
        years = self.years(run)
        return next((step for step in self.steps if years >= step.years), None)

    def refusal(self, run: Run) -> Reason | None:
        if not run.member:
            return self.no("members_only")
        if self.step(run) is None:
            return self.no("missing_years", n=self.steps[-1].years - self.years(run))
        days, full = self.settings.within_days, self._last_anniversary(run)[1]
        if days is not None and run.now.day - full > days:
            return self.no("not_near_anniversary")
        return self.no("already_this_year") if self.had(run, full) else None

    def benefit(self, run: Run) -> Benefit:
        step = self.step(run)
        assert step is not None  # `refusal` has been asked
        return step.give


def plans(rule: TenureRule, scope: Scope) -> list[Plan]:
    return [Tenure(rule, scope)]


def check(rule: TenureRule, programme: Programme) -> Iterable[tuple[str, str, str]]:
    if not rule.steps:
        yield "steps", "it has no step", "add one with years and give"
    for number, step in enumerate(rule.steps):
        yield from benefit_problems(step.give, f"steps[{number}].give")


def terms(rule: TenureRule, programme: Programme) -> Said:
    for step in rule.steps:
        yield say("years", n=step.years, parts={"gives": [gives(step.give)]})
    if rule.within_days is not None:
        yield say("near_anniversary", n=rule.within_days)
    else:
        yield say("each_time")
    yield from lots(rule.lots, where=any(step.give.points for step in rule.steps))


KIND = Kind(TenureRule, plans, check, terms=terms)
