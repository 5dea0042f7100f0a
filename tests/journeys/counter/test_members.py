"""Members at the counter: cards, enrolment, points, what is done for them."""

from __future__ import annotations

import pytest

from app.ledger import facts
from app.screens import views
from tests.support.counter import COFFEE, GOLD, KEY, LATTE, NOBODY, SILVER, Counter

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen platform has no size hints


def test_a_card_before_the_first_product(counter: Counter) -> None:
    counter.member()
    counter.scan(COFFEE)
    counter.pay_cash("50")
    (sale,) = counter.sales()
    assert sale.member is not None
    assert sale.discount_minor > 0


def test_a_card_while_paying_reprices(counter: Counter) -> None:
    counter.scan(COFFEE)
    counter.press(KEY.Key_F12)
    due = counter.middle.due
    counter.member()
    assert isinstance(counter.middle, views.Payment)
    assert counter.middle.due != due


def test_found_by_phone(counter: Counter) -> None:
    counter.press(KEY.Key_F2)
    counter.type("600100200")
    counter.press(KEY.Key_Return)
    assert counter.view.member is not None


def test_a_wrong_card_comes_off(counter: Counter) -> None:
    counter.member()
    counter.click(counter.sale.member.cards.card.detach)
    assert counter.view.member is None


def test_points_pay(counter: Counter) -> None:
    counter.member()
    counter.scan(COFFEE)
    counter.click(counter.sale.member.cards.spend.button)
    counter.pay_cash("50")
    assert counter.sales()[0].points_minor > 0


def test_an_offer_is_taken(counter: Counter) -> None:
    counter.scan(LATTE, COFFEE)
    counter.member()
    counter.until(lambda: counter.view.member and counter.view.member.offers)
    counter.click(counter.sale.member.cards.offers[0].button)
    assert counter.view.basket.lines[-1].name == "Croissant"


def test_a_blank_card_is_written_at_the_counter(counter: Counter) -> None:
    counter.press(KEY.Key_F4)
    counter.enter("+48600100299")
    counter.type("Zofia")
    counter.desk.reader.tap(NOBODY)
    counter.until(lambda: any(press.key == "write" for press in counter.middle.presses))
    counter.button("write")
    counter.until(lambda: all(press.key != "write" for press in counter.middle.presses))
    counter.click(counter.panel.checks[0])
    counter.button("yes")
    counter.until(lambda: counter.view.member is not None)
    (card,) = counter.reader.cards(counter.till.member.id)
    assert card.startswith("code:M")
    # The reader reads what was written: the number finds the member, not the serial.
    counter.click(counter.sale.member.cards.card.detach)
    counter.desk.reader.remove()
    counter.desk.reader.tap(NOBODY, card.removeprefix("code:"))
    counter.until(lambda: counter.view.member is not None)
    assert counter.view.member is not None
    assert counter.view.member.name == "Zofia"


def test_enrolled_with_consents_and_a_card(counter: Counter) -> None:
    counter.scan(LATTE)
    counter.press(KEY.Key_F4)
    counter.enter("+48601200300")
    counter.type("Ewa")
    counter.tap(NOBODY)
    assert not counter.middle.presses[-1].enabled, "the terms are not agreed to yet"
    counter.click(counter.panel.checks[0])
    counter.button("yes")
    assert counter.view.member is not None
    assert [(c.purpose, c.given) for c in counter.of_kind(facts.ConsentGiven)] == [
        ("programme", True),
        ("marketing", False),
    ]
    counter.click(counter.sale.member.cards.card.detach)
    counter.member(NOBODY)
    assert counter.view.member.name == "Ewa"


def test_data_completed_later(counter: Counter) -> None:
    counter.member()
    counter.press(KEY.Key_F4)
    counter.tile("details")
    counter.click(counter.panel.fields[2])
    counter.enter("lucja@example.org")
    counter.button("yes") if isinstance(counter.middle, views.Form) else None
    assert counter.till.member.person.email == "lucja@example.org"


def test_a_lost_card_is_replaced(counter: Counter) -> None:
    counter.member()
    counter.press(KEY.Key_F4)
    counter.tile("new_card")
    counter.tap(NOBODY)
    counter.button("yes")
    member = counter.till.member.id
    assert counter.reader.cards(member) == [f"uid:{NOBODY}"]
    assert counter.reader.holder(f"uid:{GOLD}").blocked


def test_two_memberships_become_one(counter: Counter) -> None:
    counter.member(SILVER)
    counter.press(KEY.Key_F4)
    counter.tile("merge")
    counter.type("emily")
    counter.row()
    kept, other = counter.middle.sides
    assert kept.name != other.name
    assert [row.key for row in kept.rows] == [row.key for row in other.rows]
    counter.press(KEY.Key_Return)
    assert counter.of_kind(facts.MembersMerged) == [], "Enter is no answer"
    counter.button("yes")
    assert len(counter.of_kind(facts.MembersMerged)) == 1


def test_points_as_an_apology(counter: Counter) -> None:
    counter.member()
    before = counter.till.member.state.balance_centi
    counter.press(KEY.Key_F4)
    counter.tile("goodwill")
    counter.enter("50")
    counter.reason("waited")
    assert counter.till.member.state.balance_centi == before + 50_00


def test_a_late_claim(counter: Counter) -> None:
    counter.scan(COFFEE)
    counter.pay_cash("20")
    sale = counter.sales()[0]
    counter.member()
    counter.scan(f"STEMPEL:R:{sale.id.hex}")
    counter.button("acts")
    counter.tile("give")
    assert [given.sale for given in counter.of_kind(facts.SaleGivenTo)] == [sale.id]
