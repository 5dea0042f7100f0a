"""A printer behind a print spooler: a real CUPS in front of the network printer of the tests."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.ports import DeviceProblem, PaperState, PrinterState, PrintOutcome, ReceiptPrinter
from hardware.printers import ipp
from hardware.printers.conversation import Patience
from hardware.printers.cups import CupsQueue
from hardware.printers.escpos import encode
from hardware.printers.profile import PROFILES
from hardware.printers.spooler import Progress, Refused, SpooledPrinter, SpoolerAway
from hardware.printers.transport import PrinterDrawer, printer_at
from hardware.printers.winspool import WinQueue
from tests.hardware.printers.samples import sale_job
from tests.support import cups as cups_server
from tests.support.cups import Cups, cups
from tests.support.tcp_printer import TcpPrinter

QUICK = Patience(answer_s=0.5, finish_s=1.5, poll_s=0.05)
"""For jobs that are to fail; those that are to come out have all the time that a busy machine needs."""
PATIENT = Patience(answer_s=10.0, finish_s=30.0, poll_s=0.05)
JOB = encode(sale_job("ru"), PROFILES["80mm"])


@pytest.fixture(scope="module")
def paper() -> Iterator[TcpPrinter]:
    with TcpPrinter() as printer:
        yield printer


@pytest.fixture(scope="module")
def server(paper: TcpPrinter) -> Iterator[Cups]:
    with cups(paper.address) as server:
        yield server


@pytest.fixture
def printer(server: Cups, paper: TcpPrinter) -> ReceiptPrinter:
    paper.printed.clear()
    return SpooledPrinter(CupsQueue("till", server.server, timeout_s=20), PATIENT)


def hasty(server: Cups, queue: str = "till") -> ReceiptPrinter:
    return SpooledPrinter(CupsQueue(queue, server.server, timeout_s=20), QUICK)


def test_jobs_come_out_whole_and_in_order(printer: ReceiptPrinter, paper: TcpPrinter) -> None:
    other = JOB.replace(b"R0000000184", b"R0000000185")
    results = [printer.send(job) for job in (JOB, other)]
    assert [(each.outcome, each.state) for each in results] == [
        (PrintOutcome.PRINTED, PrinterState(True))
    ] * 2
    assert paper.wait_until_printed(len(JOB + other))
    assert bytes(paper.printed) == JOB + other


def test_a_printer_that_is_off_gets_nothing_and_prints_when_it_is_back(
    printer: ReceiptPrinter, paper: TcpPrinter, server: Cups
) -> None:
    paper.switch_off()
    result = hasty(server).send(JOB)
    assert (result.outcome, result.state.code) == (PrintOutcome.FAILED, "unreachable")
    paper.switch_on()
    assert printer.send(JOB).outcome is PrintOutcome.PRINTED
    assert paper.wait_until_printed(len(JOB))
    assert bytes(paper.printed) == JOB, "the job that failed was taken back, so it came out once"


def test_a_printer_that_stalls_leaves_the_job_unknown(server: Cups, paper: TcpPrinter) -> None:
    paper.stalls_after = 200
    result = SpooledPrinter(CupsQueue("till", server.server), Patience(5.0, 1.5, 0.05)).send(JOB * 4000)
    paper.switch_off()
    paper.stalls_after = None
    paper.switch_on()
    assert (result.outcome, result.state.code) == (PrintOutcome.UNKNOWN, "stalled")


def test_a_queue_that_somebody_stopped_says_how_to_start_it(
    printer: ReceiptPrinter, paper: TcpPrinter, server: Cups
) -> None:
    server.command("cupsdisable", "till")
    result = printer.send(JOB)
    assert (result.outcome, result.state.code) == (PrintOutcome.FAILED, "error")
    assert "cupsenable till" in result.state.detail
    server.command("cupsenable", "till")
    assert printer.state() == PrinterState(True)
    assert paper.printed == b""


def test_what_a_driver_reports_is_the_printers_state(server: Cups) -> None:
    faulty = hasty(server, "faulty")
    assert faulty.send(JOB).outcome is PrintOutcome.UNKNOWN, "nobody can say what that driver did"
    assert (faulty.state().code, faulty.state().paper) == ("paper_out", PaperState.OUT)
    assert faulty.send(JOB).outcome is PrintOutcome.FAILED


def test_a_queue_or_a_server_that_is_not_there_is_unreachable(server: Cups) -> None:
    nobody = hasty(server, "nobody")
    assert nobody.send(JOB).outcome is PrintOutcome.FAILED
    assert nobody.state().code == "unreachable"
    away = SpooledPrinter(CupsQueue("till", server.server + ".gone"), QUICK)
    result = away.send(JOB)
    assert (result.outcome, result.state.code) == (PrintOutcome.FAILED, "unreachable")


def test_the_drawer_opens_through_a_queue(printer: ReceiptPrinter, paper: TcpPrinter, server: Cups) -> None:
    PrinterDrawer(printer, PROFILES["80mm"]).open()
    assert b"\x1bp\x00" in paper.printed
    paper.switch_off()
    with pytest.raises(DeviceProblem, match="unreachable"):
        PrinterDrawer(hasty(server), PROFILES["80mm"]).open()
    paper.switch_on()


def test_a_server_that_forgets_its_jobs_is_believed_when_one_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    conf = cups_server._CONF  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(cups_server, "_CONF", "PreserveJobHistory No\n" + conf)
    with TcpPrinter() as paper, cups(paper.address) as server:
        printer = SpooledPrinter(CupsQueue("till", server.server, timeout_s=20), PATIENT)
        assert [printer.send(JOB).outcome for _ in range(2)] == [PrintOutcome.PRINTED] * 2
        assert paper.wait_until_printed(2 * len(JOB))
        paper.switch_off()
        result = hasty(server).send(JOB)
        assert (result.outcome, result.state.code) == (PrintOutcome.FAILED, "unreachable")
        paper.switch_on()
        assert printer.send(JOB).outcome is PrintOutcome.PRINTED
        assert paper.wait_until_printed(3 * len(JOB))
        assert bytes(paper.printed) == 3 * JOB, "the job that was taken back never came out"


def test_a_job_that_is_gone_with_its_queue_is_not_called_done(server: Cups) -> None:
    with pytest.raises(Refused):
        CupsQueue("nobody", server.server, timeout_s=20).progress(9999)


def test_queues_are_named_by_their_address(server: Cups, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUPS_SERVER", server.server)
    assert printer_at("cups://till").state() == PrinterState(True)
    with pytest.raises(ValueError, match="names no queue"):
        printer_at("cups://")
    with pytest.raises(ValueError, match="cups://queue"):
        printer_at("spooler://EPSON TM-T20")


# -- what a spooler may do that CUPS cannot be made to do ------------------------------------------------


class Script:
    """A spool that answers as it is told; Windows' print service, for instance."""

    def __init__(self, *progress: Progress | Exception) -> None:
        self.progresses = list(progress)
        self.cancelled = False

    def state(self) -> PrinterState:
        return PrinterState(True)

    def submit(self, job: bytes) -> int:
        return 7

    def progress(self, number: int) -> Progress:
        now = self.progresses[0] if len(self.progresses) == 1 else self.progresses.pop(0)
        if isinstance(now, Exception):
            raise now
        return now

    def cancel(self, number: int) -> None:
        self.cancelled = True


@pytest.mark.parametrize(
    ("progress", "outcome", "cancelled"),
    [
        ((Progress.WAITING, Progress.STARTED, Progress.DONE), PrintOutcome.PRINTED, False),
        ((Progress.WAITING,), PrintOutcome.UNKNOWN, True),
        ((Progress.STARTED,), PrintOutcome.UNKNOWN, True),
        ((Progress.STARTED, Progress.BROKEN_OFF), PrintOutcome.UNKNOWN, False),
        ((Progress.WAITING, Progress.WITHDRAWN), PrintOutcome.FAILED, False),
        ((Progress.WAITING, SpoolerAway("gone")), PrintOutcome.UNKNOWN, False),
        ((Progress.WAITING, Refused("gone")), PrintOutcome.UNKNOWN, False),
    ],
)
def test_only_a_job_that_certainly_never_began_has_failed(
    progress: tuple[Progress | Exception, ...], outcome: PrintOutcome, cancelled: bool
) -> None:
    script, now_s = Script(*progress), [0.0]

    def sleep(pause_s: float) -> None:
        now_s[0] += pause_s

    printer = SpooledPrinter(script, QUICK, clock=lambda: now_s[0], sleep=sleep)
    assert printer.send(JOB).outcome is outcome
    assert script.cancelled is cancelled
    assert now_s[0] < QUICK.finish_s + 3 * QUICK.answer_s


def test_the_windows_queue_is_asked_for_nothing_elsewhere() -> None:
    with pytest.raises(ValueError, match="for Windows"):
        WinQueue("EPSON TM-T20")


# -- the protocol ----------------------------------------------------------------------------------------


def test_an_answer_is_read_back_as_it_was_written() -> None:
    written = ipp.request(ipp.PRINT_JOB, {"job-name": "чек", "requested-attributes": ("a", "b"), "job-id": 7})
    answer = ipp.parse(written)
    assert answer.status == ipp.PRINT_JOB  # a request has its operation where an answer has its status
    assert answer.texts("job-name") == ("чек",)
    assert answer.texts("requested-attributes") == ("a", "b")
    assert answer.number("job-id") == 7
    assert answer.number("missing") is None


@given(st.binary(max_size=300))
def test_any_answer_is_read_or_refused(data: bytes) -> None:
    head = b"\x02\x00\x00\x00\x00\x00\x00\x01"
    for answer in (data, head + data):
        with contextlib.suppress(ipp.IppProblem):
            ipp.parse(answer)
