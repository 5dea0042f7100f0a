from __future__ import annotations

from app.loyalty.basket import Redeem
from app.loyalty.effects import Grant, Granted
from app.loyalty.state import EMPTY, apply
from tests.loyalty.support import NOON, line, off, price, programme, then, why

CARE = (
    "  - {id: u, kind: entitlement, NAME, uses: 3, products: {skus: [check]},"
    " sold_by: {skus: [plan]}, expires: {days: 365}}\n"
)


def test_uses_are_sold_taken_one_by_one_and_run_out() -> None:
    compiled = programme(CARE)
    state = then(EMPTY, price(compiled, line("plan", "99")))
    for left in (2, 1, 0):
        decision = price(
            compiled, line("check", "40"), state=state, redeem=Redeem(entitlements=("u",)), sale_id="t"
        )
        assert off(decision) == {"u": 4_000}
        state = then(state, decision)
        assert sum(grant.uses for grant in state.held("u", NOON)) == left
    assert why(price(compiled, line("check", "40"), state=state), "u").code == "no_uses_left"


def test_an_unasked_use_is_offered_and_not_taken() -> None:
    compiled = programme(CARE)
    state = then(EMPTY, price(compiled, line("plan", "99")))
    decision = price(compiled, line("check", "40"), state=state)
    assert (off(decision), decision.offers[0].code) == ({}, "uses_left")


def test_uses_go_to_the_dearest_units_over_several_lines() -> None:
    rule = "  - {id: care, kind: entitlement, NAME, uses: 1, products: {tags: [care]}}\n"
    state = apply(EMPTY, [Granted(Grant("g", "care", "uses", NOON, uses=3))], NOON)
    wish = Redeem(entitlements=("care",) * 3)
    goods = (
        line("b", "5", "2", tags=("care",)),
        line("a", "10", tags=("care",)),
        line("c", "4", tags=("care",)),
    )
    decision = price(programme(rule), *goods, state=state, redeem=wish)
    assert [each.net_minor for each in decision.lines] == [0, 0, 400]
    assert then(state, decision).held("care", NOON) == ()
