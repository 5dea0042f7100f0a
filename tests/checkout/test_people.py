"""Who is at the till: a shop is never stopped by a wrong PIN, and nothing is approved by nobody."""

from __future__ import annotations

import pytest

from app.checkout.outcome import Outcome
from app.checkout.pin import hash_pin
from app.checkout.rights import NEEDS, Approval, Role, Staff, needed
from app.ledger.facts import PinFailed, SaleCompleted, SignedIn
from tests.support.shop import Desk

MILK = "5901234000178"
ANNA = Staff(id="anna", name="Anna", pin=hash_pin("1234", bytes), token="code:9900001")
OLGA = Staff(id="olga", name="Olga", role=Role.MANAGER, pin=hash_pin("4711", bytes), token="uid:04AA")


@pytest.fixture
def desk(desk: Desk) -> Desk:
    desk.database.writer.put_staff([ANNA, OLGA])
    desk.till.people.refresh()
    return desk


def test_without_a_list_everybody_sells(desk: Desk) -> None:
    desk.database.writer.put_staff([], whole=True)
    desk.restart()
    assert not desk.till.people.locked
    assert desk.till.people.lock().code == "no_staff"
    assert not desk.till.scan(MILK).refused
    assert desk.till.heart.lacking("refund_without_sale") is None


def test_nobody_sells_before_somebody_signed_in(desk: Desk) -> None:
    till = desk.till
    assert till.scan(MILK).code == "locked"
    assert till.people.sign_in("anna", "1234") == Outcome("signed_in", values={"name": "Anna"})
    assert not till.scan(MILK).refused
    till.people.lock()
    assert till.void_line(1).code == "locked"
    assert till.sale.lines, "the basket waits"
    assert till.scan("9900001").code == "signed_in", "a badge is scanned like anything"
    till.pay_cash(10_00, desk.heard.append)
    sale = next(fact for fact in desk.facts() if isinstance(fact, SaleCompleted))
    assert sale.cashier == "anna"
    assert [(f.cashier, f.by) for f in desk.facts() if isinstance(f, SignedIn)] == [
        ("anna", "pin"),
        ("anna", "barcode"),
    ]


def test_taking_over_is_one_act_and_keeps_the_basket(desk: Desk) -> None:
    till = desk.till
    till.people.sign_in("anna", "1234")
    till.scan(MILK)
    switched = till.people.present("uid:04AA", "card")
    assert switched is not None
    assert (switched.code, till.heart.cashier, len(till.sale.lines)) == ("signed_in", "olga", 1)
    assert till.people.present("uid:04FF", "card") is None


def test_wrong_pins_cost_time_and_stop_nobody(desk: Desk) -> None:
    people = desk.till.people
    for _ in range(3):
        assert people.sign_in("olga", "0000").code == "pin_wrong"
    waits: list[object] = []
    for _ in range(8):
        waiting = people.sign_in("olga", "4711")
        assert waiting.code == "pin_wait", "the right PIN has to wait as well"
        waits.append(waiting.values["seconds"])
        desk.world.ms += int(waiting.values["seconds"]) * 1000
        people.sign_in("olga", "0000")
    assert waits == [2, 3, 5, 9, 17, 33, 61, 61]
    assert people.sign_in("anna", "1234").code == "signed_in", "others are not held up"
    assert people.approve_token("uid:04AA") == Approval("olga", Role.MANAGER), "nor is a card"
    desk.world.ms += 61_000
    assert people.sign_in("olga", "4711").code == "signed_in"
    assert people.sign_in("olga", "0000").code == "pin_wrong"
    assert people.sign_in("olga", "4711").code == "signed_in", "the count began anew"
    assert people.sign_in("nobody", "1").code == "pin_wrong"
    failed = [fact.cashier for fact in desk.facts() if isinstance(fact, PinFailed)]
    assert failed == ["olga"] * 12 + [""]


def test_approving_does_not_take_the_till_over(desk: Desk) -> None:
    people = desk.till.people
    people.sign_in("anna", "1234")
    assert people.approve("olga", "4711") == Approval("olga", Role.MANAGER)
    assert people.who == ANNA
    wrong = people.approve("olga", "1")
    assert isinstance(wrong, Outcome)
    assert wrong.code == "pin_wrong"


def test_a_list_that_changes_meanwhile_counts_at_once(desk: Desk) -> None:
    people = desk.till.people
    people.sign_in("anna", "1234")
    desk.database.writer.put_staff([OLGA], whole=True)
    people.refresh()
    assert people.locked
    assert [one.id for one in people.staff] == ["olga"]


@pytest.mark.parametrize("act", [*NEEDS, "anything"])
@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("above", [False, True])
def test_rights_grow_with_the_role(desk: Desk, act: str, role: Role, above: bool) -> None:
    heart, need = desk.till.heart, needed(act, above=above)
    heart.who = Staff(id="x", name="X", role=role)
    assert (heart.lacking(act, above=above) is None) == (role.rank >= need.rank)
    heart.who = Staff(id="x", name="X")
    lacking = heart.lacking(act, Approval("y", role), above=above)
    assert (lacking is None) == (role.rank >= need.rank)
