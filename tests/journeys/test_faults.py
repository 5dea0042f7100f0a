"""The same sale with the network down, and with the till killed where it hurts most."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.ledger.facts import SaleCompleted
from hardware.printers.preview import as_text
from hardware.printers.profile import PROFILES
from tests.support.tcp_printer import TcpPrinter
from tests.support.till_process import WEDGE_GAP_MS, TillProcess
from tests.support.xvfb import Xvfb
from tests.sync.process import ServerProcess

CARD = "2900000000018"
MILK = "5901234000178"
BEANS = "5901234000161"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "till"


def test_the_network_is_down_from_the_start_and_up_later(xvfb: Xvfb, tmp_path: Path, folder: Path) -> None:
    """Nothing waits for the server; when it comes, everything goes to it once."""
    (tmp_path / "server").mkdir()
    server = ServerProcess(tmp_path / "server")
    code = server.first_run["enrol_code"]
    server.stop()
    till = TillProcess(
        folder,
        xvfb,
        server={"url": server.url, "enrol_code": code},
        reader={"enabled": False},
        scanner={"wedge_gap_ms": WEDGE_GAP_MS},
    )
    try:
        till.start()
        till.scan(CARD)
        till.scan(MILK)
        till.until(lambda: till.pieces() == 1 and till.member_name())
        till.pay_cash("10")
        waiting = till.reader.unsynced()[0]
        assert waiting == len(till.facts())
        server.start()
        till.until(lambda: till.reader.unsynced()[0] == 0, timeout_s=60)
        till.scan(MILK)
        till.until(lambda: till.pieces() == 1)
        server.kill()
        till.pay_cash("10")
        server.start()
        till.until(lambda: till.reader.unsynced()[0] == 0, timeout_s=60)
    finally:
        till.stop()
    from tests.journeys.test_first_sale import feed

    ids = [fact["body"]["id"] for fact in feed(server)]  # type: ignore[index]
    assert len(ids) == len(set(ids)) == len(till.facts())
    till.stop()
    server.stop()


def test_killed_in_the_middle_of_the_basket(xvfb: Xvfb, folder: Path) -> None:
    """After a SIGKILL the basket, its member and its prices are on the screen again, and are sold once."""
    till = TillProcess(folder, xvfb, reader={"enabled": False}, scanner={"wedge_gap_ms": WEDGE_GAP_MS})
    try:
        till.start()
        till.scan(CARD)
        for count in (1, 2, 3):
            till.scan(BEANS)
            till.until(lambda count=count: till.pieces() == count)
        before = till.basket()
        till.kill()
        till.start()
        assert till.basket() == before
        till.scan(MILK)
        till.until(lambda: till.pieces() == 4)
        till.pay_cash("100")
        (sale,) = till.sales()
        assert before is not None
        assert sale.id == before.id
        assert sale.member == before.member
        assert [line.qty_milli for line in sale.lines] == [3000, 1000]
    finally:
        till.stop()


def test_killed_right_after_the_commit(xvfb: Xvfb, folder: Path) -> None:
    """The sale is there once, its basket is gone, and its receipt is printed once by itself.

    Unless the kill fell into the sending of it: then nobody can know, and it waits for the cashier's word.
    """
    printer = TcpPrinter()
    printer.switch_on()
    printer.switch_off()
    till = TillProcess(
        folder,
        xvfb,
        reader={"enabled": False},
        scanner={"wedge_gap_ms": WEDGE_GAP_MS},
        printer={"address": printer.address},
    )
    try:
        till.start()
        till.scan(MILK)
        till.until(lambda: till.pieces() == 1)
        till.pay_cash("10")
        till.kill()
        printer.switch_on()
        till.start()
        assert till.basket() is None
        till.until(lambda: b"STEMPEL:R:" in printer.printed or till.reader.count_jobs("unknown"))
        asked = till.reader.count_jobs("unknown")
        till.scan(BEANS)
        till.until(lambda: till.pieces() == 1)
        till.pay_cash("20")
        till.until(lambda: printer.printed.count(b"STEMPEL:R:") == 2 - asked)
        first, second = till.sales()
        assert (first.number, second.number) == (1, 2)
        text = as_text(bytes(printer.printed), PROFILES["80mm"])
        assert text.count("Nr 1 ") == 1 - asked
        assert "KOPIA" not in text
    finally:
        till.stop()
        printer.switch_off()


def test_the_printer_is_off_and_the_queue_moves_on(xvfb: Xvfb, folder: Path) -> None:
    """Two customers are served while the printer is off; both receipts come when it is back, in order."""
    with TcpPrinter() as printer:
        printer.switch_off()
        till = TillProcess(
            folder,
            xvfb,
            reader={"enabled": False},
            scanner={"wedge_gap_ms": WEDGE_GAP_MS},
            printer={"address": printer.address},
        )
        try:
            till.start()
            for code in (MILK, BEANS):
                till.scan(code)
                till.until(lambda: till.pieces() == 1)
                till.pay_cash("50")
            assert till.reader.count_jobs("printed") == 0
            printer.switch_on()
            till.until(lambda: till.reader.count_jobs("printed") == 2, timeout_s=60)
            text = as_text(bytes(printer.printed), PROFILES["80mm"])
            assert text.index("Nr 1 ") < text.index("Nr 2 ")
        finally:
            till.stop()


def test_all_of_it_adds_up(xvfb: Xvfb, folder: Path) -> None:
    """After a day with a kill in it, every projection equals the fold of the facts."""
    from app.store.database import Database

    till = TillProcess(folder, xvfb, reader={"enabled": False}, scanner={"wedge_gap_ms": WEDGE_GAP_MS})
    try:
        till.start()
        till.scan(CARD)
        till.scan(MILK)
        till.until(lambda: till.pieces() == 1)
        till.pay_cash("10")
        till.kill()
    finally:
        till.stop()
    database = Database(folder)
    assert database.writer.check()[1] == []
    figures = database.reader().days()
    database.close()
    assert [day.sales for day in figures] == [1]
    assert figures[0].total_minor == sum(
        fact.total_minor for fact in till.facts() if isinstance(fact, SaleCompleted)
    )
    till.stop()
