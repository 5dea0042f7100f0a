"""A past receipt once more, and the codes by which it is found."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.checkout.outcome import Outcome
from app.checkout.receipt_code import is_of, is_receipt, number_of, short_code
from app.ledger.facts import Privileged, SaleCompleted, SaleRefunded
from hardware.printers import codes
from hardware.receipt import Barcode, Document, PrintJob, Qr, decode_job
from tests.checkout.paper_samples import id_, sale
from tests.support.shop import Desk

MILK = "5901234000178"
NARROW_DOTS, WIDE_DOTS = 384, 576


def sold(desk: Desk) -> SaleCompleted:
    assert desk.till.last is not None
    return desk.till.last.sale


def jobs(desk: Desk) -> list[PrintJob]:
    query = "SELECT document FROM print_job ORDER BY id"
    with desk.database.writer.transaction() as sql:
        return [decode_job(row[0]) for row in sql.execute(query).fetchall()]


def copied(desk: Desk, of: SaleCompleted) -> tuple[Outcome, Document]:
    desk.till.copies.print_sale(of.id, answer=desk.heard.append)
    job = jobs(desk)[-1]
    assert job.document is not None
    assert not job.open_drawer
    return desk.heard[-1], job.document


# -- the copy ----------------------------------------------------------------------------------------------


def test_it_says_what_the_receipt_said_and_that_it_is_a_copy(desk: Desk) -> None:
    desk.till.tap("04A1B2C3D4E5F6")
    desk.till.scan(MILK)
    desk.till.adjusting.note_line(1, "no bag")
    desk.till.adjusting.note_sale("for noon")
    desk.till.pay_cash(20_00, desk.heard.append)
    first = jobs(desk)[-1].document
    assert first is not None
    outcome, copy = copied(desk, sold(desk))
    assert outcome.code == "copy_printing"
    assert copy.copy
    assert not first.copy
    told = [block for block in copy.blocks if block not in first.blocks]
    assert told == [], "nothing that was not on the receipt"
    assert any("no bag" in str(block) for block in copy.blocks)


def test_it_leaves_a_fact_and_asks_for_no_drawer(desk: Desk) -> None:
    desk.sell(MILK)
    of = sold(desk)
    copied(desk, of)
    copied(desk, of)
    acts = [fact for fact in desk.facts() if isinstance(fact, Privileged)]
    assert [(act.act, act.subject, act.amount_minor) for act in acts] == [
        ("reprint", of.id, of.total_minor)
    ] * 2


def test_what_is_not_here_is_not_copied(desk: Desk) -> None:
    desk.till.copies.print_sale(id_(77), answer=desk.heard.append)
    assert desk.heard[-1].code == "sale_unknown"


def refunded(desk: Desk, of: SaleCompleted) -> SaleRefunded:
    whole = desk.till.refunds.returnable(of).whole
    desk.till.refunds.refund(of.id, whole, reason="stale", answer=desk.heard.append)
    return next(fact for fact in desk.facts() if isinstance(fact, SaleRefunded))


def test_a_refunds_copy_says_what_its_slip_said_without_that_days_balance(desk: Desk) -> None:
    desk.sell(MILK)
    back = refunded(desk, sold(desk))
    first = jobs(desk)[-1].document
    assert first is not None
    desk.till.copies.print_refund(back.id, answer=desk.heard.append)
    assert desk.heard[-1].code == "copy_printing"
    job = jobs(desk)[-1]
    assert job.document is not None
    assert job.document.copy
    assert not job.open_drawer
    assert [block for block in job.document.blocks if block not in first.blocks] == []
    gone = [block for block in first.blocks if block not in job.document.blocks]
    assert len(gone) == 1, "the balance is another one by now"
    (act,) = [fact for fact in desk.facts() if isinstance(fact, Privileged)]
    assert (act.act, act.subject, act.amount_minor) == ("reprint", back.id, back.total_minor)


def test_a_refund_is_found_by_number_and_member_and_no_sale_is_taken_for_one(desk: Desk) -> None:
    desk.sell(MILK)
    back = refunded(desk, sold(desk))
    sales = desk.reader
    assert sales.refund_by_number(back.number) == back
    assert sales.refund_by_number(sold(desk).number) is None
    assert sales.recent_refunds() == sales.recent_refunds(desk.member()) == [back]
    assert sales.recent_refunds(id_(5)) == []
    desk.till.copies.print_refund(sold(desk).id, answer=desk.heard.append)
    assert desk.heard[-1].code == "sale_unknown"
    desk.till.copies.print_sale(back.id, answer=desk.heard.append)
    assert desk.heard[-1].code == "sale_unknown"


# -- the bars ----------------------------------------------------------------------------------------------


def test_the_bars_find_the_sale_and_nobody_makes_them_up(desk: Desk) -> None:
    desk.sell(MILK)
    of = sold(desk)
    bars, find = short_code(of), desk.till.refunds.find
    assert is_receipt(bars)
    for text in (bars, bars.lower(), f" {bars} "):
        found = find(text)
        assert found is not None
        assert found.sale == of
    forged = bars[:-1] + str((int(bars[-1]) + 1) % 10)
    assert is_receipt(forged)
    assert find(forged) is None
    assert find("R00000990000000") is None


def test_the_link_on_the_customers_display_finds_the_sale(desk: Desk) -> None:
    desk.sell(MILK)
    of, find = sold(desk), desk.till.refunds.find
    for text in (f"https://poranek.example/r/{of.id.hex}", f"HTTP://10.0.0.1:8788/R/{of.id.hex.upper()}"):
        assert is_receipt(text)
        found = find(text)
        assert found is not None
        assert found.sale == of
    for text in ("https://poranek.example/r/", f"https://poranek.example/r/{of.id.hex}?lang=pl", of.id.hex):
        assert not is_receipt(text)


@given(st.integers(0, 9_999_999), st.uuids())
def test_the_number_is_read_back(number: int, id: object) -> None:
    of = msgspec.structs.replace(sale("en"), number=number, id=id)
    assert number_of(short_code(of)) == number
    assert is_of(short_code(of), of)
    other = msgspec.structs.replace(of, number=(number + 1) % 10_000_000)
    assert not is_of(short_code(of), other)


@pytest.mark.parametrize("width", [NARROW_DOTS, WIDE_DOTS])
@given(st.integers(0, 9_999_999), st.uuids())
def test_the_bars_fit_the_paper(width: int, number: int, id: object) -> None:
    code = short_code(msgspec.structs.replace(sale("en"), number=number, id=id))
    native = codes.native_barcode(Barcode(code), width)
    assert native is not None
    assert native[2] >= 2, "a quarter of a millimetre is as thin as scanners read"


def test_a_number_too_long_for_the_bars_leaves_them_out() -> None:
    assert short_code(msgspec.structs.replace(sale("en"), number=10_000_000)) == ""


def test_both_codes_are_on_the_receipt(desk: Desk) -> None:
    desk.sell(MILK)
    document = jobs(desk)[-1].document
    assert document is not None
    printed = [block.data for block in document.blocks if isinstance(block, Barcode | Qr)]
    assert printed == [f"STEMPEL:R:{sold(desk).id.hex}", short_code(sold(desk))]
