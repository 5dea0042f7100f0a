"""`access`: goods that only its audience may buy while the rule holds (early access until a date)."""

from __future__ import annotations

from collections.abc import Iterable

from app.loyalty.conditions import audience_refusal, when_refusal
from app.loyalty.model import EVERYTHING, Audience, Programme, Rule
from app.loyalty.plan import Kind, Plan, Run, Scope
from app.loyalty.promise import Said, say


class AccessRule(Rule, frozen=True, kw_only=True):
    """`when` is the time of the restriction, `audience` who may buy all the same."""


class Access(Plan):
    def settle(self, run: Run) -> None:
        if when_refusal(self, run) is not None:
            return
        barred = audience_refusal(self, run)
        for work in self.works(run):
            if barred is not None:
                params = {**barred.params, "line": work.line.id}
                run.refused.append(self.no("access_only", **params))
        if self.works(run):
            run.notes[self.id] = self.no(barred.code, **barred.params) if barred else self.yes("access_given")


def plans(rule: AccessRule, scope: Scope) -> list[Plan]:
    return [Access(rule, scope)]


def check(rule: AccessRule, programme: Programme) -> Iterable[tuple[str, str, str]]:
    if rule.products == EVERYTHING:
        yield "products", "the whole shop would be closed", "name the goods that are kept"
    if rule.audience == Audience():
        yield "audience", "it keeps nothing from anyone", "name tiers, vip or segments"


def terms(rule: AccessRule, programme: Programme) -> Said:
    yield say("access")


KIND = Kind(AccessRule, plans, check, terms=terms)
