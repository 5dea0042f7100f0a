from __future__ import annotations

from app.loyalty.basket import Redeem
from app.loyalty.effects import Grant, Granted, GrantUsed, Lot, PointsEarned
from app.loyalty.refund import refund
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
    after = then(
        state, price(compiled, line("a", "1"), state=state, redeem=Redeem(rewards=(code,)), sale_id="t")
    )
    assert after.grants == ()


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
    assert [(r.code, r.params["item"]) for r in unknown.refused] == [
        ("reward_unknown", "lost"),
        ("reward_unknown", "x/cup"),
    ]
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
