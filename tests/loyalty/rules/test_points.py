from __future__ import annotations

import pytest

from app.loyalty.basket import Redeem
from app.loyalty.decision import Decision
from app.loyalty.effects import Lot, PointsEarned, PointsSpent
from app.loyalty.state import DAY_MS, EMPTY, MemberState, advance, apply
from tests.loyalty.support import NOON, at, line, price, programme, then, why

EARN = "  - {id: p, kind: points, NAME, earn: {points: 1, per: 10%s}%s}\n"


def holding(centi: int, **lot: int) -> MemberState:
    return apply(EMPTY, [PointsEarned(Lot("old", "p", centi, NOON - DAY_MS, **lot))], NOON - DAY_MS)


@pytest.mark.parametrize(
    ("round_to", "centi"), [("hundredth", 1234), ("point", 1200), ("point_down", 1200)]
)  # 123.40 / 10
def test_points_per_money_and_their_rounding(round_to: str, centi: int) -> None:
    compiled = programme(EARN % (f", round_to: {round_to}", ""))
    assert price(compiled, line("a", "123.40")).points.earned_centi == centi


def test_points_per_unit_and_per_visit() -> None:
    by_unit = programme("  - {id: p, kind: points, NAME, earn: {points: 2, per: unit}}\n")
    assert price(by_unit, line("a", "9", "3"), line("b", "9", "0.5")).points.earned_centi == 700
    by_visit = programme("  - {id: p, kind: points, NAME, earn: {points: 7, per: visit}}\n")
    assert price(by_visit, line("a", "9", "3")).points.earned_centi == 700


def test_a_multiplier_by_goods_and_a_minimum_receipt() -> None:
    more = ", multipliers: [{products: {skus: [a]}, times: 2.5}]"
    compiled = programme(EARN % (", min_receipt: 50", more))
    assert price(compiled, line("a", "20"), line("b", "30")).points.earned_centi == 500 + 300
    short = price(compiled, line("a", "20"))
    assert short.points.earned_centi == 0
    assert why(short, "p").code == "missing_for_points"
    assert why(short, "p").params == {"missing_minor": 3000}


@pytest.mark.parametrize(("base", "centi"), [("paid", 700), ("net", 900), ("gross", 1000)])
def test_the_earning_base(base: str, centi: int) -> None:
    redeem = ", redeem: {value: 1, block: 1}"
    discount = "  - {id: d, kind: price, NAME, percent: 10%}\n"
    compiled = programme(discount + EARN % (f", base: {base}", redeem))
    decision = price(compiled, line("a", "100"), state=holding(2000), redeem=Redeem(2000))
    assert decision.points.spent_value_minor == 2000
    assert decision.points.earned_centi == centi
    # nor does it matter that some goods earn more, be they bought or not
    for goods, times in (("a", 3), ("other", 1)):
        more = f", multipliers: [{{products: {{skus: [{goods}]}}, times: 3}}]"
        compiled = programme(discount + EARN % (f", base: {base}", redeem + more))
        decision = price(compiled, line("a", "100"), state=holding(2000), redeem=Redeem(2000))
        assert decision.points.earned_centi == centi * times


@pytest.mark.parametrize(
    ("expires", "earned", "last"),
    [
        ("months: 1", "2026-01-31 12:00", "2026-02-28"),
        ("months: 1", "2024-01-31 12:00", "2024-02-29"),
        ("months: 12", "2024-02-29 12:00", "2025-02-28"),
        ("months: 1, to_month_end: true", "2026-01-05 12:00", "2026-02-28"),
        ("days: 30", "2026-03-01 23:59", "2026-03-31"),
        ("days: 3, to_month_end: true", "2025-12-05 12:00", "2025-12-31"),
    ],
)
def test_a_lot_is_good_until_the_end_of_its_last_day(expires: str, earned: str, last: str) -> None:
    compiled = programme(EARN % ("", f", lots: {{expires: {{{expires}}}}}"))
    state = then(EMPTY, price(compiled, line("a", "100"), at_ms=at(earned)))
    assert advance(state, at(f"{last} 23:59")).balance_centi == 1000
    assert advance(state, at(f"{last} 23:59") + 60_000).balance_centi == 0


def test_points_may_have_to_wait_before_they_are_spent() -> None:
    redeem = "lots: {spendable_after_days: 14}, redeem: {value: 1}"
    compiled = programme(EARN % ("", ", " + redeem))
    state = then(EMPTY, price(compiled, line("a", "100")))
    assert price(compiled, line("a", "100"), state=state).points.spendable_centi == 0
    later = price(compiled, line("a", "100"), state=state, at_ms=NOON + 14 * DAY_MS)
    assert later.points.spendable_centi == 1000


def test_redemption_keeps_to_minimum_block_share_and_goods() -> None:
    redeem = "value: 0.01, min_points: 200, block: 100, max_share: 50%, products: {not: {skus: [vodka]}}"
    compiled = programme(f"  - {{id: p, kind: points, NAME, redeem: {{{redeem}}}}}\n")
    goods = (line("bread", "3.55"), line("vodka", "30"))
    decision = price(compiled, *goods, state=holding(100_000), redeem=Redeem("max"))
    assert decision.points.spent_centi == 30_000
    assert [each.points_minor for each in decision.lines] == [300, 0]
    little = price(compiled, line("bread", "3.55"), state=holding(100_000), redeem=Redeem("max"))
    assert (little.points.spent_centi, little.points.spendable_centi) == (0, 0)
    asked = price(compiled, *goods, state=holding(100_000), redeem=Redeem(95_000))
    assert asked.points.spent_centi == 30_000
    assert asked.refused[0].code == "points_limited"


def test_same_sale_spending_is_the_largest_that_the_balance_and_its_own_earning_bear() -> None:
    earn = "earn: {points: 10, per: 1}, redeem: {value: 0.01, same_sale: true}"
    compiled = programme(f"  - {{id: p, kind: points, NAME, {earn}}}\n")
    decision = price(compiled, line("a", "100"), state=holding(10_000), redeem=Redeem("max"))
    spent, earned = decision.points.spent_centi, decision.points.earned_centi
    assert spent <= 10_000 + earned
    assert (spent, earned) == (100_000, 90_000)
    assert then(holding(10_000), decision).balance_centi == 0


def test_an_overdrawn_member_spends_nothing() -> None:
    compiled = programme(EARN % ("", ", redeem: {value: 1}"))
    owing = MemberState(debt_centi=500)
    decision = price(compiled, line("a", "100"), state=owing, redeem=Redeem("max"))
    assert (decision.points.spent_centi, decision.points.balance_after_centi) == (0, 500)


def test_lots_are_spent_soonest_first_and_the_effect_says_which() -> None:
    compiled = programme("  - {id: p, kind: points, NAME, redeem: {value: 0.01}}\n")
    lots = [
        PointsEarned(Lot("late", "p", 27_500, NOON, expires_at_ms=NOON + 9 * DAY_MS)),
        PointsEarned(Lot("soon", "p", 30_000, NOON, expires_at_ms=NOON + DAY_MS)),
    ]
    state = apply(EMPTY, lots, NOON)
    decision = price(compiled, line("a", "5"), state=state, redeem=Redeem("max"))
    assert decision.points.spent_centi == 50_000
    assert [(lot.id, lot.amount_centi) for lot in then(state, decision).lots] == [("late", 7_500)]


def test_points_that_must_wait_are_not_spent_in_the_sale_that_earns_them() -> None:
    rules = (
        "  - {id: p, kind: points, NAME, redeem: {value: 0.01, same_sale: true},"
        " earn: {points: 10, per: 1}, lots: {spendable_after_days: 3}}\n"
        "  - {id: c, kind: cashback, NAME, rate: 5%}\n"
    )
    decision = price(programme(rules), line("a", "10"), redeem=Redeem("max"))
    earned = {each.rule: each.amount_centi for each in decision.points.by_rule}
    assert decision.points.spent_centi == earned["c"] // 100 * 100 > 0
    assert then(EMPTY, decision).balance_centi == sum(earned.values()) - decision.points.spent_centi


def test_a_visit_pays_only_with_some_of_the_rules_goods() -> None:
    earning = "earn: {points: 5, per: visit}, products: {skus: [coffee]}"
    compiled = programme(f"  - {{id: p, kind: points, NAME, {earning}}}\n")
    assert price(compiled, line("coffee", "1")).points.earned_centi == 500
    assert price(compiled, line("tea", "1")).points.earned_centi == 0
    assert price(compiled, line("coffee", "0")).points.earned_centi == 0
    assert price(compiled, line("coffee", "0.01")).points.earned_centi == 500


def test_paying_with_500_of_575_points_leaves_75_of_the_younger_lot() -> None:
    older, younger = Lot("a", "p", 30_000, NOON - 9 * DAY_MS), Lot("b", "p", 27_500, NOON - 2 * DAY_MS)
    state = apply(EMPTY, [PointsEarned(younger), PointsEarned(older)], NOON)
    compiled = programme("  - {id: p, kind: points, NAME, redeem: {value: 0.01}}\n")
    decision = price(compiled, line("a", "100"), state=state, redeem=Redeem(50_000))
    assert decision.points.spent_value_minor == 500
    assert [(each.id, each.amount_centi) for each in then(state, decision).lots] == [("b", 7_500)]


def test_a_wish_is_met_in_whole_blocks_from_the_least_on() -> None:
    redeem = "redeem: {value: 0.01, block: 10, min_points: 50, max_share: 50%}"
    compiled = programme(f"  - {{id: p, kind: points, NAME, {redeem}}}\n")
    state = holding(100_000)
    for wish, spent, limited in (
        (0, 0, False),
        (4_900, 0, True),
        (5_000, 5_000, False),
        (5_900, 5_000, True),
        (50_000, 50_000, False),
        (51_000, 50_000, True),
        ("max", 50_000, False),
    ):
        decision = price(compiled, line("a", "10"), state=state, redeem=Redeem(wish))  # pyright: ignore[reportArgumentType]
        assert decision.points.spent_centi == spent
        assert decision.points.spendable_centi == 50_000
        assert [reason.code for reason in decision.refused] == (["points_limited"] if limited else [])
    little = price(compiled, line("a", "0.99"), state=state, redeem=Redeem("max"))
    assert (little.points.spendable_centi, little.points.spent_centi) == (0, 0)
    few = price(compiled, line("a", "10"), state=holding(4_999), redeem=Redeem("max"))
    assert few.points.spendable_centi == 0
    enough = price(compiled, line("a", "10"), state=holding(5_001), redeem=Redeem("max"))
    assert enough.points.spendable_centi == 5_000


def test_an_allowance_caps_what_may_be_spent_away_from_the_server() -> None:
    compiled = programme("  - {id: p, kind: points, NAME, redeem: {value: 0.01, block: 10}}\n")
    for limit, spendable in ((-5, 0), (0, 0), (999, 0), (1_000, 1_000), (1_999, 1_000), (10**9, 90_000)):
        decision = price(
            compiled, line("a", "10"), state=holding(90_500), redeem=Redeem("max"), points_limit_centi=limit
        )
        assert decision.points.spendable_centi == spendable


def test_a_lot_is_named_by_its_sale_and_its_rule() -> None:
    lots = then(EMPTY, price(programme(EARN % ("", "")), line("a", "100"), sale_id="s7")).lots
    assert [(lot.id, lot.rule, lot.earned_at_ms) for lot in lots] == [("s7:p", "p", NOON)]


def test_a_hundredth_of_a_point_is_earned_and_a_penny_too_little_earns_nothing() -> None:
    assert price(programme(EARN % ("", "")), line("a", "0.10")).points.earned_centi == 1
    given = programme("  - {id: p, kind: points, NAME, earn: {points: 1, per: unit, min_receipt: 0.01}}\n")
    assert price(given, line("a", "0")).points.earned_centi == 0
    least = programme(EARN % (", min_receipt: 20", ""))
    assert price(least, line("a", "19.99")).points.earned_centi == 0
    assert price(least, line("a", "20")).points.earned_centi == 200


def test_less_than_half_a_hundredth_of_a_point_is_no_lot() -> None:
    for spent, centi in (("0.04", 0), ("0.05", 1)):
        decision = price(programme(EARN % ("", "")), line("a", spent))
        assert [each.amount_centi for each in decision.points.by_rule] == [centi] * bool(centi)
        assert sum(isinstance(each, PointsEarned) for each in decision.effects) == bool(centi)


@pytest.mark.parametrize(
    ("round_to", "spent", "centi"),
    [
        ("point", "14.99", 100),
        ("point", "15", 200),
        ("point_down", "19.99", 100),
        ("point_down", "20", 200),
        ("point_down", "9.99", 0),
        ("hundredth", "19.99", 200),
    ],
)
def test_whole_points_by_halves_or_down(round_to: str, spent: str, centi: int) -> None:
    assert (
        price(programme(EARN % (f", round_to: {round_to}", "")), line("a", spent)).points.earned_centi
        == centi
    )


def test_the_first_multiplier_that_matches_counts_and_goods_may_earn_nothing() -> None:
    more = ", multipliers: [{products: {skus: [a]}, times: 0}, {products: {categories: [c]}, times: 1.5}]"
    compiled = programme(EARN % ("", more))
    goods = (line("a", "10", category="c"), line("b", "10", category="c"), line("x", "10"))
    decision = price(compiled, *goods)
    assert [[each.amount_centi for each in one.earned] for one in decision.lines] == [[], [150], [100]]


def test_a_level_multiplies_before_the_points_are_rounded() -> None:
    level = "{id: one, NAME, from: 0, multiplier: 1.5}"
    tier = f"  - {{id: t, kind: tier, NAME, basis: receipts, levels: [{level}]}}\n"
    for round_to, centi in (("hundredth", 180), ("point", 200), ("point_down", 100)):
        compiled = programme(tier + EARN % (f", round_to: {round_to}", ""))
        assert price(compiled, line("a", "12")).points.earned_centi == centi


def test_hundredths_round_as_the_programme_says() -> None:
    more = ", multipliers: [{products: {skus: [b]}, times: 2}]"
    for rounding, centi in (("half_up", 2), ("down", 1)):
        for multipliers in ("", more):
            compiled = programme(EARN % ("", multipliers), f"rounding: {rounding}\n")
            assert price(compiled, line("a", "0.15")).points.earned_centi == centi


def test_points_are_spent_in_steps_that_are_worth_whole_pennies() -> None:
    """One is worth 0.015, so they go in twos."""
    compiled = programme("  - {id: p, kind: points, NAME, redeem: {value: 0.015, block: 1}}\n")
    for have, spent, worth in ((199, 0, 0), (200, 200, 3), (399, 200, 3), (400, 400, 6)):
        decision = price(compiled, line("a", "10"), state=holding(have), redeem=Redeem("max"))
        assert (decision.points.spent_centi, decision.points.spent_value_minor) == (spent, worth)


@pytest.mark.parametrize(
    ("terms", "state", "code"),
    [
        ("", None, "members_only"),
        ("audience: {who: members}, ", None, "members_only"),
        ("when: {until: 2026-01-14}, ", holding(1_000), "ended"),
    ],
)
def test_who_may_not_spend_is_told_why_if_he_wished_to(
    terms: str, state: MemberState | None, code: str
) -> None:
    compiled = programme(f"  - {{id: p, kind: points, NAME, {terms}redeem: {{value: 1, block: 0.01}}}}\n")
    for wish in ("max", 1_000, 1, 0):
        decision = price(compiled, line("a", "10"), state=state, redeem=Redeem(wish))  # pyright: ignore[reportArgumentType]
        assert (decision.points.spent_centi, decision.points.spendable_centi) == (0, 0)
        assert [each.code for each in decision.refused] == ([code] if wish else [])


def test_a_wish_that_is_not_met_is_answered_with_what_could_be_spent() -> None:
    compiled = programme("  - {id: p, kind: points, NAME, redeem: {value: 1, block: 0.01}}\n")
    decision = price(compiled, line("a", "10"), state=holding(700), redeem=Redeem(701))
    assert decision.points.spent_centi == 700
    assert decision.refused[0].params == {"wish_centi": 701, "spendable_centi": 700}
    assert price(compiled, line("a", "10"), state=holding(700), redeem=Redeem(1)).points.spent_centi == 1
    least = "  - {id: p, kind: points, NAME, redeem: {value: 1, block: 0.01, min_points: 0.02}}\n"
    decision = price(programme(least), line("a", "10"), state=holding(700), redeem=Redeem(1))
    assert (decision.points.spent_centi, [each.code for each in decision.refused]) == (0, ["points_limited"])


def test_nobody_spends_a_hundredth_without_having_it() -> None:
    compiled = programme("  - {id: p, kind: points, NAME, redeem: {value: 1, block: 0.01}}\n")
    for limit in (-1, 0):
        decision = price(
            compiled, line("a", "10"), state=holding(100), redeem=Redeem("max"), points_limit_centi=limit
        )
        assert decision.points.spendable_centi == 0
    waiting = holding(100, spendable_at_ms=NOON + 1)
    assert price(compiled, line("a", "10"), state=waiting, redeem=Redeem("max")).points.spendable_centi == 0


@pytest.mark.parametrize(("debt", "spent"), [(0, 10_000), (6_000, 4_000), (9_999, 1), (10_000, 0)])
def test_what_a_sale_earns_pays_the_debt_before_it_is_spent(debt: int, spent: int) -> None:
    earn = "earn: {points: 10, per: 1, base: gross}, redeem: {value: 1, block: 0.01, same_sale: true}"
    compiled = programme(f"  - {{id: p, kind: points, NAME, {earn}}}\n")
    state = MemberState(debt_centi=debt)
    decision = price(compiled, line("a", "10"), line("b", "0"), state=state, redeem=Redeem("max"))
    assert decision.points.earned_centi == 10_000
    assert decision.points.spent_centi == min(spent, 1_000)
    assert then(state, decision).balance_centi == 10_000 - debt - min(spent, 1_000)
    assert [each.points_minor for each in decision.lines] == [min(spent, 1_000), 0]


def taken(decision: Decision) -> list[tuple[str, list[tuple[str, int]]]]:
    """Who spends points, and what of which lots."""
    spent = [effect for effect in decision.effects if isinstance(effect, PointsSpent)]
    return [(each.rule, [(lot.id, lot.amount_centi) for lot in each.taken]) for each in spent]


def test_a_sale_names_the_lots_that_it_spends_and_those_it_earns_come_last() -> None:
    earn = "earn: {points: 10, per: 1, base: gross}, redeem: {value: 1, block: 0.01%s}"
    lots = (
        Lot("soon", "p", 300, NOON, expires_at_ms=NOON + DAY_MS),
        Lot("now", "p", 1, NOON, spendable_at_ms=NOON),
        Lot("later", "p", 900, NOON, spendable_at_ms=NOON + 1),
    )
    state = MemberState(lots=lots)
    for same_sale, expected in (
        ("", [("soon", 300), ("now", 1)]),
        (", same_sale: true", [("soon", 300), ("now", 1), ("s:p", 699)]),
    ):
        compiled = programme(f"  - {{id: p, kind: points, NAME, {earn % same_sale}}}\n")
        decision = price(compiled, line("a", "10"), state=state, redeem=Redeem("max"))
        assert taken(decision) == [("p", expected)]
        spent = sum(centi for _, centi in expected)
        assert (decision.points.spent_centi, decision.points.spent_value_minor) == (spent, spent)


def test_a_reward_takes_its_points_first_and_tender_what_is_left_of_the_lots() -> None:
    rules = "  - {id: g, kind: reward, NAME, items: [{id: cup, NAME, points: 4}]}\n"
    rules += "  - {id: p, kind: points, NAME, redeem: {value: 1, block: 0.01}}\n"
    state = MemberState(lots=(Lot("a", "p", 300, NOON), Lot("b", "p", 500, NOON), Lot("c", "p", 1, NOON)))
    for rewards, expected in (
        (("g/cup",), [("g", [("a", 300), ("b", 100)]), ("p", [("b", 400), ("c", 1)])]),
        (("g/cup",) * 2, [("g", [("a", 300), ("b", 100)]), ("g", [("b", 400)]), ("p", [("c", 1)])]),
    ):
        redeem = Redeem("max", rewards=rewards)
        assert taken(price(programme(rules), line("a", "10"), state=state, redeem=redeem)) == expected
