"""A printer on a USB cable, named by what it is: `usb:VID:PID`, or `usb:VID:PID:SERIAL` of two alike.

On Linux the kernel's own printer driver (usblp) has a device file for it, which needs nothing else. Where
there is none, and on Windows and macOS, libusb talks to it (USB Device Class Definition for Printing
Devices 1.1: one bulk pipe out, one in). Windows lets libusb near a printer only with the WinUSB driver.
"""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from typing import Any, Final

import msgspec

from hardware.printers.conversation import Link, LinkLost
from hardware.printers.links import FileLink

_NAME: Final = re.compile(r"([0-9A-Fa-f]{4}):([0-9A-Fa-f]{4})(?::(.+))?")
_PRINTER_CLASS: Final = 7
_READ_BYTES: Final = 4096
SYS_USB: Final = Path("/sys/bus/usb/devices")
DEV: Final = Path("/dev")


class UsbName(msgspec.Struct, frozen=True):
    """Which device is meant; `serial` is empty where one of a kind is enough."""

    vendor: int
    product: int
    serial: str = ""

    def __str__(self) -> str:
        return f"usb:{self.vendor:04X}:{self.product:04X}" + (f":{self.serial}" if self.serial else "")


def parse_usb(name: str) -> UsbName:
    """`04B8:0E15` or `04B8:0E15:SERIAL`, as after `usb:`; ValueError if it is neither."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise ValueError(f"usb:{name} is no USB device: write usb:04B8:0E15 (stempel devices shows it)")
    return UsbName(int(found[1], 16), int(found[2], 16), found[3] or "")


def open_usb(name: UsbName, sys_usb: Path = SYS_USB, dev: Path = DEV, backend: Any = None) -> Link:
    """A wire to the printer wherever it is plugged in now; LinkLost if it is not, or may not be opened."""
    node = kernel_node(name, sys_usb, dev)
    return FileLink(node) if node is not None else UsbLink(name, backend)


def kernel_node(name: UsbName, sys_usb: Path = SYS_USB, dev: Path = DEV) -> Path | None:
    """The kernel driver's device file for the printer, None if there is none (or this is not Linux)."""
    for interface in sorted(sys_usb.glob("*:*")):
        device = interface.parent / interface.name.split(":")[0]
        wanted = f"{name.vendor:04x}", f"{name.product:04x}", name.serial or _read(device / "serial")
        here = _read(device / "idVendor"), _read(device / "idProduct"), _read(device / "serial")
        if here == wanted:
            for node in sorted(interface.glob("usbmisc/lp*")):
                return dev / "usb" / node.name
    return None


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace").strip()
    except OSError:
        return ""  # an attribute that a device does not have


class UsbLink:
    """The printer's two bulk pipes through libusb."""

    def __init__(self, name: UsbName, backend: Any = None) -> None:
        import usb.core  # only tills with such a printer pay for it
        import usb.util

        self._util: Any = usb.util
        self._error: type[Exception] = usb.core.USBError
        self._timeout: type[Exception] = usb.core.USBTimeoutError
        try:
            self._device: Any = _find(usb.core, name, backend or _libusb())
        except (usb.core.NoBackendError, self._error) as error:
            raise LinkLost(f"{name}: {error}") from error
        if self._device is None:
            raise LinkLost(f"{name} is not plugged in")
        try:
            self._claim()
        except (self._error, NotImplementedError) as error:
            self.close()
            raise LinkLost(f"{name}: {error}{_hint()}") from error

    def _claim(self) -> None:
        try:
            configuration = self._device.get_active_configuration()
        except self._error:
            self._device.set_configuration()  # nobody has configured it yet
            configuration = self._device.get_active_configuration()
        interface = self._util.find_descriptor(configuration, bInterfaceClass=_PRINTER_CLASS)
        if interface is None:
            raise LinkLost("this USB device is no printer")
        number = interface.bInterfaceNumber
        if sys.platform == "linux" and self._device.is_kernel_driver_active(number):
            self._device.detach_kernel_driver(number)
        self._util.claim_interface(self._device, number)

        def pipe(direction: int) -> Any:
            return self._util.find_descriptor(
                interface,
                custom_match=lambda end: (
                    self._util.endpoint_direction(end.bEndpointAddress) == direction
                    and self._util.endpoint_type(end.bmAttributes) == self._util.ENDPOINT_TYPE_BULK
                ),
            )

        self._out, self._in = pipe(self._util.ENDPOINT_OUT), pipe(self._util.ENDPOINT_IN)
        if self._out is None:
            raise LinkLost("this printer has no pipe to write to")

    def send(self, data: bytes, timeout_s: float) -> int:
        try:
            return int(self._out.write(data, _ms(timeout_s)))
        except self._timeout:
            return 0
        except self._error as error:
            raise LinkLost(str(error)) from error

    def receive(self, timeout_s: float) -> bytes:
        if self._in is None:
            return b""  # a one-way printer; its address says answers=none
        try:
            return bytes(self._in.read(_READ_BYTES, _ms(timeout_s)))
        except self._timeout:
            return b""
        except self._error as error:
            raise LinkLost(str(error)) from error

    def finish(self, timeout_s: float) -> None:
        """What a bulk transfer was acknowledged for is in the printer already."""

    def close(self) -> None:
        self._util.dispose_resources(self._device)


def _ms(timeout_s: float) -> int:
    return max(1, round(timeout_s * 1000))  # 0 would wait for ever


def _find(core: Any, name: UsbName, backend: Any) -> Any:
    found = core.find(find_all=True, idVendor=name.vendor, idProduct=name.product, backend=backend)
    return next((device for device in found if not name.serial or device.serial_number == name.serial), None)


def _libusb() -> Any:
    """The libusb that a package brings (Windows, macOS), else whatever the system has."""
    try:
        package: Any = importlib.import_module("libusb_package")
    except ImportError:
        return None
    return package.get_libusb1_backend()


def _hint() -> str:
    if sys.platform == "win32":
        return "; give it the WinUSB driver (Zadig), or print through its queue: spooler://name"
    return "; this user may not open it: sudo usermod -aG lp $USER, then log in again"
