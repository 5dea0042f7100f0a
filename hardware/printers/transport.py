"""A printer behind a wire. One connection a job: most receipt printers serve one at a time.

A connection that outlives its job only stands in the way of the next till.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

from hardware.ports import DeviceProblem, PrinterState, PrintOutcome, PrintResult, ReceiptPrinter
from hardware.printers.conversation import USUAL, Answers, Conversation, Link, LinkLost, Patience
from hardware.printers.cups import CupsQueue
from hardware.printers.escpos import encode
from hardware.printers.links import FileLink, SerialLink, TcpLink
from hardware.printers.profile import Profile
from hardware.printers.spooler import Spool, SpooledPrinter
from hardware.printers.usb_link import open_usb, parse_usb
from hardware.printers.winspool import WinQueue
from hardware.receipt import PrintJob

T = TypeVar("T")


class LinkPrinter:
    """A `ReceiptPrinter` over any wire that `connect` opens."""

    def __init__(
        self,
        connect: Callable[[], Link],
        answers: Answers = Answers.IN_ORDER,
        patience: Patience = USUAL,
    ) -> None:
        self._connect = connect
        self._answers = answers
        self._patience = patience
        # The drawer may be opened from another thread than the one that prints.
        self._one_at_a_time = threading.Lock()
        # Nor is it known how the last job of an earlier process ended.
        self._unsettled = True

    def send(self, job: bytes) -> PrintResult:
        """Send one whole job within its deadline. Never raises for what a printer can do."""
        with self._one_at_a_time:
            result = self._talk(
                lambda talk: talk.print(job, settle=self._unsettled),
                lambda state: PrintResult(PrintOutcome.FAILED, state),
            )
            if result.outcome is not PrintOutcome.FAILED:
                self._unsettled = result.outcome is PrintOutcome.UNKNOWN
            return result

    def state(self) -> PrinterState:
        """Ask the printer how it is."""
        with self._one_at_a_time:
            state = self._talk(lambda talk: talk.state(settle=self._unsettled), lambda state: state)
            self._unsettled = self._unsettled and not state.online
            return state

    def _talk(self, say: Callable[[Conversation], T], away: Callable[[PrinterState], T]) -> T:
        try:
            link = self._connect()
        except LinkLost as error:
            return away(PrinterState(False, code="unreachable", detail=str(error)))
        try:
            return say(Conversation(link, self._answers, self._patience))
        finally:
            link.close()


class PrinterDrawer:
    """A cash drawer on a receipt printer's socket."""

    def __init__(self, printer: ReceiptPrinter, profile: Profile) -> None:
        self._printer = printer
        self._kick = encode(PrintJob(open_drawer=True), profile)

    def open(self) -> None:
        """Open the drawer; DeviceProblem if the printer could not be asked. Blocks for one small job."""
        result = self._printer.send(self._kick)
        if result.outcome is not PrintOutcome.PRINTED:
            raise DeviceProblem(result.state.code, result.state.detail)


def printer_at(address: str, patience: Patience = USUAL) -> ReceiptPrinter:
    """A printer by its address in the settings:

    `tcp://192.168.1.50` (port 9100 if none is given), `usb:04B8:0E15` (`usb:04B8:0E15:SERIAL` of two alike),
    `serial:///dev/ttyUSB0?baud=19200&rtscts=1`, `serial://COM3`, `serial://usb:1A86:7523`,
    `file:///dev/usb/lp0`, `cups://queue` (`cups://host/queue`), `spooler://name` on Windows.
    `answers=real_time` or `answers=none` is for printers that say less than most (`conversation.Answers`); a
    file says nothing unless told, and a spooler cannot be told. ValueError says what is wrong.
    """
    parts = urlsplit(address)
    if parts.scheme in ("cups", "spooler"):
        return SpooledPrinter(_spool(address), patience)
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    connect = _connector(address, options, patience)
    usual = Answers.NONE if parts.scheme == "file" else Answers.IN_ORDER
    try:
        answers = Answers(options.get("answers", usual))
    except ValueError:
        raise ValueError(f"{address}: answers is one of {', '.join(Answers)}") from None
    return LinkPrinter(connect, answers, patience)


def _spool(address: str) -> Spool:
    """A queue of a print service; the name as people write it, or with %20 for its spaces."""
    scheme, _, name = address.partition("://")
    host, slash, queue = name.partition("/") if scheme == "cups" else ("", "", name)
    queue = unquote(queue if slash else host or queue).strip()
    if not queue:
        raise ValueError(f"{address} names no queue: write {scheme}://name (stempel devices shows them)")
    if scheme == "cups":
        return CupsQueue(queue, host if slash else "")
    return WinQueue(queue)


def _connector(address: str, options: dict[str, str], patience: Patience) -> Callable[[], Link]:
    parts = urlsplit(address)
    match parts.scheme:
        case "tcp" if parts.hostname:
            host, port = parts.hostname, parts.port or 9100
            return lambda: TcpLink(host, port, patience.answer_s)
        case "usb" if parts.path:
            name = parse_usb(parts.path)
            return lambda: open_usb(name)
        case "serial" if parts.netloc or parts.path:
            from hardware.serial_ports import check_port  # looks for ports' names: only for such a printer

            line, baud = check_port(parts.netloc + parts.path), options.get("baud", "9600")
            if not baud.isdecimal():
                raise ValueError(f"{address}: baud is a number such as 9600")
            rtscts, xonxoff = options.get("rtscts") == "1", options.get("xonxoff") == "1"
            return lambda: SerialLink(line, int(baud), rtscts=rtscts, xonxoff=xonxoff)
        case "file" if parts.path:
            path = Path(parts.path)
            return lambda: FileLink(path)
        case _:
            raise ValueError(
                f"{address!r} is no printer's address; write tcp://192.168.1.50, usb:04B8:0E15, "
                "serial:///dev/ttyUSB0, cups://queue, spooler://name or file:///dev/usb/lp0"
            )
