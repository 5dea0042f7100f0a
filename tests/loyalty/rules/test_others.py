from __future__ import annotations

import pytest

from app.loyalty.basket import Context, GiftCard, Redeem
from app.loyalty.effects import (
    Enrolled,
    GiftCardSold,
    Grant,
    Granted,
    Lot,
    PartnerSettled,
    PointsEarned,
    ReferralDue,
)
from app.loyalty.events import Event, enrol, evaluate_event, knows
from app.loyalty.refund import refund
from app.loyalty.state import DAY_MS, EMPTY, MemberState, apply
from tests.loyalty.support import NOON, line, off, price, programme, then, why


def holding(centi: int) -> MemberState:
    return apply(EMPTY, [PointsEarned(Lot("old", "p", centi, NOON - DAY_MS))], NOON - DAY_MS)


REFERRAL = (
    "  - {id: r, kind: referral, NAME, referrer_points: 10, friend_points: 5,"
    " after_days: 14, cap_per_month: 3%s}\n"
)
FRIEND = apply(EMPTY, [Enrolled(NOON - DAY_MS, "anna")], NOON)


def test_a_friend_pays_both_on_the_first_purchase_only() -> None:
    compiled = programme(REFERRAL % "")
    first = price(compiled, line("a", "10"), state=FRIEND, member_id="jan")
    assert first.points.earned_centi == 500
    assert ReferralDue("r", "anna", 1_000, NOON + 14 * DAY_MS, 3) in first.effects
    second = price(compiled, line("a", "10"), state=then(FRIEND, first), member_id="jan")
    assert why(second, "r").code == "referral_paid"


def test_nobody_brings_themselves() -> None:
    compiled = programme(REFERRAL % "")
    assert why(price(compiled, line("a", "10"), state=FRIEND, member_id="anna"), "r").code == "self_referral"
    assert enrol(compiled, Context(at_ms=NOON, member_id="anna"), "anna").effects == (Enrolled(NOON),)


def test_a_referral_may_pay_on_enrolment_or_on_each_of_some_purchases() -> None:
    at_once = enrol(programme(REFERRAL % ", pays_on: enrolment"), Context(at_ms=NOON, sale_id="e"), "anna")
    assert at_once.earned_centi == 500
    compiled = programme(REFERRAL % ", pays_on: each_purchase, purchases: 2")
    state, earned = FRIEND, []
    for _ in range(3):
        decision = price(compiled, line("a", "10"), state=state)
        earned.append(decision.points.earned_centi)
        state = then(state, decision)
    assert earned == [500, 500, 0]


DELIVERY = line("courier", "9.90", tags=("delivery",))


def test_delivery_is_free_from_a_goods_total_after_discounts_and_neither_counts_nor_earns() -> None:
    rules = (
        "  - {id: p, kind: price, NAME, percent: 10%}\n"
        "  - {id: d, kind: free_delivery, NAME, from_total: 90}\n"
        "  - {id: e, kind: points, NAME, earn: {points: 1, per: 1}}\n"
    )
    compiled = programme(rules)
    free = price(compiled, line("a", "100"), DELIVERY)
    assert (free.total_minor, free.delivery_minor, free.points.earned_centi) == (9_000, 990, 9_000)
    paid = price(compiled, line("a", "99"), DELIVERY)
    assert (paid.total_minor, paid.points.earned_centi) == (8_910 + 990, 8_910)
    assert why(paid, "d").params == {"missing_minor": 90, "from_minor": 9_000}


def test_free_delivery_keeps_to_its_cap_and_budget_over_several_deliveries() -> None:
    rule = (
        "  - {id: d, kind: free_delivery, NAME, first_order: true, max_discount: %s, budget: {total: %s}}\n"
    )
    second = line("pallet", "20", tags=("delivery",))
    for cap, total, given in (("15", "100", 1_500), ("100", "12", 1_200), ("100", "100", 2_990)):
        decision = price(programme(rule % (cap, total)), line("a", "1"), DELIVERY, second)
        assert off(decision) == {"d": given}


def test_delivery_is_free_on_the_first_order() -> None:
    compiled = programme("  - {id: d, kind: free_delivery, NAME, first_order: true}\n")
    first = price(compiled, line("a", "1"), DELIVERY)
    assert first.total_minor == 100
    assert price(compiled, line("a", "1"), DELIVERY, state=then(EMPTY, first)).total_minor == 1_090


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


PAIR = "{bought: {skus: [camera]}, offer: {categories: [cards]}}"


def test_a_complement_is_offered_with_what_was_bought_now_or_before_and_never_itself() -> None:
    compiled = programme(
        f"  - {{id: c, kind: complement, NAME, pairs: [{PAIR}], before_days: 10, percent: 20%}}\n"
    )
    alone = price(compiled, line("camera", "500"))
    assert (alone.offers[0].code, alone.offers[0].params) == ("complement_category", {"category": "cards"})
    both = price(compiled, line("camera", "500"), line("sd", "50", category="cards"))
    assert off(both) == {"c": 1000}
    state = then(EMPTY, alone)
    for days, discount in ((10, 1000), (11, 0)):
        moment = NOON + days * DAY_MS
        later = price(compiled, line("sd", "50", category="cards"), state=state, at_ms=moment)
        assert off(later).get("c", 0) == discount
    itself = programme(
        "  - {id: c, kind: complement, NAME, percent: 20%, "
        "pairs: [{bought: {skus: [sd]}, offer: {categories: [cards]}}]}\n"
    )
    assert off(price(itself, line("sd", "50", category="cards"))) == {}


def test_a_complement_keeps_to_its_cap_over_all_its_pairs() -> None:
    pairs = "{bought: {skus: [a]}, offer: {skus: [b]}}, {bought: {skus: [a]}, offer: {skus: [c]}}"
    compiled = programme(
        f"  - {{id: c, kind: complement, NAME, pairs: [{pairs}], percent: 50%, max_discount: 3}}\n"
    )
    assert off(price(compiled, line("a", "1"), line("b", "10"), line("c", "10"))) == {"c": 300}


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


PARTNER = (
    "  - {id: p, kind: partner, NAME, partner: fuel, points: 2, per: 10.00, products: {brands: [fuel]}}\n"
    "  - {id: s, kind: partner, NAME, partner: cinema, partner_stores: [kino]}\n"
)


def test_a_purchase_at_a_partners_earns_as_its_goods_do_here_and_is_settled() -> None:
    compiled = programme(ACTIVITY + PARTNER)
    bought = Event("x", "partner-purchase", 5_000, partner="fuel")
    decision = evaluate_event(compiled, EMPTY, bought, Context(at_ms=NOON, member_id="m"))
    assert decision.earned_centi == 500 + 1_000
    settled = [effect for effect in decision.effects if isinstance(effect, PartnerSettled)]
    assert settled == [PartnerSettled("p", "fuel", 1_000)]
    assert [(why.rule, why.applied) for why in decision.why] == [("q", True), ("p", True)]
    assert knows(compiled, Event("x", "", partner="fuel"))
    assert not knows(compiled, Event("x", "", partner="cinema")), "it only settles what is spent there"
    assert not knows(compiled, Event("x", "unheard-of", partner="unheard-of"))
    assert not knows(compiled, Event("x", "unheard-of"))


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


def test_partners_are_settled_both_ways() -> None:
    rules = (
        "  - {id: k, kind: partner, NAME, partner: roaster, products: {brands: [roaster]},"
        " points: 2, per: 1, partner_stores: [r1]}\n"
        "  - {id: p, kind: points, NAME, redeem: {value: 0.01}}\n"
    )
    compiled = programme(rules)
    earned = price(compiled, line("a", "10", brand="roaster"), line("b", "10"))
    assert earned.points.earned_centi == 2_000
    assert PartnerSettled("k", "roaster", 2_000) in earned.effects
    spent = price(compiled, line("b", "10"), state=holding(10_000), redeem=Redeem("max"), store="r1")
    assert PartnerSettled("k", "roaster", -10_000) in spent.effects
    over = programme(rules.replace("points: 2,", "when: {until: 2025-12-31}, points: 2,"))
    ended = price(over, line("b", "10"), state=holding(10_000), redeem=Redeem("max"), store="r1")
    assert ended.points.spent_centi == 10_000
    assert not any(isinstance(effect, PartnerSettled) for effect in ended.effects)


def test_gift_cards_are_sold_plain_and_spent_last() -> None:
    rules = (
        "  - {id: g, kind: gift_card, NAME, products: {skus: [card]}, min_amount: 10, max_amount: 500}\n"
        "  - {id: p, kind: price, NAME, percent: 10%}\n"
        "  - {id: e, kind: points, NAME, earn: {points: 1, per: 1}}\n"
    )
    compiled = programme(rules)
    sold = price(compiled, line("card", "100"), line("a", "10"))
    assert (sold.total_minor, sold.points.earned_centi) == (10_900, 900)
    assert GiftCardSold("g", "card", 10_000) in sold.effects
    assert price(compiled, line("card", "5")).refused[0].code == "gift_card_too_small"
    paid = price(
        compiled, line("a", "100"), redeem=Redeem(gift_cards=(GiftCard("x", 5_000), GiftCard("y", 9_000)))
    )
    assert [(card.code, card.amount_minor) for card in paid.gift_cards] == [("x", 5_000), ("y", 4_000)]
    assert paid.due_minor == 0


def test_goods_kept_for_some_are_refused_to_others_until_the_date() -> None:
    limits = "when: {until: 2026-01-31}, audience: {vip: [v]}"
    rule = f"  - {{id: x, kind: access, NAME, products: {{skus: [new]}}, {limits}}}\n"
    vip = "  - {id: v, kind: vip, NAME}\n"
    compiled = programme(rule + vip)
    barred = price(compiled, line("new", "10"))
    assert barred.refused[0].params == {"needed": "v", "line": "new"}
    held = apply(EMPTY, [Granted(Grant("g", "v", "status", NOON))], NOON)
    assert price(compiled, line("new", "10"), state=held).refused == ()
    assert price(compiled, line("new", "10"), at_ms=NOON + 17 * DAY_MS).refused == ()
