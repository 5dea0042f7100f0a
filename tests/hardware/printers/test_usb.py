"""A printer on a USB cable: through the kernel's own driver, and through libusb."""

from __future__ import annotations

import os
import pty
import socket
import threading
import tty
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from hardware.ports import PaperState, PrinterState, PrintOutcome
from hardware.printers.conversation import LinkLost, Patience
from hardware.printers.transport import LinkPrinter, printer_at
from hardware.printers.usb_link import UsbLink, UsbName, kernel_node, open_usb, parse_usb
from tests.hardware.printers.contract import JOB, ReceiptPrinterContract
from tests.support.tcp_printer import TcpPrinter
from tests.support.usb_backend import UsbBus

QUICK = Patience(answer_s=0.25, finish_s=1.5, poll_s=0.05)
NAME = UsbName(0x04B8, 0x0E15)


class UsbDesk:
    """The network printer behind a USB bus; switched off, it is gone from the bus."""

    def __init__(self, paper: TcpPrinter) -> None:
        self._paper = paper
        self.bus = UsbBus(paper.address)
        self.printer = LinkPrinter(lambda: UsbLink(NAME, self.bus), patience=QUICK)

    def put(self, *, cover_open: bool = False, paper: PaperState = PaperState.OK, off: bool = False) -> None:
        self._paper.cover_open, self._paper.paper = cover_open, paper
        self.bus.plugged = not off

    def tear(self) -> None:
        self._paper.paper_lasts = 5

    def on_paper(self) -> bytes:
        return bytes(self._paper.printed)


@pytest.fixture
def paper() -> Iterator[TcpPrinter]:
    with TcpPrinter() as printer:
        yield printer


class TestUsbPrinter(ReceiptPrinterContract):
    @pytest.fixture
    def desk(self) -> Iterator[UsbDesk]:
        with TcpPrinter() as paper:
            yield UsbDesk(paper)


def test_the_kernels_driver_is_put_aside_and_nothing_stays_claimed(paper: TcpPrinter) -> None:
    desk = UsbDesk(paper)
    assert desk.printer.send(JOB).outcome is PrintOutcome.PRINTED
    assert not desk.bus.kernel_driver
    assert desk.bus.claimed == []


def test_a_cable_pulled_in_the_middle_leaves_the_job_unknown(paper: TcpPrinter) -> None:
    desk = UsbDesk(paper)
    paper.dies_after = 300
    result = desk.printer.send(JOB)
    assert (result.outcome, result.state.code) == (PrintOutcome.UNKNOWN, "unreachable")


def test_a_printer_that_stops_reading_is_stalled(paper: TcpPrinter) -> None:
    paper.stalls_after = 200
    result = UsbDesk(paper).printer.send(JOB * 4000)
    assert (result.outcome, result.state.code) == (PrintOutcome.UNKNOWN, "stalled")


def test_of_two_alike_the_serial_number_tells_which(paper: TcpPrinter) -> None:
    UsbLink(UsbName(0x04B8, 0x0E15, "J4K1"), UsbBus(paper.address, "J4K1")).close()
    with pytest.raises(LinkLost, match="usb:04B8:0E15:OTHER is not plugged in"):
        UsbLink(UsbName(0x04B8, 0x0E15, "OTHER"), UsbBus(paper.address, "J4K1"))


def test_what_is_no_printer_is_refused(paper: TcpPrinter) -> None:
    bus = UsbBus(paper.address, class_code=3)
    with pytest.raises(LinkLost, match="no printer"):
        UsbLink(NAME, bus)
    assert bus.claimed == []


def test_names_are_as_devices_shows_them() -> None:
    assert parse_usb("04b8:0E15:J4K1") == UsbName(0x04B8, 0x0E15, "J4K1")
    assert str(parse_usb("04b8:0e15")) == "usb:04B8:0E15"
    for wrong in ("", "04b8", "04b8-0e15", "zzzz:0e15"):
        with pytest.raises(ValueError, match="usb:04B8:0E15"):
            parse_usb(wrong)


# -- the kernel's device file ----------------------------------------------------------------------------


@pytest.fixture
def sys_usb(tmp_path: Path) -> Path:
    """Two printers of one model as Linux shows them, the second with a device file lp1."""
    for device, serial, node in (("1-1", "A1", "lp0"), ("1-2", "B2", "lp1")):
        folder = tmp_path / "sys" / device
        (folder.parent / f"{device}:1.0" / "usbmisc" / node).mkdir(parents=True)
        folder.mkdir()
        for name, text in (("idVendor", "04b8"), ("idProduct", "0e15"), ("serial", serial)):
            (folder / name).write_text(text + "\n")
    (tmp_path / "sys" / "1-3:1.0").mkdir()  # something without a driver
    return tmp_path / "sys"


def test_a_printer_keeps_its_name_in_another_socket(sys_usb: Path, tmp_path: Path) -> None:
    dev = tmp_path / "dev"
    assert kernel_node(NAME, sys_usb, dev) == dev / "usb/lp0"
    assert kernel_node(UsbName(0x04B8, 0x0E15, "B2"), sys_usb, dev) == dev / "usb/lp1"
    assert kernel_node(UsbName(0x04B8, 0x0E15, "C3"), sys_usb, dev) is None
    assert kernel_node(UsbName(0x1234, 0x0E15), sys_usb, dev) is None


def test_the_kernels_device_file_is_printed_on_where_there_is_one(
    sys_usb: Path, tmp_path: Path, paper: TcpPrinter
) -> None:
    """A pseudo-terminal stands for /dev/usb/lp0: a character device that answers."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    (tmp_path / "dev/usb").mkdir(parents=True)
    (tmp_path / "dev/usb/lp0").symlink_to(os.ttyname(theirs))
    where = urlsplit(paper.address)
    wire = socket.create_connection((str(where.hostname), int(where.port or 0)))
    pumps = [
        threading.Thread(target=_pump, args=ends, daemon=True)
        for ends in ((ours, wire.fileno()), (wire.fileno(), ours))
    ]
    for pump in pumps:
        pump.start()
    link = open_usb(NAME, sys_usb, tmp_path / "dev")
    printer = LinkPrinter(lambda: link, patience=Patience(answer_s=2, finish_s=5, poll_s=0.1))
    result = printer.send(JOB)
    assert (result.outcome, result.state) == (PrintOutcome.PRINTED, PrinterState(True))
    assert bytes(paper.printed) == JOB
    wire.shutdown(socket.SHUT_RDWR)
    os.close(theirs)
    pumps[1].join(5)
    wire.close()


def _pump(source: int, target: int) -> None:
    try:
        while data := os.read(source, 4096):
            os.write(target, data)
    except OSError:
        return  # the other end is gone


def test_an_absent_printer_is_unreachable() -> None:
    assert printer_at("usb:1209:FFFF", QUICK).state().code == "unreachable"
