"""Printers under random faults: no receipt is lost, none comes out twice without saying COPY.

A step breaks or mends a printer, ends or kills the till's print lane, or prints a receipt. Between rounds all
is mended, and a cashier decides what nobody knows by looking at the paper. STEMPEL_STEPS, STEMPEL_INPUTS
and STEMPEL_SEED choose the length and the run (docs/development.md).
"""

from __future__ import annotations

import os
import random
import re
import threading
import time
from collections import Counter

import pytest
from msgspec.structs import replace

from app.lanes import Backoff, RealWorld
from hardware.ports import JobPrinted, JobState, JobUndecided, PaperState, PrintEvent, PrintOutcome
from hardware.printers import status
from hardware.printers.conversation import Conversation, LinkLost, Patience
from hardware.printers.escpos import encode
from hardware.printers.lane import PrintLane
from hardware.printers.preview import as_text
from hardware.printers.profile import PROFILES
from hardware.printers.stations import station
from hardware.printers.status import Kind, Listener
from hardware.printers.transport import printer_at
from hardware.receipt import Document, PrintJob, Text, as_copy
from tests.checkout.paper_names import named, skeleton
from tests.checkout.paper_samples import KINDS
from tests.support.print_queue import MemoryQueue
from tests.support.tcp_printer import TcpPrinter

STEPS = int(os.environ.get("STEMPEL_STEPS", "1000"))
SEED = int(os.environ.get("STEMPEL_SEED", "1"))
INPUTS = int(os.environ.get("STEMPEL_INPUTS", "100000"))
ROUND = 25
QUICK = Patience(answer_s=0.15, finish_s=0.6, poll_s=0.05)
ATTEMPT_S = 2 * QUICK.answer_s + QUICK.finish_s + 6 * QUICK.answer_s
"""The longest that one attempt on one printer may take: settling, the job, and the questions around it."""
SETTLED_S = 15.0
"""Far more than all deadlines and back-offs of a round's jobs; only a hang takes longer."""
PROFILE = PROFILES["58mm"]
FAULTS = ("off", "cover", "out", "low", "rst", "fin", "stall", "mute", "late", "slow", "chatty", "ends")
NAME = re.compile(r"receipt \d{5}")


def slip(number: int) -> PrintJob:
    return PrintJob(Document((Text(f"receipt {number:05}"), *[Text("·" * 20)] * 12, Text("the end"))))


class Forgetful(MemoryQueue):
    """A queue whose till dies, when told so, after a job was sent and before its end was written down."""

    def __init__(self) -> None:
        super().__init__(RealWorld().now_ms)
        self.dies_before_settling = False

    def settle(self, job_id: int, outcome: PrintOutcome, detail: str = "") -> None:
        if self.dies_before_settling:
            self.dies_before_settling = False
            return
        super().settle(job_id, outcome, detail)


class Storm:
    """Random faults on a till's printers, and what must be true once things have settled."""

    def __init__(self, seed: int, printers: tuple[TcpPrinter, ...]) -> None:
        self.chance = random.Random(seed)
        self.printers = printers
        self.off: set[int] = set()
        self.queue = Forgetful()
        self.events: list[PrintEvent] = []
        self.crashes: list[BaseException] = []
        self.log: list[str] = []
        self.tally: Counter[str] = Counter()
        self.originals: Counter[str] = Counter()
        self.whole: Counter[str] = Counter()
        self.slowest_stop_s = 0.0
        self.start()

    def start(self) -> None:
        stations = [
            station(printer_at(printer.address, QUICK), PROFILE, name=f"printer {number}" if number else "")
            for number, printer in enumerate(self.printers)
        ]
        self.lane = PrintLane(
            self.queue,
            stations,
            self.events.append,
            away=Backoff(first_s=0.02, most_s=0.1),
            rest_s=0.1,
            on_crash=self.crashes.append,
        ).start()

    def step(self) -> None:
        act = self.chance.choice(
            [self.print] * 7 + [self.break_one] * 4 + [self.mend_one] * 3 + [self.restart]
        )
        act()

    def print(self) -> None:
        number = self.queue.add(slip(len(self.queue.jobs) + 1))
        self.lane.wake()
        self.log.append(f"print {number}")
        time.sleep(self.chance.random() * 0.03)

    def break_one(self) -> None:
        number, fault = self.chance.randrange(len(self.printers)), self.chance.choice(FAULTS)
        self.log.append(f"{fault} on {number}")
        self.tally[fault] += 1
        printer = self.printers[number]
        match fault:
            case "off":
                if number not in self.off:
                    printer.switch_off()
                    self.off.add(number)
            case "cover":
                printer.cover_open = True
            case "out" | "low":
                printer.paper = PaperState(fault)
            case "rst" | "fin":
                printer.dies_by = "rst" if fault == "rst" else "fin"
                printer.dies_after = self.chance.randrange(1, 400)
            case "stall":
                printer.stalls_after = self.chance.randrange(400)
            case "mute":
                printer.mute = True
            case "late":
                printer.answer_delay_s = self.chance.choice((0.05, 0.25))
            case "slow":
                printer.commands_per_s = 500
            case "chatty":
                printer.chatty = True
            case _:
                printer.paper_lasts = self.chance.randrange(1, 12)

    def mend_one(self) -> None:
        self.mend(self.chance.randrange(len(self.printers)))

    def mend(self, number: int) -> None:
        self.log.append(f"mend {number}")
        printer = self.printers[number]
        printer.cover_open = printer.mute = printer.chatty = False
        printer.paper = PaperState.OK
        printer.paper_lasts = printer.dies_after = printer.stalls_after = printer.commands_per_s = None
        printer.answer_delay_s = 0.0
        if number in self.off:
            printer.switch_on()
            self.off.discard(number)

    def restart(self) -> None:
        """The till ends as it should, or is killed before it sends a job that it took, or after it did."""
        self.queue.dies_before_settling = self.chance.random() < 0.2
        began_s = time.monotonic()
        assert self.lane.stop(SETTLED_S), self.told("did not stop")
        self.slowest_stop_s = max(self.slowest_stop_s, time.monotonic() - began_s)
        self.queue.dies_before_settling = False
        killed = self.chance.random() < 0.3 and self.queue.take() is not None
        self.log.append("kill" if killed else "restart")
        self.tally[self.log[-1]] += 1
        self.start()

    # -- between rounds ----------------------------------------------------------------------------------

    def settle(self) -> None:
        """Mend everything, and let a cashier decide all that nobody knows."""
        for number in range(len(self.printers)):
            self.mend(number)
        self.restart()  # what a till that died left in sending is found when it starts
        self.queue.dies_before_settling = False
        self.lane.wake()
        self.wait(JobState.PRINTED, JobState.UNKNOWN)
        self.look()
        undecided = {event.job for event in self.events if isinstance(event, JobUndecided)}
        for job_id, state in list(self.queue.states.items()):
            if state is JobState.UNKNOWN:
                assert job_id in undecided, self.told(f"nobody was asked about {job_id}")
                self.decide(job_id)
        self.lane.wake()
        self.wait(JobState.PRINTED)
        self.look()

    def wait(self, *states: JobState) -> None:
        deadline_s = time.monotonic() + SETTLED_S
        for job_id in list(self.queue.states):
            left_s = deadline_s - time.monotonic()
            state = self.queue.wait(job_id, *states, timeout_s=left_s)
            assert state in states, self.told(f"job {job_id} is still {state}")

    def decide(self, job_id: int) -> None:
        """A whole receipt is left alone; any other is printed again, and says so."""
        if self.whole[f"receipt {job_id:05}"]:
            self.queue.states[job_id] = JobState.PRINTED
            self.tally["was there"] += 1
            return
        job = self.queue.jobs[job_id]
        self.queue.jobs[job_id] = replace(job, job=as_copy(job.job))
        self.queue.states[job_id] = JobState.QUEUED
        self.tally["copied"] += 1

    def look(self) -> None:
        """Read what has come out since the last look, once the printers have nothing left to print."""
        deadline_s = time.monotonic() + SETTLED_S
        while any(printer.busy for printer in self.printers) and time.monotonic() < deadline_s:
            time.sleep(0.01)
        for printer in self.printers:
            lines = [line.strip() for line in as_text(bytes(printer.printed), PROFILE).splitlines()]
            printer.printed.clear()
            self.read([line for line in lines if line])

    def read(self, lines: list[str]) -> None:
        name = ""
        for place, line in enumerate(lines):
            if NAME.fullmatch(line):
                name = line
                self.originals[name] += "COPY" not in lines[max(place - 2, 0) : place]
            elif line == "the end" and name:
                self.whole[name] += 1
                name = ""

    def check(self) -> None:
        twice = [name for name, times in self.originals.items() if times > 1]
        assert not twice, self.told(f"twice without COPY: {twice}")
        lost = [job for job in self.queue.states if not self.whole[f"receipt {job:05}"]]
        assert not lost, self.told(f"lost: {lost}")
        assert self.crashes == []

    def told(self, what: str) -> str:
        return f"{what} (STEMPEL_SEED={SEED}); the last steps: {', '.join(self.log[-40:])}"


@pytest.mark.faults
@pytest.mark.timeout(900)
@pytest.mark.parametrize("count", [1, 2], ids=["one printer", "two printers"])
def test_no_receipt_is_lost_or_printed_twice(count: int) -> None:
    before = {thread.name for thread in threading.enumerate()}
    printers = tuple(TcpPrinter() for _ in range(count))
    for printer in printers:
        printer.switch_on()
    storm = Storm(SEED * 10 + count, printers)
    for step in range(STEPS):
        storm.step()
        if step % ROUND == ROUND - 1:
            storm.settle()
    storm.settle()
    storm.check()
    assert storm.lane.stop(SETTLED_S)
    for printer in printers:
        printer.switch_off()
    # Twice what one attempt on each printer may take: this machine has other work.
    assert storm.slowest_stop_s < 2 * count * ATTEMPT_S, "a deadline was overrun"
    assert {thread.name for thread in threading.enumerate()} <= before, "a thread was left behind"
    took = Counter(event.printer or "the first" for event in storm.events if isinstance(event, JobPrinted))
    print(f"\n{STEPS} steps, {len(storm.queue.jobs)} receipts, by printer {dict(took)}, {dict(storm.tally)}")
    print(f"slowest end of a lane {storm.slowest_stop_s:.2f} s, of {count * ATTEMPT_S:.2f} s allowed")
    if count > 1:
        assert took["printer 1"], "a run that never failed over proves nothing"


# -- what a printer may say ------------------------------------------------------------------------------


class Babble:
    """A wire that answers every question with random bytes, in random pieces, or not, or is lost."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._left = chance.randrange(60)

    def send(self, data: bytes, timeout_s: float) -> int:
        return self._chance.choice((len(data), len(data), len(data), 0, 1))

    def receive(self, timeout_s: float) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise LinkLost("gone")
        likely = self._chance.choice((b"\x12", b"\x1a", b"\x00", b"\x16", b"\x72", b""))
        return self._chance.choice((likely, self._chance.randbytes(self._chance.randrange(6))))

    def finish(self, timeout_s: float) -> None: ...
    def close(self) -> None: ...


@pytest.mark.faults
def test_status_bytes_of_any_kind_are_heard() -> None:
    chance = random.Random(SEED)
    for _ in range(INPUTS):
        data = chance.randbytes(chance.randrange(40))
        cut = chance.randrange(len(data) + 1)
        listener = Listener()
        heard = [*listener.hear(data[:cut]), *listener.hear(data[cut:])]
        assert heard == list(Listener().hear(data))
        for said in heard:
            assert len(said.data) == (4 if said.kind is Kind.AUTOMATIC else 1)
        state = status.state_of(*chance.randbytes(4))
        assert state.online == (state.code == "")


@pytest.mark.faults
@pytest.mark.timeout(600)
def test_a_printer_that_babbles_ends_every_conversation() -> None:
    """Whatever comes back, a job ends as printed, failed or unknown, and failed only if nothing was sent."""
    chance, now_s = random.Random(SEED), [0.0]

    def clock() -> float:
        now_s[0] += 0.01
        return now_s[0]

    patience = Patience(answer_s=0.2, finish_s=0.5, poll_s=0.05)
    ends: Counter[str] = Counter()
    for _ in range(INPUTS):
        began_s = now_s[0]
        talk = Conversation(Babble(chance), patience=patience, clock=clock)
        ends[talk.print(b"x" * 100, settle=chance.random() < 0.5).outcome] += 1
        assert now_s[0] - began_s < 20
    assert set(ends) == {"printed", "failed", "unknown"}, ends


# -- what a name may be ----------------------------------------------------------------------------------


@pytest.mark.faults
@pytest.mark.timeout(900)
def test_no_name_of_any_kind_tells_a_printer_anything() -> None:
    """Random Unicode, commands among it, in every name on every kind of paper and every width."""
    chance = random.Random(SEED)
    papers = [PROFILES[name] for name in ("58mm", "80mm-42", "80mm", "80mm-chinese")]
    plain = {
        (kind, paper.name): skeleton(encode(PrintJob(named(kind, "Anna")), paper))
        for kind in KINDS
        for paper in papers
    }
    for _ in range(max(INPUTS // 20, 1)):
        kind, paper, name = chance.choice([*KINDS]), chance.choice(papers), _name(chance)
        stream = encode(PrintJob(named(kind, name)), paper)
        assert skeleton(stream) == plain[kind, paper.name], (kind, paper.name, name)
        assert not re.search(rb"\x10[\x04\x05\x14]", stream), (kind, paper.name, name)


COMMANDS = ("\x1bp0\x19\xfa", "\x10\x14\x01\x00\x05", "\x1dV0", "\x1b@", "\r\n", "\u2028", "\u202e")


def _name(chance: random.Random) -> str:
    """Letters of everywhere, controls, surrogates, private and unassigned characters, and real commands."""
    pieces = (
        lambda: chr(chance.randrange(0x20)),
        lambda: chr(chance.randrange(0x250)),
        lambda: chr(chance.randrange(0x10000)),
        lambda: chr(chance.randrange(0x110000)),
        lambda: chance.choice(
            ("\x1bp0\x19\xfa", "\x10\x14\x01\x00\x05", "\x1dV0", "\x1b@", "\r\n", "\u2028", "\u202e")
        ),
        lambda: chance.choice(("Anna", "Łódź", "Ёлка", "漢字", "₽", "0,5 l")),
    )
    return "".join(chance.choice(pieces)() for _ in range(chance.randrange(1, 12)))
