"""The demo shop's basket, as it stands in the pictures of the sale screen."""

from __future__ import annotations

import resources
from app.loyalty.effects import Counted, Lot, PointsEarned, StampsChanged
from app.loyalty.engine import compile_programme
from app.loyalty.programme import load_programme
from app.loyalty.state import DAY_MS, EMPTY, apply
from app.loyalty.wording import line_messages
from tests.loyalty.support import NOON, line, off, price, why

DEMO = compile_programme(load_programme(resources.path("programmes", "demo.yaml")))
BASKET = (
    line("1016", "18.90", "2", "coffee-beans", tax="23%"),
    line("1017", "6.49", "1", "dairy", tax="5%"),
    line("1018", "29.90", "0.642", "fruit", tax="5%"),
    line("1019", "4.20", "3", "yoghurt", tax="5%"),
    line("1006", "12.00", "1", "coffee-drinks", tax="8%"),
)
GOLD = apply(
    EMPTY,
    [
        PointsEarned(Lot("opening", "points", 128_400, NOON - DAY_MS)),
        StampsChanged("coffee-card", 5),
        Counted("tier", NOON // DAY_MS - 30, receipts=40, spend_minor=210_000, keep_days=365),
    ],
    NOON - DAY_MS,
)


def test_the_basket_of_the_picture() -> None:
    decision = price(DEMO, *BASKET, state=GOLD)
    assert [each.net_minor for each in decision.lines] == [3402, 649, 1920, 840, 0]
    assert off(decision) == {"tier": 378, "yoghurt-3-for-2": 420, "coffee-card": 1200}
    assert (decision.total_minor, decision.discount_minor) == (6811, 1998)
    assert [(t.tax, t.net_minor) for t in decision.taxes] == [("23%", 3402), ("5%", 3409), ("8%", 0)]


def test_its_points_are_one_a_zloty_and_two_percent_of_the_apples() -> None:
    decision = price(DEMO, *BASKET, state=GOLD)
    assert [(p.rule, p.amount_centi) for p in decision.points.by_rule] == [
        ("points", 6800),
        ("cashback", 3800),
    ]
    assert decision.points.balance_before_centi == 128_400
    assert decision.points.balance_after_centi == 128_400 + 10_600


def test_half_the_receipt_may_be_paid_in_whole_hundreds_of_points() -> None:
    decision = price(DEMO, *BASKET, state=GOLD)
    assert decision.points.spendable_centi == 120_000
    offline = price(DEMO, *BASKET, state=GOLD, points_limit_centi=60_000)
    assert (offline.points.spendable_centi, offline.points.spendable_value_minor) == (60_000, 600)


def test_the_near_miss_is_said_first() -> None:
    decision = price(DEMO, *BASKET, state=GOLD)
    assert decision.offers[0].code == "missing_to_percent"
    assert decision.offers[0].params == {"missing_minor": 1240, "from_minor": 4000, "percent": "10"}
    assert why(decision, "fresh-10").applied is False


def test_the_sixth_coffee_empties_the_card() -> None:
    card = price(DEMO, *BASKET, state=GOLD).stamps[0]
    assert (card.have_before, card.earned, card.have_after, card.free_units) == (5, 0, 0, 1)


def test_each_line_says_why_in_three_languages() -> None:
    decision = price(DEMO, *BASKET, state=GOLD)
    said = [
        [(m.code, m.name.pl, m.params.get("percent")) for m in line_messages(DEMO, decision, n)]
        for n in range(5)
    ]
    assert said == [
        [("line_percent", "Złoty poziom", "10")],
        [],
        [("line_cashback", "Zwrot w punktach", None)],
        [("line_discount", "3 w cenie 2", None)],
        [("line_discount", "Szósta kawa gratis", None)],
    ]


def test_without_a_card_only_promotions_apply() -> None:
    decision = price(DEMO, *BASKET, state=None)
    assert off(decision) == {"yoghurt-3-for-2": 420}
    assert decision.points.earned_centi == 0
    assert decision.effects == ()
    assert why(decision, "tier").code == "members_only"
