"""Spare printers: which one takes a receipt while the first cannot, and when the first one has it again."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from app.lanes import Backoff, RealWorld
from hardware.ports import JobPrinted, JobState, JobUndecided, PaperState, PrinterChanged, PrintEvent
from hardware.printers.conversation import Patience
from hardware.printers.lane import PrintLane
from hardware.printers.preview import as_text
from hardware.printers.profile import PROFILES
from hardware.printers.stations import station
from hardware.printers.transport import printer_at
from hardware.receipt import PrintJob
from tests.hardware.printers.test_lane import FAILED, PRINTED, PROFILE, QUICK, UNKNOWN, slip, texts
from tests.support.print_queue import MemoryQueue
from tests.support.tcp_printer import TcpPrinter

CALM = Patience(answer_s=5.0, finish_s=10.0, poll_s=0.05)
"""For a printer that does answer, however busy the machine is."""


@pytest.fixture
def paper() -> Iterator[TcpPrinter]:
    with TcpPrinter() as printer:
        yield printer


class Counter:
    """A till with a printer on the counter and one in the kitchen, whose paper is narrower."""

    def __init__(
        self, counter: TcpPrinter, kitchen: TcpPrinter, rest_s: float = 0.2, patience: Patience = QUICK
    ) -> None:
        self.queue = MemoryQueue(RealWorld().now_ms)
        self.events: list[PrintEvent] = []
        self.lane = PrintLane(
            self.queue,
            [
                station(printer_at(counter.address, patience), PROFILE),
                station(printer_at(kitchen.address, QUICK), PROFILES["80mm"], name="kitchen", drawer=False),
            ],
            self.events.append,
            away=Backoff(first_s=0.05, most_s=0.2),
            rest_s=rest_s,
        ).start()

    def print(self, job: PrintJob) -> JobState:
        job_id = self.queue.add(job)
        self.lane.wake()
        return self.queue.wait(job_id, PRINTED, UNKNOWN)

    def takers(self) -> list[str]:
        return [event.printer for event in self.events if isinstance(event, JobPrinted)]


@pytest.fixture
def kitchen() -> Iterator[TcpPrinter]:
    with TcpPrinter() as printer:
        yield printer


@pytest.fixture
def counter(paper: TcpPrinter, kitchen: TcpPrinter) -> Iterator[Counter]:
    counter = Counter(paper, kitchen)
    yield counter
    assert counter.lane.stop()


@pytest.mark.parametrize(
    ("fault", "code"),
    [("off", "unreachable"), ("cover", "cover_open"), ("paper", "paper_out"), ("mute", "stalled")],
)
def test_a_job_goes_to_the_next_printer_while_the_first_cannot_print(
    paper: TcpPrinter, kitchen: TcpPrinter, fault: str, code: str
) -> None:
    counter = Counter(paper, kitchen, patience=QUICK if fault == "mute" else CALM)
    _break(paper, fault)
    assert counter.print(slip("receipt 1", open_drawer=True)) is PRINTED
    assert paper.printed == b""
    kept = as_text(bytes(kitchen.printed), PROFILES["80mm"])
    assert "receipt 1" in kept, "laid out for the printer that took it"
    assert "drawer" not in kept, "the till's drawer is not there, and another till's stays shut"
    assert counter.takers() == ["kitchen"]
    assert counter.queue.details[1] == "kitchen"
    told = [event for event in counter.events if isinstance(event, PrinterChanged)][-1]
    assert (told.state.code, told.printer) == (code, "kitchen"), "the first one is still to be seen to"
    assert counter.lane.stop()


def test_a_job_that_may_be_on_paper_goes_nowhere_by_itself(
    counter: Counter, paper: TcpPrinter, kitchen: TcpPrinter
) -> None:
    paper.dies_after = 200
    assert counter.print(slip("receipt 1")) is UNKNOWN
    assert kitchen.printed == b""
    assert counter.print(slip("receipt 2")) is PRINTED
    assert [event.job for event in counter.events if isinstance(event, JobUndecided)] == [1]


def test_the_first_printer_prints_again_once_it_is_well(
    counter: Counter, paper: TcpPrinter, kitchen: TcpPrinter
) -> None:
    paper.cover_open = True
    assert counter.print(slip("receipt 1")) is PRINTED
    paper.cover_open = False
    time.sleep(0.3)  # longer than it rests
    assert counter.print(slip("receipt 2")) is PRINTED
    assert counter.takers() == ["kitchen", ""]
    assert texts(paper) == ["receipt 2"]


def test_a_printer_that_is_away_does_not_slow_every_receipt_down(
    paper: TcpPrinter, kitchen: TcpPrinter
) -> None:
    counter = Counter(paper, kitchen, rest_s=30.0)
    paper.mute = True
    assert counter.print(slip("receipt 1")) is PRINTED
    started_s = time.monotonic()
    for number in range(5):
        assert counter.print(slip(f"receipt {number}")) is PRINTED
    assert time.monotonic() - started_s < 5 * QUICK.answer_s, "it is not asked again for every receipt"
    assert counter.lane.stop()


def test_a_job_waits_when_no_printer_can_print_and_the_first_one_is_named(
    counter: Counter, paper: TcpPrinter, kitchen: TcpPrinter
) -> None:
    paper.paper = PaperState.OUT
    kitchen.switch_off()
    job = counter.queue.add(slip("receipt 1"))
    counter.lane.wake()
    assert counter.queue.wait(job, FAILED) is FAILED
    assert counter.queue.details[job] == "paper_out"
    kitchen.switch_on()
    assert counter.queue.wait(job, PRINTED) is PRINTED
    assert counter.takers() == ["kitchen"]


def _break(paper: TcpPrinter, fault: str) -> None:
    match fault:
        case "off":
            paper.switch_off()
        case "cover":
            paper.cover_open = True
        case "paper":
            paper.paper = PaperState.OUT
        case _:
            paper.mute = True
