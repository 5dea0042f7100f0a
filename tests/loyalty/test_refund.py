"""Refunds of a sale made by hand, with every kind of effect: what each step gives back, to the last coin."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from app.loyalty.decision import (
    DecidedLine,
    Decision,
    Discount,
    LinePoints,
    LineStamps,
    Owed,
    Points,
    RulePoints,
    TaxTotal,
)
from app.loyalty.effects import (
    AnyEffect,
    BudgetSpent,
    CodeUsed,
    Counted,
    Enrolled,
    GiftCardSold,
    Grant,
    Granted,
    GrantUsed,
    Lot,
    PartnerSettled,
    PointsEarned,
    PointsReturned,
    PointsSpent,
    PointsTakenBack,
    ReceiptCounted,
    ReferralDue,
    StampsChanged,
)
from app.loyalty.refund import refund
from app.loyalty.state import EMPTY, apply
from app.values import ValueProblem
from tests.loyalty.support import NOON

TEA, CAKE, COURIER, CARD = "tea", "cake", "courier", "card"
OLD, NEW = Lot("old", "p", 500, 1, 2, 3, 4), Lot("new", "p", 700, 5)
EARNED = Lot("s:p", "p", 900, NOON)
COUPON = Grant("c", "b", "coupon", NOON)
STATUS = Grant("v", "v", "status", NOON)
EFFECTS: tuple[AnyEffect, ...] = (
    Enrolled(NOON),
    PointsSpent("p", 1200, (OLD, NEW)),
    PointsSpent("r", 300, (Lot("x", "p", 300, 6),), tender=False),
    PointsEarned(EARNED),
    StampsChanged("s", 5, 30),
    Counted("t", 7, 1, 2500, 900, 5000, 2, 366),
    ReceiptCounted(1, 2500),
    Granted(COUPON),
    Granted(STATUS, CAKE),
    GrantUsed(Grant("u", "e", "uses", NOON, uses=2)),
    GrantUsed(Grant("w", "e", "uses", NOON), restore=False),
    ReferralDue("f", "anna", 1000, NOON + 5, 3),
    CodeUsed("k", "TEN", 2),
    GiftCardSold("g", CARD, 1000),
    PartnerSettled("m", "roaster", 450),
    BudgetSpent("a", 500, True),
)
SALE = Decision(
    programme="shop",
    version=3,
    at_ms=NOON,
    lines=(
        DecidedLine(
            TEA, 3000, 1500, 1001, "A", (Discount("a", 499),), 300,
            earned=(LinePoints("p", 600),), stamps=(LineStamps("s", 3),),
        ),
        DecidedLine(CAKE, 1000, 1499, 1499, "B", (), 0, earned=(LinePoints("p", 300),)),
        DecidedLine(COURIER, 1000, 500, 0, "A", (Discount("d", 500),)),
        DecidedLine(CARD, 1000, 0, 0, "A"),
    ),
    goods_minor=2999,
    delivery_minor=500,
    delivery_lines=(COURIER,),
    discount_minor=999,
    total_minor=2500,
    gift_cards=(Owed("x", 1000), Owed("y", 100)),
    due_minor=1100,
    effects=EFFECTS,
)  # fmt: skip
ALL = {TEA: 3000, CAKE: 1000, COURIER: 1000, CARD: 1000}


def back(returned: dict[str, int], already: dict[str, int] | None = None) -> Decision:
    return refund(SALE, returned, already=already, at_ms=NOON + 1)


def test_a_whole_refund_is_the_sale_with_its_sign_turned() -> None:
    whole = back(ALL)
    assert (whole.programme, whole.version, whole.at_ms) == ("shop", 3, NOON + 1)
    assert whole.lines == (
        DecidedLine(
            TEA, -3000, -1500, -1001, "A", (Discount("a", -499),), -300,
            (LinePoints("p", -600),), (LineStamps("s", -3),),
        ),
        DecidedLine(CAKE, -1000, -1499, -1499, "B", (), 0, (LinePoints("p", -300),)),
        DecidedLine(COURIER, -1000, -500, 0, "A", (Discount("d", -500),)),
        DecidedLine(CARD, -1000, 0, 0, "A"),
    )  # fmt: skip
    figures = (whole.goods_minor, whole.delivery_minor, whole.discount_minor, whole.total_minor)
    assert figures == (-2999, -500, -999, -2500)
    assert whole.gift_cards == (Owed("x", -1000), Owed("y", -100))
    assert whole.due_minor == -1100
    assert whole.taxes == (
        TaxTotal("A", -2000, -999, -1001, -300),
        TaxTotal("B", -1499, 0, -1499, 0),
    )
    assert whole.points == Points(
        earned_centi=-900,
        by_rule=(RulePoints("p", -900),),
        spent_centi=-1500,
        spent_value_minor=-300,
        balance_after_centi=600,
    )
    assert whole.state_after is None


def test_a_whole_refund_undoes_every_effect() -> None:
    assert back(ALL).effects == (
        PointsReturned("p", (OLD, NEW)),
        PointsReturned("r", (Lot("x", "p", 300, 6),)),
        PointsTakenBack("p", "s:p", 900),
        StampsChanged("s", -5, 30),
        Counted("t", 7, -1, -2500, -900, -5000, -2, 366),
        ReceiptCounted(-1, -2500),
        GrantUsed(COUPON, restore=False),
        GrantUsed(STATUS, restore=False),
        Granted(Grant("u", "e", "uses", NOON, uses=2)),
        ReferralDue("f", "anna", -1000, NOON + 5, 3),
        CodeUsed("k", "TEN", -2),
        GiftCardSold("g", CARD, -1000),
        PartnerSettled("m", "roaster", -450),
        BudgetSpent("a", -500, True),
    )


def test_a_part_gives_back_what_can_be_halved_and_leaves_the_rest() -> None:
    part = back({TEA: 1000})
    assert part.lines == (
        DecidedLine(
            TEA, -1000, -500, -334, "A", (Discount("a", -166),), -100,
            (LinePoints("p", -200),), (LineStamps("s", -1),),
        ),
    )  # fmt: skip
    assert (part.goods_minor, part.delivery_minor, part.discount_minor, part.total_minor) == (
        -500,
        0,
        -166,
        -334,
    )
    # 234 of the 2200 that were not paid in points come back: in proportion to the cards, rounded
    assert part.gift_cards == (Owed("x", -106), Owed("y", -11))
    assert part.due_minor == -334 + 100 + 117
    assert part.taxes == (TaxTotal("A", -500, -166, -334, -100),)
    assert part.effects == (
        PointsReturned("p", (Lot("old", "p", 400, 1, 2, 3, 4),)),
        PointsTakenBack("p", "s:p", 200),
        StampsChanged("s", -1, 30),
        Counted("t", 7, 0, -334, -120, -668, 0, 366),
        ReceiptCounted(0, -334),
        PartnerSettled("m", "roaster", -60),
        BudgetSpent("a", -67, True),
    )


def test_the_line_that_sold_a_thing_takes_it_away_alone() -> None:
    effects = back({CAKE: 1000}).effects
    assert GrantUsed(STATUS, restore=False) in effects
    assert not any(isinstance(effect, Granted | CodeUsed | ReferralDue) for effect in effects)
    half = back({CAKE: 400}).effects
    assert not any(isinstance(effect, GrantUsed | GiftCardSold) for effect in half)
    rest = back({CAKE: 600}, {CAKE: 400}).effects
    assert GrantUsed(STATUS, restore=False) in rest
    assert back({CARD: 1000}).effects == (
        Counted("t", 7, 0, 0, 0, 0, 0, 366),
        ReceiptCounted(0, 0),
        GiftCardSold("g", CARD, -1000),
        PartnerSettled("m", "roaster", 0),
        BudgetSpent("a", 0, True),
    ), "it counts for nothing else"


def test_uses_and_gift_cards_go_piece_by_piece() -> None:
    packs = Grant("s", "massage", "uses", NOON, uses=6)
    sale = by_parts(
        DecidedLine(TEA, 2000, 200, 200), effects=(Granted(packs, TEA), GiftCardSold("g", TEA, 99))
    )
    one = refund(sale, {TEA: 1000}, at_ms=NOON).effects
    assert one == (
        GrantUsed(msgspec.structs.replace(packs, uses=3), restore=False),
        GiftCardSold("g", TEA, -50),
    )
    other = refund(sale, {TEA: 1000}, already={TEA: 1000}, at_ms=NOON).effects
    assert other[1] == GiftCardSold("g", TEA, -49)


def test_what_counts_for_nothing_takes_nothing_with_it_and_keeps_nothing() -> None:
    """A coffee with a gift card for much more: the points are the coffee's."""
    effects = (ReceiptCounted(1, 900), PointsEarned(Lot("w", "p", 100, NOON)), GiftCardSold("g", CARD, 99100))
    sale = by_parts(DecidedLine(TEA, 1000, 900, 900), DecidedLine(CARD, 1000, 99100, 99100), effects=effects)
    assert refund(sale, {TEA: 1000}, at_ms=NOON).effects == (
        ReceiptCounted(-1, -900),
        PointsTakenBack("p", "w", 100),
    )
    assert refund(sale, {CARD: 1000}, already={TEA: 1000}, at_ms=NOON).effects == (
        ReceiptCounted(0, 0),
        GiftCardSold("g", CARD, -99100),
    )


def test_a_full_card_keeps_its_stamps_while_its_reward_is_kept() -> None:
    effects = (StampsChanged("s", 2, 30), StampsChanged("s", -5, 30), Granted(COUPON))
    sale = by_parts(DecidedLine(TEA, 1000, 900, 900), DecidedLine(CAKE, 1000, 100, 100), effects=effects)
    assert refund(sale, {TEA: 1000}, at_ms=NOON).effects == (StampsChanged("s", -2, 30),)
    assert refund(sale, {CAKE: 1000}, already={TEA: 1000}, at_ms=NOON).effects == (
        StampsChanged("s", 5, 30),
        GrantUsed(COUPON, restore=False),
    )


def test_the_second_part_continues_in_the_next_lot_and_ends_the_sale() -> None:
    already = {TEA: 1000}
    rest = back({TEA: 2000, CAKE: 1000, COURIER: 1000}, already)
    assert rest.effects[0] == PointsReturned("p", (Lot("old", "p", 100, 1, 2, 3, 4), NEW))
    assert PointsTakenBack("p", "s:p", 700) in rest.effects
    assert ReceiptCounted(-1, -2166) in rest.effects
    assert rest.total_minor == -2166
    assert rest.gift_cards == (Owed("x", -894), Owed("y", -89))
    nothing = back({}, ALL)
    assert (nothing.lines, nothing.total_minor) == ((), 0)
    assert not any(isinstance(effect, Granted | GrantUsed | CodeUsed) for effect in nothing.effects)


def test_delivery_that_came_free_takes_nothing_with_it() -> None:
    courier = back({COURIER: 1000})
    assert (courier.goods_minor, courier.delivery_minor, courier.discount_minor) == (0, -500, -500)
    assert courier.total_minor == 0


def test_a_state_shows_its_balance_before_and_after() -> None:
    lapsing = Lot("l", "p", 50, 1, expires_at_ms=NOON + 1)
    state = apply(EMPTY, [PointsEarned(EARNED), PointsEarned(lapsing)], NOON)
    whole = refund(SALE, ALL, at_ms=NOON + 1, state=state)
    assert whole.state_after is not None
    # what was spent of a lot that has lapsed since comes back lapsed
    assert whole.state_after.balance_centi == 900 - 900 + 700 + 300
    assert (whole.points.balance_before_centi, whole.points.balance_after_centi) == (900, 1000)


@pytest.mark.parametrize(
    ("returned", "already", "reason"),
    [
        ({"wine": 1}, {}, "the sale has no line 'wine'"),
        ({TEA: -1}, {}, "line 'tea': a returned quantity is not below zero"),
        ({TEA: 3001}, {}, "line 'tea': more comes back than was sold"),
        ({TEA: 2001}, {TEA: 1000}, "line 'tea': more comes back than was sold"),
        ({}, {TEA: -1}, "line 'tea': more comes back than was sold"),
    ],
)
def test_what_was_not_sold_does_not_come_back(returned: Any, already: Any, reason: str) -> None:
    with pytest.raises(ValueProblem) as caught:
        back(returned, already)
    assert str(caught.value) == reason


def test_points_of_no_line_go_by_value_and_those_of_several_lots_too() -> None:
    plain = (DecidedLine("a", 1000, 300, 300), DecidedLine("b", 1000, 700, 700))
    gift = Decision("shop", 1, NOON, plain, goods_minor=1000, effects=(PointsEarned(EARNED),))
    part = refund(gift, {"a": 1000}, at_ms=NOON)
    assert part.effects == (PointsTakenBack("p", "s:p", 270),)
    lines = (
        DecidedLine("a", 1000, 300, 300, earned=(LinePoints("p", 900),)),
        DecidedLine("b", 1000, 700, 700),
    )
    two = (PointsEarned(EARNED), PointsEarned(Lot("s:p#2", "p", 100, NOON)))
    several = Decision("shop", 1, NOON, lines, goods_minor=1000, effects=two)
    part = refund(several, {"a": 1000}, at_ms=NOON)
    assert part.effects == (PointsTakenBack("p", "s:p", 270), PointsTakenBack("p", "s:p#2", 30))
    one = Decision("shop", 1, NOON, lines, goods_minor=1000, effects=two[:1])
    assert refund(one, {"a": 1000}, at_ms=NOON).effects == (PointsTakenBack("p", "s:p", 900),)
    assert refund(one, {"b": 1000}, at_ms=NOON).effects == ()


def test_a_sale_for_nothing_comes_back_by_quantity() -> None:
    free = (DecidedLine("a", 1000, 0, 0), DecidedLine("b", 3000, 0, 0))
    sale = Decision("shop", 1, NOON, free, effects=(StampsChanged("s", 8), ReceiptCounted(1, 0)))
    part = refund(sale, {"a": 1000}, at_ms=NOON)
    assert part.effects == (StampsChanged("s", -2), ReceiptCounted(0, 0))
    rest = refund(sale, {"b": 3000}, already={"a": 1000}, at_ms=NOON)
    assert rest.effects == (StampsChanged("s", -6), ReceiptCounted(-1, 0))


def test_nothing_of_a_line_and_a_gram_of_one_come_back_exactly() -> None:
    lines = (DecidedLine("none", 0, 0, 0), DecidedLine("gram", 1, 30, 30), DecidedLine("a", 1000, 70, 70))
    effects = (Counted("t", 7, spend_minor=100), BudgetSpent("b", 48))
    sale = Decision("shop", 1, NOON, lines, goods_minor=100, gift_cards=(Owed("x", 50),), effects=effects)
    part = refund(sale, {"gram": 1, "none": 0}, at_ms=NOON)
    assert part.effects == (Counted("t", 7, spend_minor=-30), BudgetSpent("b", -14))
    assert part.lines == (DecidedLine("gram", -1, -30, -30),)
    assert part.gift_cards == (Owed("x", -15),)
    assert (part.total_minor, part.goods_minor, part.discount_minor) == (-30, -30, 0)
    rest = refund(sale, {"a": 1000}, already={"gram": 1}, at_ms=NOON)
    assert rest.effects == (Counted("t", 7, spend_minor=-70), BudgetSpent("b", -34))


def test_a_reward_alone_comes_back_with_the_whole_only() -> None:
    lines = (DecidedLine("a", 2000, 100, 100),)
    effects = (PointsSpent("r", 300, (OLD,), tender=False), PointsSpent("p", 0, ()))
    sale = Decision("shop", 1, NOON, lines, goods_minor=100, effects=effects)
    assert refund(sale, {"a": 1000}, at_ms=NOON).effects == ()
    whole = refund(sale, {"a": 1000}, already={"a": 1000}, at_ms=NOON)
    assert whole.effects == (PointsReturned("r", (OLD,)),)
    assert whole.points.spent_centi == -500


def by_parts(*lines: DecidedLine, effects: tuple[AnyEffect, ...]) -> Decision:
    goods = sum(line.net_minor for line in lines)
    return Decision("shop", 1, NOON, lines, goods_minor=goods, effects=effects)


def test_stamps_go_with_the_lines_that_earned_them() -> None:
    lines = (
        DecidedLine("a", 1000, 300, 300, stamps=(LineStamps("s", 4),)),
        DecidedLine("b", 1000, 700, 700, stamps=(LineStamps("other", 1),)),
    )
    sale = by_parts(*lines, effects=(StampsChanged("s", 4, 9),))
    assert refund(sale, {"a": 1000}, at_ms=NOON).effects == (StampsChanged("s", -4, 9),)
    assert refund(sale, {"b": 1000}, at_ms=NOON).effects == ()


def test_points_spent_return_to_their_lots_one_after_another_to_the_last_hundredth() -> None:
    lines = tuple(
        DecidedLine(id, 1000, 100, 100, points_minor=points)
        for id, points in (("a", 50), ("b", 50), ("c", 0))
    )
    sale = by_parts(*lines, effects=(PointsSpent("p", 1000, (OLD, Lot("new", "p", 500, 5))),))
    assert refund(sale, {"a": 1000}, at_ms=NOON).effects == (PointsReturned("p", (OLD,)),)
    second = refund(sale, {"b": 1000}, already={"a": 1000}, at_ms=NOON)
    assert second.effects == (PointsReturned("p", (Lot("new", "p", 500, 5),)),)
    assert refund(sale, {"c": 1000}, at_ms=NOON).effects == ()
    crumb = by_parts(lines[0], effects=(PointsSpent("p", 1, (Lot("x", "p", 1, 6),)),))
    assert refund(crumb, {"a": 1000}, at_ms=NOON).effects == (PointsReturned("p", (Lot("x", "p", 1, 6),)),)


def test_one_hundredth_on_a_line_does_not_make_two_lots_its_own() -> None:
    lines = (
        DecidedLine("a", 1000, 300, 300, earned=(LinePoints("p", 1),)),
        DecidedLine("b", 1000, 700, 700),
    )
    effects = (PointsEarned(Lot("x", "p", 100, NOON)), PointsEarned(Lot("y", "p", 200, NOON)))
    part = refund(by_parts(*lines, effects=effects), {"a": 1000}, at_ms=NOON)
    assert part.effects == (PointsTakenBack("p", "x", 30), PointsTakenBack("p", "y", 60))


def test_two_gift_cards_get_back_what_they_paid_and_no_more() -> None:
    """Rounded one by one, a third of a unit went back twice, and cash made up for it."""
    sale = msgspec.structs.replace(
        by_parts(DecidedLine(TEA, 9000, 300, 300), effects=()),
        total_minor=300,
        gift_cards=(Owed("x", 150), Owed("y", 150)),
        due_minor=0,
    )
    got = {"x": 0, "y": 0}
    for already in range(0, 9000, 1000):
        part = refund(sale, {TEA: 1000}, already={TEA: already}, at_ms=NOON)
        assert sum(card.amount_minor for card in part.gift_cards) == part.total_minor
        assert part.due_minor == 0
        for card in part.gift_cards:
            got[card.code] -= card.amount_minor
    assert got == {"x": 150, "y": 150}
