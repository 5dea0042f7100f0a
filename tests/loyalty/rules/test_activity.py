from __future__ import annotations

from app.loyalty.basket import Context
from app.loyalty.events import Event, evaluate_event
from app.loyalty.state import DAY_MS, EMPTY, apply
from tests.loyalty.support import NOON, programme

ACTIVITY = (
    "  - {id: v, kind: activity, NAME, event: review, points: 5,"
    " limits: {per_day: 1, per_week: 2, ever: 3}}\n"
    "  - {id: q, kind: activity, NAME, event: partner-purchase, percent: 10%}\n"
)


def test_events_pay_within_their_limits() -> None:
    compiled = programme(ACTIVITY)
    state, earned = EMPTY, []
    for number, day in enumerate((0, 0, 1, 2, 7, 14)):  # 15 January 2026 is a Thursday
        moment = NOON + day * DAY_MS
        decision = evaluate_event(compiled, state, Event(str(number), "review"), Context(at_ms=moment))
        earned.append(decision.earned_centi)
        state = apply(state, decision.effects, moment)
    assert earned == [500, 0, 500, 0, 500, 0]
    assert state.balance_centi == 1_500
    bought = evaluate_event(compiled, EMPTY, Event("x", "partner-purchase", 5_000), Context(at_ms=NOON))
    assert bought.earned_centi == 500
    assert evaluate_event(compiled, EMPTY, Event("x", "unheard-of"), Context(at_ms=NOON)).why == ()
