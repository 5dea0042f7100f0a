"""The drawer: every coin that moves is a fact, and the Z says what should be there."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.checkout.rights import Approval, Role, Staff
from app.ledger.facts import CashMoved, NoSale, Privileged, ShiftClosed
from hardware.receipt import PrintJob, decode_job
from tests.checkout.test_till import Later
from tests.support.shop import Desk

MILK = "5901234000178"


def jobs(desk: Desk) -> list[tuple[str, PrintJob]]:
    with desk.database.file.engine().connect() as connection:
        rows = connection.exec_driver_sql("SELECT title, document FROM print_job ORDER BY id").all()
    return [(row[0], decode_job(row[1])) for row in rows]


def test_cash_in_and_out_is_written_with_its_paper_and_opens_the_drawer(desk: Desk) -> None:
    drawer, said = desk.till.drawer, desk.heard
    drawer.pay_in(50_00, reason="coins", answer=said.append)
    assert (said[-1].code, said[-1].values) == ("paid_in", {"amount_minor": 50_00})
    drawer.pay_out(30_00, reason="milk for the staff", answer=said.append)
    moved = [fact for fact in desk.facts() if isinstance(fact, CashMoved)]
    assert [(fact.amount_minor, fact.reason) for fact in moved] == [
        (50_00, "coins"),
        (-30_00, "milk for the staff"),
    ]
    assert [(title, job.open_drawer) for title, job in jobs(desk)] == [("pay_in", True), ("pay_out", True)]
    figures = drawer.figures()
    assert figures is not None
    assert figures.expected_minor == 220_00


def test_the_drawer_opened_without_a_sale_is_a_fact(desk: Desk) -> None:
    desk.till.drawer.no_sale(answer=desk.heard.append)
    assert desk.heard[-1].code == "drawer_open"
    assert any(isinstance(fact, NoSale) for fact in desk.facts())
    assert [(title, job.document, job.open_drawer) for title, job in jobs(desk)] == [("no_sale", None, True)]


def test_what_is_refused_moves_nothing(desk: Desk) -> None:
    drawer, said = desk.till.drawer, desk.heard
    drawer.pay_in(0, reason="x", answer=said.append)
    assert said[-1].code == "no_amount"
    drawer.pay_out(1, reason=" ", answer=said.append)
    assert said[-1].code == "reason_missing"
    desk.till.heart.staffed, desk.till.heart.who = True, Staff(id="anna", name="Anna")
    drawer.pay_out(1, reason="x", answer=said.append)
    assert said[-1].code == "needs_approval"
    drawer.pay_out(1, reason="x", approval=Approval("ewa", Role.SENIOR), answer=said.append)
    assert said[-1].code == "paid_out"
    act = desk.facts()[-1]
    assert isinstance(act, Privileged)
    assert (act.cashier, act.approved_by) == ("anna", "ewa")
    drawer.close(None, said.append)
    assert not said[-1].refused
    for act in (drawer.print_x, drawer.no_sale, lambda answer: drawer.close(0, answer)):
        act(answer=said.append)
        assert said[-1].code == "no_shift"


def test_the_sum_expected_is_that_of_the_moment_of_closing(desk: Desk) -> None:
    """A write may be under way when the cashier asks for the Z."""
    later = Later(desk)
    desk.till.heart.journal = later
    desk.till.drawer.pay_in(5_00, reason="coins", answer=desk.heard.append)
    desk.till.drawer.close(205_00, desk.heard.append)
    assert desk.heard[-1].code == "busy"
    later.answer()
    desk.till.drawer.close(205_00, desk.heard.append)
    later.answer()
    assert desk.heard[-1].code == "shift_closed"


@pytest.mark.parametrize(("counted_minor", "code"), [(206_49, "shift_closed"), (200_00, "shift_differs")])
def test_the_z_is_counted_blind_and_printed_with_its_fact(desk: Desk, counted_minor: int, code: str) -> None:
    desk.sell(MILK, uid="")
    desk.till.drawer.print_x(desk.heard.append)
    assert desk.heard[-1].code == "x_printing"
    desk.till.drawer.close(counted_minor, desk.heard.append)
    assert desk.heard[-1].code == code
    closed = desk.facts()[-1]
    assert isinstance(closed, ShiftClosed)
    assert (closed.expected_minor, closed.counted_minor) == (206_49, counted_minor)
    assert [title for title, _ in jobs(desk)] == ["sale", "x", "z"]
    desk.restart()
    desk.till.drawer.print_z(desk.heard.append)
    assert desk.heard[-1].values == {"number": 1}
    z = [job for title, job in jobs(desk) if title == "z"]
    assert z[0] == z[1], "the same paper, whenever it is printed"


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["sell", "card", "refund", "in", "out", "restart", "next"]), max_size=12))
def test_the_drawer_holds_what_was_put_and_left_in_it(desk: Desk, acts: list[str]) -> None:
    assert desk.till.shift is not None
    cash = desk.reader.expected_cash_minor(desk.till.shift)
    for act in acts:
        till = desk.till
        match act:
            case "sell":
                desk.sell(MILK, uid="")
                cash += 6_49
            case "card":
                till.scan(MILK)
                till.ask_terminal(desk.heard.append)
                till.settle_terminal(charged=True, answer=desk.heard.append)
            case "refund":
                for sale in till.refunds.latest(limit=1):
                    whole = till.refunds.returnable(sale).whole
                    till.refunds.refund(sale.id, whole, "cash", answer=desk.heard.append)
                    cash -= 0 if desk.heard[-1].refused else sale.total_minor
            case "in":
                till.drawer.pay_in(5_00, reason="x", answer=desk.heard.append)
                cash += 5_00
            case "out":
                till.drawer.pay_out(1_00, reason="x", answer=desk.heard.append)
                cash -= 1_00
            case "next":
                till.drawer.close(cash, desk.heard.append)
                assert desk.heard[-1].code == "shift_closed"
                till.open_shift("Anna", cash, desk.heard.append)
            case _:
                desk.restart()
    figures = desk.till.drawer.figures()
    assert figures is not None
    assert figures.expected_minor == cash
