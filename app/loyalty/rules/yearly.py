"""`tenure` and `birthday`: a benefit around a day of the year, once in each."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from app.loyalty.conditions import near_birthday
from app.loyalty.decision import Reason
from app.loyalty.effects import Counted
from app.loyalty.model import Benefit, BirthdayWindow, Count, Days, Programme, Rule
from app.loyalty.moment import anniversary, moment_of
from app.loyalty.plan import Kind, Plan, Run, Scope
from app.loyalty.promise import Said, birthday_window, gives, lots, say
from app.loyalty.rules.benefit import BenefitPlan, LotTerms, benefit_problems, hand_over

YEAR_DAYS = 366


class BirthdayRule(Rule, frozen=True, kw_only=True):
    window: BirthdayWindow = BirthdayWindow()
    give: Benefit
    once: bool = True
    """Whether only the first receipt in the window gets it."""
    lots: LotTerms = LotTerms()


class TenureStep(msgspec.Struct, frozen=True, kw_only=True):
    years: Count
    give: Benefit


class TenureRule(Rule, frozen=True, kw_only=True):
    """The highest step reached counts."""

    steps: tuple[TenureStep, ...]
    within_days: Days | None = None
    """Only so many days after the anniversary, and once; without it, on every receipt."""
    lots: LotTerms = LotTerms()


class Yearly(BenefitPlan):
    """Gives its benefit at most once in a window, where `once` says so."""

    conditional = True

    def __init__(self, rule: BirthdayRule | TenureRule, once_in_days: int | None, scope: Scope) -> None:
        super().__init__(rule, scope)
        self.once_in_days = once_in_days
        self.lots = rule.lots

    def had(self, run: Run) -> bool:
        if self.once_in_days is None:
            return False
        return run.state.counted(self.id, run.now.day - self.once_in_days).uses > 0

    def settle(self, run: Run) -> None:
        if not self.here(run) or not self.may(run):
            return
        give = self.benefit(run)
        discount = give.percent is not None or give.amount is not None
        if discount and not run.given.get(self.id):
            return
        hand_over(self, run, give, terms=self.lots, now=True)
        if self.once_in_days is not None:
            run.effects.append(Counted(self.id, run.now.day, uses=1, keep_days=YEAR_DAYS))


class BirthdayGift(Yearly):
    def __init__(self, rule: BirthdayRule, scope: Scope) -> None:
        days = rule.window.before + rule.window.after
        super().__init__(rule, days if rule.once else None, scope)
        self.settings = rule

    def refusal(self, run: Run) -> Reason | None:
        if not run.member:
            return self.no("members_only")
        if not near_birthday(run, self.settings.window):
            return self.no("not_near_birthday")
        return self.no("already_this_year") if self.had(run) else None

    def benefit(self, run: Run) -> Benefit:
        return self.settings.give


class Tenure(Yearly):
    def __init__(self, rule: TenureRule, scope: Scope) -> None:
        super().__init__(rule, rule.within_days, scope)
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
        days = self.settings.within_days
        if days is not None and run.now.day - self._last_anniversary(run)[1] > days:
            return self.no("not_near_anniversary")
        return self.no("already_this_year") if self.had(run) else None

    def benefit(self, run: Run) -> Benefit:
        step = self.step(run)
        assert step is not None  # `refusal` has been asked
        return step.give


def birthday_plans(rule: BirthdayRule, scope: Scope) -> list[Plan]:
    return [BirthdayGift(rule, scope)]


def birthday_check(rule: BirthdayRule, programme: Programme) -> Iterable[tuple[str, str, str]]:
    yield from benefit_problems(rule.give, "give")


def tenure_plans(rule: TenureRule, scope: Scope) -> list[Plan]:
    return [Tenure(rule, scope)]


def tenure_check(rule: TenureRule, programme: Programme) -> Iterable[tuple[str, str, str]]:
    if not rule.steps:
        yield "steps", "it has no step", "add one with years and give"
    for number, step in enumerate(rule.steps):
        yield from benefit_problems(step.give, f"steps[{number}].give")


def birthday_terms(rule: BirthdayRule, programme: Programme) -> Said:
    yield from birthday_window(rule.window)
    yield gives(rule.give)
    yield from lots(rule.lots, where=rule.give.points is not None)
    yield say("once_a_year" if rule.once else "each_time")


def tenure_terms(rule: TenureRule, programme: Programme) -> Said:
    for step in rule.steps:
        yield say("years", n=step.years, parts={"gives": [gives(step.give)]})
    if rule.within_days is not None:
        yield say("near_anniversary", n=rule.within_days)
    else:
        yield say("each_time")
    yield from lots(rule.lots, where=any(step.give.points for step in rule.steps))


BIRTHDAY = Kind(BirthdayRule, birthday_plans, birthday_check, terms=birthday_terms)
TENURE = Kind(TenureRule, tenure_plans, tenure_check, terms=tenure_terms)
