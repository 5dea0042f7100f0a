"""In brief, as a replay asks, the rules that a glance leaves out have nothing to say."""

from __future__ import annotations

import pytest

from app.loyalty.basket import Basket, Birthday, Code, Context, Line
from app.loyalty.effects import Enrolled
from app.loyalty.engine import Compiled, carry_out, evaluate
from app.loyalty.pricing import take_lines
from app.loyalty.state import DAY_MS, EMPTY, MemberState, apply
from tests.loyalty.support import NOON, line, off, programme
from tests.loyalty.test_budgets import GIVERS

FRIEND = apply(EMPTY, [Enrolled(NOON - 400 * DAY_MS, "anna")], NOON)
RULES = {
    **GIVERS,
    "free": "kind: stamps, size: 2, free: cheapest",
    "nth": "kind: nth_purchase, every: 1, give: {percent: 10%}",
    "first": "kind: welcome, give: {amount: 1}",
    "code": "kind: promo_code, codes: [FIVE], give: {amount: 1}",
    "return": "kind: come_back, steps: [{days: 7, percent: 15%}]",
    "level": "kind: tier, basis: receipts, levels: [{id: one, NAME, from: 0, percent: 5%}]",
    "status": "kind: vip, sold: true",
    "uses": "kind: entitlement, uses: 3, sold_by: {skus: [a]}",
    "bundle": "kind: bundle, n_for_m: {take: 2, pay: 1}",
    "pair": "kind: complement, pairs: [{bought: {skus: [a]}, offer: {skus: [b]}}], percent: 5%",
}
AUDIENCES = (
    "", "audience: {who: members}", "audience: {who: guests}", "audience: {tiers: [gold]}",
    "audience: {tiers: [iron]}",
)  # fmt: skip
LEVELS = "{id: gold, NAME, from: 0}, {id: iron, NAME, from: 9}"
GOLD = f"  - {{id: g, kind: tier, NAME, basis: receipts, levels: [{LEVELS}]}}\n"


@pytest.mark.parametrize("kind", RULES)
def test_the_same_is_given_and_recorded_in_brief(kind: str) -> None:
    terms = RULES[kind] if "kind:" in RULES[kind] else f"kind: {kind}, {RULES[kind]}"
    products = "" if kind in ("partner", "pair") else "products: {skus: [a]}, "
    given = 0
    for audience in AUDIENCES:
        rule = f"  - {{id: r, NAME, {products}{terms}{', ' * bool(audience)}{audience}}}\n"
        compiled = programme(GOLD + rule)
        for goods in ((line("a", "10", "2"), line("b", "10")), (line("b", "10"),)):
            for state in (FRIEND, EMPTY, None):
                for codes in ((), (Code("FIVE"), Code("slip", "r", NOON))):
                    given += alike(compiled, goods, state, codes)
    assert given, "it never gave anything"


def alike(
    compiled: Compiled, goods: tuple[Line, ...], state: MemberState | None, codes: tuple[Code, ...]
) -> int:
    """Whether the rule had an effect, once it is seen that it has the same in brief."""
    context = Context(at_ms=NOON, sale_id="s", codes=codes, birthday=Birthday(1, 15, 0), member_id="jan")
    full = evaluate(compiled, state, Basket(goods), context)
    brief = carry_out(compiled, state, context, lambda run: take_lines(compiled, run, goods))
    assert {rule: amount for rule, amount in brief.given.items() if amount} == off(full)
    assert tuple(brief.effects) == full.effects
    return bool(off(full)) or len(full.effects) > 2
