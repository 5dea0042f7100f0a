"""Coupons that a member holds: the discount half of every kind that issues one."""

from __future__ import annotations

import msgspec

from app.loyalty.benefit import BenefitPlan, make_grant
from app.loyalty.decision import Reason
from app.loyalty.effects import CodeUsed, Grant, GrantUsed
from app.loyalty.model import Benefit, Rule
from app.loyalty.plan import Run, Scene, Scope


class CouponPlan(BenefitPlan):
    """Discounts a receipt when a code of this rule is presented; single use each."""

    conditional = True

    def __init__(self, rule: Rule, give: Benefit | None, scope: Scope) -> None:
        super().__init__(rule, scope)
        self.give = give

    def coupon(self, run: Run) -> Grant | None:
        """The coupon presented, as held, or rebuilt from its own signed words where it is not known here."""
        if not run.context.codes:
            return None
        if self.index not in run.memo:
            run.memo[self.index] = self._presented(run)
        return run.memo[self.index]

    def _presented(self, run: Run) -> Grant | None:
        for code in run.presented(self.id):
            if code.used > 0 or code.used_by_member > 0:
                continue
            for grant in run.state.grants:
                if grant.code == code.code:
                    return grant if grant.uses > 0 and grant.kind == "coupon" else None
            if code.issued_at_ms is not None:
                grant = make_grant(self, run, "coupon")
                return msgspec.structs.replace(grant, code=code.code, issued_at_ms=code.issued_at_ms)
        return None

    def refusal(self, run: Run) -> Reason | None:
        if not run.context.codes:
            return self.no("coupon_not_presented")
        if self.coupon(run) is None:
            used = any(code.used or code.used_by_member for code in run.presented(self.id))
            return self.no("coupon_used" if used else "coupon_not_presented")
        return None

    def benefit(self, run: Run) -> Benefit:
        assert self.give is not None
        return self.give

    def may_discount(self, scene: Scene) -> bool:
        return scene.codes and super().may_discount(scene)

    def may_settle(self, scene: Scene) -> bool:
        return scene.codes

    def settle(self, run: Run) -> None:
        """The coupon is used up only where it took something off."""
        grant = self.coupon(run) if run.given.get(self.id) and self.may(run) else None
        if grant is None:
            return
        # A coupon is a slip of paper: whoever brings it, a copy of it must be known as used.
        run.effects.append(CodeUsed(self.id, grant.code))
        if run.member:
            run.effects.append(GrantUsed(msgspec.structs.replace(grant, uses=1)))
