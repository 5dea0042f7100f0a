"""`nth_purchase`: every Nth counted receipt, or every so much spent, with the remainder carried over."""

from __future__ import annotations

from collections.abc import Iterable

from app.loyalty.benefit import BenefitPlan, LotTerms, benefit_amount, benefit_problems, hand_over
from app.loyalty.conditions import common_refusal
from app.loyalty.decision import Reason
from app.loyalty.effects import Counted
from app.loyalty.model import Benefit, Count, Money, PositiveMoney, Programme, Rule
from app.loyalty.plan import Kind, Plan, Run, Scene, Scope
from app.loyalty.promise import Said, gives, lots, min_receipt, say


class NthPurchaseRule(Rule, frozen=True, kw_only=True):
    """Exactly one of `every` and `every_spend`."""

    every: Count | None = None
    every_spend: PositiveMoney | None = None
    give: Benefit
    min_receipt: Money = 0
    lots: LotTerms = LotTerms()


class NthPurchase(BenefitPlan):
    conditional = True

    def __init__(self, rule: NthPurchaseRule, scope: Scope) -> None:
        super().__init__(rule, scope)
        self.settings = rule

    def judged(self, run: Run) -> tuple[int, int]:
        """The receipt's own goods when this rule is first asked, and how often they complete a round.

        What is judged is what is counted, whatever is taken off later.
        """
        memo = run.memo.get(self.index)
        if memo is None:
            rule, so_far = self.settings, run.state.counted(self.id)
            measured = run.net_of(self.filter)
            if rule.every is not None:
                times = 0 if (so_far.receipts + 1) % rule.every else 1
            else:
                step = rule.every_spend or 1
                times = (so_far.spend_minor + measured) // step - so_far.spend_minor // step
            memo = run.memo[self.index] = (measured, times)
        return memo

    def may(self, run: Run) -> bool:
        """As `refused` says, without a word on what is missing."""
        measured, times = self.judged(run)
        if times <= 0 or measured < self.settings.min_receipt or not run.member:
            return False
        return self.free or common_refusal(self, run) is None

    def refusal(self, run: Run) -> Reason | None:
        if not run.member:
            return self.no("members_only")
        rule, (measured, times) = self.settings, self.judged(run)
        if measured < rule.min_receipt:
            return self.no("missing_for_count", missing_minor=rule.min_receipt - measured)
        if times > 0:
            return None
        so_far = run.state.counted(self.id)
        if rule.every is not None:
            left = rule.every - so_far.receipts % rule.every - 1
            return self.no("missing_visits", n=left, every=rule.every)
        step = rule.every_spend or 1
        return self.no("missing_spend", missing_minor=step - (so_far.spend_minor + measured) % step)

    def benefit(self, run: Run) -> Benefit:
        return self.settings.give

    def amount(self, run: Run) -> int:
        amount = benefit_amount(self.settings.give, self, run)
        return amount if self.settings.give.percent is not None else amount * self.judged(run)[1]

    def may_discount(self, scene: Scene) -> bool:
        return scene.member and super().may_discount(scene)

    def may_settle(self, scene: Scene) -> bool:
        return scene.member and scene.has(self.filter) and not self.ruled_out(scene)

    def settle(self, run: Run) -> None:
        if not run.member or self.filter not in run.present:
            return
        measured, times = self.judged(run)
        if measured < self.settings.min_receipt:
            return
        if not self.free and common_refusal(self, run) is not None:
            return
        hand_over(self, run, self.settings.give, terms=self.settings.lots, times=times, now=True)
        run.effects.append(Counted(self.id, 0, 1, measured))


def plans(rule: NthPurchaseRule, scope: Scope) -> list[Plan]:
    return [NthPurchase(rule, scope)]


def check(rule: NthPurchaseRule, programme: Programme) -> Iterable[tuple[str, str, str]]:
    if (rule.every is None) == (rule.every_spend is None):
        yield "", "it needs exactly one of every and every_spend", "write every: 10 or every_spend: 500.00"
    yield from benefit_problems(rule.give, "give")


def terms(rule: NthPurchaseRule, programme: Programme) -> Said:
    if rule.every is not None:
        yield say("every_nth", n=rule.every)
    if rule.every_spend is not None:
        yield say("every_spend", from_minor=rule.every_spend)
    yield gives(rule.give)
    yield from min_receipt(rule.min_receipt)
    yield from lots(rule.lots, where=rule.give.points is not None)


KIND = Kind(NthPurchaseRule, plans, check, terms=terms)
