from __future__ import annotations

from app.loyalty.refund import refund
from app.loyalty.state import EMPTY, apply
from tests.loyalty.support import NOON, line, off, price, programme, then, why


def test_the_first_purchase_of_a_person() -> None:
    compiled = programme("  - {id: w, kind: welcome, NAME, give: {percent: 10%}}\n")
    first = price(compiled, line("a", "10"))
    assert off(first) == {"w": 100}
    state = then(EMPTY, first)
    assert why(price(compiled, line("a", "10"), state=state), "w").code == "not_first_purchase"
    again = apply(state, refund(first, {"a": 1000}, at_ms=NOON).effects, NOON)
    assert off(price(compiled, line("a", "10"), state=again)) == {"w": 100}
