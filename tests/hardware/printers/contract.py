"""What every receipt printer does alike, the simulated one and the real ones."""

from __future__ import annotations

from typing import Protocol

import pytest

from hardware.ports import PaperState, PrinterState, PrintOutcome, ReceiptPrinter
from hardware.printers.escpos import encode
from hardware.printers.profile import PROFILES
from tests.hardware.printers.samples import sale_job

JOB = encode(sale_job("pl"), PROFILES["80mm"])


class PrinterDesk(Protocol):
    printer: ReceiptPrinter

    def put(self, *, cover_open: bool = False, paper: PaperState = PaperState.OK, off: bool = False) -> None:
        """Bring the printer into this state."""
        ...

    def tear(self) -> None:
        """Let the next job end in the middle."""
        ...

    def on_paper(self) -> bytes:
        """All bytes that came out so far."""
        ...


class ReceiptPrinterContract:
    """A ReceiptPrinter, whatever is behind it."""

    def test_a_job_comes_out_whole(self, desk: PrinterDesk) -> None:
        result = desk.printer.send(JOB)
        assert (result.outcome, result.state) == (PrintOutcome.PRINTED, PrinterState(True))
        assert desk.on_paper() == JOB

    def test_jobs_come_out_in_order(self, desk: PrinterDesk) -> None:
        other = JOB.replace(b"R0000000184", b"R0000000185")
        assert [desk.printer.send(job).outcome for job in (JOB, other)] == [PrintOutcome.PRINTED] * 2
        assert desk.on_paper() == JOB + other

    @pytest.mark.parametrize(
        ("fault", "code", "paper"),
        [
            ({"cover_open": True}, "cover_open", PaperState.OK),
            ({"paper": PaperState.OUT}, "paper_out", PaperState.OUT),
            ({"off": True}, "unreachable", PaperState.OK),
        ],
    )
    def test_what_cannot_print_fails_with_nothing_on_paper_and_prints_when_it_can(
        self, desk: PrinterDesk, fault: dict[str, bool | PaperState], code: str, paper: PaperState
    ) -> None:
        desk.put(**fault)  # pyright: ignore[reportArgumentType]
        result = desk.printer.send(JOB)
        assert (result.outcome, result.state.code, result.state.paper) == (PrintOutcome.FAILED, code, paper)
        assert (desk.printer.state().online, desk.printer.state().code) == (False, code)
        assert desk.on_paper() == b""
        desk.put()
        assert desk.printer.state() == PrinterState(True)
        assert desk.printer.send(JOB).outcome is PrintOutcome.PRINTED
        assert desk.on_paper() == JOB

    def test_low_paper_prints_and_is_told(self, desk: PrinterDesk) -> None:
        desk.put(paper=PaperState.LOW)
        result = desk.printer.send(JOB)
        assert (result.outcome, result.state) == (PrintOutcome.PRINTED, PrinterState(True, PaperState.LOW))
        assert desk.printer.state().paper is PaperState.LOW

    def test_a_job_that_ends_in_the_middle_is_unknown(self, desk: PrinterDesk) -> None:
        desk.tear()
        result = desk.printer.send(JOB)
        assert result.outcome is PrintOutcome.UNKNOWN
        assert not result.state.online
        assert desk.on_paper() != JOB
