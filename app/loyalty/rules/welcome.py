"""`welcome`: the first counted purchase of a person (not of a card)."""

from __future__ import annotations

from collections.abc import Iterable

from app.loyalty.benefit import BenefitPlan, LotTerms, benefit_problems, hand_over
from app.loyalty.decision import Reason
from app.loyalty.effects import Counted
from app.loyalty.model import Benefit, Money, Programme, Rule
from app.loyalty.plan import Kind, Plan, Run, Scene, Scope
from app.loyalty.promise import Said, gives, lots, min_receipt, say


class WelcomeRule(Rule, frozen=True, kw_only=True):
    give: Benefit
    min_receipt: Money = 0
    lots: LotTerms = LotTerms()


class Welcome(BenefitPlan):
    conditional = True

    def __init__(self, rule: WelcomeRule, scope: Scope) -> None:
        super().__init__(rule, scope)
        self.settings = rule

    def refusal(self, run: Run) -> Reason | None:
        if not run.member:
            return self.no("members_only")
        if run.state.receipts > 0 or run.state.counted(self.id).uses > 0:
            return self.no("not_first_purchase")
        missing = self.settings.min_receipt - run.net_of(self.filter)
        return self.no("missing_for_welcome", missing_minor=missing) if missing > 0 else None

    def benefit(self, run: Run) -> Benefit:
        return self.settings.give

    def may_discount(self, scene: Scene) -> bool:
        return scene.first and super().may_discount(scene)

    def may_settle(self, scene: Scene) -> bool:
        return scene.first and scene.has(self.filter) and not self.ruled_out(scene)

    def settle(self, run: Run) -> None:
        if not self.here(run) or not self.may(run):
            return
        rule = self.settings
        discount = rule.give.percent is not None or rule.give.amount is not None
        if discount and not run.given.get(self.id):
            return  # another rule of its group gave more: the welcome is not used up by that
        hand_over(self, run, rule.give, terms=rule.lots, now=True)
        run.effects.append(Counted(self.id, 0, uses=1))


def plans(rule: WelcomeRule, scope: Scope) -> list[Plan]:
    return [Welcome(rule, scope)]


def check(rule: WelcomeRule, programme: Programme) -> Iterable[tuple[str, str, str]]:
    yield from benefit_problems(rule.give, "give")


def terms(rule: WelcomeRule, programme: Programme) -> Said:
    yield say("first_purchase")
    yield gives(rule.give)
    yield from min_receipt(rule.min_receipt)
    yield from lots(rule.lots, where=rule.give.points is not None)


KIND = Kind(WelcomeRule, plans, check, terms=terms)
