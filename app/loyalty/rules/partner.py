"""`partner`: earning on a partner's goods and spending at a partner, settled between the two.

Points earned here on the partner's account are owed by the partner; points spent in the partner's
stores are owed to it. The settlement entries say by how much.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from app.loyalty.benefit import LotTerms, earn
from app.loyalty.decision import Reason
from app.loyalty.effects import PartnerSettled
from app.loyalty.model import EVERYTHING, Ident, Points, PositiveMoney, Programme, Rule
from app.loyalty.plan import Kind, Plan, Run, Scope, Work
from app.loyalty.promise import Said, lots, say
from app.loyalty.rules.points import EarningPlan, base_minor
from app.loyalty.unused import unused
from app.values import div_round


class PartnerRule(Rule, frozen=True, kw_only=True):
    partner: Ident
    points: Points | None = None
    per: PositiveMoney | None = None
    """`points` for every `per` paid for the partner's goods."""
    partner_stores: tuple[str, ...] = ()
    """Stores of the partner: points spent there are settled with it."""
    lots: LotTerms = LotTerms()

    def earns(self) -> bool:
        return self.points is not None


class PartnerEarning(EarningPlan):
    def __init__(self, rule: PartnerRule, points: int, per: int, scope: Scope) -> None:
        super().__init__(rule, scope)
        self.settings = rule
        self.each = Fraction(points, per)

    def terms(self) -> LotTerms:
        return self.settings.lots

    def weights(self, run: Run) -> list[tuple[Work, int]]:
        return [(work, base_minor(work, self.base)) for work in self.works(run)]

    def centi(self, run: Run, weight: int) -> int:
        exact = weight * self.each
        return div_round(exact.numerator, exact.denominator, self.rounding)

    def pay(self, run: Run, amount_minor: int) -> None:
        """The points of a purchase at the partner's own, of which only the money is known."""
        earn(self, run, self.centi(run, amount_minor), self.terms())
        self._owe(run)

    def settle(self, run: Run) -> None:
        super().settle(run)
        self._owe(run)

    def _owe(self, run: Run) -> None:
        earned = run.points_by_rule.get(self.id)
        if earned:
            run.effects.append(PartnerSettled(self.id, self.settings.partner, earned))


class PartnerSpending(Plan):
    settle_order = 2

    def __init__(self, rule: PartnerRule, scope: Scope) -> None:
        super().__init__(rule, scope)
        self.settings = rule

    def refusal(self, run: Run) -> Reason | None:
        return None

    def settle(self, run: Run) -> None:
        if run.spent_centi and run.context.store in self.settings.partner_stores and self.may(run):
            run.effects.append(PartnerSettled(self.id, self.settings.partner, -run.spent_centi))


def plans(rule: PartnerRule, scope: Scope) -> list[Plan]:
    made: list[Plan] = []
    if rule.points is not None and rule.per is not None:
        made.append(PartnerEarning(rule, rule.points, rule.per, scope))
    if rule.partner_stores:
        made.append(PartnerSpending(rule, scope))
    return made


def check(rule: PartnerRule, programme: Programme) -> Iterable[tuple[str, str, str]]:
    if (rule.points is None) != (rule.per is None):
        yield "", "points and per belong together", "set both, as points: 1 and per: 10.00"
    if rule.points is None and not rule.partner_stores:
        yield "", "it neither earns nor spends", "set points and per, or partner_stores"
    if rule.points is not None and rule.products == EVERYTHING:
        yield "products", "a partner pays for its own goods only", "name them"
    if rule.points is None:
        yield from unused(rule, "products", because="the rule earns nothing on goods")


def terms(rule: PartnerRule, programme: Programme) -> Said:
    if rule.points is not None and rule.per is not None:
        yield say("earn_money", points_centi=rule.points, per_minor=rule.per)
        yield from lots(rule.lots)
    if rule.partner_stores:
        yield say("partner_stores", stores=", ".join(rule.partner_stores))


KIND = Kind(PartnerRule, plans, check, terms=terms)
