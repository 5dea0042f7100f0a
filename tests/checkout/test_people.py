"""Who is at the till: a shop is never stopped by a wrong PIN, and nothing is approved by nobody."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from app.checkout.outcome import Outcome
from app.checkout.pin import hash_pin
from app.checkout.rights import NEEDS, Approval, Role, Staff, needed
from app.ledger.facts import PinFailed, SaleCompleted, SignedIn
from app.loyalty.by_hand import Chance
from tests.support.shop import Desk
from tests.support.slow import Slow

MILK = "5901234000178"
ANNA = Staff(id="anna", name="Anna", pin=hash_pin("1234", bytes), token="code:9900001")
OLGA = Staff(id="olga", name="Olga", role=Role.MANAGER, pin=hash_pin("4711", bytes), token="uid:04AA")


@pytest.fixture
def desk(desk: Desk) -> Desk:
    desk.database.writer.put_staff([ANNA, OLGA])
    desk.till.people.refresh()
    return desk


def sign_in(desk: Desk, id: str, pin: str) -> Outcome:
    answers: list[Outcome] = []
    desk.till.people.sign_in(id, pin, answers.append)
    (answer,) = answers
    return answer


def approve(desk: Desk, id: str, pin: str) -> Approval | Outcome:
    answers: list[Approval | Outcome] = []
    desk.till.people.approve(id, pin, answers.append)
    (answer,) = answers
    return answer


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
    assert sign_in(desk, "anna", "1234") == Outcome("signed_in", values={"name": "Anna"})
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


def test_a_locked_till_does_nothing_that_somebody_answers_for(desk: Desk) -> None:
    till, said, member = desk.till, desk.heard, desk.member()
    sign_in(desk, "olga", "4711")
    desk.sell(MILK, uid="")
    assert till.last is not None
    sale = till.last.sale.id
    till.scan(MILK)
    till.parking.park("Ewa", said.append)
    person = desk.reader.member(member)
    assert person is not None
    assert person.person is not None
    known, yes = person.person, Approval("olga", Role.MANAGER)
    till.people.lock()
    before = len(desk.facts())
    acts: tuple[Callable[[], None], ...] = (
        lambda: till.moving.claim(sale, member, said.append),
        lambda: till.moving.move(sale, member, reason="x", approval=yes, answer=said.append),
        lambda: till.care.edit(msgspec.structs.replace(known, phone="123"), said.append),
        lambda: till.care.consent(member, "news", given=True, answer=said.append),
        lambda: till.care.set_pin(member, "1234", said.append),
        lambda: till.care.print_statement(member, said.append),
        lambda: till.care.replace_card(member, ("uid:04A1B2C3D4E5F6",), answer=said.append),
        lambda: till.care.merge(member, desk.member("uid:04B1B2C3D4E5F6"), approval=yes, answer=said.append),
        lambda: till.care.goodwill(member, 100, reason="x", answer=said.append),
        lambda: till.giving.give(Chance("x"), yes, said.append),
        lambda: till.refunds.refund(sale, {1: 1000}, approval=yes, answer=said.append),
        lambda: till.receiptless.refund([], reason="x", approval=yes, answer=said.append),
        lambda: till.copies.print_sale(sale, approval=yes, answer=said.append),
        lambda: till.parking.drop(1, reason="x", approval=yes, answer=said.append),
        lambda: till.drawer.pay_out(1_00, reason="x", approval=yes, answer=said.append),
        lambda: till.drawer.no_sale(answer=said.append),
        lambda: till.drawer.print_x(said.append),
        lambda: till.drawer.close(0, said.append),
    )
    for number, act in enumerate(acts):
        act()
        assert (number, said[-1].code) == (number, "locked")
    assert len(desk.facts()) == before
    assert till.shift is not None


def test_the_word_of_a_terminal_needs_nobody_that_of_a_cashier_does(desk: Desk) -> None:
    till = desk.till
    sign_in(desk, "anna", "1234")
    till.scan(MILK)
    till.ask_terminal(desk.heard.append)
    till.people.lock()
    till.settle_terminal(charged=True, answer=desk.heard.append)
    assert desk.heard[-1].code == "locked"
    till.settle_fiscal(registered=True, answer=desk.heard.append)
    assert desk.heard[-1].code == "locked"
    till.settle_return(given=True, answer=desk.heard.append)
    assert desk.heard[-1].code == "locked"
    sign_in(desk, "anna", "1234")
    till.settle_terminal(charged=True, answer=desk.heard.append)
    assert desk.heard[-1].code == "sold"


def test_a_locked_till_begins_its_day_by_itself(desk: Desk) -> None:
    """Nobody has signed in yet when it does; and a shift left open overnight is closed uncounted."""
    desk.till.close_shift(200_00, None, desk.heard.append)
    assert desk.heard[-1].code == "shift_closed"
    desk.till.open_shift("1", answer=desk.heard.append)
    assert desk.heard[-1].code == "shift_opened"
    desk.till.drawer.print_z(desk.heard.append)
    assert desk.heard[-1].code == "locked"


def test_taking_over_is_one_act_and_keeps_the_basket(desk: Desk) -> None:
    till = desk.till
    sign_in(desk, "anna", "1234")
    till.scan(MILK)
    switched = till.people.present("uid:04AA", "card")
    assert switched is not None
    assert (switched.code, till.heart.cashier, len(till.sale.lines)) == ("signed_in", "olga", 1)
    assert till.people.present("uid:04FF", "card") is None


def test_wrong_pins_cost_time_and_stop_nobody(desk: Desk) -> None:
    people = desk.till.people
    for _ in range(3):
        assert sign_in(desk, "olga", "0000").code == "pin_wrong"
    waits: list[object] = []
    for _ in range(8):
        waiting = sign_in(desk, "olga", "4711")
        assert waiting.code == "pin_wait", "the right PIN has to wait as well"
        waits.append(waiting.values["seconds"])
        desk.world.ms += int(waiting.values["seconds"]) * 1000
        sign_in(desk, "olga", "0000")
    assert waits == [2, 3, 5, 9, 17, 33, 61, 61]
    assert sign_in(desk, "anna", "1234").code == "signed_in", "others are not held up"
    assert people.approve_token("uid:04AA") == Approval("olga", Role.MANAGER), "nor is a card"
    desk.world.ms += 61_000
    assert sign_in(desk, "olga", "4711").code == "signed_in"
    assert sign_in(desk, "olga", "0000").code == "pin_wrong"
    assert sign_in(desk, "olga", "4711").code == "signed_in", "the count began anew"
    assert sign_in(desk, "nobody", "1").code == "pin_wrong"
    failed = [fact.cashier for fact in desk.facts() if isinstance(fact, PinFailed)]
    assert failed == ["olga"] * 12 + [""]


def test_waiting_goes_on_after_a_restart(desk: Desk) -> None:
    for wait_s in (0, 0, 1, 2, 4, 8):
        assert sign_in(desk, "olga", "0000").code == "pin_wrong"
        desk.world.ms += wait_s * 1000
    sign_in(desk, "olga", "0000")
    wait = sign_in(desk, "olga", "4711").values["seconds"]
    assert int(wait) > 8
    desk.world.ms += 3000
    desk.restart()
    desk.till.people.refresh()
    assert sign_in(desk, "olga", "4711").values["seconds"] == int(wait) - 3
    desk.world.ms += 1000 * int(wait)
    assert sign_in(desk, "olga", "4711").code == "signed_in"
    desk.restart()
    assert sign_in(desk, "olga", "0000").code == "pin_wrong"
    assert sign_in(desk, "olga", "4711").code == "signed_in", "who came in since starts from nothing"


def test_a_clock_set_back_does_not_shut_anybody_out(desk: Desk) -> None:
    for _ in range(3):
        sign_in(desk, "olga", "0000")
    desk.world.ms -= 1_800_000
    desk.restart()
    assert sign_in(desk, "olga", "4711").values == {"seconds": 2}


def test_one_pin_of_a_person_is_checked_at_a_time(desk: Desk) -> None:
    slow = desk.till.heart.aside = Slow()
    heard: list[Outcome] = []
    for pin in ("0000", "1111", "4711"):
        desk.till.people.sign_in("olga", pin, heard.append)
    assert desk.till.people.checking
    assert [each.code for each in heard] == ["pin_checking"] * 2, "no tries beside the one that counts"
    assert desk.till.people.present("code:9900001", "barcode"), "a badge does not wait"
    slow.work()
    assert [each.code for each in heard[2:]] == ["pin_wrong"]
    assert not desk.till.people.checking


def test_a_pin_of_somebody_struck_off_meanwhile_is_worth_nothing(desk: Desk) -> None:
    slow = desk.till.heart.aside = Slow()
    heard: list[Outcome] = []
    desk.till.people.sign_in("olga", "4711", heard.append)
    desk.database.writer.put_staff([ANNA], whole=True)
    desk.till.people.refresh()
    slow.work()
    assert [each.code for each in heard] == ["pin_wrong"]
    assert desk.till.people.who is None


def test_approving_does_not_take_the_till_over(desk: Desk) -> None:
    people = desk.till.people
    sign_in(desk, "anna", "1234")
    assert approve(desk, "olga", "4711") == Approval("olga", Role.MANAGER)
    assert people.who == ANNA
    wrong = approve(desk, "olga", "1")
    assert isinstance(wrong, Outcome)
    assert wrong.code == "pin_wrong"


def test_a_list_that_changes_meanwhile_counts_at_once(desk: Desk) -> None:
    people = desk.till.people
    sign_in(desk, "anna", "1234")
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
