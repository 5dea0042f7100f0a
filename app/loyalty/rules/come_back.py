"""`come_back`: a coupon issued at payment whose discount shrinks with the days until the return."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import msgspec

from app.loyalty.benefit import day_start_ms, make_grant
from app.loyalty.conditions import common_refusal
from app.loyalty.coupon import CouponPlan
from app.loyalty.decision import Reason
from app.loyalty.model import Benefit, Money, Programme, Rule, Share, TermDays
from app.loyalty.moment import moment_of
from app.loyalty.plan import Kind, Plan, Run, Scene, Scope
from app.loyalty.promise import Said, min_receipt, percent, say


class ReturnStep(msgspec.Struct, frozen=True, kw_only=True):
    """Up to and including this many days after the day of issue, in the store's time zone."""

    days: TermDays
    percent: Share


class ComeBackRule(Rule, frozen=True, kw_only=True):
    steps: tuple[ReturnStep, ...]
    min_receipt: Money = 0
    """Of the receipt on which the coupon is used."""
    min_receipt_to_issue: Money = 0

    def takes_off(self) -> bool:
        return True

    def grants(self) -> bool:
        return True


class ComeBack(CouponPlan):
    def __init__(self, rule: ComeBackRule, scope: Scope) -> None:
        super().__init__(rule, None, scope)
        self.settings = rule
        self.steps = sorted(rule.steps, key=lambda step: step.days)
        self.gives = {step: Benefit(percent=step.percent) for step in self.steps}

    def step(self, run: Run) -> ReturnStep | None:
        """The step that today's return falls into."""
        coupon = self.coupon(run)
        if coupon is None:
            return None
        days = run.now.day - moment_of(coupon.issued_at_ms // 60_000, run.zone).day
        return next((step for step in self.steps if 0 <= days <= step.days), None)

    def refusal(self, run: Run) -> Reason | None:
        missing = super().refusal(run)
        if missing is not None:
            return missing
        if self.step(run) is None:
            return self.no("coupon_expired")
        lacking = self.settings.min_receipt - run.net_of(self.filter)
        return self.no("missing_for_coupon", missing_minor=lacking) if lacking > 0 else None

    def benefit(self, run: Run) -> Benefit:
        step = self.step(run)
        assert step is not None  # `refusal` has been asked
        return self.gives[step]

    def may_settle(self, scene: Scene) -> bool:
        return scene.member or super().may_settle(scene)

    def settle(self, run: Run) -> None:
        if run.context.codes:
            super().settle(run)
        self._issue(run)

    def _issue(self, run: Run) -> None:
        if not run.member or run.goods_minor() < max(1, self.settings.min_receipt_to_issue):
            return
        if not self.free and common_refusal(self, run) is not None:
            return
        ends_at_ms = day_start_ms(run.now.day + self.steps[-1].days + 1, run.zone)
        run.grant(make_grant(self, run, "coupon", expires_at_ms=ends_at_ms))
        if not run.brief:
            run.notes[self.id] = self.yes("coupon_issued", n=self.steps[-1].days)


def plans(rule: ComeBackRule, scope: Scope) -> list[Plan]:
    return [ComeBack(rule, scope)]


def check(rule: ComeBackRule, programme: Programme) -> Iterable[tuple[str, str, str]]:
    if not rule.steps:
        yield "steps", "it has no step", "add one with days and percent"
    ordered = sorted(rule.steps, key=lambda step: step.days)
    for one, two in pairwise(ordered):
        if one.days == two.days or two.percent > one.percent:
            yield "steps", "a later return must not give more", "let the percent shrink as the days grow"


def terms(rule: ComeBackRule, programme: Programme) -> Said:
    if rule.min_receipt_to_issue:
        yield say("coupon_from", amount_minor=rule.min_receipt_to_issue)
    else:
        yield say("coupon_each")
    for step in sorted(rule.steps, key=lambda step: step.days):
        yield say("come_back", n=step.days, percent=percent(step.percent))
    yield from min_receipt(rule.min_receipt)
    yield say("coupon_once")


KIND = Kind(ComeBackRule, plans, check, terms=terms)
