from __future__ import annotations

import pytest

from app.loyalty.effects import Enrolled
from app.loyalty.state import EMPTY, MemberState, apply
from tests.loyalty.support import at, line, off, price, programme, then, why


def enrolled(moment: str) -> MemberState:
    return apply(EMPTY, [Enrolled(at(moment))], at(moment))


@pytest.mark.parametrize(
    ("moment", "gain"),
    [("2026-01-14 12:00", 0), ("2026-01-15 00:10", 500), ("2026-01-18 23:00", 500), ("2026-01-19 00:10", 0)],
)
def test_the_anniversary_of_joining(moment: str, gain: int) -> None:
    steps = "steps: [{years: 1, give: {amount: 5}}, {years: 9, give: {amount: 9}}], within_days: 3"
    compiled = programme(f"  - {{id: y, kind: tenure, NAME, {steps}}}\n")
    decision = price(compiled, line("a", "10"), state=enrolled("2024-01-15 18:00"), at_ms=at(moment))
    assert off(decision).get("y", 0) == gain


def test_the_anniversary_is_given_once() -> None:
    compiled = programme(
        "  - {id: y, kind: tenure, NAME, steps: [{years: 1, give: {amount: 5}}], within_days: 3}\n"
    )
    state = enrolled("2024-01-15 18:00")
    state = then(state, price(compiled, line("a", "10"), state=state))
    assert why(price(compiled, line("a", "10"), state=state), "y").code == "already_this_year"
