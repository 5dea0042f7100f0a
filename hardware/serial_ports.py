"""Serial ports by name: whatever the operating system calls them today.

`/dev/ttyACM0` becomes `/dev/ttyACM1` when a second device is plugged in first, and `COM3` becomes `COM7` in
another socket. A USB device is better named by what it is: `usb:VID:PID`, or `usb:VID:PID:SERIAL` where two
of a kind are plugged in (`stempel devices` shows the name).
"""

from __future__ import annotations

import re
import sys
from typing import Final

from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

_USB: Final = re.compile(r"usb:([0-9A-Fa-f]{4}):([0-9A-Fa-f]{4})(?::(.+))?")


def _errors() -> tuple[type[Exception], ...]:
    """pyserial's own errors are OSErrors; some of the terminal's calls are let through as they are."""
    if sys.platform == "win32":
        return (OSError,)
    import termios

    return (OSError, termios.error)


GONE: Final = _errors()
"""What a port raises that is not there, not allowed, taken, or pulled out."""


def check_port(name: str) -> str:
    """The name as it is; ValueError if it can name no port, for settings."""
    if not name.strip() or (name.lower().startswith("usb:") and _USB.fullmatch(name) is None):
        raise ValueError(f"{name!r} is no serial port: write usb:1A86:7523, /dev/ttyUSB0 or COM3")
    return name


def find_port(name: str) -> str:
    """The device for a port's name; a USB name is looked up now, FileNotFoundError if it is not there."""
    usb = _USB.fullmatch(name)
    if usb is None:
        return name
    vid, pid, number = int(usb[1], 16), int(usb[2], 16), usb[3]
    for port in list_ports.comports():
        if (port.vid, port.pid) == (vid, pid) and number in (None, port.serial_number):
            return str(port.device)
    raise FileNotFoundError(f"no serial device {name} is plugged in")


def address_of(port: ListPortInfo) -> str:
    """The name that survives another socket, where the device has one; else what it is called now."""
    if port.vid is None or port.pid is None:
        return str(port.device)
    number = f":{port.serial_number}" if port.serial_number else ""
    return f"usb:{port.vid:04X}:{port.pid:04X}{number}"
