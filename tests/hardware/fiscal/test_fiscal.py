"""Fiscal devices: the simulated one's contract under two countries' rules, and the lane that waits for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.lanes import FixedWorld
from hardware.fiscal.lane import FiscalLane, FiscalPatience
from hardware.ports import FiscalAbilities, FiscalOutcome, FiscalResult, FiscalStatus
from hardware.simulated.fiscal import HOUR_MS, POLISH, RUSSIAN, SimulatedFiscal, Trouble
from tests.hardware.contracts import FiscalDeviceContract, fiscal_sale
from tests.support.told import Told

QUICK = FiscalPatience(register_s=0.3, ask_s=0.3, shift_s=0.3)


class SimulatedDesk:
    def __init__(self, abilities: FiscalAbilities = RUSSIAN) -> None:
        self.device = SimulatedFiscal(abilities, world=FixedWorld(1_795_259_100_000))

    def registered(self) -> list[tuple[str, str, int]]:
        return [(entry.request, entry.kind, entry.amount_minor) for entry in self.device.documents]

    def trouble(self, name: str) -> None:
        self.device.trouble = Trouble(name)


class TestSimulatedFiscal(FiscalDeviceContract):
    @pytest.fixture(params=[RUSSIAN, POLISH], ids=["ru", "pl"])
    def desk(self, request: pytest.FixtureRequest) -> SimulatedDesk:
        return SimulatedDesk(request.param)


def test_a_russian_shift_ends_after_24_hours():
    world = FixedWorld(1_795_259_100_000)
    device = SimulatedFiscal(RUSSIAN, world=world)
    device.open_shift("Anna")
    world.ms += 24 * HOUR_MS
    assert device.register(fiscal_sale("r1")).outcome is FiscalOutcome.REGISTERED
    world.ms += 1
    assert device.status().code == "shift_expired"
    assert device.register(fiscal_sale("r2")).code == "shift_expired"
    device.close_shift("Anna")
    device.open_shift("Anna")
    assert device.register(fiscal_sale("r3")).outcome is FiscalOutcome.REGISTERED


def test_its_journal_outlives_the_till(tmp_path: Path):
    first = SimulatedFiscal(file=tmp_path / "fiscal.json")
    first.open_shift("Anna")
    sold = first.register(fiscal_sale())
    assert SimulatedFiscal(file=tmp_path / "fiscal.json").last_document() == ("r1", sold)


@pytest.fixture
def device() -> SimulatedFiscal:
    device = SimulatedFiscal()
    device.open_shift("Anna")
    return device


@pytest.fixture
def lane(device: SimulatedFiscal) -> Iterator[FiscalLane]:
    lane = FiscalLane(device, QUICK).start()
    yield lane
    device.release()
    assert lane.stop()
    assert [t.name for t in threading.enumerate() if t.name in ("lane-fiscal", "hand fiscal")] == []


@pytest.mark.parametrize(
    ("trouble", "outcome", "code", "kept"),
    [
        (Trouble.NONE, FiscalOutcome.REGISTERED, "", 1),
        (Trouble.REFUSE, FiscalOutcome.REFUSED, "error", 0),
        (Trouble.OFFLINE, FiscalOutcome.REFUSED, "unreachable", 0),
        (Trouble.LOST_BEFORE, FiscalOutcome.REFUSED, "not_registered", 0),
        (Trouble.LOST_AFTER, FiscalOutcome.REGISTERED, "", 1),
        (Trouble.GONE_BEFORE, FiscalOutcome.UNKNOWN, "unreachable", 0),
        (Trouble.GONE_AFTER, FiscalOutcome.UNKNOWN, "unreachable", 1),
        (Trouble.MEMORY_FULL, FiscalOutcome.REFUSED, "memory_full", 0),
        (Trouble.HANG, FiscalOutcome.UNKNOWN, "timeout", 1),
    ],
)
def test_the_answer_is_what_the_device_did(
    device: SimulatedFiscal,
    lane: FiscalLane,
    trouble: Trouble,
    outcome: FiscalOutcome,
    code: str,
    kept: int,
):
    device.trouble, told = trouble, Told()
    lane.register(fiscal_sale(), told)
    result = told.wait(FiscalResult)
    assert (result.outcome, result.code) == (outcome, code)
    assert len(device.documents) == kept


@pytest.mark.parametrize("trouble", [Trouble.GONE_BEFORE, Trouble.GONE_AFTER])
def test_what_is_unknown_is_settled_by_the_last_document_later(
    device: SimulatedFiscal, lane: FiscalLane, trouble: Trouble
):
    device.trouble, told = trouble, Told()
    lane.register(fiscal_sale(), told)
    assert told.wait(FiscalResult).outcome is FiscalOutcome.UNKNOWN
    device.trouble, later = Trouble.NONE, Told()
    lane.resolve("r1", later)
    expected = FiscalOutcome.REGISTERED if trouble is Trouble.GONE_AFTER else FiscalOutcome.REFUSED
    assert later.wait(FiscalResult).outcome is expected
    assert [entry.request for entry in device.documents].count("r1") <= 1


def test_status_and_shifts_come_by_the_lane(device: SimulatedFiscal, lane: FiscalLane):
    told = Told()
    lane.status(told)
    assert told.wait(FiscalStatus).shift_opened_ms is not None
    lane.close_shift("Anna", told)
    assert told.wait(FiscalResult).outcome is FiscalOutcome.REGISTERED
    lane.open_shift("Anna", told)
    told.wait(FiscalResult, lambda result: result.number == "3")
    lane.print_text(("Punkty: 12",), told)
    lane.status(told)
    told.wait(FiscalStatus, lambda status: len(device.papers) == 1)
    assert told.threads == {"lane-fiscal"}
