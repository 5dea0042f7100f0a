"""Parked sales wait, through a restart too, and no shift ends over them."""

from __future__ import annotations

from app.checkout.ports import Work
from app.checkout.rights import Approval, Role, Staff
from tests.support.shop import Desk

LUCJA = "04A1B2C3D4E5F6"
BEANS, MILK = "5901234000161", "5901234000178"


def park(desk: Desk, name: str = "") -> str:
    desk.till.parking.park(name, desk.heard.append)
    return desk.heard[-1].code


def resume(desk: Desk, slot: int) -> str:
    desk.till.parking.resume(slot, desk.heard.append)
    return desk.heard[-1].code


def test_a_sale_is_parked_and_taken_up_again_after_a_restart(desk: Desk) -> None:
    desk.till.tap(LUCJA)
    desk.till.scan(BEANS)
    sale, due_minor = desk.till.sale, desk.till.due_minor
    assert park(desk, "  red  coat ") == "parked"
    assert (desk.till.sale.lines, desk.till.member) == ((), None)
    desk.till.scan(MILK)
    assert park(desk) == "parked"
    desk.restart()
    assert [(each.slot, each.name, each.lines) for each in desk.till.parking.list] == [
        (1, "red coat", 1),
        (2, "2", 1),
    ]
    assert resume(desk, 1) == "resumed"
    assert (desk.till.sale.id, desk.till.sale.lines, desk.till.due_minor) == (sale.id, sale.lines, due_minor)
    assert desk.till.member is not None
    desk.restart()
    assert desk.till.sale.id == sale.id
    assert [each.slot for each in desk.till.parking.list] == [2]
    assert resume(desk, 2) == "park_first"
    assert resume(desk, 7) == "not_parked"


def test_a_parked_sale_blocks_the_z(desk: Desk) -> None:
    desk.till.scan(MILK)
    park(desk)
    desk.restart()
    desk.till.close_shift(0, 0, desk.heard.append)
    assert desk.heard[-1].code == "parked_open"
    assert desk.heard[-1].values == {"n": 1}
    resume(desk, 1)
    desk.till.pay_cash(10_00, desk.heard.append)
    desk.till.close_shift(0, 0, desk.heard.append)
    assert desk.heard[-1].code == "shift_closed"


def test_giving_one_up_needs_a_senior_and_leaves_a_fact(desk: Desk) -> None:
    desk.till.scan(MILK)
    park(desk)
    desk.till.heart.staffed, desk.till.heart.who = True, Staff(id="anna", name="Anna")
    drop = desk.till.parking.drop
    drop(1, reason="left", answer=desk.heard.append)
    assert desk.heard[-1].code == "needs_approval"
    drop(1, reason=" ", answer=desk.heard.append)
    assert desk.heard[-1].code == "reason_missing"
    drop(1, reason="left", approval=Approval("ewa", Role.SENIOR), answer=desk.heard.append)
    assert desk.heard[-1].code == "parked_dropped"
    assert desk.log()[-1] == "privileged"
    desk.restart()
    assert desk.till.parking.list == ()


def test_what_cannot_be_parked(desk: Desk) -> None:
    assert park(desk) == "nothing_to_park"
    desk.till.scan(MILK)
    desk.till.tender_cash(1_00, desk.heard.append)
    assert park(desk) == "park_tenders"


def test_a_parked_sale_of_another_version_does_not_stop_the_till(desk: Desk) -> None:
    desk.database.write(Work(parked=((4, b"{"),), keep_basket=True))
    desk.restart()
    assert (desk.till.parking.list, desk.till.parking.unreadable) == ((), 1)
    desk.till.scan(MILK)
    park(desk)
    assert [each.slot for each in desk.till.parking.list] == [5]
