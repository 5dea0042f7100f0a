"""One whole receipt, figure by figure, and what an evaluation says beside its figures."""

from __future__ import annotations

from app.loyalty.basket import Basket, Code, Context, GiftCard, Line, Redeem
from app.loyalty.decision import Discount, Points, Reason, TaxTotal
from app.loyalty.effects import PURCHASES, Counted, Lot, PointsEarned, ReceiptCounted
from app.loyalty.engine import evaluate
from app.loyalty.state import DAY_MS, EMPTY, apply
from tests.loyalty.support import NOON, line, off, price, programme, then, why

SHOP = programme(
    "  - {id: tea, kind: price, NAME, percent: 10%, products: {skus: [tea]}}\n"
    "  - {id: p, kind: points, NAME, earn: {points: 1, per: 1}, redeem: {value: 0.01}}\n"
)
TEA, CAKE = line("tea", "10", "2", tax="A", manual_minor=130), line("cake", "5", tax="B")
COURIER = line("courier", "7", tax="A", tags=("delivery",))
BOTTLE = line("bottle", "-1", tax="B", tags=("deposit",))
CARD = line("card", "50", tags=("gift_card",))
HOLDING = apply(EMPTY, [PointsEarned(Lot("old", "p", 60_000, NOON - DAY_MS))], NOON - DAY_MS)


def test_a_receipt_of_goods_delivery_a_deposit_and_a_gift_card_adds_up() -> None:
    redeem = Redeem(30_000, (GiftCard("x", 1_000),))
    decision = price(SHOP, CARD, TEA, BOTTLE, COURIER, CAKE, state=HOLDING, redeem=redeem)
    assert (decision.programme, decision.version, decision.at_ms) == ("test", 1, NOON)
    assert (decision.goods_minor, decision.delivery_minor) == (2000 + 500 - 100 + 5000, 700)
    assert decision.delivery_lines == ("courier",)
    # 10 % of the tea, then 1.30 by the cashier
    assert (decision.discount_minor, decision.total_minor) == (200 + 130, 7400 + 700 - 330)
    tea = decision.lines[1]
    assert (tea.id, tea.qty_milli, tea.gross_minor, tea.net_minor) == ("tea", 2000, 2000, 1670)
    assert tea.discounts == (Discount("tea", 200), Discount("manual", 130))
    # 3.00 in points, over the 21.70 of tea and cake; the gift card pays no gift card
    assert [each.points_minor for each in decision.lines] == [0, 231, 0, 0, 69]
    assert [card.amount_minor for card in decision.gift_cards] == [1_000]
    assert decision.due_minor == 7770 - 300 - 1_000
    assert decision.taxes == (
        TaxTotal("", 5000, 0, 5000, 0),
        TaxTotal("A", 2700, 330, 2370, 231),
        TaxTotal("B", 400, 0, 400, 69),
    )


def test_points_of_a_receipt_by_rule_by_line_and_around_it() -> None:
    decision = price(SHOP, TEA, CAKE, state=HOLDING, redeem=Redeem(30_000))
    points = decision.points
    assert (points.earned_centi, points.spent_centi, points.spent_value_minor) == (1_870, 30_000, 300)
    assert (points.spendable_centi, points.spendable_value_minor) == (60_000, 600)
    assert (points.balance_before_centi, points.balance_after_centi) == (60_000, 31_870)
    assert [(each.rule, each.amount_centi) for each in points.by_rule] == [("p", 1_870)]
    assert [(each.rule, each.amount_centi) for one in decision.lines for each in one.earned] == [
        ("p", 1_439),
        ("p", 431),
    ]
    assert then(HOLDING, decision).balance_centi == 31_870


def test_a_members_purchase_is_one_receipt_at_what_its_goods_cost() -> None:
    decision = price(SHOP, TEA, CAKE, COURIER, redeem=Redeem("max"))
    assert ReceiptCounted(1, 1670 + 500) in decision.effects
    after = decision.state_after
    assert after is not None
    assert (after.receipts, after.spend_minor) == (1, 2170)
    lots = "lots: {expires: {idle_days: 30}}"
    lapsing = programme(f"  - {{id: p, kind: points, NAME, earn: {{points: 1, per: 1}}, {lots}}}\n")
    assert Counted(PURCHASES, NOON // DAY_MS, receipts=1, keep_days=30) in price(lapsing, TEA).effects


def test_delivery_alone_is_no_purchase_and_a_guest_counts_for_nothing() -> None:
    assert price(SHOP, COURIER, CARD).effects == ()
    assert price(SHOP, TEA, state=None).effects == ()


def test_a_code_that_nobody_knows_is_refused_by_itself() -> None:
    rules = (
        "  - {id: k, kind: promo_code, NAME, codes: [TEN], give: {percent: 10%}}\n"
        "  - {id: b, kind: come_back, NAME, steps: [{days: 7, percent: 15%}]}\n"
    )
    compiled = programme(rules)
    first = price(compiled, CAKE)
    held = first.issued[0].code
    again = price(
        compiled, CAKE, state=then(EMPTY, first), at_ms=NOON + DAY_MS,
        codes=(Code("NOPE"), Code("TEN"), Code(held), Code("other", "b")),
    )  # fmt: skip
    assert again.refused == (Reason("", False, "code_unknown", {"code": "NOPE"}),)
    stranger = price(compiled, CAKE, codes=(Code(held),))
    assert stranger.refused == (Reason("", False, "code_unknown", {"code": held}),)


def test_reasons_offers_and_the_state_after_come_when_they_are_asked_for() -> None:
    asked = evaluate(SHOP, EMPTY, Basket((CAKE,)), Context(at_ms=NOON), explain=True)
    plain = evaluate(SHOP, EMPTY, Basket((CAKE,)), Context(at_ms=NOON))
    assert (len(asked.why), asked.state_after is None) == (2, False)
    assert (plain.why, plain.offers, plain.state_after) == ((), (), None)
    assert (plain.lines, plain.effects) == (asked.lines, asked.effects)


def test_without_a_rule_that_spends_points_there_are_none_to_spend() -> None:
    assert price(programme("  - {id: h, kind: price, NAME, percent: 50%}\n"), CAKE).points == Points()


def test_a_level_reached_now_is_explained_as_if_it_had_been_there() -> None:
    rules = (
        "  - {id: t, kind: tier, NAME, basis: spend, window: 30, counts: now,"
        " levels: [{id: gold, NAME, from: 100, percent: 10%}]}\n"
        "  - {id: s, kind: threshold, NAME, steps: [{from: 10, give: {percent: 5%}}]}\n"
    )
    decision = price(programme(rules), line("a", "200"))
    assert off(decision) == {"t": 2000}
    smaller = {"winner": "t", "amount_minor": 1000}
    assert why(decision, "s") == Reason("s", False, "same_group_smaller", smaller)


def test_lines_that_differ_in_anything_have_a_place_of_their_own() -> None:
    """The spare penny of 0.01 over two equal lines goes by what they are, never by where they stand."""
    rule = "  - {id: r, kind: threshold, NAME, steps: [{from: 0.02, give: {amount: 0.01}}]}\n"
    plain: dict[str, object] = {"sku": "a", "unit_price_minor": 100, "qty_milli": 1000, "category": "c"}
    one = Line(id="1", **plain, tax="A")  # pyright: ignore[reportArgumentType]
    two = Line(id="2", **plain, tax="B")  # pyright: ignore[reportArgumentType]
    for goods in ((one, two), (two, one)):
        taxes = price(programme(rule), *goods).taxes
        assert [(each.tax, each.discount_minor) for each in taxes] == [("A", 1), ("B", 0)]
