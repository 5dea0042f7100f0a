"""The print lane over a queue and a real TCP printer: in order, once, and never again by itself."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from app.lanes import Backoff, FixedWorld, RealWorld
from hardware.ports import (
    JobPrinted,
    JobState,
    JobUndecided,
    PaperState,
    PrinterChanged,
    PrinterState,
    PrintEvent,
    ReceiptPrinter,
)
from hardware.printers.conversation import Patience
from hardware.printers.escpos import encode
from hardware.printers.lane import KICK_MS, PrintLane, Station
from hardware.printers.preview import as_text
from hardware.printers.profile import PROFILES
from hardware.printers.transport import printer_at
from hardware.receipt import Document, PrintJob, Text, as_copy
from hardware.simulated.paper import PaperPrinter
from tests.support.print_queue import MemoryQueue
from tests.support.tcp_printer import TcpPrinter

PROFILE = PROFILES["58mm"]
QUICK = Patience(answer_s=0.25, finish_s=1.0, poll_s=0.05)
PRINTED, UNKNOWN, FAILED = JobState.PRINTED, JobState.UNKNOWN, JobState.FAILED
to_bytes: Callable[[PrintJob], bytes] = partial(encode, profile=PROFILE)


def slip(text: str, *, open_drawer: bool = False) -> PrintJob:
    return PrintJob(Document((Text(text), *[Text("·" * 20)] * 20)), open_drawer)


class Desk:
    """A lane that may be killed and started again over one queue."""

    def __init__(self, printer: ReceiptPrinter) -> None:
        self.world = RealWorld()
        self.queue = MemoryQueue(self.world.now_ms)
        self.printer = printer
        self.events: list[PrintEvent] = []
        self.crashes: list[BaseException] = []
        self.lane = self.start()

    def start(self, encoder: Callable[[PrintJob], bytes] = to_bytes) -> PrintLane:
        self.lane = PrintLane(
            self.queue,
            [Station("", self.printer, encoder)],
            self.events.append,
            away=Backoff(first_s=0.05, most_s=0.2),
            on_crash=self.crashes.append,
        ).start()
        return self.lane

    def add(self, job: PrintJob) -> int:
        job_id = self.queue.add(job)
        self.lane.wake()
        return job_id

    def undecided(self) -> list[int]:
        return [event.job for event in self.events if isinstance(event, JobUndecided)]

    def codes(self) -> list[str]:
        return [event.state.code for event in self.events if isinstance(event, PrinterChanged)]


@pytest.fixture
def paper() -> Iterator[TcpPrinter]:
    with TcpPrinter() as printer:
        yield printer


@pytest.fixture
def desk(paper: TcpPrinter) -> Iterator[Desk]:
    desk = Desk(printer_at(paper.address, QUICK))
    yield desk
    assert desk.lane.stop()


def texts(paper: TcpPrinter) -> list[str]:
    lines = as_text(bytes(paper.printed), PROFILE).splitlines()
    return [line for line in lines if line.startswith("receipt")]


def test_jobs_come_out_in_order_once_each(desk: Desk, paper: TcpPrinter) -> None:
    ids = [desk.add(slip(f"receipt {number}")) for number in range(5)]
    assert desk.queue.wait(ids[-1], PRINTED) is PRINTED
    assert texts(paper) == [f"receipt {number}" for number in range(5)]
    assert [event.job for event in desk.events if isinstance(event, JobPrinted)] == ids
    assert desk.codes() == [""]


def test_a_printer_that_is_away_delays_and_loses_nothing(desk: Desk, paper: TcpPrinter) -> None:
    paper.switch_off()
    first = desk.add(slip("receipt 1"))
    assert desk.queue.wait(first, FAILED) is FAILED
    second = desk.add(slip("receipt 2"))
    time.sleep(0.3)
    paper.switch_on()
    assert desk.queue.wait(second, PRINTED) is PRINTED
    assert texts(paper) == ["receipt 1", "receipt 2"]
    assert desk.codes()[-2:] == ["unreachable", ""]
    assert desk.queue.jobs[first].attempts > 1


def test_an_open_cover_waits_for_the_cashier(desk: Desk, paper: TcpPrinter) -> None:
    paper.cover_open = True
    job = desk.add(slip("receipt 1"))
    assert desk.queue.wait(job, FAILED) is FAILED
    paper.cover_open = False
    assert desk.queue.wait(job, PRINTED) is PRINTED
    assert "cover_open" in desk.codes()
    assert texts(paper) == ["receipt 1"]


def test_an_unknown_job_is_never_sent_again_and_the_next_one_comes_out(desk: Desk, paper: TcpPrinter) -> None:
    paper.dies_after, paper.dies_by = 200, "rst"
    first = desk.add(slip("receipt 1"))
    second = desk.add(slip("receipt 2"))
    assert desk.queue.wait(second, PRINTED) is PRINTED
    assert desk.queue.states[first] is UNKNOWN
    assert desk.undecided() == [first]
    copy = desk.add(as_copy(desk.queue.jobs[first].job))
    assert desk.queue.wait(copy, PRINTED) is PRINTED
    text = as_text(bytes(paper.printed), PROFILE)
    assert text.count("receipt 1") == 1
    assert text.index("COPY") < text.index("receipt 1")


def test_a_copy_that_ends_badly_too_is_asked_about_again(desk: Desk, paper: TcpPrinter) -> None:
    paper.dies_after = 200
    job = desk.add(slip("receipt 1"))
    assert desk.queue.wait(job, UNKNOWN) is UNKNOWN
    paper.dies_after = 200
    desk.queue.states[job] = JobState.QUEUED  # the cashier wants it again
    desk.lane.wake()
    deadline_s = time.monotonic() + 30
    while len(desk.undecided()) < 2 and time.monotonic() < deadline_s:
        time.sleep(0.005)
    assert desk.undecided() == [job, job]


def test_a_job_that_was_being_sent_when_the_till_died_is_asked_about_not_sent(paper: TcpPrinter) -> None:
    desk = Desk(printer_at(paper.address, QUICK))
    assert desk.lane.stop()
    job = desk.queue.add(slip("receipt 1"))
    desk.queue.take()  # the till dies here
    desk.start()
    after = desk.add(slip("receipt 2"))
    assert desk.queue.wait(after, PRINTED) is PRINTED
    assert desk.queue.states[job] is UNKNOWN
    assert JobUndecided(job, "restarted") in desk.events
    assert texts(paper) == ["receipt 2"]
    assert desk.lane.stop()


def test_stopping_finishes_the_job_in_hand_and_keeps_those_behind(paper: TcpPrinter) -> None:
    desk = Desk(printer_at(paper.address, QUICK))
    paper.commands_per_s = 500
    first, second = desk.add(slip("receipt 1")), desk.add(slip("receipt 2"))
    desk.queue.wait(first, JobState.SENDING)
    assert desk.lane.stop()
    assert desk.queue.states[first] is PRINTED
    assert desk.queue.states[second] is JobState.QUEUED
    with pytest.raises(StopIteration):
        next(thread for thread in threading.enumerate() if thread.name == "lane-print")


def test_stopping_does_not_wait_for_a_printer_that_is_away(paper: TcpPrinter) -> None:
    desk = Desk(printer_at(paper.address, QUICK))
    paper.switch_off()
    job = desk.add(slip("receipt 1"))
    desk.queue.wait(job, FAILED)
    started_s = time.monotonic()
    assert desk.lane.stop()
    assert time.monotonic() - started_s < 1


def test_a_job_that_cannot_be_encoded_does_not_block_the_others(desk: Desk, paper: TcpPrinter) -> None:
    assert desk.lane.stop()

    def broken(job: PrintJob) -> bytes:
        if job.document and job.document.blocks[0] == Text("receipt 1"):
            raise ZeroDivisionError("a bug")
        return to_bytes(job)

    desk.start(broken)
    first, second = desk.add(slip("receipt 1")), desk.add(slip("receipt 2"))
    assert desk.queue.wait(second, PRINTED) is PRINTED
    assert JobUndecided(first, "bug") in desk.events
    assert [type(crash) for crash in desk.crashes] == [ZeroDivisionError]
    assert desk.undecided() == [first]


def test_the_drawer_opens_with_the_sale_but_not_long_after_it() -> None:
    world = FixedWorld(1_000_000)
    printer = PaperPrinter(PROFILE)
    queue = MemoryQueue(world.now_ms)
    lane = PrintLane(queue, [Station("", printer, to_bytes)], lambda event: None, world=world)
    queue.add(slip("receipt 1", open_drawer=True))
    world.ms += KICK_MS
    queue.add(slip("receipt 2", open_drawer=True))
    world.ms += 1
    lane.start()
    assert queue.wait(2, PRINTED) is PRINTED
    assert lane.stop()
    assert ["[drawer 2]" in text for text in printer.texts()] == [False, True]


def test_the_first_byte_leaves_soon_after_the_commit(desk: Desk, paper: TcpPrinter) -> None:
    warm = desk.add(slip("receipt 0"))
    desk.queue.wait(warm, PRINTED)
    started_s = time.monotonic()
    desk.add(slip("receipt 1"))
    while paper.connections < 3 and time.monotonic() - started_s < 1:
        time.sleep(0.0005)
    assert time.monotonic() - started_s < 0.5  # a lane that only looked by itself would need up to a second


def test_the_state_is_told_at_start_and_when_it_changes() -> None:
    printer = PaperPrinter(PROFILE)
    queue = MemoryQueue(RealWorld().now_ms)
    events: list[PrintEvent] = []
    lane = PrintLane(queue, [Station("", printer, to_bytes)], events.append).start()
    queue.add(slip("receipt 1"))
    lane.wake()
    queue.wait(1, PRINTED)
    printer.set_state(PrinterState(True, PaperState.LOW))
    queue.add(slip("receipt 2"))
    lane.wake()
    queue.wait(2, PRINTED)
    assert lane.stop()
    changes = [event.state for event in events if isinstance(event, PrinterChanged)]
    assert changes == [PrinterState(True), PrinterState(True, PaperState.LOW)]


@pytest.mark.parametrize("seed", [1, 2])
def test_through_a_random_day_every_receipt_is_printed_once_or_asked_about(
    paper: TcpPrinter, seed: int
) -> None:
    """Faults come and go while sales go on, and the till is killed now and then."""
    chance = random.Random(seed)
    desk = Desk(printer_at(paper.address, QUICK))
    for number in range(30):
        fault = chance.choice(["none", "none", "cover", "paper", "off", "rst", "fin", "chatty", "restart"])
        paper.cover_open, paper.paper = (
            fault == "cover",
            PaperState.OUT if fault == "paper" else PaperState.OK,
        )
        paper.chatty = fault == "chatty"
        if fault in ("rst", "fin"):
            paper.dies_after, paper.dies_by = chance.randrange(1, 400), "rst" if fault == "rst" else "fin"
        if fault == "off":
            paper.switch_off()
        if fault == "restart":
            assert desk.lane.stop()
            desk.start()
        desk.add(slip(f"receipt {number:02}"))
        time.sleep(chance.random() * 0.05)
        if fault == "off":
            paper.switch_on()
    paper.cover_open, paper.paper, paper.dies_after = False, PaperState.OK, None
    desk.lane.wake()
    for job_id in list(desk.queue.states):
        assert desk.queue.wait(job_id, PRINTED, UNKNOWN) in (PRINTED, UNKNOWN)
    assert desk.lane.stop()
    seen = texts(paper)
    assert len(seen) == len(set(seen))
    for job_id, state in desk.queue.states.items():
        if state is PRINTED:
            assert f"receipt {job_id - 1:02}" in seen
        else:
            assert job_id in desk.undecided()
    assert desk.crashes == []


# -- several printers ------------------------------------------------------------------------------------


def test_a_lane_without_a_printer_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a printer"):
        PrintLane(MemoryQueue(lambda: 0), [], lambda event: None)
