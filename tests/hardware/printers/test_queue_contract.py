"""The print queue's contract, by the till's database and by the tests' memory, and the lane over both."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from app.checkout.ports import Slip, Work
from app.store.database import Database
from app.store.printing import StoredPrintQueue
from hardware.ports import JobUndecided, PrinterChanged, PrinterState, PrintEvent, PrintOutcome, PrintQueue
from hardware.printers.lane import PrintLane
from hardware.printers.profile import PROFILES
from hardware.printers.stations import station
from hardware.receipt import Document, PrintJob, Text
from hardware.simulated.paper import PaperPrinter
from tests.support.print_queue import MemoryQueue

NOW_MS = 1_764_000_000_000
PROFILE = PROFILES["58mm"]


def slip(text: str) -> PrintJob:
    return PrintJob(Document((Text(text),), "pl"), open_drawer=True)


class Shelf(Protocol):
    """Where jobs are kept while tills come and go."""

    def add(self, job: PrintJob) -> None: ...
    def queue(self) -> PrintQueue:
        """The queue as a till that has just started sees it."""
        ...


class PrintQueueContract:
    """A PrintQueue, wherever it keeps its jobs."""

    def test_jobs_are_taken_oldest_first_and_each_once(self, shelf: Shelf) -> None:
        for text in ("one", "two"):
            shelf.add(slip(text))
        queue = shelf.queue()
        first, second = queue.take(), queue.take()
        assert first is not None
        assert second is not None
        assert [first.job, second.job] == [slip("one"), slip("two")]
        assert (first.created_ms, first.attempts) == (NOW_MS, 0)
        assert first.id < second.id
        assert queue.take() is None

    def test_a_failed_job_is_taken_again_before_younger_ones(self, shelf: Shelf) -> None:
        for text in ("one", "two"):
            shelf.add(slip(text))
        queue = shelf.queue()
        first = queue.take()
        assert first is not None
        queue.settle(first.id, PrintOutcome.FAILED, "paper_out")
        again = queue.take()
        assert again is not None
        assert (again.id, again.job, again.attempts) == (first.id, first.job, 1)

    @pytest.mark.parametrize("outcome", [PrintOutcome.PRINTED, PrintOutcome.UNKNOWN])
    def test_what_is_or_may_be_on_paper_is_not_taken_again(self, shelf: Shelf, outcome: PrintOutcome) -> None:
        shelf.add(slip("one"))
        queue = shelf.queue()
        taken = queue.take()
        assert taken is not None
        queue.settle(taken.id, outcome)
        assert queue.take() is None
        assert shelf.queue().take() is None
        assert list(shelf.queue().recover()) == ([taken.id] if outcome is PrintOutcome.UNKNOWN else [])

    def test_a_job_in_sending_when_the_till_died_is_unknown(self, shelf: Shelf) -> None:
        for text in ("one", "two"):
            shelf.add(slip(text))
        taken = shelf.queue().take()
        assert taken is not None
        after = shelf.queue()
        assert list(after.recover()) == [taken.id]
        rest = after.take()
        assert rest is not None
        assert rest.job == slip("two")
        assert after.take() is None

    def test_a_lane_prints_what_an_earlier_till_left(self, shelf: Shelf) -> None:
        for text in ("one", "two", "three"):
            shelf.add(slip(text))
        torn = shelf.queue().take()
        assert torn is not None
        printer, events = PaperPrinter(PROFILE), list[PrintEvent]()
        lane = PrintLane(shelf.queue(), [station(printer, PROFILE)], events.append).start()
        _until(lambda: len(printer.jobs) == 2)
        assert lane.stop()
        assert ["two" in printer.texts()[0], "three" in printer.texts()[1]] == [True, True]
        assert JobUndecided(torn.id, "restarted") in events
        assert printer.drawer_opened == 0, "sold long ago"

    def test_a_lane_waits_for_paper(self, shelf: Shelf) -> None:
        shelf.add(slip("one"))
        printer = PaperPrinter(PROFILE)
        printer.set_state(PrinterState(False, code="cover_open"))
        events = list[PrintEvent]()
        lane = PrintLane(shelf.queue(), [station(printer, PROFILE)], events.append).start()
        _until(lambda: PrinterChanged(PrinterState(False, code="cover_open")) in events)
        assert printer.jobs == ()
        printer.set_state(PrinterState(True))
        lane.wake()
        _until(lambda: len(printer.jobs) == 1)
        assert lane.stop()


def _until(there: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 30
    while not there() and time.monotonic() < deadline_s:
        time.sleep(0.005)
    assert there()


class MemoryShelf:
    def __init__(self) -> None:
        self._queue = MemoryQueue(lambda: NOW_MS)

    def add(self, job: PrintJob) -> None:
        self._queue.add(job)

    def queue(self) -> PrintQueue:
        return self._queue


class StoredShelf:
    """The till's own database, opened anew for each till."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._database = Database(folder)

    def add(self, job: PrintJob) -> None:
        self._database.write(Work(slips=(Slip("test", job),), at_ms=NOW_MS))

    def queue(self) -> PrintQueue:
        self.close()
        self._database = Database(self._folder)
        return StoredPrintQueue(self._database.writer, self._database.call)

    def close(self) -> None:
        assert self._database.close()


class TestMemoryQueue(PrintQueueContract):
    @pytest.fixture
    def shelf(self) -> MemoryShelf:
        return MemoryShelf()


class TestStoredQueue(PrintQueueContract):
    @pytest.fixture
    def shelf(self, tmp_path: Path) -> Iterator[StoredShelf]:
        shelf = StoredShelf(tmp_path / "till")
        yield shelf
        shelf.close()
