from __future__ import annotations

import pytest

from app.loyalty.basket import Code
from app.loyalty.effects import Counted
from app.loyalty.refund import refund
from app.loyalty.state import DAY_MS, EMPTY, apply
from tests.loyalty.support import NOON, at, line, off, price, programme, then, why


@pytest.mark.parametrize(
    ("goal", "sales", "won"),
    [
        ("goal: receipts, target: 3", [("a", "1", 0), ("a", "1", 1), ("a", "1", 2)], [False, False, True]),
        ("goal: units, target: 5", [("a", "3", 0), ("a", "2", 1)], [False, True]),
        ("goal: categories, target: 2", [("a", "1", 0), ("a", "1", 1), ("b", "1", 2)], [False, False, True]),
        ("goal: weeks, target: 3", [("a", "1", 0), ("a", "1", 7), ("a", "1", 14)], [False, False, True]),
        ("goal: weeks, target: 3", [("a", "1", 0), ("a", "1", 14), ("a", "1", 21)], [False, False, False]),
        (
            "goal: weeks, target: 3, window_days: 14",
            [("a", "1", 0), ("a", "1", 7), ("a", "1", 14)],
            [0, 0, 0],
        ),
        (
            "goal: weeks, target: 3, window_days: 15",
            [("a", "1", 0), ("a", "1", 7), ("a", "1", 14)],
            [0, 0, 1],
        ),
        ("goal: categories, target: 3", [("a", "1", 0), ("b", "1", 1), ("c", "1", 2)], [0, 0, 1]),
        ("goal: categories, target: 2, window_days: 3", [("a", "1", 0), ("b", "1", 3)], [0, 0]),
        ("goal: categories, target: 2, window_days: 4", [("a", "1", 0), ("b", "1", 3)], [0, 1]),
        ("goal: units, target: 2", [("a", "1.5", 0), ("a", "0.4", 1), ("a", "0.1", 2)], [0, 0, 1]),
        ("goal_spend: 50", [("a", "4", 0), ("a", "1", 1)], [False, True]),
        (
            "goal: receipts, target: 2, window_days: 1",
            [("a", "1", 0), ("a", "1", 1), ("a", "1", 1)],
            [0, 0, 1],
        ),
        ("goal: receipts, target: 2, window_days: 5", [("a", "1", 0), ("a", "1", 4)], [0, 1]),
        ("goal: receipts, target: 1, repeat: true", [("a", "1", 0), ("a", "1", 0), ("a", "1", 1)], [1, 0, 1]),
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


@pytest.mark.parametrize(
    ("goal", "code", "params"),
    [
        ("goal: receipts, target: 3", "challenge_receipts", {"n": 2, "have": 1, "target": 3}),
        ("goal: units, target: 9", "challenge_units", {"n": 6, "have": 3, "target": 9}),
        ("goal: categories, target: 5", "challenge_categories", {"n": 3, "have": 2, "target": 5}),
        ("goal: weeks, target: 4", "challenge_weeks", {"n": 3, "have": 1, "target": 4}),
        ("goal_spend: 50", "challenge_spend", {"missing_minor": 2_000}),
    ],
)
def test_how_far_it_is_to_the_goal(goal: str, code: str, params: dict[str, int]) -> None:
    compiled = programme(f"  - {{id: c, kind: challenge, NAME, {goal}, badge: true, min_receipt: 30}}\n")
    goods = line("a", "10", "2"), line("b", "10")
    decision = price(compiled, *goods)
    assert (why(decision, "c").code, why(decision, "c").params) == (code, params)
    assert [(each.code, each.params) for each in decision.offers] == [(code, params)]
    assert why(price(compiled, *goods, state=None), "c").code == "members_only"
    short = why(price(compiled, line("a", "29.99")), "c")
    assert (short.code, short.params) == ("missing_for_challenge", {"missing_minor": 1})


@pytest.mark.parametrize(
    ("goal", "won"),
    [
        ("goal: receipts, target: 1", True),
        ("goal: receipts, target: 2", False),
        ("goal: units, target: 3", True),
        ("goal: units, target: 4", False),
        ("goal: categories, target: 2", True),
        ("goal: categories, target: 3", False),
        ("goal_spend: 30", True),
        ("goal_spend: 30.01", False),
    ],
)
def test_a_goal_is_won_when_it_is_reached(goal: str, won: bool) -> None:
    compiled = programme(f"  - {{id: c, kind: challenge, NAME, {goal}, badge: true}}\n")
    decision = price(compiled, line("a", "10", "2"), line("b", "10"))
    assert [each.kind for each in decision.issued] == ["badge"] * won
    assert (why(decision, "c").code == "challenge_won") == won
    assert (Counted("c#done", NOON // DAY_MS, uses=1) in decision.effects) == won
    state = then(EMPTY, decision)
    again = price(compiled, line("a", "10", "9"), line("b", "10"), line("c", "10"), state=state, sale_id="t")
    assert (why(again, "c").code == "challenge_done") == won


def test_what_a_receipt_counts_towards_a_goal() -> None:
    goal = "goal: categories, target: 9, window_days: 5, badge: true, products: {not: {skus: [x]}}"
    compiled = programme(f"  - {{id: c, kind: challenge, NAME, {goal}}}\n")
    decision = price(compiled, line("b", "10"), line("a", "10", "2"), line("x", "1"))
    day = NOON // DAY_MS
    assert [each for each in decision.effects if isinstance(each, Counted)] == [
        Counted("c", day, receipts=1, spend_minor=3_000, units_milli=3_000, keep_days=5),
        Counted("c#category:a", day, receipts=1, keep_days=5),
        Counted("c#category:b", day, receipts=1, keep_days=5),
    ]
    assert not [each for each in price(compiled, line("x", "1")).effects if isinstance(each, Counted)]


@pytest.mark.parametrize(
    ("days", "length"),
    [([], 1), ([3], 1), ([4], 2), ([4, 11], 3), ([10], 2), ([11], 1), ([4, 18], 2), ([0], 1)],
)
def test_a_streak_is_of_calendar_weeks_from_monday_to_sunday(days: list[int], length: int) -> None:
    """Today is a Thursday: the week before ended four days ago, and began ten days ago."""
    compiled = programme("  - {id: c, kind: challenge, NAME, goal: weeks, target: 9, badge: true}\n")
    day = NOON // DAY_MS
    state = apply(EMPTY, [Counted("c", day - ago, receipts=1) for ago in days], NOON)
    assert why(price(compiled, line("a", "10"), state=state), "c").params["have"] == length


@pytest.mark.parametrize(("left_minor", "points"), [(499, 0), (500, 500)])
def test_a_wheel_with_one_prize_gives_it_as_long_as_the_budget_bears_it(left_minor: int, points: int) -> None:
    wheel = "budget: {total: 10}, wheel: [{weight: 1, give: {points: 5}, cost: 5}]"
    compiled = programme(f"  - {{id: w, kind: challenge, NAME, {wheel}}}\n")
    decision = price(compiled, line("a", "1"), budgets={"w": left_minor})
    assert decision.points.earned_centi == points
    assert price(compiled, line("a", "1"), sale_id="").points.earned_centi == 0
    assert price(compiled, line("a", "1"), paying=False).points.earned_centi == 0
    blank = programme("  - {id: w, kind: challenge, NAME, wheel: [{weight: 1}]}\n")
    assert why(price(blank, line("a", "1")), "w").code == "wheel_blank"


def test_a_wheel_turns_for_a_win_where_there_is_a_goal() -> None:
    wheel = "goal: receipts, target: 2, repeat: true, wheel: [{weight: 1, give: {gift: cup}}]"
    compiled = programme(f"  - {{id: w, kind: challenge, NAME, {wheel}}}\n")
    first = price(compiled, line("a", "1"))
    assert first.issued == ()
    second = price(compiled, line("a", "1"), state=then(EMPTY, first), sale_id="t")
    assert [(each.kind, each.item) for each in second.issued] == [("reward", "cup")]
    third = price(compiled, line("a", "1"), state=then(then(EMPTY, first), second), sale_id="u")
    assert third.issued == ()


def test_won_today_it_begins_anew_tomorrow() -> None:
    goal = "goal: receipts, target: 2, repeat: true, badge: true"
    compiled = programme(f"  - {{id: c, kind: challenge, NAME, {goal}}}\n")
    state = EMPTY
    for number in range(2):
        state = then(state, price(compiled, line("a", "1"), state=state, sale_id=str(number)))
    today, tomorrow = (
        price(compiled, line("a", "1"), state=state, at_ms=NOON + days * DAY_MS, sale_id="t")
        for days in (0, 1)
    )
    assert why(today, "c").params == {"n": 2, "have": 0, "target": 2}
    assert why(tomorrow, "c").params == {"n": 1, "have": 1, "target": 2}


def test_a_prize_of_an_amount_is_a_coupon_for_later_and_points_are_none() -> None:
    rule = "  - {id: c, kind: challenge, NAME, goal: receipts, target: 1, give: {%s}}\n"
    compiled = programme(rule % "amount: 3")
    won = price(compiled, line("a", "10"))
    assert [(each.kind, each.uses) for each in won.issued] == [("coupon", 1)]
    code = Code(won.issued[0].code)
    assert off(price(compiled, line("a", "10"), state=then(EMPTY, won), codes=(code,), sale_id="t")) == {
        "c": 300
    }
    slip = Code("slip", "c", NOON)
    assert off(price(programme(rule % "points: 5"), line("a", "10"), codes=(slip,))) == {}


def test_a_wheel_says_that_it_has_won() -> None:
    compiled = programme("  - {id: w, kind: challenge, NAME, wheel: [{weight: 1, give: {gift: cup}}]}\n")
    assert why(price(compiled, line("a", "1")), "w").code == "wheel_won"


@pytest.mark.parametrize(("day", "length"), [("2026-01-19", 2), ("2026-01-25", 2), ("2026-01-26", 1)])
def test_a_week_ends_with_its_sunday(day: str, length: int) -> None:
    compiled = programme("  - {id: c, kind: challenge, NAME, goal: weeks, target: 9, badge: true}\n")
    sunday = at("2026-01-18 12:00")
    state = then(EMPTY, price(compiled, line("a", "10"), at_ms=sunday))
    decision = price(compiled, line("a", "10"), state=state, at_ms=at(f"{day} 12:00"), sale_id="t")
    assert why(decision, "c").params["have"] == length


def test_progress_is_of_whole_pieces() -> None:
    compiled = programme("  - {id: c, kind: challenge, NAME, goal: units, target: 5, badge: true}\n")
    assert str(why(price(compiled, line("a", "10", "2.9")), "c").params["have"]) == "2"
