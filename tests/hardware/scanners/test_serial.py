"""The serial scanner on a real pair of ports made by socat, unplugged for real."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.lanes import Backoff
from hardware.ports import Scan, ScannerState
from hardware.scanners.serial import SerialScanner, SerialSettings
from hardware.serial_ports import find_port
from tests.hardware.contracts import ScannerContract
from tests.support.serial_pair import SerialPair
from tests.support.told import Told

QUICK = Backoff(0.05, 0.2)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[SerialPair]:
    pair = SerialPair(tmp_path).plug()
    yield pair
    pair.unplug()


class SerialDesk:
    def __init__(self, pair: SerialPair) -> None:
        self.pair = pair
        self.scanner = SerialScanner(SerialSettings(str(pair.till_end), backoff=QUICK))

    def fire(self, text: str) -> None:
        self.pair.write(text.encode() + b"\r")


class TestSerialScanner(ScannerContract):
    @pytest.fixture
    def desk(self, pair: SerialPair) -> Iterator[SerialDesk]:
        desk = SerialDesk(pair)
        yield desk
        assert desk.scanner.stop()


@pytest.fixture
def told(pair: SerialPair) -> Iterator[Told]:
    """A running scanner that has found its port."""
    told = Told()
    scanner = SerialScanner(SerialSettings(str(pair.till_end), backoff=QUICK))
    scanner.start(told)
    assert told.wait(ScannerState).connected
    yield told
    assert scanner.stop(2)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("lane-scanner")]


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b"\t"])
def test_each_suffix_ends_a_code_once(pair: SerialPair, told: Told, end: bytes):
    pair.write(b"4006381333931" + end + b"5901234123457" + end)
    told.wait(Scan, lambda scan: scan.text == "5901234123457")
    assert [scan.text for scan in told.of(Scan)] == ["4006381333931", "5901234123457"]


def test_silence_ends_a_code_without_a_suffix(pair: SerialPair, told: Told):
    pair.write(b"4006381333931")
    assert told.wait(Scan).text == "4006381333931"


def test_a_code_in_two_parts_is_one_scan(pair: SerialPair, told: Told):
    pair.write(b"400638")
    pair.write(b"1333931\r")
    assert told.wait(Scan).text == "4006381333931"


def test_garbage_is_a_scan_of_an_unknown_code(pair: SerialPair, told: Told):
    pair.write(b"\xff\xfe\x00\x80\r")
    assert "\ufffd" in told.wait(Scan).text
    pair.write("Żółć\r".encode())
    told.wait(Scan, lambda scan: scan.text == "Żółć")


def test_a_stream_without_an_end_is_cut_and_does_not_grow(pair: SerialPair, told: Told):
    pair.write(b"7" * 20_000 + b"\r")
    told.wait(Scan, lambda scan: sum(len(scan.text) for scan in told.events[1:]) == 20_000)
    assert all(len(scan.text) < 12_000 for scan in told.of(Scan))


def test_unplugged_and_plugged_in_again(pair: SerialPair, told: Told):
    pair.write(b"4006381333931\r")
    told.wait(Scan)
    pair.unplug()
    assert told.wait(ScannerState, lambda state: not state.connected).detail
    told.clear()
    pair.plug()
    assert told.wait(ScannerState).connected
    pair.write(b"5901234123457\r")
    assert told.wait(Scan).text == "5901234123457"


def test_a_port_that_is_not_there_is_told_once_and_waited_for(tmp_path: Path):
    pair, told = SerialPair(tmp_path), Told()
    scanner = SerialScanner(SerialSettings(str(pair.till_end), backoff=QUICK))
    scanner.start(told)
    assert not told.wait(ScannerState).connected
    try:
        pair.plug()
        told.wait(ScannerState, lambda state: state.connected)
        assert [state.connected for state in told.of(ScannerState)] == [False, True]
    finally:
        assert scanner.stop()
        pair.unplug()


def test_a_usb_name_is_found_wherever_it_is_plugged_in(monkeypatch: pytest.MonkeyPatch):
    # No USB bus here to plug into: the list of ports is the one thing that is made up.
    class Port:
        vid, pid, serial_number, device = 0x0C2E, 0x0B61, "SN7", "/dev/ttyACM3"

    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: [Port])
    assert find_port("usb:0C2E:0b61") == "/dev/ttyACM3"
    assert find_port("usb:0C2E:0B61:SN7") == "/dev/ttyACM3"
    assert find_port("/dev/ttyS0") == "/dev/ttyS0"
    with pytest.raises(FileNotFoundError, match="SN8"):
        find_port("usb:0C2E:0B61:SN8")
