"""What-if: the replay is the engine itself, and its figures are those of a year done by hand."""

from __future__ import annotations

from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.loyalty.compiled import Compiled
from app.loyalty.engine import compile_programme, evaluate
from app.loyalty.state import DAY_MS, EMPTY, MemberState, advance, apply
from app.loyalty.whatif.figures import Assumptions, Change, Redemption, RuleFigures, Side, WhatIf
from app.loyalty.whatif.replay import BANDS, band_of, price_of, what_if
from app.loyalty.whatif.sales import Goods, PastLine, PastSale, Sales, collect
from app.loyalty.whatif.shelf import Stock
from app.loyalty.whatif.side import Past
from app.values import ValueProblem
from tests.loyalty import cases
from tests.loyalty.support import at, off, programme

MILK, BREAD, WINE = (Goods(sku, sku, tax="A") for sku in ("milk", "bread", "wine"))


def sale(id: str, when: str, *lines: tuple[Goods, int, int], member: str = "", paid: int = 0) -> PastSale:
    """Lines as (goods, pieces, price in grosze)."""
    past = tuple(PastLine(goods, pieces * 1000, price) for goods, pieces, price in lines)
    return PastSale(id, at(when), past, member, points_minor=paid)


IN_FORCE = programme("""
  - {id: points, kind: points, NAME, earn: {points: 1, per: 1.00}, redeem: {value: 0.01, block: 100}}
""")
DRAFT = programme("""
  - {id: milk, kind: price, NAME, audience: {who: members}, products: {skus: [milk]}, percent: 10%}
  - {id: welcome, kind: welcome, NAME, give: {points: 50}}
  - {id: points, kind: points, NAME, earn: {points: 2, per: 1.00}, redeem: {value: 0.01, block: 100}}
""")
YEAR = collect(
    [
        sale("s1", "2026-01-02 10:00", (MILK, 2, 500), member="anna"),
        sale("s2", "2026-02-10 10:00", (MILK, 4, 500), (BREAD, 1, 400), member="anna"),
        sale("s3", "2026-02-11 10:00", (BREAD, 25, 400), member="bartek"),
        sale("s4", "2026-03-01 10:00", (MILK, 1, 500)),
        sale("s5", "2026-03-02 10:00", (BREAD, 1, 400), (MILK, 1, 500), member="bartek"),
    ]
)
POLICIES: tuple[Redemption, ...] = ("none", "same-share", "maximum")
SPEND_NOTHING = Assumptions(redemption="none", warm_up_days=30)


def rule(side: Side, id: str) -> RuleFigures:
    return next(each for each in side.rules if each.rule == id)


def change(result: WhatIf, way: str) -> Change:
    return next(each for each in result.changes if each.way == way)


def test_a_small_year_by_hand() -> None:
    result = what_if(DRAFT, IN_FORCE, YEAR, SPEND_NOTHING)
    past = result.past
    assert (past.receipts, past.lines, past.members, past.nobody) == (4, 6, 2, 1)
    assert past.warm_up_receipts == 1
    # s2 24.00 − 2.00, s3 100.00, s4 5.00 for nobody, s5 9.00 − 0.50
    draft = result.draft.totals
    assert (draft.goods_minor, draft.discount_minor, draft.total_minor) == (13_800, 250, 13_550)
    assert (draft.spent_minor, draft.due_minor) == (0, 13_550)
    # 2 × 22 + (50 + 2 × 100) + 2 × 8.50 = 311 points, worth 3.11; anna holds 68 more from the warm-up
    assert (draft.earned_centi, draft.earned_minor) == (31_100, 311)
    assert draft.owed_centi == 31_100 + 5_000 + 2 * 900
    now = result.in_force.totals
    assert (now.total_minor, now.earned_centi) == (13_800, 2_400 + 10_000 + 900)
    milk = rule(result.draft, "milk")
    assert (milk.existing.discount_minor, milk.existing.receipts, milk.members) == (250, 2, 2)
    assert milk.new.discount_minor == milk.nobody.discount_minor == 0
    welcome = rule(result.draft, "welcome")
    assert (welcome.new.earned_centi, welcome.members) == (5_000, 1)  # anna's was in the warm-up
    points = rule(result.draft, "points")
    assert (points.new.earned_centi, points.existing.earned_centi) == (20_000, 4_400 + 1_700)
    cheaper, more = change(result, "cheaper"), change(result, "more_points")
    assert (cheaper.receipts, cheaper.members, cheaper.total_minor) == (2, 2, -250)
    assert (more.receipts, more.earned_centi) == (1, 15_000)
    assert change(result, "same").receipts == 1
    assert [month.month for month in result.draft.months] == ["2026-02", "2026-03"]
    assert [month.discount_minor for month in result.draft.months] == [200, 50]


def test_examples_come_with_reasons() -> None:
    result = what_if(DRAFT, IN_FORCE, YEAR, SPEND_NOTHING)
    assert [(each.way, each.sale) for each in result.examples] == [
        ("cheaper", "s2"), ("cheaper", "s5"), ("more_points", "s3"),
    ]  # fmt: skip
    largest = result.examples[0]
    assert largest.in_force.total_minor - largest.draft.total_minor == 200
    assert {reason.rule for reason in largest.draft.why} == {"milk", "welcome", "points"}


def test_the_maximum_is_spent_as_soon_as_it_can_be() -> None:
    result = what_if(DRAFT, IN_FORCE, YEAR, Assumptions(redemption="maximum", warm_up_days=0))
    # anna has 68 points in s2: no whole block of 100; bartek 250 in s5, worth 2.50, in blocks of 1.00
    assert rule(result.draft, "points").all.spent_minor == 200
    assert rule(result.in_force, "points").all.spent_minor == 100
    assert result.draft.totals.due_minor == result.draft.totals.total_minor - 200


def test_the_same_share_is_what_was_paid_in_points_or_what_is_assumed() -> None:
    past = [*_sales(YEAR), sale("s6", "2026-03-03 10:00", (BREAD, 5, 400), member="bartek", paid=300)]
    same = Assumptions(redemption="same-share", warm_up_days=0)
    result = what_if(IN_FORCE, IN_FORCE, collect(past), same)
    assert result.draft.totals.spent_minor == 100  # 3.00 were paid; 109 points are worth no more
    assumed = msgspec.structs.replace(same, share="10%")
    result = what_if(IN_FORCE, IN_FORCE, collect(past), assumed)
    assert result.draft.totals.spent_minor == 100  # a tenth of 20.00 on s6; of 9.00 on s5 it is no block


def test_a_programme_against_itself_changes_nothing() -> None:
    for redemption in POLICIES:
        result = what_if(DRAFT, DRAFT, YEAR, Assumptions(redemption=redemption, warm_up_days=0))
        assert result.draft == result.in_force
        assert change(result, "same").receipts == 5
        assert not any(each.receipts for each in result.changes if each.way != "same")
        assert result.examples == ()


def test_a_budget_is_whole_after_the_warm_up_and_pauses_by_itself() -> None:
    draft = programme("""
  - {id: milk, kind: price, NAME, products: {skus: [milk]}, percent: 50%, budget: {total: 12.00}}
""")
    result = what_if(draft, IN_FORCE, YEAR, SPEND_NOTHING)
    # 10.00 on s2, then 2.00 of the 2.50 on s4, then nothing
    assert rule(result.draft, "milk").all.discount_minor == 1_200
    assert rule(result.draft, "milk").nobody.discount_minor == 200


def test_a_floor_holds_in_a_replay_and_the_rest_earns() -> None:
    draft = programme(
        "  - {id: half, kind: threshold, NAME, steps: [{from: 1, give: {percent: 50%}}]}\n"
        "  - {id: p, kind: points, NAME, earn: {points: 1, per: 1}, products: {skus: [milk]}}\n",
        "floors: [{products: {skus: [milk]}, price: 9}]\n",
    )
    past = collect([sale("s1", "2026-01-02 10:00", (MILK, 1, 1000), (BREAD, 1, 1000), member="anna")])
    result = what_if(draft, IN_FORCE, past, Assumptions(redemption="none", warm_up_days=0))
    assert rule(result.draft, "half").all.discount_minor == 100 + 500
    assert rule(result.draft, "p").all.earned_centi == 900


def test_the_parts_of_a_budget_are_spent_apart() -> None:
    draft = programme("""
  - id: half
    kind: price
    NAME
    audience: {who: members}
    percent: 50%
    budget: {total: 60.00, new_members: 7.00}
""")
    result = what_if(draft, IN_FORCE, YEAR, Assumptions(redemption="none", warm_up_days=0))
    half = rule(result.draft, "half")
    # anna's first: half of 10.00; bartek's: what is left of 7.00. Then 12.00 and 4.50 of the other 53.00.
    assert half.new.discount_minor == 500 + 200
    assert half.existing.discount_minor == 1_200 + 450


def test_coupons_of_the_programme_are_presented_unless_told_otherwise() -> None:
    draft = programme("""
  - {id: back, kind: come_back, NAME, steps: [{days: 60, percent: 50%}]}
""")
    presented = what_if(draft, IN_FORCE, YEAR, Assumptions(redemption="none", warm_up_days=0))
    assert rule(presented.draft, "back").all.discount_minor == 1_200 + 450
    kept = what_if(draft, IN_FORCE, YEAR, Assumptions(redemption="none", warm_up_days=0, coupons=False))
    assert rule(kept.draft, "back").all.discount_minor == 0
    assert rule(kept.draft, "back").all.issued == 4


def test_everything_in_the_warm_up_leaves_empty_figures() -> None:
    result = what_if(DRAFT, IN_FORCE, YEAR, Assumptions(warm_up_days=999))
    assert result.past.receipts == 0
    assert result.draft.totals.goods_minor == 0
    assert what_if(DRAFT, IN_FORCE, collect([])).past.receipts == 0


def test_two_currencies_do_not_compare() -> None:
    programme_in_euro = msgspec.structs.replace(IN_FORCE.programme, currency="EUR")
    with pytest.raises(ValueProblem, match="one currency"):
        what_if(DRAFT, compile_programme(programme_in_euro), YEAR)


@pytest.mark.parametrize(
    ("price", "before", "band"),
    [(0, 0, (0, 0)), (1, 100, (0, 2)), (-2, 100, (-2, 0)), (-3, 100, (-5, -2)), (21, 100, (20, None)),
     (-21, 100, (None, -20)), (5, 0, (20, None))],
)  # fmt: skip
def test_bands_of_difference(price: int, before: int, band: tuple[int | None, int | None]) -> None:
    assert BANDS[band_of(price, before)] == band


# -- the replay is the engine ------------------------------------------------------------------------------


def _sales(sales: Sales) -> list[PastSale]:
    """Columns back to sales."""
    return [
        PastSale(
            sales.ids[n],
            sales.at_ms[n],
            tuple(
                PastLine(sales.goods[sales.good[row]], sales.qty_milli[row], sales.price_minor[row])
                for row in range(sales.start[n], sales.start[n + 1])
            ),
            sales.members[sales.member[n]] if sales.member[n] >= 0 else "",
        )
        for n in range(len(sales))
    ]


def random_sales(rng: Random) -> Sales:
    past: list[PastSale] = []
    for number in range(rng.randint(1, 12)):
        lines = [
            PastLine(
                Goods(each.sku, each.category, each.brand, each.tags, each.tax),
                each.qty_milli,
                each.unit_price_minor,
            )
            for each in cases.basket(rng).lines
        ]
        when = cases.NOON + number * rng.randint(1, 9) * DAY_MS // 2
        member = rng.choice(["", "anna", "bartek", "anna"])
        paid = rng.choice([0, 0, 500])
        past.append(PastSale(f"s{number:02}", when, tuple(lines), member, points_minor=paid))
    return collect(past)


def assert_equal_to_the_engine(compiled: Compiled, sales: Sales, assumptions: Assumptions) -> int:
    """Every sale by the replay and by evaluate and apply, states included, byte for byte."""
    stock = Stock([compiled], sales)
    past = Past(compiled, stock.shelves[0], assumptions)
    states: dict[int, MemberState] = {}
    for number in range(len(sales)):
        member, at_ms = sales.member[number], sales.at_ms[number]
        sums = stock.sums(number)
        run = past.sell(number, sums, sum(sums.values()))
        life = past.lives[member] if member >= 0 else None
        begun = msgspec.structs.replace(EMPTY, enrolled_at_ms=at_ms)
        state = advance(states.get(member, begun), at_ms) if life is not None else None
        decision = evaluate(compiled, state, sales.basket(number), run.context)
        assert tuple(run.effects) == decision.effects, number
        assert {rule: amount for rule, amount in run.given.items() if amount} == off(decision)
        assert price_of(run) == decision.total_minor
        assert run.spent_centi == decision.points.spent_centi
        assert run.spent_minor == decision.points.spent_value_minor
        assert sum(run.points_by_rule.values()) == decision.points.earned_centi
        assert tuple(run.issued) == decision.issued
        past.settle(run)
        if life is not None and state is not None:
            states[member] = apply(state, decision.effects, at_ms)
            encode = msgspec.json.encode
            assert encode(life.frozen()) == encode(states[member])
            assert life.balance_centi == states[member].balance_centi
    return len(sales)


@given(st.integers(0, 10**9))
def test_the_replay_is_the_engine(seed: int) -> None:
    rng = Random(seed)
    compiled = compile_programme(cases.programme(rng))
    policy = rng.choice(POLICIES)
    share = rng.choice([None, "25%"])
    assumptions = Assumptions(redemption=policy, share=share, coupons=rng.random() < 0.7)
    assert_equal_to_the_engine(compiled, random_sales(rng), assumptions)


PAID_IN_PART = """
  - {id: all, kind: points, NAME, earn: {points: 1, per: 1}}
  - {id: milk, kind: points, NAME, earn: {points: 1, per: 1}, products: {skus: [milk]}}
  - {id: wine, kind: points, NAME, earn: {points: 1, per: 1}, products: {skus: [wine]}}
  - id: twice
    kind: points
    NAME
    earn: {points: 1, per: 1}
    multipliers: [{products: {skus: [milk]}, times: 2}]
  - {id: bread, kind: points, NAME, earn: {points: 1, per: 1}, products: {skus: [bread]}}
  - {id: pay, kind: points, NAME, redeem: {value: 0.10, block: 1%s}}
"""


@pytest.mark.parametrize(
    ("terms", "spent_minor", "earned"),
    [
        # 50.00 earn 50 and 50 and 50 points, worth 15.00: 3.00 of it on milk, the fifth that milk costs
        ("", 1_500, {"all": 3_500, "milk": 700, "wine": 0, "twice": 4_200, "bread": 2_800}),
        (
            ", products: {skus: [milk]}",
            1_000,
            {"all": 4_000, "milk": 0, "wine": 0, "twice": 4_000, "bread": 4_000},
        ),
        (
            ", products: {skus: [bread]}",
            1_500,
            {"all": 3_500, "milk": 1_000, "wine": 0, "twice": 4_500, "bread": 2_500},
        ),
    ],
)
def test_what_is_paid_in_points_earns_nothing_whichever_goods_it_pays_for(
    terms: str, spent_minor: int, earned: dict[str, int]
) -> None:
    """Sums alone where no line has been made yet, then the lines: rules before `twice` and after it."""
    compiled = programme(PAID_IN_PART % terms)
    past = collect(
        [
            sale("s1", "2026-01-02 10:00", (BREAD, 10, 500), member="anna"),
            sale("s2", "2026-01-09 10:00", (MILK, 2, 500), (BREAD, 8, 500), member="anna"),
        ]
    )
    assert_equal_to_the_engine(compiled, past, Assumptions(redemption="maximum"))
    result = what_if(compiled, IN_FORCE, past, Assumptions(redemption="maximum", warm_up_days=1)).draft
    assert result.totals.spent_minor == spent_minor
    assert {id: rule(result, id).all.earned_centi for id in earned} == earned


AT_A_GLANCE = programme(
    """
  - id: level
    kind: tier
    NAME
    basis: spend
    window: 20
    levels:
      - {id: silver, name: {ru: С, pl: S, en: S}, from: 5, multiplier: 1.5}
      - {id: gold, name: {ru: З, pl: Z, en: G}, from: 20, multiplier: 2, percent: 3%}
  - id: big
    kind: threshold
    NAME
    audience: {who: members, tiers: [silver, gold]}
    steps: [{from: 3.00, give: {percent: 2%}}, {from: 9.00, give: {percent: 7%}}]
  - {id: guests, kind: price, NAME, audience: {who: guests}, products: {categories: [dairy]}, percent: 5%}
  - {id: first, kind: welcome, NAME, give: {percent: 10%}, max_discount: 2.00, budget: {total: 5.00}}
  - {id: third, kind: nth_purchase, NAME, every: 3, give: {amount: 1.00}}
  - {id: spent, kind: nth_purchase, NAME, every_spend: 7.00, min_receipt: 2.00, give: {points: 30}}
  - {id: back, kind: come_back, NAME, min_receipt_to_issue: 1.00, steps: [{days: 9, percent: 15%}]}
  - {id: card, kind: stamps, NAME, products: {categories: [dairy]}, size: 3, free: cheapest}
  - {id: full, kind: stamps, NAME, per: receipt, size: 2, reward: {percent: 5%}}
  - id: streak
    kind: challenge
    NAME
    goal: receipts
    target: 2
    window_days: 9
    repeat: true
    give: {points: 9}
  - {id: back-points, kind: cashback, NAME, rate: 3%, round_to: point_down}
  - id: points
    kind: points
    NAME
    earn: {points: 3, per: 1.00}
    redeem: {value: 0.01, block: 10, max_share: 50%}
""",
    head="caps: {receipt: 30%}\ncategories: {food: {}, dairy: {parent: food}}",
)


@given(st.integers(0, 10**9))
def test_what_a_glance_leaves_out_has_nothing_to_say(seed: int) -> None:
    """Every rule's turn hangs on levels, a first purchase, coupons, a member or goods, from sale to sale."""
    rng = Random(seed)
    assumptions = Assumptions(redemption=rng.choice(POLICIES), coupons=rng.random() < 0.8)
    assert_equal_to_the_engine(AT_A_GLANCE, random_sales(rng), assumptions)


@given(st.integers(0, 10**9))
def test_rules_add_up_to_totals(seed: int) -> None:
    rng = Random(seed)
    draft, in_force = (compile_programme(cases.programme(rng)) for _ in range(2))
    sales = random_sales(rng)
    result = what_if(draft, in_force, sales, Assumptions(warm_up_days=rng.randint(0, 3)))
    for side in (result.draft, result.in_force):
        totals = side.totals
        assert sum(each.all.discount_minor for each in side.rules) == totals.discount_minor
        assert sum(each.all.earned_centi for each in side.rules) == totals.earned_centi
        assert sum(each.all.spent_minor for each in side.rules) == totals.spent_minor
        assert totals.goods_minor - totals.discount_minor == totals.total_minor
        assert sum(month.receipts for month in side.months) == totals.receipts
        assert sum(month.discount_minor for month in side.months) == totals.discount_minor
        for each in side.rules:
            parts = (each.new, each.existing, each.nobody)
            assert sum(part.cost_minor for part in parts) == each.all.cost_minor
            assert sum(part.receipts for part in parts) == each.all.receipts
    assert sum(each.receipts for each in result.changes) == result.past.receipts
    assert sum(each.receipts for each in result.bands) == result.past.receipts
    price = result.draft.totals.total_minor - result.in_force.totals.total_minor
    assert sum(each.total_minor for each in result.changes) == price
