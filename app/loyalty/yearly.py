"""Benefits around a day of the year, at most once in each: what `tenure` and `birthday` share."""

from __future__ import annotations

from app.loyalty.benefit import BenefitPlan, LotTerms, hand_over
from app.loyalty.effects import Counted
from app.loyalty.model import Rule
from app.loyalty.plan import Run, Scope

YEAR_DAYS = 366


class Yearly(BenefitPlan):
    """Gives its benefit at most once in a window, where `once` says so."""

    conditional = True

    def __init__(self, rule: Rule, lots: LotTerms, once: bool, scope: Scope) -> None:
        super().__init__(rule, scope)
        self.once = once
        self.lots = lots

    def had(self, run: Run, since: int) -> bool:
        """Whether the window that began on a day has given its benefit already."""
        return self.once and run.state.counted(self.id, since).uses > 0

    def settle(self, run: Run) -> None:
        if not self.here(run) or not self.may(run):
            return
        give = self.benefit(run)
        discount = give.percent is not None or give.amount is not None
        if discount and not run.given.get(self.id):
            return
        hand_over(self, run, give, terms=self.lots, now=True)
        if self.once:
            run.effects.append(Counted(self.id, run.now.day, uses=1, keep_days=YEAR_DAYS))
