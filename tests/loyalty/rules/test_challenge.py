from __future__ import annotations

import pytest

from app.loyalty.basket import Code
from app.loyalty.refund import refund
from app.loyalty.state import DAY_MS, EMPTY, apply
from tests.loyalty.support import NOON, line, off, price, programme, then


@pytest.mark.parametrize(
    ("goal", "sales", "won"),
    [
        ("goal: receipts, target: 3", [("a", "1", 0), ("a", "1", 1), ("a", "1", 2)], [False, False, True]),
        ("goal: units, target: 5", [("a", "3", 0), ("a", "2", 1)], [False, True]),
        ("goal: categories, target: 2", [("a", "1", 0), ("a", "1", 1), ("b", "1", 2)], [False, False, True]),
        ("goal: weeks, target: 3", [("a", "1", 0), ("a", "1", 7), ("a", "1", 14)], [False, False, True]),
        ("goal: weeks, target: 3", [("a", "1", 0), ("a", "1", 14), ("a", "1", 21)], [False, False, False]),
        ("goal_spend: 50", [("a", "4", 0), ("a", "1", 1)], [False, True]),
        (
            "goal: receipts, target: 2, window_days: 5",
            [("a", "1", 0), ("a", "1", 5), ("a", "1", 6)],
            [0, 0, 1],
        ),
    ],
)
def test_challenges(goal: str, sales: list[tuple[str, str, int]], won: list[bool]) -> None:
    compiled = programme(f"  - {{id: c, kind: challenge, NAME, {goal}, give: {{points: 20}}, badge: true}}\n")
    state, seen = EMPTY, []
    for number, (sku, qty, days) in enumerate(sales):
        moment = NOON + days * DAY_MS
        decision = price(compiled, line(sku, "10", qty), state=state, at_ms=moment, sale_id=str(number))
        seen.append(decision.points.earned_centi == 2_000)
        state = apply(state, decision.effects, moment)
    assert seen == won


def test_a_challenge_steps_back_with_a_refund_and_begins_anew_where_it_may() -> None:
    rule = "  - {id: c, kind: challenge, NAME, goal: receipts, target: 2, give: {points: 20}%s}\n"
    once, again = programme(rule % ""), programme(rule % ", repeat: true")
    first = price(once, line("a", "10"))
    undone = apply(then(EMPTY, first), refund(first, {"a": 1000}, at_ms=NOON).effects, NOON)
    assert price(once, line("a", "10"), state=undone, sale_id="t").points.earned_centi == 0
    state, earned = EMPTY, []
    for day in range(5):
        decision = price(again, line("a", "10"), state=state, at_ms=NOON + day * DAY_MS, sale_id=str(day))
        earned.append(decision.points.earned_centi)
        state = apply(state, decision.effects, NOON + day * DAY_MS)
    assert earned == [0, 2_000, 0, 2_000, 0]


WHEEL = (
    "  - id: w\n    kind: challenge\n    NAME\n    budget: {total: 10}\n"
    "    wheel: [{weight: 1, give: {points: 5}, cost: 5}, {weight: 1}]\n"
)


def test_the_wheel_is_seeded_by_the_sale_bounded_by_a_budget_and_never_turns_in_a_preview() -> None:
    compiled = programme(WHEEL)
    draws = [price(compiled, line("a", "1"), sale_id=f"s{n}").points.earned_centi for n in range(200)]
    assert draws == [price(compiled, line("a", "1"), sale_id=f"s{n}").points.earned_centi for n in range(200)]
    assert 60 < sum(draw == 500 for draw in draws) < 140
    assert not any(
        price(compiled, line("a", "1"), sale_id=f"s{n}", paying=False).effects[1:] for n in range(9)
    )
    poor = [price(compiled, line("a", "1"), sale_id=f"s{n}", budgets={"w": 400}) for n in range(50)]
    assert sum(decision.points.earned_centi for decision in poor) == 0


def test_a_badge_of_the_same_rule_is_no_coupon() -> None:
    compiled = programme(
        "  - {id: c, kind: challenge, NAME, goal: receipts, target: 1, give: {percent: 10%}, badge: true}\n"
    )
    state = then(EMPTY, price(compiled, line("a", "10")))
    gained = {g.kind: Code(g.code) for g in state.grants}
    for kind, discount in (("badge", {}), ("coupon", {"c": 100})):
        decision = price(compiled, line("a", "10"), state=state, codes=(gained[kind],), sale_id="t")
        assert off(decision) == discount
