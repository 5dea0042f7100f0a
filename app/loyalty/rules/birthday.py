"""`birthday`: a benefit on the days around the birthday, if the date was known early enough."""

from __future__ import annotations

from collections.abc import Iterable

from app.loyalty.benefit import LotTerms, benefit_problems
from app.loyalty.conditions import birthday_near
from app.loyalty.decision import Reason
from app.loyalty.model import Benefit, BirthdayWindow, Programme, Rule
from app.loyalty.plan import Kind, Plan, Run, Scope
from app.loyalty.promise import Said, birthday_window, gives, lots, say
from app.loyalty.yearly import Yearly


class BirthdayRule(Rule, frozen=True, kw_only=True):
    window: BirthdayWindow = BirthdayWindow()
    give: Benefit
    once: bool = True
    """Whether only the first receipt in the window gets it."""
    lots: LotTerms = LotTerms()


class BirthdayGift(Yearly):
    def __init__(self, rule: BirthdayRule, scope: Scope) -> None:
        super().__init__(rule, rule.lots, rule.once, scope)
        self.settings = rule

    def refusal(self, run: Run) -> Reason | None:
        if not run.member:
            return self.no("members_only")
        window = self.settings.window
        birthday = birthday_near(run, window)
        if birthday is None:
            return self.no("not_near_birthday")
        return self.no("already_this_year") if self.had(run, birthday - window.before) else None

    def benefit(self, run: Run) -> Benefit:
        return self.settings.give


def plans(rule: BirthdayRule, scope: Scope) -> list[Plan]:
    return [BirthdayGift(rule, scope)]


def check(rule: BirthdayRule, programme: Programme) -> Iterable[tuple[str, str, str]]:
    yield from benefit_problems(rule.give, "give")


def terms(rule: BirthdayRule, programme: Programme) -> Said:
    yield from birthday_window(rule.window)
    yield gives(rule.give)
    yield from lots(rule.lots, where=rule.give.points is not None)
    yield say("once_a_year" if rule.once else "each_time")


KIND = Kind(BirthdayRule, plans, check, terms=terms)
