"""What is plugged into this machine, and what to do about what is wrong with it.

For `stempel doctor` and `stempel devices`: it looks, and neither opens a port nor prints a byte. Every look
has a deadline, for a frozen PC/SC service would block for ever.
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from hardware.cards.hand import Hand
from hardware.cards.session import PcscError, ReaderState, Session
from hardware.serial_ports import address_of, find_port

Kind = Literal["card service", "card reader", "serial port", "printer"]


@dataclass(frozen=True, slots=True)
class Device:
    """One device as it is now.

    `address` is what the settings call it ("" if it needs no setting). `state` is ready, card, mute, away,
    silent or closed; `todo` is the next step if there is one, and `wrong` says that the device cannot work as
    it is. `detail` is for the log. `used` names the settings' section that means this device.
    """

    kind: Kind
    name: str
    state: str
    address: str = ""
    todo: str = ""
    wrong: bool = False
    detail: str = ""
    used: str = ""


_SERVICE_NAME: Final = {"win32": "Smart Card", "darwin": "CryptoTokenKit"}.get(sys.platform, "pcscd")
_SERVICE_START: Final = (
    "sudo systemctl enable --now pcscd.socket"
    if sys.platform == "linux"
    else f"start the service {_SERVICE_NAME}"
)


def list_devices(deadline_s: float = 2.0) -> list[Device]:
    """All card readers, serial ports and printers that this machine shows; takes at most about twice
    `deadline_s` (PC/SC, then the print spooler)."""
    return [
        *list_card_readers(deadline_s),
        *list_serial_ports(),
        *list_usb_printers(),
        *list_print_queues(deadline_s),
    ]


def with_uses(devices: Sequence[Device], wanted: Mapping[str, str]) -> list[Device]:
    """The devices, each serial one with the section of the settings that names it, by whatever name.

    `wanted` maps sections ("scale") to ports as they are written there. One that is not plugged in is added,
    as away: a port that was renamed is found by what its device is, a device that is gone is missed.
    """
    found, missing = list(devices), []
    for section, port in wanted.items():
        here = next((place for place, device in enumerate(found) if _is(device, port)), None)
        if here is not None:
            found[here] = replace(found[here], used=section)
        elif not Path(port).exists():
            todo = (
                f"[{section}] {port} is not plugged in. Look at its cable, or write an address of this list."
            )
            missing.append(Device("serial port", port, "away", port, todo, wrong=True, used=section))
    return [*found, *missing]


def _is(device: Device, port: str) -> bool:
    if device.kind != "serial port":
        return False
    try:
        return find_port(port) in (device.detail, device.address)
    except FileNotFoundError:
        return False


# -- cards -----------------------------------------------------------------------------------------------


def list_card_readers(deadline_s: float = 2.0) -> list[Device]:
    """The PC/SC service and its readers. A service that does not answer in time is silent, not waited for."""
    answers: queue.SimpleQueue[list[Device] | Exception] = queue.SimpleQueue()
    hand = Hand("cards list", answers.put)  # type: ignore[arg-type]
    hand.ask(lambda session: answers.put(_card_readers(session)))
    try:
        answer = answers.get(timeout=deadline_s)
    except queue.Empty:
        answer = None
    hand.let_go()
    if answer is None:
        todo = f"The card service {_SERVICE_NAME} hangs. Restart it, or the machine."
        return [Device("card service", _SERVICE_NAME, "silent", todo=todo, wrong=True)]
    if isinstance(answer, PcscError):
        todo = f"Only if this till reads cards: {_SERVICE_START}."
        return [Device("card service", _SERVICE_NAME, "away", todo=todo, detail=str(answer))]
    if isinstance(answer, Exception):
        raise answer
    return [Device("card service", _SERVICE_NAME, "ready"), *answer]


def _card_readers(session: Session) -> list[Device]:
    names = session.readers()
    states = session.wait([ReaderState(name, 0) for name in names], 0) if names else []
    return [describe_reader(state, _serial_of(session, state.name)) for state in states]


def _serial_of(session: Session, reader: str) -> str:
    try:
        return session.serial(reader)
    except PcscError:
        return ""  # another program has it for itself just now


def describe_reader(state: ReaderState, serial: str = "") -> Device:
    """A reader in words, its serial number as its address; a mute card on it is the card's fault."""
    if state.mute:
        todo = "The card on it does not answer: turn it round, or try another."
        return Device("card reader", state.name, "mute", serial, todo=todo)
    return Device("card reader", state.name, "card" if state.present else "ready", serial)


# -- serial ports ----------------------------------------------------------------------------------------


def list_serial_ports() -> list[Device]:
    """Serial ports, with the address that survives another socket where the device has one."""
    return [_serial_port(port) for port in sorted(list_ports.comports(), key=lambda port: port.device)]


def _serial_port(port: ListPortInfo) -> Device:
    # pyserial says "n/a" for what it does not know.
    words = [
        word for word in (port.manufacturer, port.product or port.description) if word not in (None, "n/a")
    ]
    name, address = " ".join(words) or str(port.device), address_of(port)
    if os.access(port.device, os.R_OK | os.W_OK) or sys.platform == "win32":
        return Device("serial port", name, "ready", address, detail=str(port.device))
    todo = f"This user may not open {port.device}: sudo usermod -aG dialout $USER, then log in again."
    return Device("serial port", name, "closed", address, todo, wrong=True, detail=str(port.device))


# -- printers --------------------------------------------------------------------------------------------


def list_usb_printers(
    sys_usb: Path = Path("/sys/bus/usb/devices"), may_write: Callable[[Path], bool] | None = None
) -> list[Device]:
    """USB printers that Linux has a device file for, by the USB class "printer" (7)."""
    allowed = may_write or (lambda path: os.access(path, os.W_OK))
    return [
        _usb_printer(interface, node, allowed)
        for interface in sorted(sys_usb.glob("*:*"))
        if _read(interface / "bInterfaceClass") == "07"
        for node in _nodes(interface)
    ]


def _nodes(interface: Path) -> Iterator[Path]:
    # usblp calls its class device lp0 under usbmisc; without that module there is nothing to write to.
    for node in sorted(interface.glob("usbmisc/lp*")):
        yield Path("/dev/usb") / node.name


def _usb_printer(interface: Path, node: Path, allowed: Callable[[Path], bool]) -> Device:
    device = interface.parent / interface.name.split(":")[0]
    name = f"{_read(device / 'manufacturer')} {_read(device / 'product')}".strip() or node.name
    address = _usb_address(device) or f"file://{node}"
    if allowed(node):
        return Device("printer", name, "ready", address, detail=str(node))
    todo = f"This user may not print on {node}: sudo usermod -aG lp $USER, then log in again."
    return Device("printer", name, "closed", address, todo, wrong=True, detail=str(node))


def _usb_address(device: Path) -> str:
    """The name that survives another socket (`hardware.printers.usb_link`)."""
    parts = [_read(device / name) for name in ("idVendor", "idProduct", "serial")]
    return (
        ":".join(["usb", *(part.upper() for part in parts[:2]), *filter(None, parts[2:])])
        if all(parts[:2])
        else ""
    )


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace").strip()
    except OSError:
        return ""  # an attribute that a device does not have


def list_print_queues(deadline_s: float = 2.0, command: str = "lpstat") -> list[Device]:
    """Queues of the CUPS print spooler; none where there is no spooler."""
    try:
        done = subprocess.run(
            [command, "-e"], capture_output=True, text=True, timeout=deadline_s, check=False
        )
    except FileNotFoundError:
        return []
    except subprocess.TimeoutExpired:
        todo = "The print spooler hangs. Restart it: sudo systemctl restart cups."
        return [Device("printer", "CUPS", "silent", todo=todo, wrong=True)]
    names = filter(None, map(str.strip, done.stdout.splitlines()))
    return [Device("printer", name, "ready", f"cups://{name}") for name in names]
