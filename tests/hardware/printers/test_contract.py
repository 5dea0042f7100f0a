"""The printer's and the drawer's contract, by a network printer, a serial one and the simulated desk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware.ports import PaperState, PrinterState
from hardware.printers.conversation import Patience
from hardware.printers.profile import PROFILES
from hardware.printers.transport import PrinterDrawer, printer_at
from hardware.simulated.paper import PaperPrinter
from tests.hardware.contracts import CashDrawerContract
from tests.hardware.printers.contract import ReceiptPrinterContract
from tests.support.tcp_printer import TcpPrinter

QUICK = Patience(answer_s=0.25, finish_s=1.5, poll_s=0.05)
PROFILE = PROFILES["80mm"]


class TcpDesk:
    def __init__(self, paper: TcpPrinter) -> None:
        self._paper = paper
        self._on = True
        self.printer = printer_at(paper.address, QUICK)
        self.drawer = PrinterDrawer(self.printer, PROFILE)

    def put(self, *, cover_open: bool = False, paper: PaperState = PaperState.OK, off: bool = False) -> None:
        self._paper.cover_open, self._paper.paper = cover_open, paper
        if off and self._on:
            self._paper.switch_off()
        elif not off and not self._on:
            self._paper.switch_on()
        self._on = not off

    def tear(self) -> None:
        self._paper.paper_lasts = 5

    def on_paper(self) -> bytes:
        return bytes(self._paper.printed)

    def openings(self) -> int:
        return self.on_paper().count(b"\x1bp")

    def jam(self) -> None:
        self.put(off=True)


class SimulatedDesk:
    def __init__(self) -> None:
        self.printer = self.drawer = PaperPrinter(PROFILE)

    def put(self, *, cover_open: bool = False, paper: PaperState = PaperState.OK, off: bool = False) -> None:
        code = "unreachable" if off else "cover_open" if cover_open else "paper_out" if paper == "out" else ""
        self.printer.set_state(PrinterState(not code, paper, code))

    def tear(self) -> None:
        self.printer.tear_next(PrinterState(False, PaperState.OUT, "paper_out"))

    def on_paper(self) -> bytes:
        return b"".join(self.printer.jobs)

    def openings(self) -> int:
        return self.printer.drawer_opened

    def jam(self) -> None:
        self.put(off=True)


@pytest.fixture
def tcp_desk() -> Iterator[TcpDesk]:
    with TcpPrinter() as paper:
        yield TcpDesk(paper)


class TestNetworkPrinter(ReceiptPrinterContract):
    @pytest.fixture
    def desk(self, tcp_desk: TcpDesk) -> TcpDesk:
        return tcp_desk


class TestSimulatedPrinter(ReceiptPrinterContract):
    @pytest.fixture
    def desk(self) -> SimulatedDesk:
        return SimulatedDesk()


class TestDrawerOnNetworkPrinter(CashDrawerContract):
    @pytest.fixture
    def desk(self, tcp_desk: TcpDesk) -> TcpDesk:
        return tcp_desk


class TestDrawerOnSimulatedPrinter(CashDrawerContract):
    @pytest.fixture
    def desk(self) -> SimulatedDesk:
        return SimulatedDesk()


def test_the_simulated_printer_shows_its_paper(tmp_path: Path) -> None:
    heard: list[bytes] = []
    printer = PaperPrinter(PROFILE, heard.append, keep=2)
    for job in (b"one\n", b"two\n", b"three\n"):
        printer.send(job)
    assert heard == [b"one\n", b"two\n", b"three\n"]
    assert printer.texts() == ["two\n", "three\n"]
    assert printer.png().startswith(b"\x89PNG")
