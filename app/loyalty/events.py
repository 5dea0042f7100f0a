"""What happens outside a sale: an activity, an enrolment. Pure like `evaluate`."""

from __future__ import annotations

import msgspec

from app.loyalty.basket import Context
from app.loyalty.compiled import Compiled
from app.loyalty.conditions import common_refusal
from app.loyalty.decision import Reason
from app.loyalty.effects import AnyEffect, Enrolled
from app.loyalty.rules.activity import Activity
from app.loyalty.rules.partner import PartnerEarning
from app.loyalty.rules.referral import Referral
from app.loyalty.run import Run
from app.loyalty.state import EMPTY, MemberState, advance, apply


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something a member did elsewhere. Its `id` names the lots it earns, so that it counts once."""

    id: str
    name: str
    amount_minor: int = 0
    """The money it was about, for a partner's purchase."""
    partner: str = ""
    """Whose purchase it was: every `partner` rule of theirs pays, too, as on their goods."""


class EventDecision(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an event earns; `effects` go into its fact."""

    earned_centi: int = 0
    effects: tuple[AnyEffect, ...] = ()
    why: tuple[Reason, ...] = ()
    """One reason for every activity rule of this event's name, and every rule of its partner's."""


def knows(compiled: Compiled, event: Event) -> bool:
    """Whether any rule of the programme is about an event of this name, or of this partner."""
    return bool(_activities(compiled, event) or _partners(compiled, event))


def evaluate_event(compiled: Compiled, state: MemberState, event: Event, context: Context) -> EventDecision:
    """Points for an event: by every `activity` rule of its name, within the rules' limits, and every
    `partner` rule of its partner."""
    context = msgspec.structs.replace(context, sale_id=event.id)
    run = Run(compiled, advance(state, context.at_ms), context)
    for tier in compiled.entering:
        tier.enter(run)
    why: list[Reason] = []
    for plan in (*_activities(compiled, event), *_partners(compiled, event)):
        reason = plan.refused_by_hand(run)
        if reason is None:
            plan.pay(run, event.amount_minor)
            reason = plan.yes("points_earned", points_centi=run.points_by_rule.get(plan.id, 0))
        why.append(reason)
    return EventDecision(sum(run.points_by_rule.values()), tuple(run.effects), tuple(why))


def _activities(compiled: Compiled, event: Event) -> list[Activity]:
    return [plan for plan in compiled.of(Activity) if plan.settings.event == event.name]


def _partners(compiled: Compiled, event: Event) -> list[PartnerEarning]:
    return [plan for plan in compiled.of(PartnerEarning) if plan.settings.partner == event.partner]


def enrol(compiled: Compiled, context: Context, referred_by: str = "") -> EventDecision:
    """The effects of an enrolment: the membership itself, and referrals that pay on it."""
    if referred_by == context.member_id:
        referred_by = ""  # nobody brings themselves
    begun = Enrolled(context.at_ms, referred_by)
    run = Run(compiled, apply(EMPTY, [begun], context.at_ms), context)
    run.effects.append(begun)
    for plan in compiled.of(Referral):
        pays = referred_by and plan.settings.pays_on == "enrolment"
        if pays and common_refusal(plan, run) is None:
            plan.pay(run)
    return EventDecision(sum(run.points_by_rule.values()), tuple(run.effects))
