"""`threshold`: steps by the receipt's total; only the highest step reached gives its benefit."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

import msgspec

from app.loyalty.benefit import (
    BenefitPlan,
    LotTerms,
    benefit_params,
    benefit_problems,
    benefit_word,
    hand_over,
)
from app.loyalty.decision import Reason
from app.loyalty.model import Benefit, PositiveMoney, Programme, Rule
from app.loyalty.plan import Kind, Plan, Run, Scene, Scope
from app.loyalty.promise import Said, gives, lots, say


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """From this total of the rule's goods, after the promotions before, this is given."""

    from_: PositiveMoney = msgspec.field(name="from")
    give: Benefit


class ThresholdRule(Rule, frozen=True, kw_only=True):
    steps: tuple[Step, ...]
    lots: LotTerms = LotTerms()


class Threshold(BenefitPlan):
    conditional = True

    def __init__(self, rule: ThresholdRule, scope: Scope) -> None:
        super().__init__(rule, scope)
        self.steps = sorted(rule.steps, key=lambda step: -step.from_)
        self.starts = sorted([step.from_ for step in rule.steps])
        self.unmet = f"missing_to_{benefit_word(self.steps[-1].give)}" if self.steps else ""
        self.lots = rule.lots
        self.wanting = {
            step: (f"missing_to_{benefit_word(step.give)}", benefit_params(step.give)) for step in self.steps
        }
        self.settles = any(step.give.points is not None or step.give.gift for step in rule.steps)

    def step(self, run: Run) -> Step | None:
        """The highest step reached, by the prices when it was first asked (the discount lowers them)."""
        memo = run.memo.get(self.index)
        if memo is None:
            total = run.net_of(self.filter)
            place = bisect_right(self.starts, total)
            memo = run.memo[self.index] = (self.steps[-place] if place else None, total)
        return memo[0]

    def ladder(self) -> list[tuple[int, int, int]]:
        if not self.free or self.limited or any(step.give.percent is None for step in self.steps):
            return []
        shares = [(step.from_, step.give.percent) for step in self.steps]
        return [(start, share.numerator, share.denominator) for start, share in shares if share is not None]

    def refusal(self, run: Run) -> Reason | None:
        if self.step(run) is None:
            if run.brief:
                return self.no(self.unmet)
            return self.missing(run, self.steps[-1])
        return None

    def missing(self, run: Run, step: Step) -> Reason:
        total = run.memo[self.index][1]
        code, params = self.wanting[step]
        return self.no(code, missing_minor=step.from_ - total, from_minor=step.from_, **params)

    def explain(self, run: Run) -> Reason | None:
        give = self.benefit(run)
        kept = give.percent is None and give.amount is None
        return self.no("members_only") if kept and not run.member else None

    def offer(self, run: Run) -> Reason | None:
        """What lacks to a higher step than the one reached."""
        reached = self.step(run)
        higher = [step for step in self.steps if reached is None or step.from_ > reached.from_]
        return self.missing(run, higher[-1]) if higher else None

    def benefit(self, run: Run) -> Benefit:
        step = self.step(run)
        assert step is not None  # `refusal` has been asked
        return step.give

    def may_settle(self, scene: Scene) -> bool:
        return scene.has(self.filter) and not self.ruled_out(scene)

    def settle(self, run: Run) -> None:
        if self.here(run) and self.may(run):
            hand_over(self, run, self.benefit(run), terms=self.lots, now=True)


def plans(rule: ThresholdRule, scope: Scope) -> list[Plan]:
    return [Threshold(rule, scope)]


def check(rule: ThresholdRule, programme: Programme) -> Iterable[tuple[str, str, str]]:
    if not rule.steps:
        yield "steps", "it has no step", "add one with from and give"
    for number, step in enumerate(rule.steps):
        yield from benefit_problems(step.give, f"steps[{number}].give")
    if len({step.from_ for step in rule.steps}) != len(rule.steps):
        yield "steps", "two steps begin at the same amount", "remove one, or raise its from"


def terms(rule: ThresholdRule, programme: Programme) -> Said:
    for step in sorted(rule.steps, key=lambda step: step.from_):
        yield gives(step.give, "from_", from_minor=step.from_)
    if len(rule.steps) > 1:
        yield say("highest_only")
    yield from lots(rule.lots, where=any(step.give.points for step in rule.steps))


KIND = Kind(ThresholdRule, plans, check, terms=terms)
