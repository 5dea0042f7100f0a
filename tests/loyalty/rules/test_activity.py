from __future__ import annotations

import pytest

from app.loyalty.basket import Context
from app.loyalty.effects import Counted
from app.loyalty.events import Event, evaluate_event
from app.loyalty.state import DAY_MS, EMPTY, apply
from tests.loyalty.support import NOON, at, programme

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


@pytest.mark.parametrize(
    ("limit", "paid", "asked", "code"),
    [
        ("per_day: 1", "2026-01-15", "2026-01-15", "limit_per_day"),
        ("per_day: 1", "2026-01-14", "2026-01-15", "points_earned"),
        ("per_day: 1", "2026-01-16", "2026-01-15", "points_earned"),  # of another till's tomorrow
        ("per_day: 2", "2026-01-15", "2026-01-15", "points_earned"),
        ("per_week: 1", "2026-01-12", "2026-01-18", "limit_per_week"),  # Monday and Sunday
        ("per_week: 1", "2026-01-11", "2026-01-12", "points_earned"),
        ("per_month: 1", "2026-01-01", "2026-01-31", "limit_per_month"),
        ("per_month: 1", "2026-01-31", "2026-01-31", "limit_per_month"),
        ("per_month: 1", "2025-12-31", "2026-01-31", "points_earned"),
        ("per_month: 1", "2025-12-31", "2026-01-01", "points_earned"),
        ("ever: 1", "2020-01-01", "2026-01-31", "limit_ever"),
        ("ever: 2", "2020-01-01", "2026-01-31", "points_earned"),
    ],
)
def test_limits_are_of_calendar_days_weeks_and_months_or_for_ever(
    limit: str, paid: str, asked: str, code: str
) -> None:
    compiled = programme(
        f"  - {{id: v, kind: activity, NAME, event: review, points: 5, limits: {{{limit}}}}}\n"
    )
    once = evaluate_event(compiled, EMPTY, Event("a", "review"), Context(at_ms=at(f"{paid} 12:00")))
    at_ms = at(f"{asked} 12:00")
    state = apply(EMPTY, once.effects, min(at_ms, at(f"{paid} 12:00")))
    (reason,) = evaluate_event(compiled, state, Event("b", "review"), Context(at_ms=at_ms)).why
    assert reason.code == code
    assert reason.params == ({"points_centi": 500} if code == "points_earned" else {"n": 1})


def test_what_an_event_counts_and_for_how_long() -> None:
    compiled = programme("  - {id: v, kind: activity, NAME, event: review, points: 5, limits: {ever: 3}}\n")
    decision = evaluate_event(compiled, EMPTY, Event("a", "review"), Context(at_ms=NOON))
    counted = [each for each in decision.effects if isinstance(each, Counted)]
    assert counted == [Counted("v", NOON // DAY_MS, uses=1, keep_days=31), Counted("v#ever", 0, uses=1)]
