from __future__ import annotations

import pytest

from app.loyalty.basket import Redeem
from app.loyalty.decision import Reason
from app.loyalty.effects import (
    Counted,
    Grant,
    Granted,
    GrantUsed,
    Lot,
    PointsEarned,
    PointsSpent,
    PointsTakenBack,
)
from app.loyalty.refund import refund
from app.loyalty.rules.reward import gifts
from app.loyalty.state import DAY_MS, EMPTY, MemberState, apply
from tests.loyalty.support import NOON, line, price, programme, then, why


def holding(centi: int) -> MemberState:
    return apply(EMPTY, [PointsEarned(Lot("old", "p", centi, NOON - DAY_MS))], NOON - DAY_MS)


CATALOGUE = "  - {id: g, kind: reward, NAME, items: [{id: cup, NAME, points: 80, stock: 5, per_member: 2}]}\n"


def test_a_reward_costs_points_has_stock_and_comes_back_with_a_full_refund() -> None:
    compiled = programme(CATALOGUE)
    state = holding(20_000)
    wish = Redeem(rewards=("g/cup",))
    decision = price(compiled, line("a", "1"), state=state, redeem=wish)
    after = then(state, decision)
    assert (after.balance_centi, decision.points.balance_after_centi) == (12_000, 12_000)
    assert apply(after, refund(decision, {"a": 1000}, at_ms=NOON).effects, NOON) == state
    none_left = price(compiled, line("a", "1"), state=state, redeem=wish, budgets={"g/cup": 0})
    assert none_left.refused[0].code == "reward_out_of_stock"
    poor = price(compiled, line("a", "1"), state=holding(5_000), redeem=wish)
    assert poor.refused[0].params == {"missing_centi": 3_000, "item": "cup"}
    greedy = price(compiled, line("a", "1"), state=holding(90_000), redeem=Redeem(rewards=("g/cup",) * 3))
    assert [reason.code for reason in greedy.refused] == ["reward_had"]
    assert greedy.points.balance_after_centi == 90_000 - 16_000


def test_points_for_a_reward_are_not_spent_twice() -> None:
    compiled = programme(CATALOGUE + "  - {id: p, kind: points, NAME, redeem: {value: 0.01}}\n")
    state = holding(10_000)
    decision = price(compiled, line("a", "9"), state=state, redeem=Redeem("max", rewards=("g/cup",)))
    assert decision.points.spent_centi == 2_000
    assert then(state, decision).balance_centi == 0


def test_a_catalogue_explains_itself_beside_points_spent_in_the_sale_that_earned_them() -> None:
    earning = "earn: {points: 10, per: 1}, redeem: {value: 0.01, same_sale: true}"
    compiled = programme(CATALOGUE + f"  - {{id: p, kind: points, NAME, {earning}}}\n")
    decision = price(compiled, line("a", "10"), redeem=Redeem("max"))
    assert decision.points.spent_centi > 0
    assert why(decision, "g").code == "reward_near"


def test_a_gift_that_is_held_is_handed_over_by_its_code() -> None:
    compiled = programme("  - {id: s, kind: stamps, NAME, size: 2, per: unit, reward: {gift: cup}}\n")
    state = then(EMPTY, price(compiled, line("a", "1", "2")))
    code = state.grants[0].code
    decision = price(compiled, line("a", "1"), state=state, redeem=Redeem(rewards=(code,)), sale_id="t")
    assert (decision.refused, then(state, decision).grants) == ((), ())


def test_a_gift_wished_twice_is_handed_over_as_often_as_it_is_held() -> None:
    compiled = programme("  - {id: s, kind: stamps, NAME, size: 2, per: unit, reward: {gift: cup}}\n")
    state = then(EMPTY, price(compiled, line("a", "1", "2")))
    code = state.grants[0].code
    greedy = price(compiled, line("a", "1"), state=state, redeem=Redeem(rewards=(code, code)), sale_id="t")
    assert [reason.code for reason in greedy.refused] == ["reward_unknown"]
    assert [effect.grant.uses for effect in greedy.effects if isinstance(effect, GrantUsed)] == [1]
    assert then(state, greedy).grants == ()


def test_what_nobody_knows_is_refused_and_a_gift_waits_for_its_first_day() -> None:
    compiled = programme(CATALOGUE)
    unknown = price(compiled, line("a", "1"), state=holding(90_000), redeem=Redeem(rewards=("lost", "x/cup")))
    assert unknown.refused == tuple(
        Reason("", False, "reward_unknown", {"item": wish}) for wish in ("lost", "x/cup")
    )
    later = Grant("later", "s", "reward", NOON, 1, starts_at_ms=NOON + DAY_MS)
    waiting = price(
        compiled,
        line("a", "1"),
        state=apply(EMPTY, [Granted(later)], NOON),
        redeem=Redeem(rewards=("later",)),
    )
    assert [reason.code for reason in waiting.refused] == ["reward_unknown"]


def test_rewards_and_points_share_what_may_be_spent_here() -> None:
    compiled = programme(CATALOGUE + "  - {id: p, kind: points, NAME, redeem: {value: 0.01}}\n")
    wish = Redeem("max", rewards=("g/cup", "g/cup"))
    decision = price(compiled, line("a", "9"), state=holding(50_000), redeem=wish, points_limit_centi=10_000)
    assert [reason.code for reason in decision.refused] == ["reward_beyond_limit"]
    points = decision.points
    assert (points.rewards_centi, points.spent_centi, points.balance_after_centi) == (8_000, 2_000, 40_000)


def test_a_thing_that_a_catalogue_does_not_have_is_refused_by_name() -> None:
    for wish in ("g/mug", "g/cup/2", "g"):
        decision = price(
            programme(CATALOGUE), line("a", "1"), state=holding(90_000), redeem=Redeem(rewards=(wish,))
        )
        assert [(each.rule, each.code, each.params) for each in decision.refused] == [
            ("g", "reward_unknown", {"item": wish[2:]})
        ]
        assert decision.points.rewards_centi == 0


@pytest.mark.parametrize(
    ("state", "limit_centi", "refused"),
    [
        (holding(8_000), None, None),
        (holding(7_999), None, ("reward_too_dear", {"missing_centi": 1, "item": "cup"})),
        (holding(90_000), 8_000, None),
        (holding(90_000), 7_999, ("reward_beyond_limit", {"item": "cup"})),
        (None, None, ("members_only", {})),
    ],
)
def test_a_thing_is_given_for_what_it_costs_and_for_no_less(
    state: MemberState | None, limit_centi: int | None, refused: tuple[str, dict[str, object]] | None
) -> None:
    compiled = programme(CATALOGUE)
    wish = Redeem(rewards=("g/cup",))
    decision = price(compiled, line("a", "1"), state=state, redeem=wish, points_limit_centi=limit_centi)
    assert [(each.code, each.params) for each in decision.refused] == ([refused] if refused else [])
    given = [each for each in decision.effects if isinstance(each, PointsSpent | Counted)]
    spent = PointsSpent("g", 8_000, (Lot("old", "p", 8_000, NOON - DAY_MS),), tender=False)
    assert given == ([] if refused else [spent, Counted("g#cup", 0, uses=1)])


def test_a_debt_is_among_what_lacks_to_a_thing() -> None:
    owing = apply(EMPTY, [PointsTakenBack("x", "y", 5_000)], NOON - DAY_MS)
    compiled = programme(CATALOGUE)
    near = Reason("g", False, "reward_near", {"item": "cup", "missing_centi": 13_000})
    assert why(price(compiled, line("a", "1"), state=owing), "g") == near
    wished = price(compiled, line("a", "1"), state=owing, redeem=Redeem(rewards=("g/cup",)))
    assert [(each.code, each.params) for each in wished.refused] == [
        ("reward_too_dear", {"missing_centi": 13_000, "item": "cup"})
    ]


def test_what_was_given_is_told_with_what_was_paid_for_it() -> None:
    more = "  - {id: h, kind: reward, NAME, items: [{id: mug, NAME, points: 30}]}\n"
    wishes = Redeem(rewards=("g/cup", "g/cup", "h/mug"))
    decision = price(programme(CATALOGUE + more), line("a", "1"), state=holding(90_000), redeem=wishes)
    told = {rule: (why(decision, rule).code, why(decision, rule).params) for rule in ("g", "h")}
    assert told == {
        "g": ("reward_given", {"item": "cup", "points_centi": 16_000}),
        "h": ("reward_given", {"item": "mug", "points_centi": 3_000}),
    }
    assert decision.points.rewards_centi == 19_000


def test_without_word_from_the_server_there_is_as_much_as_the_programme_says() -> None:
    compiled = programme(CATALOGUE.replace("stock: 5, per_member: 2", "stock: 3"))
    decision = price(compiled, line("a", "1"), state=holding(90_000), redeem=Redeem(rewards=("g/cup",) * 4))
    assert [each.code for each in decision.refused] == ["reward_out_of_stock"]
    assert decision.points.rewards_centi == 3 * 8_000


def test_stock_and_the_limit_for_each_member_count_what_was_given_before_and_now() -> None:
    compiled = programme(CATALOGUE)
    wishes = Redeem(rewards=("g/cup",) * 3)
    once = then(
        holding(90_000),
        price(compiled, line("a", "1"), state=holding(90_000), redeem=Redeem(rewards=("g/cup",))),
    )
    for state, stock, code, given in (
        (holding(90_000), 1, "reward_out_of_stock", 1),
        (holding(90_000), 2, "reward_out_of_stock", 2),
        (holding(90_000), 3, "reward_had", 2),
        (once, 5, "reward_had", 1),
        (holding(90_000), None, "reward_had", 2),
    ):
        budgets = {} if stock is None else {"g/cup": stock}
        decision = price(compiled, line("a", "1"), state=state, redeem=wishes, budgets=budgets, sale_id="t")
        assert {(each.code, each.params["item"]) for each in decision.refused} == {(code, "cup")}
        assert decision.points.rewards_centi == 8_000 * given


@pytest.mark.parametrize(
    ("centi", "code", "params"),
    [
        (2_999, "reward_near", {"item": "mug", "missing_centi": 1}),
        (3_000, "reward_ready", {"item": "mug", "points_centi": 3_000}),
        (7_999, "reward_ready", {"item": "mug", "points_centi": 3_000}),
        (8_000, "reward_ready", {"item": "cup", "points_centi": 8_000}),
    ],
)
def test_a_member_hears_of_the_dearest_thing_in_reach_or_of_the_cheapest(
    centi: int, code: str, params: dict[str, object]
) -> None:
    things = "{id: cup, NAME, points: 80}, {id: mug, NAME, points: 30}, {id: car, NAME, points: 9000}"
    compiled = programme(f"  - {{id: g, kind: reward, NAME, items: [{things}]}}\n")
    decision = price(compiled, line("a", "1"), state=holding(centi))
    assert (why(decision, "g").code, why(decision, "g").params) == (code, params)
    assert [(each.code, each.params) for each in decision.offers] == [(code, params)]
    assert why(price(compiled, line("a", "1"), state=None), "g").code == "nothing_to_give"


def test_a_gift_is_what_is_held_as_one_while_it_may_be_taken() -> None:
    grants = (
        Grant("b", "s", "reward", NOON, 2),
        Grant("c", "s", "coupon", NOON),
        Grant("l", "s", "reward", NOON, starts_at_ms=NOON + 1),
        Grant("o", "s", "reward", NOON, expires_at_ms=NOON),
        Grant("a", "s", "reward", NOON, expires_at_ms=NOON + 1),
    )
    state = MemberState(grants=grants)
    assert [each.code for each in gifts(state, NOON)] == ["b", "a"]


def test_several_gifts_are_taken_one_by_one() -> None:
    state = apply(EMPTY, [Granted(Grant("b", "s", "reward", NOON, 3))], NOON)
    wish = Redeem(rewards=("b", "b"))
    decision = price(programme(CATALOGUE), line("a", "1"), state=state, redeem=wish)
    assert decision.refused == ()
    assert [each.uses for each in then(state, decision).grants] == [1]
