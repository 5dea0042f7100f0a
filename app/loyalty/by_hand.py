"""What a cashier may give a member by hand, outside any sale: by the programme, not by a sum typed in.

An activity at the counter (a review, a game), a status that nothing sells, uses of a service, the category
that the member picks for the month. Pure like `evaluate`.
"""

from __future__ import annotations

import msgspec

from app.loyalty.basket import Context
from app.loyalty.compiled import Compiled
from app.loyalty.decision import Param, Reason
from app.loyalty.effects import AnyEffect
from app.loyalty.plan import Plan
from app.loyalty.run import Run
from app.loyalty.state import MemberState, advance


class Chance(msgspec.Struct, frozen=True):
    """Something that a rule lets be given: `item` names which, "" where there is but one.

    `refusal` says why it cannot be given now; None if it can.
    """

    rule: str
    item: str = ""
    refusal: Reason | None = None
    valuable: bool = False
    """Not every cashier may give it."""
    points_centi: int = 0
    """What it would give now."""


def chances(compiled: Compiled, state: MemberState, context: Context) -> tuple[Chance, ...]:
    """All that may be given by hand, in the programme's order."""
    run = _run(compiled, state, context)
    found: list[Chance] = []
    for plan in compiled.plans:
        for item in plan.at_hand(run):
            refusal = plan.refused_by_hand(run)
            tried = _run(compiled, state, context)
            if refusal is None:
                plan.hand(tried, item)
            points_centi = sum(tried.points_by_rule.values())
            found.append(Chance(plan.id, item, refusal, plan.hand_valuable, points_centi))
    return tuple(found)


def give_by_hand(
    compiled: Compiled, state: MemberState, context: Context, rule: str, item: str = ""
) -> tuple[AnyEffect, ...] | Reason:
    """The effects of giving it, for its fact, whose id is the context's `sale_id`; or why it is not given."""
    run = _run(compiled, state, context)
    plan = _plan(compiled, run, rule, item)
    if plan is None:
        params: dict[str, Param] = {"item": item} if item else {}
        return Reason(rule, applied=False, code="nothing_to_give", params=params)
    refusal = plan.refused_by_hand(run)
    if refusal is not None:
        return refusal
    plan.hand(run, item)
    return tuple(run.effects)


def _plan(compiled: Compiled, run: Run, rule: str, item: str) -> Plan | None:
    plans = compiled.by_rule.get(rule, ())
    return next((plan for plan in plans if item in plan.at_hand(run)), None)


def _run(compiled: Compiled, state: MemberState, context: Context) -> Run:
    run = Run(compiled, advance(state, context.at_ms), context)
    for plan in compiled.entering:
        plan.enter(run)
    return run
