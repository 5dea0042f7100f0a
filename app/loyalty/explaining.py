"""Stage 7: one reason for every rule in scope, and what is worth saying to the customer."""

from __future__ import annotations

from fractions import Fraction

from app.loyalty.compiled import Compiled
from app.loyalty.decision import Offer, Reason
from app.loyalty.plan import BundlePlan, LinePlan, Plan, ReceiptPlan, Run

OFFERED = {
    "missing_to_percent", "missing_to_amount", "missing_to_points", "missing_to_gift", "missing_units",
    "missing_for_points", "missing_for_stamps", "missing_for_count", "missing_for_welcome",
    "missing_for_coupon", "missing_for_code", "missing_for_referral", "missing_for_delivery",
    "missing_for_challenge", "missing_spend", "missing_visits", "stamps_to_free",
    "missing_spend_to_level", "missing_points_to_level", "missing_receipts_to_level", "challenge_spend",
    "challenge_receipts", "challenge_units", "challenge_categories", "challenge_weeks", "complement_sku",
    "complement_category", "reward_ready", "reward_near", "uses_left",
}  # fmt: skip
"""Codes of rules that nearly apply: reasons to buy, not only reasons why not."""


def reasons_of(compiled: Compiled, run: Run) -> tuple[Reason, ...]:
    """One reason a rule, in the programme's order."""
    present = run.present
    reasons: list[Reason] = []
    for plans in compiled.by_rule.values():
        plan = plans[0]
        absent = plan.absent if len(plans) == 1 else None
        if absent is not None and plan.filter not in present:
            reasons.append(absent)  # most rules of most receipts
        else:
            reasons.append(_reason(plans, run))
    return tuple(reasons)


def _reason(plans: list[Plan], run: Run) -> Reason:
    """The best that can be said of a rule's plans: what applied, or what came nearest to it."""
    rule = plans[0].id
    given = run.given.get(rule)
    points = run.points_by_rule.get(rule)
    note = run.notes.get(rule)
    if given:
        params: dict[str, str | int] = {"amount_minor": given}
        if run.capped:
            return Reason(rule, True, "applied_capped", params)
        return Reason(rule, True, "applied", params)
    if points:
        return Reason(rule, True, "points_earned", {"points_centi": points})
    if note is not None:
        return note
    stamps = next((view for view in run.stamps if view.rule == rule), None)
    if stamps is not None and stamps.earned:
        have: dict[str, str | int] = {"n": stamps.earned, "have": stamps.have_after, "size": stamps.size}
        return Reason(rule, True, "stamps_earned", have)
    found = [_plan_reason(plan, run) for plan in plans]
    return min(found, key=lambda reason: reason.code in _DULL)


_DULL = {"no_goods", "nothing_to_give", "level_passed"}


def _plan_reason(plan: Plan, run: Run) -> Reason:
    refused = plan.refused(run)
    if refused is not None:
        return refused
    own = plan.explain(run)
    if own is not None:
        return own
    works = plan.works(run)
    if not works:
        return plan.no("no_goods")
    if not isinstance(plan, LinePlan | BundlePlan | ReceiptPlan):
        return plan.no("nothing_to_give")
    for record in run.records or ():
        value = record.values.get(plan)
        if not value:
            continue
        winner = next((record.winners[work] for work in works if work in record.winners), None)
        if winner is plan:
            return plan.no("applied_capped", amount_minor=0)  # the cap over the receipt left it nothing
        if winner is not None:
            return plan.no("same_group_smaller", winner=winner.id, amount_minor=value)
    closer = next((p for work in works if work.closed for p, _ in work.discounts if p.rule.exclusive), None)
    if closer is not None:
        return plan.no("exclusive", winner=closer.id)
    if all(work.net <= work.floor for work in works):
        return plan.no("at_floor")
    return plan.no("nothing_to_give")


def offers_of(compiled: Compiled, run: Run) -> tuple[Offer, ...]:
    """What nearly applies, the nearest first, then in the programme's order."""
    offers: list[tuple[tuple[bool, Fraction], Offer]] = []
    present = run.present
    goods_minor = run.goods_minor()
    for plan in compiled.plans:
        if plan.absent is not None and plan.filter not in present:
            continue
        reason = _nearly(plan, run)
        if reason is not None:
            offers.append((_nearness(reason, goods_minor), Offer(plan.id, reason.code, reason.params)))
    offers.sort(key=lambda entry: entry[0])
    seen: set[str] = set()
    ranked: list[Offer] = []
    for _, offer in offers:
        if offer.rule not in seen:
            seen.add(offer.rule)
            ranked.append(offer)
    return tuple(ranked)


def _nearly(plan: Plan, run: Run) -> Reason | None:
    reason = plan.refused(run) or plan.offer(run)
    if reason is None or reason.code not in OFFERED or (plan.needs_goods and not plan.works(run)):
        return None
    return reason


def _nearness(reason: Reason, goods_minor: int) -> tuple[bool, Fraction]:
    """Missing money first, by its share of the whole way, so that near means near; then by how many lack.

    Where the reason does not tell the whole way, it is what is missing beside these goods.
    """
    missing = int(reason.params.get("missing_minor", 0))
    if missing:
        return False, Fraction(missing, int(reason.params.get("from_minor", missing + goods_minor)))
    return True, Fraction(int(reason.params.get("n", 0)))
