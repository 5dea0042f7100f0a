""" "Choose for me": the mix of coupons, codes and points with which the customer pays least.

A search over at most eight yes-or-no choices, each mix priced by the engine itself, so that it knows
nothing of rules. Between mixes that cost the same, the one that uses up less wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import msgspec

from app.loyalty.basket import Basket, Code, Context
from app.loyalty.compiled import Compiled
from app.loyalty.decision import Decision
from app.loyalty.engine import evaluate
from app.loyalty.state import MemberState, advance

CHOICES_MAX = 8


class Choice(msgspec.Struct, frozen=True):
    """The best mix: the context to go on with, what it comes to, and what it saves against using nothing."""

    context: Context
    decision: Decision
    saved_minor: int


def choose(compiled: Compiled, state: MemberState, basket: Basket, context: Context) -> Choice:
    """The mix with the least left to pay; then with the least taken from gift cards, points and coupons.

    The choices are the codes presented, then the member's own coupons, soonest to expire first, and
    whether to spend points; what is beyond eight is left as it is. Gift cards stay as they are presented.
    """
    state = advance(state, context.at_ms)
    codes = candidates(state, context)
    mixes = [mix for count in range(len(codes) + 1) for mix in combinations(codes, count)]
    tried: list[tuple[Decision, Context]] = []
    for points in (0, "max"):
        redeem = msgspec.structs.replace(context.redeem, points_centi=points)
        for mix in mixes:
            wish = msgspec.structs.replace(context, codes=mix, redeem=redeem, paying=False)
            tried.append((evaluate(compiled, state, basket, wish), wish))
    nothing, _ = tried[0]
    decision, wish = min(tried, key=_cost)  # of equals the first, which has the fewest codes
    chosen = msgspec.structs.replace(wish, paying=context.paying)
    return Choice(chosen, decision, nothing.due_minor - decision.due_minor)


def candidates(state: MemberState, context: Context) -> Sequence[Code]:
    """Codes worth trying, at most all choices but the one about points."""
    at_ms = context.at_ms
    presented = {code.code for code in context.codes}
    held = [
        grant
        for grant in state.grants
        if grant.kind == "coupon" and grant.code not in presented and grant in state.held(grant.rule, at_ms)
    ]
    held.sort(key=lambda grant: (grant.expires_at_ms is None, grant.expires_at_ms or 0, grant.code))
    codes = [*context.codes, *(Code(grant.code) for grant in held)]
    return codes[: CHOICES_MAX - 1]


def _cost(tried: tuple[Decision, Context]) -> tuple[int, int, int]:
    decision, _ = tried
    cards = sum(card.amount_minor for card in decision.gift_cards)
    return decision.due_minor, cards, decision.points.spent_value_minor
