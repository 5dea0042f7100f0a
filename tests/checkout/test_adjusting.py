"""What a cashier changes by hand: prices before the rules, discounts after them, and who has to agree."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.checkout.basket import Manual
from app.checkout.rights import Approval, Role, Staff
from app.checkout.shop import Department, Restriction
from app.ledger.facts import Privileged, SaleCompleted
from app.loyalty.engine import compile_programme, evaluate
from app.loyalty.manual import MANUAL
from tests.loyalty.cases import case
from tests.support.facts import product
from tests.support.shop import SHOP, Desk

LUCJA = "04A1B2C3D4E5F6"
BEANS, MILK = "5901234000161", "5901234000178"
MANAGER = Approval("olga", Role.MANAGER)
OPEN = msgspec.structs.replace(
    SHOP,
    departments=(
        Department(id="misc", names={"pl": "Różne"}, tax="23", category="other", limit_minor=50_00),
    ),
    restrictions={"age18": Restriction(age=18), "alcohol": Restriction(age=18, between=("22:00", "06:00"))},
)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "till", shop=OPEN).stock()


def sold(desk: Desk) -> SaleCompleted:
    desk.till.pay_cash(max(desk.till.due_minor, 0), desk.heard.append)
    assert desk.heard[-1].code == "sold"
    assert desk.till.last is not None
    return desk.till.last.sale


def privileged(desk: Desk) -> list[tuple[str, str, str, int]]:
    acts = [fact for fact in desk.facts() if isinstance(fact, Privileged)]
    return [(fact.act, fact.approved_by, fact.reason, fact.amount_minor) for fact in acts]


def sign_in(desk: Desk, role: Role = Role.CASHIER) -> None:
    desk.till.heart.staffed, desk.till.heart.who = True, Staff(id="anna", name="Anna", role=role)


# -- prices and discounts ---------------------------------------------------------------------------------


def test_another_price_goes_before_the_rules(desk: Desk) -> None:
    till = desk.till
    till.tap(LUCJA)
    till.scan(BEANS)
    assert (till.decision.goods_minor, till.due_minor) == (18_90, 17_01)
    assert till.adjusting.override_price(1, 17_00, reason="dented").code == "price_set"
    assert (till.decision.goods_minor, till.due_minor) == (17_00, 15_30)
    sale = sold(desk)
    assert (sale.lines[0].list_minor, sale.lines[0].price_minor) == (18_90, 17_00)
    assert privileged(desk) == [("price_override", "", "dented", 1_90)]


def test_a_discount_goes_after_the_rules_and_earning_follows_it(desk: Desk) -> None:
    till = desk.till
    till.tap(LUCJA)
    till.scan(BEANS)
    earned = till.decision.points.earned_centi
    assert till.adjusting.discount_line(1, Manual(percent_centi=10_00, reason="regular")).code == "discounted"
    assert till.due_minor == 15_31
    assert till.decision.points.earned_centi < earned
    line = sold(desk).lines[0]
    assert [(d.rule, d.amount_minor) for d in line.discounts] == [("tier", 1_89), (MANUAL, 1_70)]
    assert privileged(desk) == [("discount", "", "regular", 1_70)]


def test_a_discount_on_the_receipt_is_spread_and_follows_the_basket(desk: Desk) -> None:
    till = desk.till
    till.scan(BEANS)
    till.scan(MILK)
    till.ring(product("BOTTLE", tags=("deposit",), price_minor=50), 2000)
    till.adjusting.discount_sale(Manual(amount_minor=2_00, reason="waited"))
    assert till.due_minor == 18_90 + 6_49 + 1_00 - 2_00
    assert till.decision.lines[2].discounts == ()
    till.scan(MILK)
    assert till.decision.discount_minor == 2_00
    assert till.adjusting.discount_sale(Manual(reason="mistake")).code == "discount_gone"
    assert till.decision.discount_minor == 0
    assert till.undo().code == "undone"
    assert till.decision.discount_minor == 2_00


def test_money_off_a_line_goes_down_with_its_goods(desk: Desk) -> None:
    till = desk.till
    for _ in range(3):
        till.scan(BEANS)
    assert till.adjusting.discount_line(1, Manual(amount_minor=15_00, reason="dented")).code == "discounted"
    assert till.due_minor == 3 * 18_90 - 15_00
    till.set_qty(1, 1000)
    assert till.due_minor == 18_90 - 5_00
    desk.restart()
    till = desk.till
    till.set_qty(1, 2000)
    assert till.due_minor == 2 * 18_90 - 10_00
    till.set_qty(1, 4000)
    assert till.due_minor == 4 * 18_90 - 15_00, "nobody gave more"
    assert till.adjusting.override_price(1, 7_00, reason="dented").code == "price_set"
    assert till.due_minor == 28_00 - 7_40, "of 56.70 it was 15.00: of 28.00 no larger share"


def test_money_off_the_receipt_goes_down_with_its_goods(desk: Desk) -> None:
    till = desk.till
    for _ in range(4):
        till.ring(product("CUP", price_minor=25_00))
    till.ring(product("CARD", tags=("gift_card",), price_minor=200_00))
    assert till.adjusting.discount_sale(Manual(amount_minor=10_00, reason="waited")).code == "discounted"
    till.set_qty(1, 1000)
    assert till.decision.discount_minor == 2_50
    till.undo()
    assert till.decision.discount_minor == 10_00
    till.tap(LUCJA)
    by_hand = [d for line in till.decision.lines for d in line.discounts if d.rule == MANUAL]
    assert sum(d.amount_minor for d in by_hand) == 10_00, "a card shown later takes nothing of it away"


def test_what_may_be_taken_off_alone_is_a_share_of_what_it_is_taken_off(desk: Desk) -> None:
    """Gift cards, deposits and goods without discounts make no discount smaller, nor bottles one larger."""
    sign_in(desk)
    till, give = desk.till, desk.till.adjusting.discount_sale
    till.ring(product("CARD", tags=("gift_card",), price_minor=200_00))
    till.ring(product("CIGS", tags=("no_discount",), price_minor=100_00))
    assert give(Manual(amount_minor=1_00, reason="x")).code == "no_discount"
    till.ring(product("CUP", price_minor=25_00))
    till.ring(product("EMPTY", tags=("deposit",), price_minor=-10_00))
    assert give(Manual(amount_minor=2_51, reason="x")).code == "needs_approval"
    assert give(Manual(amount_minor=2_50, reason="x")).code == "discounted"
    assert till.decision.discount_minor == 2_50, "all of it, and none lost on goods without discounts"
    assert give(Manual(amount_minor=2_50, reason="x")).code == "discounted", "instead of the first, not after"
    assert till.adjusting.discount_line(2, Manual(percent_centi=5_00, reason="x")).code == "no_discount"
    assert [act[3] for act in privileged(desk)] == [2_50, 2_50]


def test_a_discount_given_again_is_judged_by_the_price_before_it(desk: Desk) -> None:
    sign_in(desk)
    till = desk.till
    till.ring(product("CUP", price_minor=25_00))
    for _ in range(2):
        given = till.adjusting.discount_line(1, Manual(amount_minor=2_50, reason="x"))
        assert (given.code, till.due_minor) == ("discounted", 22_50)


def test_above_the_limit_somebody_must_agree(desk: Desk) -> None:
    sign_in(desk)
    till = desk.till
    till.scan(BEANS)
    give, price = till.adjusting.discount_line, till.adjusting.override_price
    assert give(1, Manual(percent_centi=10_00, reason="x")).code == "discounted"
    assert give(1, Manual(percent_centi=30_00, reason="x")).code == "needs_approval"
    assert give(1, Manual(percent_centi=30_00, reason="x"), approval=Approval("ewa", Role.SENIOR)).refused
    assert give(1, Manual(percent_centi=30_00, reason="x"), approval=MANAGER).code == "discounted"
    assert price(1, 5_00, reason="x").code == "needs_approval"
    assert price(1, 25_00, reason="x").code == "price_set", "dearer needs nobody"
    assert till.adjusting.discount_sale(Manual(amount_minor=10_00, reason="x")).code == "needs_approval"
    assert [act[:2] for act in privileged(desk)] == [
        ("discount", ""),
        ("discount", "olga"),
        ("price_override", ""),
    ]


def test_who_is_to_agree_is_told_what_and_how_much(desk: Desk) -> None:
    sign_in(desk)
    till, said = desk.till, desk.heard
    till.scan(BEANS)
    line = till.adjusting.discount_line(1, Manual(percent_centi=20_00, reason="x"))
    whole = till.adjusting.discount_sale(Manual(amount_minor=5_00, reason="x"))
    price = till.adjusting.override_price(1, 5_00, reason="x")
    department = till.adjusting.ring_open("misc", 60_00)
    till.drawer.pay_out(30_00, reason="x", answer=said.append)
    till.care.goodwill(desk.member(), 200_00, reason="x", answer=said.append)
    asked = [line, whole, price, department, *said[-2:]]
    assert {outcome.code for outcome in asked} == {"needs_approval"}
    assert [(o.line, {k: v for k, v in o.values.items() if k not in ("act", "role")}) for o in asked] == [
        (1, {"amount_minor": 3_78}),
        (None, {"amount_minor": 5_00}),
        (1, {"before_minor": 18_90, "after_minor": 5_00}),
        (None, {"name": "Różne", "amount_minor": 60_00}),
        (None, {"amount_minor": 30_00}),
        (None, {"name": "Łucja Żółkiewska", "points_centi": 200_00}),
    ]


def test_what_makes_no_sense_is_refused(desk: Desk) -> None:
    till, change = desk.till, desk.till.adjusting
    assert change.discount_sale(Manual(amount_minor=1, reason="x")).code == "nothing_to_pay"
    till.scan(MILK)
    assert change.override_price(9, 1_00, reason="x").code == "no_line"
    assert change.override_price(1, -1, reason="x").code == "no_such_price"
    assert change.override_price(1, 1_00, reason=" ").code == "reason_missing"
    assert change.discount_line(1, Manual(percent_centi=100_01, reason="x")).code == "no_such_price"
    assert change.discount_line(1, Manual(amount_minor=5)).code == "reason_missing"
    assert privileged(desk) == []


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 5000), st.lists(st.integers(0, 3000), min_size=12, max_size=12))
def test_the_engine_never_gives_more_than_was_given_or_past_a_floor(seed: int, off: list[int]) -> None:
    programme, state, basket, context = case(seed)
    basket = type(basket)(tuple(msgspec.structs.replace(line, manual_minor=0) for line in basket.lines))
    compiled = compile_programme(programme)
    plain = evaluate(compiled, state, basket, context)
    lines = tuple(
        msgspec.structs.replace(line, manual_minor=off[n % 12]) for n, line in enumerate(basket.lines)
    )
    given = evaluate(compiled, state, type(basket)(lines), context)
    for before, after, line in zip(plain.lines, given.lines, lines, strict=True):
        by_hand = sum(d.amount_minor for d in after.discounts if d.rule == MANUAL)
        assert 0 <= by_hand <= line.manual_minor
        assert after.gross_minor - after.net_minor == sum(d.amount_minor for d in after.discounts)
        assert min(0, before.net_minor) <= after.net_minor
    assert given.points.earned_centi <= plain.points.earned_centi or given.points.spent_centi


# -- goods without an article -----------------------------------------------------------------------------


def test_an_unknown_code_is_rung_under_a_department_and_listed(desk: Desk) -> None:
    till = desk.till
    code = "4006381333931"
    assert till.scan(code).code == "unknown_code"
    assert till.adjusting.ring_open("misc", 3_99, code=code).values == {"name": "Różne"}
    till.adjusting.ring_open("misc", 3_99, code=code)
    assert [line.code for line in till.sale.lines] == [code, code]
    line = sold(desk).lines[0]
    assert (line.sku, line.tax, line.code, line.net_minor) == ("open-misc", "23", code, 3_99)
    assert [tuple(row)[:4] for row in desk.reader.unknown_codes()] == [(code, "misc", 3_99, 2)]
    sign_in(desk)
    assert till.adjusting.ring_open("misc", 50_01).code == "needs_approval"
    assert till.adjusting.ring_open("misc", 50_01, approval=MANAGER).code == "rung"
    assert till.adjusting.ring_open("fish", 1).code == "no_department"
    assert till.adjusting.ring_open("misc", 0).code == "no_such_price"


def test_a_departments_limit_holds_for_another_price_of_its_line(desk: Desk) -> None:
    sign_in(desk)
    till, price = desk.till, desk.till.adjusting.override_price
    till.adjusting.ring_open("misc", 40_00)
    assert price(1, 50_00, reason="x").code == "price_set"
    asked = price(1, 50_01, reason="x")
    assert (asked.code, asked.values["act"], asked.values["role"]) == (
        "needs_approval",
        "open_price",
        Role.SENIOR,
    )
    assert price(1, 70_00, reason="x", approval=Approval("ewa", Role.SENIOR)).code == "price_set"
    assert price(1, 65_00, reason="x").code == "price_set", "less than somebody agreed to"
    assert price(1, 70_00, reason="x").code == "needs_approval"
    till.scan(MILK)
    assert price(2, 90_00, reason="x").code == "price_set", "an article is under no department's limit"


def test_a_note_is_on_the_receipt_and_kept_with_it(desk: Desk) -> None:
    till = desk.till
    assert till.adjusting.note_sale("x").code == "nothing_to_note"
    till.scan(MILK)
    assert till.adjusting.note_line(1, "  without\tbag ").code == "noted"
    assert till.adjusting.note_sale("collected at noon").code == "noted"
    assert till.sale.lines[0].note == "without bag"
    till.scan(MILK)
    assert len(till.sale.lines) == 2, "a line with a note keeps to itself"
    sale = sold(desk)
    assert ([line.note for line in sale.lines], sale.note) == (["without bag", ""], "collected at noon")


def test_a_note_is_undone_and_taken_away_like_anything(desk: Desk) -> None:
    till = desk.till
    till.scan(MILK)
    till.adjusting.note_sale("gift")
    assert till.adjusting.note_sale("").code == "noted"
    assert till.sale.note == ""
    till.undo()
    assert till.sale.note == "gift"
    till.clear()
    assert till.sale.note == "", "the next customer's receipt has none of it"


@pytest.mark.parametrize(
    "text", ["600 100 200", "call +48 (600) 100-200", "ewa@example.org", "8.903.123-45-67"]
)
def test_a_note_keeps_no_phone_number_and_no_address(desk: Desk, text: str) -> None:
    """By their form alone: a name cannot be told from a word."""
    till = desk.till
    till.scan(MILK)
    assert till.adjusting.note_line(1, text).code == "note_personal"
    assert till.adjusting.note_sale(text).code == "note_personal"
    assert (till.sale.note, till.sale.lines[0].note) == ("", "")


@pytest.mark.parametrize("text", ["table 12", "21.11.2026", "2 x 500 g", "ready at 12:30"])
def test_short_figures_are_no_phone_number(desk: Desk, text: str) -> None:
    desk.till.scan(MILK)
    assert desk.till.adjusting.note_sale(text).code == "noted"


# -- age and hours ----------------------------------------------------------------------------------------


def test_age_is_asked_and_nothing_is_sold_before_it_is_answered(desk: Desk) -> None:
    till = desk.till
    beer = product("BEER", tags=("age18",), price_minor=4_00)
    asked = till.ring(beer)
    assert (asked.code, asked.refused, asked.values) == ("ask_age", False, {"age": 18})
    till.scan(MILK)
    assert till.start_payment().code == "ask_age"
    till.pay_cash(50_00, desk.heard.append)
    assert desk.heard[-1].code == "ask_age"
    assert till.adjusting.refuse_age().code == "age_refused"
    assert [line.sku for line in till.sale.lines] == ["1017"]
    till.ring(beer)
    assert till.adjusting.confirm_age().code == "age_confirmed"
    desk.restart()
    till = desk.till
    assert till.ring(beer).code == "rung", "asked once a customer"
    sold(desk)
    assert [act[0] for act in privileged(desk)] == ["age_checked"]
    assert till.ring(beer).code == "ask_age", "the next customer is another"


@pytest.mark.parametrize(
    ("hour", "code"), [(12, "ask_age"), (22, "not_at_this_hour"), (5, "not_at_this_hour")]
)
def test_some_goods_have_hours(desk: Desk, hour: int, code: str) -> None:
    desk.world.ms += (hour - 12) * 3_600_000
    assert desk.till.ring(product("VODKA", tags=("alcohol",))).code == code


def test_goods_rung_in_time_are_not_paid_for_too_late(desk: Desk) -> None:
    desk.till.ring(product("VODKA", tags=("alcohol",)))
    desk.till.adjusting.confirm_age()
    assert desk.till.start_payment().code == "due"
    desk.world.ms += 10 * 3_600_000
    late = desk.till.start_payment()
    assert (late.code, late.line) == ("not_at_this_hour", 1)
    desk.till.pay_cash(100_00, desk.heard.append)
    assert desk.heard[-1].code == "not_at_this_hour"
    desk.till.void_line(1)
    desk.till.scan(MILK)
    assert desk.till.start_payment().code == "due"
