"""Goods that come back, by real events."""

from __future__ import annotations

import msgspec
import pytest

from app.checkout.receipt_code import short_code
from app.ledger import facts
from app.screens import views
from tests.support.counter import COFFEE, KEY, LATTE, MILK, Counter, hire, sign_in

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen platform has no size hints


def _sold(counter: Counter) -> facts.SaleCompleted:
    counter.member()
    counter.scan(COFFEE, COFFEE, MILK)
    counter.pay_cash("100")
    return counter.sales()[0]


def test_whole_by_the_receipts_code(counter: Counter) -> None:
    sale = _sold(counter)
    counter.scan(f"STEMPEL:R:{sale.id.hex}")
    counter.button("refund")
    counter.choice("all")
    counter.button("yes")
    (refund,) = counter.of_kind(facts.SaleRefunded)
    assert refund.total_minor == sale.total_minor
    assert isinstance(counter.middle, views.Paid)


def test_by_the_receipts_bars_under_a_laser(counter: Counter) -> None:
    sale = _sold(counter)
    counter.scan(short_code(sale))
    counter.button("refund")
    assert isinstance(counter.middle, views.Counts)
    forged = short_code(msgspec.structs.replace(sale, id=sale.shift))
    counter.scan(forged)
    assert isinstance(counter.middle, views.Counts), "nobody's receipt opens nothing"
    assert "does not hold that sale" in counter.view.notice.text


def test_a_copy_of_the_receipt(counter: Counter) -> None:
    sale = _sold(counter)
    counter.tool("history")
    counter.row()
    counter.button("copy")
    # In the language of the member whose sale it is.
    counter.until(lambda: "KOPIA" in "".join(counter.desk.paper.texts()))
    (act,) = counter.of_kind(facts.Privileged)
    assert (act.act, act.subject) == ("reprint", sale.id)


def test_a_copy_of_a_refunds_slip(counter: Counter) -> None:
    sale = _sold(counter)
    counter.scan(f"STEMPEL:R:{sale.id.hex}")
    counter.button("refund")
    counter.choice("all")
    counter.button("yes")
    (refund,) = counter.of_kind(facts.SaleRefunded)
    counter.press(KEY.Key_Escape)
    counter.tool("history")
    assert isinstance(counter.middle, views.Rows)
    assert [row.figure[0] for row in counter.middle.rows][:1] == ["−"], "the refund stands over its sale"
    counter.row()
    counter.button("copy")
    counter.until(lambda: "KOPIA" in "".join(counter.desk.paper.texts()))
    (act,) = counter.of_kind(facts.Privileged)
    assert (act.act, act.subject, act.amount_minor) == ("reprint", refund.id, refund.total_minor)
    counter.button("sale")
    assert isinstance(counter.middle, views.Rows)
    assert f"{sale.number}" in counter.middle.title


def test_one_of_two_pieces(counter: Counter) -> None:
    sale = _sold(counter)
    counter.press(KEY.Key_F8)
    counter.row()
    counter.click(counter.panel.rows[0].more)
    counter.button("yes")
    (refund,) = counter.of_kind(facts.SaleRefunded)
    assert [(line.sku, line.qty_milli) for line in refund.lines] == [(sale.lines[0].sku, 1000)]


def test_by_its_number(counter: Counter) -> None:
    _sold(counter)
    counter.press(KEY.Key_F8)
    counter.type("1")
    counter.press(KEY.Key_Return)
    assert isinstance(counter.middle, views.Counts)


def test_nothing_comes_back_twice(counter: Counter) -> None:
    sale = _sold(counter)
    for _ in range(2):
        counter.scan(f"STEMPEL:R:{sale.id.hex}")
        counter.button("refund")
        if counter.middle.choices:
            counter.choice("all")
            counter.button("yes")
    assert counter.middle.problem
    assert len(counter.of_kind(facts.SaleRefunded)) == 1


def test_without_a_receipt_a_manager_agrees(counter: Counter) -> None:
    hire(counter)
    sign_in(counter)
    counter.press(KEY.Key_F8)
    counter.button("without")
    counter.scan(LATTE)
    counter.enter("10")
    counter.scan(COFFEE)
    counter.press(KEY.Key_Return)
    counter.click(counter.panel.rows[0].more)
    counter.button("yes")
    counter.reason("no_receipt")
    assert [tool.key for tool in counter.middle.tools] == ["dorota"]
    counter.tile("dorota")
    counter.enter("1234")
    counter.until(lambda: isinstance(counter.middle, views.Paid))
    (refund,) = counter.of_kind(facts.SaleRefunded)
    assert (refund.sale, refund.total_minor, refund.approved_by) == (None, 20_00 + 18_90, "dorota")
    acts = [act for act in counter.of_kind(facts.Privileged) if act.act == "refund_without_sale"]
    assert [(act.subject, act.cashier) for act in acts] == [(refund.id, "anna")]


def test_without_a_receipt_the_members_points_go_back(counter: Counter) -> None:
    _sold(counter)
    counter.member()
    before = counter.till.member.state.balance_centi
    counter.press(KEY.Key_F8)
    counter.button("without")
    counter.button("find")
    counter.type("coffee")
    counter.press(KEY.Key_Return)
    counter.press(KEY.Key_Return)
    assert [row.key for row in counter.middle.sums] == ["money", "taken"]
    counter.button("yes")
    counter.reason("unwanted")
    counter.until(lambda: isinstance(counter.middle, views.Paid))
    (refund,) = counter.of_kind(facts.SaleRefunded)
    assert refund.member == counter.till.member.id
    assert counter.till.member.state.balance_centi < before


def test_exchanged_in_one_sale(counter: Counter) -> None:
    _sold(counter)
    counter.press(KEY.Key_Escape)
    counter.scan(LATTE)
    counter.press(KEY.Key_F8)
    counter.row()
    counter.click(counter.panel.rows[1].more)
    counter.choice("exchange")
    counter.button("yes")
    counter.press(KEY.Key_F12)
    counter.enter("20")
    (refund,) = counter.of_kind(facts.SaleRefunded)
    assert refund.exchange == counter.sales()[-1].id
