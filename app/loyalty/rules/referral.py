"""`referral`: a member brings a friend."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from app.loyalty.benefit import LotTerms, earn, lapses_within, make_lot, within_budget, worth_minor
from app.loyalty.decision import Reason
from app.loyalty.effects import Counted, ReferralDue
from app.loyalty.model import Count, Days, Money, Points, Programme, Rule
from app.loyalty.plan import Kind, Plan, Run, Scope
from app.loyalty.promise import Said, lots, min_receipt, say
from app.loyalty.state import DAY_MS
from app.loyalty.unused import LAPSED, unused


class ReferralRule(Rule, frozen=True, kw_only=True):
    pays_on: Literal["enrolment", "first_purchase", "each_purchase"] = "first_purchase"
    purchases: Count = 1
    """With each_purchase: the first so many of the friend's."""
    referrer_points: Points | None = None
    friend_points: Points | None = None
    min_receipt: Money = 0
    after_days: Days = 0
    """Days that the referrer's points wait, so that a refund can stop them."""
    cap_per_month: Count | None = None
    lots: LotTerms = LotTerms()

    def earns(self) -> bool:
        return self.friend_points is not None or self.referrer_points is not None


class Referral(Plan):
    conditional = True

    def __init__(self, rule: ReferralRule, scope: Scope) -> None:
        super().__init__(rule, scope)
        self.settings = rule

    def refusal(self, run: Run) -> Reason | None:
        rule, referrer = self.settings, run.state.referred_by
        if not run.member:
            return self.no("members_only")
        if not referrer:
            return self.no("not_referred")
        if referrer == run.context.member_id:
            return self.no("self_referral")
        paid = run.state.counted(self.id).uses
        if rule.pays_on == "enrolment" or paid >= rule.purchases:
            return self.no("referral_paid")
        missing = rule.min_receipt - run.net_of(self.filter)
        return self.no("missing_for_referral", missing_minor=missing) if missing > 0 else None

    def settle(self, run: Run) -> None:
        if self.here(run) and self.may(run):
            self.pay(run)

    def pay(self, run: Run) -> None:
        """Points for the friend now, and what the referrer is owed."""
        rule = self.settings
        if rule.friend_points is not None:
            earn(self, run, rule.friend_points, rule.lots)
        if rule.referrer_points is not None:
            due_at_ms = run.context.at_ms + rule.after_days * DAY_MS
            owed = within_budget(self, run, rule.referrer_points)
            lot = make_lot(self, run, owed, rule.lots, f":{run.context.member_id}")
            if rule.after_days:
                lot = msgspec.structs.replace(lot, spendable_at_ms=max(lot.spendable_at_ms, due_at_ms))
            run.effects.append(
                ReferralDue(
                    self.id,
                    run.state.referred_by,
                    owed,
                    due_at_ms,
                    rule.cap_per_month,
                    lot,
                    run.now.day,
                )
            )
            run.spend_budget(rule, worth_minor(run, owed))
        run.effects.append(Counted(self.id, 0, uses=1))


def plans(rule: ReferralRule, scope: Scope) -> list[Plan]:
    return [Referral(rule, scope)]


def check(rule: ReferralRule, programme: Programme) -> Iterable[tuple[str, str, str]]:
    if rule.referrer_points is None and rule.friend_points is None:
        yield "", "nobody gets anything", "set referrer_points, friend_points or both"
    if rule.purchases > 1 and rule.pays_on != "each_purchase":
        yield (
            "purchases",
            "it belongs to pays_on: each_purchase",
            "remove purchases, or write pays_on: each_purchase",
        )
    if rule.pays_on == "enrolment":
        because = "it pays on enrolment, when nothing is bought"
        yield from unused(rule, "products", "min_receipt", because=because)
    if rule.referrer_points is None:
        because = "it is about the referrer's points, and there are none"
        yield from unused(rule, "after_days", "cap_per_month", because=because, hint="add referrer_points")
    elif lapses_within(rule.lots.expires, rule.after_days):
        yield "after_days", LAPSED, "let them wait less, or last longer"


def terms(rule: ReferralRule, programme: Programme) -> Said:
    yield say(f"referral_{rule.pays_on}", n=rule.purchases)
    if rule.referrer_points is not None:
        yield say("referrer", points_centi=rule.referrer_points)
    if rule.friend_points is not None:
        yield say("friend", points_centi=rule.friend_points)
    yield from min_receipt(rule.min_receipt)
    if rule.after_days:
        yield say("referral_after", n=rule.after_days)
    if rule.cap_per_month is not None:
        yield say("referral_cap", n=rule.cap_per_month)
    yield from lots(rule.lots)


KIND = Kind(ReferralRule, plans, check, terms=terms)
