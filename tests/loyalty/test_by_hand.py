"""What a cashier gives by hand: as the programme says, and no more than it says."""

from __future__ import annotations

from app.loyalty.basket import Context
from app.loyalty.by_hand import chances, give_by_hand
from app.loyalty.decision import Reason
from app.loyalty.effects import AnyEffect, Counted
from app.loyalty.state import DAY_MS, EMPTY, MemberState, apply
from tests.loyalty.support import NOON, line, price, programme

RULES = (
    "  - {id: review, kind: activity, NAME, event: review, points: 5, limits: {per_day: 1}}\n"
    "  - {id: bought, kind: activity, NAME, event: elsewhere, percent: 10%}\n"
    "  - {id: club, kind: vip, NAME, term_days: 10, percent: 20%}\n"
    "  - {id: gold, kind: vip, NAME, sold: true, products: {skus: [gold]}, percent: 30%}\n"
    "  - {id: care, kind: entitlement, NAME, products: {skus: [care]}, uses: 3, expires: {days: 5}}\n"
    "  - {id: back, kind: cashback, NAME, chosen: {categories: [tea, cake], rate: 10%}}\n"
)
COMPILED = programme(RULES, head="categories: {tea: {}, cake: {}}\n")


def at(day: int = 0, sale_id: str = "f") -> Context:
    return Context(at_ms=NOON + day * DAY_MS, sale_id=sale_id)


def given(state: MemberState, rule: str, item: str = "", day: int = 0, id: str = "f") -> MemberState:
    effects = give_by_hand(COMPILED, state, at(day, id), rule, item)
    assert not isinstance(effects, Reason)
    return apply(state, effects, NOON + day * DAY_MS)


def test_what_may_be_given_is_what_nothing_else_gives() -> None:
    found = [(chance.rule, chance.item) for chance in chances(COMPILED, EMPTY, at())]
    assert found == [("review", ""), ("club", ""), ("care", ""), ("back", "tea"), ("back", "cake")]
    for rule, item in (("gold", ""), ("bought", ""), ("back", "bread"), ("nobody", ""), ("review", "x")):
        refusal = give_by_hand(COMPILED, EMPTY, at(), rule, item)
        assert refusal == Reason(rule, False, "nothing_to_give", {"item": item} if item else {})


def test_an_activity_at_the_counter_pays_within_its_limits() -> None:
    state = given(EMPTY, "review")
    assert state.balance_centi == chances(COMPILED, EMPTY, at())[0].points_centi == 5_00
    refusal = give_by_hand(COMPILED, state, at(), "review")
    assert isinstance(refusal, Reason)
    assert refusal.code == "limit_per_day"
    assert [c.refusal.code for c in chances(COMPILED, state, at()) if c.refusal] == ["limit_per_day"]
    assert given(state, "review", day=1, id="g").balance_centi == 10_00


def test_a_status_given_twice_is_one_after_the_other() -> None:
    state = given(given(EMPTY, "club"), "club", id="g")
    for day, net in ((0, 80), (19, 80), (20, 100)):
        moment = NOON + day * DAY_MS
        assert price(COMPILED, line("a", "1"), state=state, at_ms=moment).total_minor == net


def test_uses_of_a_service_end_with_their_term() -> None:
    state = given(EMPTY, "care")
    assert [grant.uses for grant in state.held("care", NOON + 5 * DAY_MS)] == [3]
    assert state.held("care", NOON + 6 * DAY_MS) == ()


def test_a_category_is_picked_once_a_month() -> None:
    state = given(EMPTY, "back", "tea")
    assert [chance.rule for chance in chances(COMPILED, state, at())] == ["review", "club", "care"]
    earned = price(COMPILED, line("a", "10", category="tea"), state=state).points.earned_centi
    assert earned == 1_00
    # NOON is 15 January: sixteen days later it is the last of the month, and then another may be picked.
    assert "tea" in [c.item for c in chances(COMPILED, state, at(17))]
    assert "tea" not in [c.item for c in chances(COMPILED, state, at(16))]
    effects: tuple[AnyEffect, ...] | Reason = give_by_hand(COMPILED, state, at(17), "back", "cake")
    assert not isinstance(effects, Reason)


def test_what_is_worth_a_managers_look_says_so() -> None:
    valuable = {chance.rule: chance.valuable for chance in chances(COMPILED, EMPTY, at())}
    assert valuable == {"review": False, "club": True, "care": True, "back": False}


def test_a_rule_for_a_level_is_given_by_hand_to_whoever_has_it() -> None:
    compiled = programme(
        "  - {id: t, kind: tier, NAME, basis: receipts, levels: [{id: gold, NAME, from: 1}]}\n"
        "  - {id: game, kind: activity, NAME, event: game, points: 5, audience: {tiers: [gold]}}\n"
    )
    gold = apply(EMPTY, [Counted("t", 0, receipts=1)], NOON)
    for state, code in ((EMPTY, "tier_needed"), (gold, None)):
        (chance,) = chances(compiled, state, at())
        assert (chance.refusal.code if chance.refusal else None) == code
        assert chance.points_centi == (0 if code else 5_00)
        assert isinstance(give_by_hand(compiled, state, at(), "game"), Reason) == bool(code)
