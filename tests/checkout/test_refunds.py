"""Refunds: two halves are one whole, never more than was sold, and what goes back is said before."""

from __future__ import annotations

import uuid
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.checkout.outcome import Outcome, refused
from app.checkout.ports import Work
from app.checkout.receiptless import BroughtBack, Worth
from app.checkout.refunds import Refund, Returnable
from app.checkout.rights import Approval, Role, Staff
from app.ledger.facts import PointsAdjusted, Privileged, SaleCompleted, SaleRefunded
from app.loyalty.effects import PointsSpent
from tests.checkout.test_till import Later
from tests.support.facts import product
from tests.support.shop import BASKET, SHOP, Desk

LUCJA = "04A1B2C3D4E5F6"
BEANS, MILK = "5901234000161", "5901234000178"


def sold(desk: Desk) -> SaleCompleted:
    assert desk.till.last is not None
    return desk.till.last.sale


def preview(desk: Desk, sale: uuid.UUID, back: dict[int, int]) -> Refund:
    worth = desk.till.refunds.preview(sale, back)
    assert isinstance(worth, Refund)
    return worth


def returnable(desk: Desk, sale: SaleCompleted) -> Returnable:
    found = desk.till.refunds.find(f"STEMPEL:R:{sale.id.hex}")
    assert found is not None
    return found


def give_back(desk: Desk, sale: SaleCompleted, back: dict[int, int], means: str = "cash") -> Outcome:
    desk.till.refunds.refund(sale.id, back, means, answer=desk.heard.append)  # type: ignore[arg-type]
    return desk.heard[-1]


def adds_up(refund: SaleRefunded) -> bool:
    paid = sum(tender.amount_minor for tender in refund.tenders)
    return refund.total_minor - refund.points_minor == paid + refund.rounding_minor


def test_a_whole_sale_comes_back_to_the_last_point(desk: Desk) -> None:
    before = desk.points_centi()
    desk.sell()
    sale = sold(desk)
    whole = returnable(desk, sale).whole
    worth = preview(desk, sale.id, whole)
    assert (worth.total_minor, worth.money_minor) == (sale.total_minor, sale.total_minor)
    assert worth.points_taken_centi == desk.points_centi() - before
    assert worth.member is not None
    assert worth.member.state.balance_centi == before
    assert give_back(desk, sale, whole).values == {"amount_minor": sale.total_minor, "number": 2}
    assert desk.points_centi() == before
    assert desk.till.heart.next_number == 3
    fact = desk.facts()[-1]
    assert isinstance(fact, SaleRefunded)
    assert (fact.sale, fact.number, adds_up(fact)) == (sale.id, 2, True)
    assert returnable(desk, sale).whole == {}
    day = desk.reader.day(sale.business_day)
    assert (day.sales, day.refunds, day.total_minor, day.net_minor) == (1, 1, sale.total_minor, 0)
    assert day.tenders == {"cash": 0}


def test_points_that_paid_come_back_as_points(desk: Desk) -> None:
    desk.till.tap(LUCJA)
    desk.till.redeem("max")
    for code in BASKET:
        desk.till.scan(code)
    before = desk.points_centi()
    desk.till.redeem("max")
    desk.till.pay_cash(100_00, desk.heard.append)
    sale = sold(desk)
    assert sale.points_minor
    worth = preview(desk, sale.id, returnable(desk, sale).whole)
    assert worth.points_minor == sale.points_minor
    assert worth.money_minor == sale.total_minor - sale.points_minor
    assert worth.points_returned_centi == sale.points_minor * 100
    give_back(desk, sale, returnable(desk, sale).whole, "card")
    assert desk.points_centi() == before


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_in_however_many_parts_it_is_one_whole(desk: Desk, data: st.DataObject) -> None:
    till = desk.till
    before = desk.points_centi()
    till.tap(LUCJA)
    for code in data.draw(st.lists(st.sampled_from(BASKET), min_size=1, max_size=6)):
        till.scan(code)
    if data.draw(st.booleans()):
        till.redeem("max")
    till.pay_cash(till.due_minor, desk.heard.append)
    sale = sold(desk)
    money, total = 0, 0
    while left := returnable(desk, sale).whole:
        line = data.draw(st.sampled_from(sorted(left)))
        back = {line: data.draw(st.integers(1, left[line] // 1000)) * 1000}
        if data.draw(st.booleans()):
            desk.restart()
        assert not give_back(desk, sale, back, data.draw(st.sampled_from(["cash", "card"]))).refused
        fact = desk.facts()[-1]
        assert isinstance(fact, SaleRefunded)
        assert adds_up(fact)
        money += sum(tender.amount_minor for tender in fact.tenders)
        total += fact.total_minor
        more = {line: returnable(desk, sale).left[line] + 1}
        assert give_back(desk, sale, more).code == "more_than_sold"
    assert total == sale.total_minor
    assert money == sum(tender.amount_minor for tender in sale.tenders)
    assert desk.points_centi() == before
    assert desk.till.heart.next_number == desk.reader.next_numbers()[0]


def test_pressed_twice_it_is_one_refund(desk: Desk) -> None:
    desk.sell()
    sale, later = sold(desk), Later(desk)
    desk.till.heart.journal = later
    whole = returnable(desk, sale).whole
    assert [give_back(desk, sale, whole).code for _ in range(2)][-1] == "busy"
    later.answer()
    assert desk.heard[-1].code == "refunded"
    assert give_back(desk, sale, whole).code == "more_than_sold"
    assert desk.log().count("sale_refunded") == 1


def test_points_owed_may_go_below_zero(desk: Desk) -> None:
    """Earned here, spent elsewhere, then the goods come back: shown before, recovered by later earning."""
    till, card = desk.till, "uid:04D1D2D3D4D5D6"
    till.enrol("Jan Nowak", "", card=card, answer=desk.heard.append)
    till.scan(BEANS)
    till.pay_cash(till.due_minor, desk.heard.append)
    first, earned = sold(desk), desk.points_centi(card)
    spent = PointsAdjusted(
        id=uuid.uuid4(),
        at_ms=desk.world.ms,
        member=desk.member(card),
        reason="spent at another till",
        effects=(PointsSpent("points", earned),),
    )
    desk.database.write(Work(facts=(spent,), keep_basket=True))
    worth = preview(desk, first.id, {1: 1000})
    assert worth.member is not None
    assert worth.member.state.balance_centi == -earned
    give_back(desk, first, {1: 1000})
    assert desk.points_centi(card) == -earned


def test_a_sale_is_found_by_its_code_its_number_and_its_member(desk: Desk) -> None:
    desk.sell()
    sale, find = sold(desk), desk.till.refunds.find
    for text in (f"STEMPEL:R:{sale.id.hex}", f"stempel:r:{sale.id}", "1", " 1 "):
        found = find(text)
        assert found is not None
        assert found.sale == sale
        assert found.member == desk.member()
    for text in ("", "2", "STEMPEL:R:", "STEMPEL:R:xyz", f"STEMPEL:R:{uuid.uuid4().hex}", "99999999999", "²"):
        assert find(text) is None
    assert list(desk.till.refunds.latest(desk.member())) == [sale]
    desk.sell(MILK, uid="")
    assert [each.number for each in desk.till.refunds.latest()] == [2, 1]


def test_what_cannot_come_back_is_said(desk: Desk) -> None:
    desk.sell()
    sale = sold(desk)
    assert give_back(desk, sale, {}).code == "nothing_to_return"
    assert give_back(desk, sale, {99: 1000}).code == "more_than_sold"
    assert give_back(desk, sale, {1: -1000}).code == "more_than_sold"
    desk.till.refunds.refund(uuid.uuid4(), {1: 1000}, answer=desk.heard.append)
    assert desk.heard[-1].code == "sale_unknown"
    desk.till.close_shift(0, 0, desk.heard.append)
    assert give_back(desk, sale, {1: 1000}).code == "no_shift"
    assert "sale_refunded" not in desk.log()


# -- exchange ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fresh", [[MILK], [BEANS, BEANS]])
def test_goods_are_exchanged_in_one_sale(desk: Desk, fresh: list[str]) -> None:
    """The old goods pay for the new; what is over goes back in cash, what lacks is paid."""
    desk.sell(BEANS)
    old, till = sold(desk), desk.till
    till.tap(LUCJA)
    for code in fresh:
        till.scan(code)
    price_minor, points_before = till.due_minor, desk.points_centi()
    assert till.exchanges.exchange(old.id, {1: 1000}).code == "exchanging"
    assert till.due_minor == price_minor - old.total_minor
    assert give_back(desk, old, {1: 1000}).code == "in_exchange", "not paid out beside it"
    desk.restart()
    till = desk.till
    assert till.due_minor == price_minor - old.total_minor
    till.pay_cash(max(till.due_minor, 0), desk.heard.append)
    back, new = desk.facts()[-2:]
    assert isinstance(back, SaleRefunded)
    assert isinstance(new, SaleCompleted)
    assert (back.number, new.number, back.exchange) == (2, 3, new.id)
    assert adds_up(back)
    assert sum(tender.amount_minor for tender in new.tenders) == new.total_minor
    assert till.last is not None
    points = till.last.decision.points
    assert points.balance_before_centi < points_before, "what the old goods earned is gone"
    assert points.balance_after_centi == desk.points_centi(), "as the receipt says"
    assert returnable(desk, old).whole == {}
    expected = 200_00 + old.total_minor + (price_minor - old.total_minor)
    assert desk.reader.expected_cash_minor(desk.till.shift) == expected  # type: ignore[arg-type]


def test_goods_put_first_towards_a_sale_are_still_there_after_a_power_cut(desk: Desk) -> None:
    desk.sell(MILK, uid="")
    assert desk.till.last is not None
    old = desk.till.last.sale
    desk.till.scan(MILK)
    desk.till.parking.park()
    desk.till.exchanges.exchange(old.id, {1: 1000})
    desk.restart()
    assert desk.till.sale.exchange is not None
    desk.till.parking.resume(1, desk.heard.append)
    assert desk.heard[-1].code == "park_first", "nor does another sale take their place"


def test_an_exchange_can_be_taken_off_again(desk: Desk) -> None:
    desk.sell(BEANS)
    old, till = sold(desk), desk.till
    till.scan(MILK)
    till.exchanges.exchange(old.id, {1: 1000})
    assert till.exchanges.exchange(old.id, {1: 1000}).code == "exchange_here"
    assert [each.means for each in till.tenders] == ["exchange"]
    till.drop_tender("exchange", desk.heard.append)
    assert till.due_minor == 6_49
    assert till.exchanges.drop_exchange().refused
    assert not give_back(desk, old, {1: 1000}).refused


# -- without the sale -------------------------------------------------------------------------------------


def test_without_the_sale_a_manager_decides(desk: Desk) -> None:
    heart, goods = desk.till.heart, [BroughtBack(product(), 2000, 5_00)]
    heart.staffed, heart.who = True, Staff(id="anna", name="Anna")

    def bring(reason: str = "faulty", approval: Approval | None = None) -> str:
        desk.till.receiptless.refund(goods, reason=reason, approval=approval, answer=desk.heard.append)
        return desk.heard[-1].code

    assert bring(reason=" ") == "reason_missing"
    assert bring() == "needs_approval"
    assert bring(approval=Approval("ewa", Role.SENIOR)) == "needs_approval"
    assert bring(approval=Approval("olga", Role.MANAGER)) == "refunded"
    refund, act = desk.facts()[-2:]
    assert isinstance(refund, SaleRefunded)
    assert isinstance(act, Privileged)
    assert (refund.sale, refund.total_minor, refund.approved_by) == (None, 10_00, "olga")
    assert (act.act, act.cashier, act.approved_by, act.amount_minor) == (
        "refund_without_sale",
        "anna",
        "olga",
        10_00,
    )


def test_without_the_sale_a_member_gives_back_what_the_goods_would_earn(desk: Desk) -> None:
    desk.sell(BEANS)
    earned = desk.points_centi()
    beans = desk.reader.product_by_code(BEANS)
    assert beans is not None
    goods = [BroughtBack(beans, 1000, sold(desk).lines[0].net_minor)]
    worth = desk.till.receiptless.preview(goods, desk.member())
    assert isinstance(worth, Worth)
    assert worth.points_taken_centi > 0
    desk.till.receiptless.refund(goods, reason="faulty", member=desk.member(), answer=desk.heard.append)
    assert desk.heard[-1].code == "refunded"
    assert desk.points_centi() == earned - worth.points_taken_centi
    assert worth.member is not None
    assert worth.member.state.balance_centi == desk.points_centi()


def test_without_the_sale_nobody_elses_points_move(desk: Desk) -> None:
    goods = [BroughtBack(product(price_minor=5_00), 1000, 5_00)]
    desk.till.receiptless.refund(goods, reason="faulty", answer=desk.heard.append)
    refund = next(fact for fact in desk.facts() if isinstance(fact, SaleRefunded))
    assert (refund.member, refund.effects) == (None, ())


def test_without_the_sale_a_deposit_takes_no_points(desk: Desk) -> None:
    goods = [BroughtBack(product("BOTTLE", tags=("deposit",), price_minor=50), 3000, 50)]
    worth = desk.till.receiptless.preview(goods, desk.member())
    assert isinstance(worth, Worth)
    assert (worth.money_minor, worth.effects) == (1_50, ())


# -- what is no goods -------------------------------------------------------------------------------------


def test_bottles_go_and_come_at_their_deposit(desk: Desk) -> None:
    till = desk.till
    till.tap(LUCJA)
    till.scan(MILK)
    till.ring(product("BOTTLE", tags=("deposit",), price_minor=50), 3000)
    till.ring(product("EMPTY", tags=("deposit",), price_minor=-50), 1000)
    assert till.due_minor == 6_49 + 1_50 - 50
    till.pay_cash(till.due_minor, desk.heard.append)
    sale = sold(desk)
    assert [line.apart for line in sale.lines] == ["", "deposit", "deposit"]
    assert returnable(desk, sale).whole == {1: 1000, 2: 3000}
    assert preview(desk, sale.id, {2: 1000}).total_minor == 50
    assert preview(desk, sale.id, {2: 1000}).points_taken_centi == 0
    assert not give_back(desk, sale, {1: 1000, 2: 3000}).refused


def test_empties_alone_are_paid_out(desk: Desk) -> None:
    desk.till.ring(product("EMPTY", tags=("deposit",), price_minor=-50), 4000)
    assert desk.till.due_minor == -2_00
    desk.till.ask_terminal(desk.heard.append)
    assert desk.heard[-1].code == "no_card_amount"
    desk.till.pay_cash(0, desk.heard.append)
    assert desk.heard[-1].values["change_minor"] == 0
    assert [tender.amount_minor for tender in sold(desk).tenders] == [-2_00]
    assert desk.reader.expected_cash_minor(desk.till.shift) == 198_00  # type: ignore[arg-type]


def test_nothing_is_written_that_a_sale_with_the_terminal_does_not_know_of(desk: Desk) -> None:
    """It has its number, and its price from what the member had: a refund took the same number."""
    desk.sell(MILK)
    till, said, member = desk.till, desk.heard, desk.member()
    assert till.last is not None
    sale = till.last.sale.id
    till.tap(LUCJA)
    till.scan(MILK)
    till.ask_terminal(said.append)
    for act in (
        lambda: till.refunds.refund(sale, {1: 1000}, answer=said.append),
        lambda: till.receiptless.refund([], reason="x", answer=said.append),
        lambda: till.moving.move(sale, None, reason="x", answer=said.append),
        lambda: till.moving.claim(sale, member, said.append),
        lambda: till.care.goodwill(member, 100, reason="x", answer=said.append),
        lambda: till.care.merge(member, desk.member("uid:04B1B2C3D4E5F6"), answer=said.append),
    ):
        act()
        assert said[-1].code == "tender_open"
    till.settle_terminal(charged=True, answer=said.append)
    assert said[-1].code == "sold"
    assert (till.last.sale.number, till.heart.next_number) == (2, 3)


def test_goods_for_goods_need_the_same_yes_as_money(tmp_path: Path) -> None:
    """What they are worth above the new goods leaves the drawer."""
    desk = Desk(tmp_path / "till", shop=msgspec.structs.replace(SHOP, refund_limit_minor=10_00)).stock()
    desk.sell(BEANS, uid="")
    till = desk.till
    assert till.last is not None
    old = till.last.sale
    desk.database.writer.put_staff([Staff(id="anna", name="Anna", pin="", token="code:anna")])
    till.people.refresh()
    till.people.present("code:anna", "barcode")
    till.scan(MILK)
    assert till.exchanges.exchange(old.id, {1: 1000}).code == "needs_approval"
    yes = Approval("olga", Role.MANAGER)
    assert till.exchanges.exchange(old.id, {1: 1000}, approval=yes).code == "exchanging"
    till.pay_cash(0, desk.heard.append)
    (refund,) = [fact for fact in desk.facts() if isinstance(fact, SaleRefunded)]
    assert (desk.heard[-1].code, refund.approved_by) == ("sold", "olga")
    desk.close()


def test_a_gift_card_that_was_spent_does_not_come_back(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "till", shop=msgspec.structs.replace(SHOP, gift_cards="here")).stock()
    till = desk.till
    till.ring(product("GIFT", name="Gift card", price_minor=20_00, tags=("gift_card",)))
    assert not till.adjusting.number_line(1, "G1").refused
    till.pay_cash(20_00, desk.heard.append)
    assert till.last is not None
    card = till.last.sale
    till.scan(MILK)
    till.present_gift_card("G1")
    assert isinstance(till.refunds.preview(card.id, {1: 1000}), Outcome), "it is paying here and now"
    till.pay_cash(0, desk.heard.append)
    assert desk.heard[-1].code == "sold"
    assert till.refunds.preview(card.id, {1: 1000}) == refused("gift_card_empty")
    desk.close()
