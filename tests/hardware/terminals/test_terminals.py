"""Payment terminals: the simulated one's contract, the manual one, and the lane that waits for either."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware.ports import ChargeOutcome, ChargeResult
from hardware.simulated.terminal import Mood, SimulatedTerminal
from hardware.terminals.lane import TerminalLane, TerminalPatience
from hardware.terminals.manual import ManualTerminal
from tests.hardware.contracts import PaymentTerminalContract
from tests.support.told import Told

QUICK = TerminalPatience(pay_s=0.3, ask_s=0.3, settle_s=0.3)


class SimulatedDesk:
    def __init__(self) -> None:
        self.terminal = SimulatedTerminal()

    def charged(self) -> dict[str, int]:
        return self.terminal.charged

    def become(self, mood: str) -> None:
        self.terminal.mood = Mood(mood)


class TestSimulatedTerminal(PaymentTerminalContract):
    @pytest.fixture
    def desk(self) -> SimulatedDesk:
        return SimulatedDesk()

    def test_its_books_outlive_the_till(self, tmp_path: Path):
        SimulatedTerminal(tmp_path / "books.json").pay("r1", 12_34, "PLN")
        assert SimulatedTerminal(tmp_path / "books.json").ask("r1").outcome is ChargeOutcome.APPROVED


def test_the_manual_terminal_knows_nothing():
    terminal = ManualTerminal()
    assert terminal.manual
    for result in (
        terminal.pay("r", 1, "PLN"),
        terminal.reverse("b", "r", 1, "PLN"),
        terminal.ask("r"),
        terminal.settle(),
    ):
        assert (result.outcome, result.code) == (ChargeOutcome.UNKNOWN, "manual")


@pytest.fixture
def terminal() -> SimulatedTerminal:
    return SimulatedTerminal()


@pytest.fixture
def lane(terminal: SimulatedTerminal) -> Iterator[TerminalLane]:
    lane = TerminalLane(terminal, QUICK).start()
    yield lane
    terminal.release()
    assert lane.stop()
    assert [t.name for t in threading.enumerate() if t.name in ("lane-terminal", "hand terminal")] == []


def outcome(told: Told) -> ChargeResult:
    return told.wait(ChargeResult)


@pytest.mark.parametrize(
    ("mood", "expected", "taken"),
    [
        (Mood.APPROVE, ChargeOutcome.APPROVED, 12_34),
        (Mood.SLOW, ChargeOutcome.APPROVED, 12_34),
        (Mood.DECLINE, ChargeOutcome.DECLINED, 0),
        (Mood.CUT_BEFORE, ChargeOutcome.DECLINED, 0),
        (Mood.CUT_AFTER, ChargeOutcome.APPROVED, 12_34),
        (Mood.OFF, ChargeOutcome.DECLINED, 0),
    ],
)
def test_the_answer_is_what_the_terminal_did(
    terminal: SimulatedTerminal, lane: TerminalLane, mood: Mood, expected: ChargeOutcome, taken: int
):
    terminal.mood, told = mood, Told()
    lane.pay("r1", 12_34, "PLN", told)
    assert outcome(told).outcome is expected
    assert sum(terminal.charged.values()) == taken


@pytest.mark.parametrize("mood", [Mood.CUT_BEFORE, Mood.CUT_AFTER])
def test_a_terminal_that_cannot_be_asked_leaves_it_to_the_cashier(
    terminal: SimulatedTerminal, lane: TerminalLane, mood: Mood
):
    terminal.mood, terminal.answers, told = mood, False, Told()
    lane.pay("r1", 12_34, "PLN", told)
    assert outcome(told).outcome is ChargeOutcome.UNKNOWN


def test_a_hung_payment_is_unknown_within_the_deadlines_and_then_told_by_asking(
    terminal: SimulatedTerminal, lane: TerminalLane
):
    terminal.mood, told = Mood.HANG, Told()
    started_s = time.monotonic()
    lane.pay("r1", 12_34, "PLN", told)
    assert outcome(told).outcome is ChargeOutcome.UNKNOWN
    assert time.monotonic() - started_s < 2
    terminal.mood = Mood.APPROVE
    terminal.release()
    asked = Told()
    lane.ask("r1", asked)
    assert outcome(asked).outcome is ChargeOutcome.APPROVED
    assert terminal.charged == {"r1": 12_34}


def test_a_payment_behind_a_hung_one_is_never_made(terminal: SimulatedTerminal, lane: TerminalLane):
    terminal.mood, first, second = Mood.HANG, Told(), Told()
    lane.pay("r1", 12_34, "PLN", first)
    outcome(first)
    lane.pay("r2", 12_34, "PLN", second)
    assert outcome(second) == ChargeResult(ChargeOutcome.DECLINED, code="stalled")
    terminal.mood = Mood.APPROVE
    terminal.release()
    time.sleep(0.1)
    assert "r2" not in terminal.charged


def test_a_manual_terminal_answers_at_once():
    lane, told = TerminalLane(ManualTerminal()).start(), Told()
    assert lane.manual
    lane.pay("r1", 12_34, "PLN", told)
    assert outcome(told) == ChargeResult(ChargeOutcome.UNKNOWN, code="manual")
    assert lane.stop()
