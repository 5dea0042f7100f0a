"""The shift, its drawer, and who is at the till, by real events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from app.ledger import facts
from app.screens import views
from tests.support.counter import COFFEE, KEY, LATTE, Counter, hire, sign_in

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen platform has no size hints


def test_counted_and_closed(counter: Counter) -> None:
    counter.scan(LATTE)
    counter.pay_cash("12")
    counter.tool("shift")
    counter.button("close")
    counter.enter("12")
    (closed,) = counter.of_kind(facts.ShiftClosed)
    assert (closed.expected_minor, closed.counted_minor) == (12_00, 12_00)
    counter.press(KEY.Key_Escape)
    counter.scan(LATTE)
    counter.enter("100")
    assert counter.till.shift is not None
    counter.scan(LATTE)
    assert len(counter.view.basket.lines) == 1


def test_the_terminals_day_ends_with_the_shift(qtbot: QtBot, shop: Path, tmp_path: Path) -> None:
    with Counter(qtbot, shop, tmp_path / "cabled", cabled=True) as counter:
        counter.tool("shift")
        counter.button("close")
        counter.enter("0")
        counter.until(lambda: "settled" in counter.view.notice.text)


def test_a_parked_sale_keeps_the_shift_open(counter: Counter) -> None:
    counter.scan(LATTE)
    counter.press(KEY.Key_F7)
    counter.enter("x")
    counter.tool("shift")
    counter.button("close")
    assert "park" in counter.view.notice.text.lower()
    assert counter.till.shift is not None


def test_the_x_report(counter: Counter) -> None:
    counter.tool("shift")
    counter.button("x")
    counter.until(lambda: counter.desk.paper.jobs)


def test_the_last_z_once_more(counter: Counter) -> None:
    counter.tool("shift")
    counter.button("close")
    counter.enter("0")
    counter.press(KEY.Key_Escape)
    counter.tool("shift")
    counter.until(lambda: len(counter.desk.paper.jobs) == 1)
    counter.button("z")
    counter.until(lambda: len(counter.desk.paper.jobs) == 2)


def test_cash_in_and_out(counter: Counter) -> None:
    counter.tool("cash")
    counter.enter("50")
    counter.reason("change_money")
    counter.tool("cash")
    counter.choice("out")
    counter.enter("20")
    counter.reason("bank")
    assert [moved.amount_minor for moved in counter.of_kind(facts.CashMoved)] == [50_00, -20_00]


def test_the_drawer_without_a_sale(counter: Counter) -> None:
    counter.tool("drawer")
    counter.reason("change_money")
    assert len(counter.of_kind(facts.NoSale)) == 1


def test_signed_in_by_pin(counter: Counter) -> None:
    counter.scan(LATTE)
    hire(counter)
    assert not counter.sale.pay.isEnabled()
    counter.press(KEY.Key_Escape)
    assert isinstance(counter.middle, views.Tools), "a locked till stays locked"
    counter.tile("anna")
    counter.enter("9999")
    refused: Any = counter.middle
    assert refused.problem
    counter.enter("1234")
    counter.pay_cash("12")
    assert counter.sales()[0].cashier == "anna" or counter.sales()[0].cashier == "Anna"


def test_signed_in_by_badge_and_changed_by_card(counter: Counter) -> None:
    hire(counter)
    counter.desk.scanner.fire("7700000000017")
    counter.until(lambda: counter.till.people.who is not None)
    assert counter.till.people.who.id == "anna"
    counter.scan(LATTE)
    counter.tap("04AA00000000AA")
    counter.until(lambda: counter.till.people.who.id == "dorota")
    assert len(counter.view.basket.lines) == 1, "the sale in hand stays"


def test_locked_and_unlocked(counter: Counter) -> None:
    hire(counter)
    sign_in(counter)
    counter.tool("lock")
    assert counter.till.people.locked
    sign_in(counter, "dorota")


def test_a_manager_agrees(counter: Counter) -> None:
    hire(counter)
    sign_in(counter)
    counter.scan(COFFEE)
    counter.tool("discount")
    counter.enter("30")
    counter.reason("damaged")
    assert [tool.key for tool in counter.middle.tools] == ["dorota"]
    counter.tile("dorota")
    counter.enter("1234")
    assert counter.till.decision.total_minor == 13_23
    assert [act.approved_by for act in counter.of_kind(facts.Privileged)] in ([], ["dorota"])
    assert counter.till.people.who.id == "anna"
