"""The simulated desk passes the contracts of the real devices, and stays away from real shops."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware.ports import CardFailed, CardProof, CardRemoved, CardTapped, DeviceProblem, ReaderRole
from hardware.simulated import MARK, claim_demo
from hardware.simulated.drawer import SimulatedDrawer
from hardware.simulated.reader import SimulatedReader
from hardware.simulated.scanner import SimulatedScanner
from tests.hardware.contracts import (
    CardReaderContract,
    CardWriterContract,
    CashDrawerContract,
    ScannerContract,
)
from tests.support.told import Told


class ReaderDesk:
    def __init__(self) -> None:
        self.reader = SimulatedReader()

    def lay(self, uid: str, record: str | None) -> None:
        self.reader.tap(uid, record)

    def lift(self) -> None:
        self.reader.remove()


class TestSimulatedReader(CardReaderContract, CardWriterContract):
    @pytest.fixture
    def desk(self) -> Iterator[ReaderDesk]:
        desk = ReaderDesk()
        yield desk
        assert desk.reader.stop()

    def test_a_second_tap_takes_the_first_card_away(self, desk: ReaderDesk, told: Told):
        desk.lay("04a1b2c3d4e580", None)
        desk.lay("04A1B2C3D4E581", None)
        told.wait(CardTapped, lambda tap: tap.uid.endswith("81"))
        kinds = [type(event) for event in told.events[1:]]
        assert kinds == [CardTapped, CardRemoved, CardTapped]

    def test_it_can_prove_and_it_can_fail(self, desk: ReaderDesk, told: Told):
        desk.reader.tap("04DE5F1EACC040", None, "ntag424", CardProof.GENUINE, counter=61)
        assert told.wait(CardTapped).proof is CardProof.GENUINE
        desk.reader.fail("torn")
        assert told.wait(CardFailed).code == "torn"

    def test_it_can_be_the_staffs(self, desk: ReaderDesk, told: Told):
        desk.reader.tap("04A1B2C3D4E580", role=ReaderRole.STAFF)
        assert told.wait(CardTapped).role is ReaderRole.STAFF

    def test_a_uid_that_is_none_is_refused_at_once(self, desk: ReaderDesk, told: Told):
        with pytest.raises(ValueError, match="hexadecimal"):
            desk.reader.tap("LOY-17")


class ScannerDesk:
    def __init__(self) -> None:
        self.scanner = SimulatedScanner()

    def fire(self, text: str) -> None:
        self.scanner.fire(text)


class TestSimulatedScanner(ScannerContract):
    @pytest.fixture
    def desk(self) -> Iterator[ScannerDesk]:
        desk = ScannerDesk()
        yield desk
        assert desk.scanner.stop()


class DrawerDesk:
    def __init__(self) -> None:
        self.drawer = SimulatedDrawer()

    def openings(self) -> int:
        return self.drawer.count

    def jam(self) -> None:
        self.drawer.jammed = True


class TestSimulatedDrawer(CashDrawerContract):
    @pytest.fixture
    def desk(self) -> DrawerDesk:
        return DrawerDesk()


# -- beside a real shop ----------------------------------------------------------------------------------


def test_an_empty_folder_becomes_a_demo_and_stays_one(tmp_path: Path):
    for folder in (tmp_path / "new" / "demo", tmp_path / "empty"):
        if folder.name == "empty":
            folder.mkdir()
        claim_demo(folder)
        (folder / "till.db").write_bytes(b"data")
        claim_demo(folder)
        assert (folder / MARK).is_file()


def test_a_folder_with_a_real_shop_is_refused_and_left_alone(tmp_path: Path):
    (tmp_path / "till.db").write_bytes(b"data")
    with pytest.raises(DeviceProblem) as refused:
        claim_demo(tmp_path)
    assert refused.value.code == "simulated_beside_real"
    assert "empty folder" in refused.value.detail
    assert [path.name for path in tmp_path.iterdir()] == ["till.db"]
