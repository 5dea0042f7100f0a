from __future__ import annotations

from app.loyalty.basket import Redeem
from app.loyalty.state import EMPTY
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
