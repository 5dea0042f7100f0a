"""Each end of a job, on a real wire: printed, failed, unknown, and nothing else."""

from __future__ import annotations

import select
import socket
import subprocess
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.ports import DeviceProblem, PaperState, PrinterState, PrintOutcome, ReceiptPrinter
from hardware.printers import status, testpage
from hardware.printers.conversation import Conversation, Patience
from hardware.printers.escpos import encode
from hardware.printers.links import LinkLost, SerialLink, TcpLink
from hardware.printers.profile import PROFILES
from hardware.printers.status import Kind, Listener, Said
from hardware.printers.transport import PrinterDrawer, printer_at
from tests.hardware.printers.samples import sale_job
from tests.support.serial_pair import SerialPair
from tests.support.tcp_printer import TcpPrinter

unhurried = settings(deadline=None)
QUICK = Patience(answer_s=0.25, finish_s=1.5, poll_s=0.05)
JOB = encode(sale_job("ru"), PROFILES["80mm"])
LONG = JOB * 40


@pytest.fixture
def paper() -> Iterator[TcpPrinter]:
    with TcpPrinter() as printer:
        yield printer


def at(paper: TcpPrinter, options: str = "") -> ReceiptPrinter:
    return printer_at(paper.address + options, QUICK)


def test_a_job_is_printed_whole_on_one_connection(paper: TcpPrinter) -> None:
    printer: ReceiptPrinter = at(paper)
    result = printer.send(JOB)
    assert (result.outcome, result.state) == (PrintOutcome.PRINTED, PrinterState(True))
    assert bytes(paper.printed) == JOB
    assert paper.connections == 1


def test_low_paper_prints_and_is_told(paper: TcpPrinter) -> None:
    paper.paper = PaperState.LOW
    result = at(paper).send(JOB)
    assert (result.outcome, result.state.paper) == (PrintOutcome.PRINTED, PaperState.LOW)


@pytest.mark.parametrize(
    ("fault", "code", "sheet"),
    [("cover", "cover_open", PaperState.OK), ("paper", "paper_out", PaperState.OUT)],
)
def test_a_printer_that_cannot_print_is_sent_nothing(
    paper: TcpPrinter, fault: str, code: str, sheet: PaperState
) -> None:
    paper.cover_open = fault == "cover"
    paper.paper = PaperState.OUT if fault == "paper" else PaperState.OK
    result = at(paper).send(JOB)
    assert (result.outcome, result.state.code, result.state.paper) == (PrintOutcome.FAILED, code, sheet)
    paper.cover_open, paper.paper = False, PaperState.OK
    assert at(paper).send(JOB).outcome is PrintOutcome.PRINTED
    assert bytes(paper.printed) == JOB


def test_a_printer_that_is_off_fails_and_prints_when_it_is_back(paper: TcpPrinter) -> None:
    printer = at(paper)
    paper.switch_off()
    result = printer.send(JOB)
    assert (result.outcome, result.state.code) == (PrintOutcome.FAILED, "unreachable")
    assert printer.state().code == "unreachable"
    paper.switch_on()
    assert printer.send(JOB).outcome is PrintOutcome.PRINTED
    assert bytes(paper.printed) == JOB


@pytest.mark.parametrize("how", ["rst", "fin"])
@pytest.mark.parametrize("job", [JOB, LONG], ids=["short", "long"])
def test_a_printer_that_dies_in_the_middle_leaves_the_job_unknown(
    paper: TcpPrinter, how: str, job: bytes
) -> None:
    paper.dies_after, paper.dies_by = 300, "rst" if how == "rst" else "fin"
    result = at(paper).send(job)
    assert (result.outcome, result.state.code) == (PrintOutcome.UNKNOWN, "unreachable")
    assert at(paper).state().online


def test_a_printer_that_dies_before_the_job_has_printed_nothing(paper: TcpPrinter) -> None:
    paper.dies_after = 3
    result = at(paper).send(JOB)
    assert (result.outcome, result.state.code) == (PrintOutcome.FAILED, "unreachable")
    assert paper.printed == b""


def test_paper_that_ends_in_the_middle_leaves_the_job_unknown(paper: TcpPrinter) -> None:
    paper.paper_lasts = 5
    result = at(paper).send(JOB)
    assert (result.outcome, result.state.code) == (PrintOutcome.UNKNOWN, "paper_out")


def test_a_printer_that_is_not_well_after_its_last_answer_leaves_the_job_unknown(paper: TcpPrinter) -> None:
    paper.opens_when_done = True
    result = at(paper).send(JOB)
    assert (result.outcome, result.state.code) == (PrintOutcome.UNKNOWN, "cover_open")


def test_a_slow_printer_is_waited_for(paper: TcpPrinter) -> None:
    paper.commands_per_s = 500
    started = time.monotonic()
    assert at(paper).send(JOB).outcome is PrintOutcome.PRINTED
    assert time.monotonic() - started > QUICK.answer_s / 2
    assert bytes(paper.printed) == JOB


def test_a_printer_slower_than_anyone_waits_is_unknown_in_bounded_time(paper: TcpPrinter) -> None:
    paper.commands_per_s = 500
    started = time.monotonic()
    result = at(paper).send(LONG)
    assert (result.outcome, result.state.code) == (PrintOutcome.UNKNOWN, "stalled")
    assert time.monotonic() - started < QUICK.finish_s + 4 * QUICK.answer_s


def test_what_an_unknown_job_left_behind_is_not_taken_for_the_next_one(paper: TcpPrinter) -> None:
    """The printer is still busy with the first job when the second comes: its late answer proves nothing."""
    printer = at(paper)
    paper.commands_per_s = 500
    assert printer.send(LONG).outcome is PrintOutcome.UNKNOWN
    assert printer.send(JOB).outcome is PrintOutcome.FAILED
    paper.commands_per_s = None
    assert paper.wait_until_printed(len(LONG)), "what it was given before comes out first"
    assert printer.send(JOB).outcome is PrintOutcome.PRINTED
    assert bytes(paper.printed) == LONG + JOB


@pytest.mark.parametrize(
    ("after", "outcome"),
    [
        (0, PrintOutcome.FAILED),
        (6, PrintOutcome.FAILED),
        (9, PrintOutcome.UNKNOWN),
        (200, PrintOutcome.UNKNOWN),
    ],
    ids=["deaf at once", "deaf before it settled", "deaf after it was asked", "deaf in the job"],
)
def test_a_printer_that_stalls_is_unknown_once_any_of_the_job_was_handed_over(
    paper: TcpPrinter, after: int, outcome: PrintOutcome
) -> None:
    paper.stalls_after = after
    result = at(paper).send(LONG)
    assert (result.outcome, result.state.code) == (outcome, "stalled")


def test_a_mute_printer_is_sent_nothing_unless_its_address_says_that_it_is_mute(paper: TcpPrinter) -> None:
    paper.mute = True
    result = at(paper).send(JOB)
    assert (result.outcome, result.state.code) == (PrintOutcome.FAILED, "stalled")
    assert paper.printed == b""
    assert at(paper, "?answers=none").send(JOB).outcome is PrintOutcome.PRINTED
    assert paper.wait_until_printed(len(JOB))


def test_a_printer_without_answers_in_order_is_believed_in_real_time_only_if_told(paper: TcpPrinter) -> None:
    paper.answers_in_order = False
    result = at(paper).send(JOB)
    assert (result.outcome, result.state.code) == (PrintOutcome.FAILED, "stalled")
    assert "answers=real_time" in result.state.detail
    assert paper.printed == b""
    assert at(paper, "?answers=real_time").send(JOB).outcome is PrintOutcome.PRINTED


def test_late_answers_are_waited_for_and_too_late_ones_are_a_stall(paper: TcpPrinter) -> None:
    paper.answer_delay_s = 0.1
    assert at(paper).send(JOB).outcome is PrintOutcome.PRINTED
    paper.answer_delay_s = 0.4
    result = at(paper).send(JOB)
    assert (result.outcome, result.state.code) == (PrintOutcome.FAILED, "stalled")
    assert bytes(paper.printed) == JOB


def test_status_that_nobody_asked_for_is_no_answer(paper: TcpPrinter) -> None:
    paper.chatty = True
    result = at(paper).send(JOB)
    assert (result.outcome, result.state) == (PrintOutcome.PRINTED, PrinterState(True))
    assert bytes(paper.printed) == JOB


def test_the_drawer_opens_through_the_printer_or_says_why_not(paper: TcpPrinter) -> None:
    drawer = PrinterDrawer(at(paper), PROFILES["80mm"])
    drawer.open()
    assert b"\x1bp\x00" in paper.printed
    paper.switch_off()
    with pytest.raises(DeviceProblem, match="unreachable"):
        drawer.open()


def test_the_test_page_is_printed_by_command(paper: TcpPrinter, capsys: pytest.CaptureFixture[str]) -> None:
    assert testpage.main([paper.address, "58mm"]) == 0
    assert capsys.readouterr().out == "printed, paper ok\n"
    assert bytes(paper.printed) == testpage.printer_test_page(PROFILES["58mm"])
    paper.cover_open = True
    assert testpage.main([paper.address]) == 1
    assert capsys.readouterr().err.startswith("failed: cover_open")
    assert testpage.main([paper.address, "A4"]) == 1
    assert "no printer profile 'A4'" in capsys.readouterr().err


def test_a_host_that_does_not_exist_is_unreachable() -> None:
    assert printer_at("tcp://no-such-printer.invalid", QUICK).state().code == "unreachable"


def test_jobs_of_two_threads_do_not_mix(paper: TcpPrinter) -> None:
    printer = at(paper)
    jobs = [encode(sale_job(language), PROFILES["80mm"]) for language in ("ru", "pl")]
    threads = [threading.Thread(target=printer.send, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert bytes(paper.printed) in (jobs[0] + jobs[1], jobs[1] + jobs[0])


# -- files and serial lines ------------------------------------------------------------------------------


def test_a_file_gathers_jobs(tmp_path: Path) -> None:
    printer = printer_at(f"file://{tmp_path}/paper.bin", QUICK)
    assert [printer.send(JOB).outcome, printer.send(b"more").outcome] == [PrintOutcome.PRINTED] * 2
    assert (tmp_path / "paper.bin").read_bytes() == JOB + b"more"
    away = printer_at(f"file://{tmp_path}/none/paper.bin", QUICK).send(JOB)
    assert (away.outcome, away.state.code) == (PrintOutcome.FAILED, "unreachable")


@pytest.fixture
def line(tmp_path: Path, paper: TcpPrinter) -> Iterator[Path]:
    """A serial port whose far end is the printer."""
    port = tmp_path / "ttyPRINTER"
    host, _, number = paper.address.removeprefix("tcp://").partition(":")
    socat = subprocess.Popen(
        ["socat", f"pty,raw,echo=0,link={port},wait-slave", f"tcp:{host}:{number},nodelay"]
    )
    deadline_s = time.monotonic() + 30
    while not port.exists() and time.monotonic() < deadline_s:
        time.sleep(0.01)
    yield port
    socat.terminate()
    socat.wait(5)


def test_a_serial_printer_is_talked_to_in_the_same_way(line: Path, paper: TcpPrinter) -> None:
    printer = printer_at(f"serial://{line}?baud=19200", Patience(answer_s=2, finish_s=5, poll_s=0.1))
    result = printer.send(JOB)
    assert (result.outcome, result.state) == (PrintOutcome.PRINTED, PrinterState(True))
    assert bytes(paper.printed) == JOB


def test_a_device_file_may_answer_like_a_usb_printer(line: Path, paper: TcpPrinter) -> None:
    patience = Patience(answer_s=2, finish_s=5, poll_s=0.1)
    result = printer_at(f"file://{line}?answers=in_order", patience).send(JOB)
    assert (result.outcome, result.state) == (PrintOutcome.PRINTED, PrinterState(True))
    assert bytes(paper.printed) == JOB


def test_a_serial_port_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    result = printer_at(f"serial://{tmp_path}/ttyNONE", QUICK).send(JOB)
    assert (result.outcome, result.state.code) == (PrintOutcome.FAILED, "unreachable")
    with pytest.raises(LinkLost):
        SerialLink(str(tmp_path / "ttyNONE"), 9600)


def test_a_serial_printer_pulled_out_while_its_port_opens_is_unreachable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair, pulled = SerialPair(tmp_path).plug(), False
    read_settings = termios.tcgetattr

    def pull_after(port: int) -> list[Any]:
        nonlocal pulled
        found, pulled = read_settings(port), True
        pair.unplug()
        return found

    monkeypatch.setattr(termios, "tcgetattr", pull_after)
    result = printer_at(f"serial://{pair.till_end}?answers=none", QUICK).send(JOB)
    assert pulled
    assert (result.outcome, result.state.code) == (PrintOutcome.FAILED, "unreachable")


def test_a_serial_printer_pulled_out_between_two_writes_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = SerialPair(tmp_path).plug()
    link = SerialLink(str(pair.till_end), 9600)

    def fails(*_: object) -> int:
        raise termios.error(5, "Input/output error")

    monkeypatch.setattr(link._line, "write", fails)  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(link._line, "read", fails)  # pyright: ignore[reportPrivateUsage]
    with pytest.raises(LinkLost):
        link.send(b"x", 1.0)
    with pytest.raises(LinkLost):
        link.receive(0.0)
    link.close()
    pair.unplug()


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("192.168.1.50", "write tcp://"),
        ("usb://04b8:0202", "write tcp://"),
        ("tcp://x?answers=often", "answers is one of in_order, real_time, none"),
        ("serial:///dev/ttyS0?baud=fast", "baud is a number"),
        ("serial://usb:12:34", "is no serial port"),
        ("usb:04B8", "is no USB device"),
    ],
)
def test_an_address_that_is_none_says_what_to_write(address: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        printer_at(address)


# -- what the printer says -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ((0x12, 0, 0, 0x12), PrinterState(True)),
        ((0x12, 0, 0, 0x1E), PrinterState(True, PaperState.LOW)),
        ((0x1A, 0x16, 0x12, 0x12), PrinterState(False, code="cover_open", detail="DLE EOT 1a 16 12 12")),
        ((0x1A, 0x32, 0x12, 0x72), PrinterState(False, PaperState.OUT, "paper_out", "DLE EOT 1a 32 12 72")),
        ((0x1A, 0x52, 0x1A, 0x12), PrinterState(False, code="error", detail="DLE EOT 1a 52 1a 12")),
        ((0x1A, 0, 0, 0), PrinterState(False, code="error", detail="DLE EOT 1a 00 00 00")),
    ],
)
def test_status_bytes_become_a_state(answers: tuple[int, int, int, int], state: PrinterState) -> None:
    assert status.state_of(*answers) == state


@unhurried
@given(st.binary(max_size=200), st.integers(1, 7))
def test_any_bytes_may_come_back_in_any_pieces(data: bytes, size: int) -> None:
    whole = list(Listener().hear(data))
    listener = Listener()
    pieces = [said for at in range(0, len(data), size) for said in listener.hear(data[at : at + size])]
    assert pieces == whole
    for said in whole:
        assert len(said.data) == (4 if said.kind is Kind.AUTOMATIC else 1)


@unhurried
@given(*[st.integers(0, 255)] * 4)
def test_any_four_bytes_are_some_state(printer: int, cause: int, error: int, paper: int) -> None:
    state = status.state_of(printer, cause, error, paper)
    assert state.online == (state.code == "")


def test_an_answer_between_automatic_status_is_heard() -> None:
    heard = list(Listener().hear(b"\x11\x14\x00\x00\x0f\x12\x13\x10\x00\x16\x00"))
    assert heard == [
        Said(Kind.AUTOMATIC, b"\x14\x00\x00\x0f"),
        Said(Kind.REAL_TIME, b"\x12"),
        Said(Kind.REAL_TIME, b"\x16"),
        Said(Kind.IN_ORDER, b"\x00"),
    ]


def test_a_wire_that_is_closed_is_lost_not_silent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        link = TcpLink("127.0.0.1", server.getsockname()[1], 1)
        far, _ = server.accept()
        assert link.receive(0.0) == b""
        far.close()
        with pytest.raises(LinkLost, match="closed by the printer"):
            link.receive(1.0)
        link.close()


def test_what_was_on_the_wire_before_is_no_answer() -> None:
    """A print server may hand over what the printer had said to somebody else: here, that it was offline."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        link = TcpLink("127.0.0.1", server.getsockname()[1], 1)
        far, _ = server.accept()
        far.sendall(b"\x1a")
        select.select([link._socket], [], [], 1)  # pyright: ignore[reportPrivateUsage]

        def answer() -> None:
            while far.recv(3):
                far.sendall(b"\x12")

        thread = threading.Thread(target=answer)
        thread.start()
        assert Conversation(link, patience=QUICK).state() == PrinterState(True)
        link.close()
        thread.join(5)
        far.close()


def _open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_nothing_stays_open(paper: TcpPrinter) -> None:
    printer = at(paper)
    printer.send(JOB)
    before = _open_files()
    for _ in range(20):
        printer.send(JOB)
        printer.state()
    assert _open_files() <= before + 1
