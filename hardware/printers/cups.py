"""A queue of the CUPS print server (Linux, macOS), over IPP.

The bytes go through as they are (`application/vnd.cups-raw`). CUPS tells where a job is; its own drivers for
network, USB and serial printers count the sheet as they begin to send (backend(7), "PAGE:"), so a job without
a sheet has not reached the printer.
"""

from __future__ import annotations

import getpass
import os
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from hardware.ports import PaperState, PrinterState
from hardware.printers import ipp
from hardware.printers.spooler import Progress, Refused, SpoolerAway

SOCKETS: Final = ("/run/cups/cups.sock", "/var/run/cups/cups.sock", "/private/var/run/cupsd")
_PORT: Final = 631
_STOPPED: Final = 5
_WAITING: Final = (3, 4)
_CANCELLED, _ABORTED, _COMPLETED = 7, 8, 9
_COUNTING: Final = frozenset({"socket", "usb", "serial", "parallel"})
"""Drivers that count a raw job's sheet just before they send its first byte."""
_PRINTER: Final = (
    "printer-state",
    "printer-state-reasons",
    "printer-state-message",
    "printer-is-accepting-jobs",
    "device-uri",
)
_JOB: Final = ("job-state", "time-at-processing", "job-media-sheets-completed")
_TODO: Final = "sudo cupsenable"


class CupsQueue:
    """A `Spool`. `server` is host or host:port; left out, CUPS_SERVER or this machine's own print server."""

    def __init__(self, queue: str, server: str = "", timeout_s: float = 2.5) -> None:
        self._queue = queue
        self._server = server or os.environ.get("CUPS_SERVER", "")
        self._timeout_s = timeout_s
        self._user = getpass.getuser()
        self._counts = False
        self._begun: set[int] = set()
        self._cancelled: set[int] = set()

    def state(self) -> PrinterState:
        answer = self._ask(ipp.GET_PRINTER_ATTRIBUTES, {"requested-attributes": _PRINTER})
        self._counts = "".join(answer.texts("device-uri")).partition(":")[0] in _COUNTING
        reasons = {reason.removesuffix("-report").removesuffix("-warning").removesuffix("-error")
                   for reason in answer.texts("printer-state-reasons")}  # fmt: skip
        message = " ".join(answer.texts("printer-state-message")) or ", ".join(sorted(reasons))
        low = PaperState.LOW if "media-low" in reasons else PaperState.OK
        if reasons & {"cover-open", "door-open", "interlock-open"}:
            return PrinterState(False, low, "cover_open", message)
        if reasons & {"media-empty", "media-needed"}:
            return PrinterState(False, PaperState.OUT, "paper_out", message)
        if reasons & {"offline", "shutdown"}:
            return PrinterState(False, low, "unreachable", message)
        accepts = answer.attributes.get("printer-is-accepting-jobs", (True,))[0]
        if answer.number("printer-state") == _STOPPED or "paused" in reasons or not accepts:
            return PrinterState(False, low, "error", f"{message}; {_TODO} {self._queue}")
        return PrinterState(True, low)

    def submit(self, job: bytes) -> int:
        attributes = {"job-name": "receipt", "document-format": "application/vnd.cups-raw"}
        answer = self._ask(ipp.PRINT_JOB, attributes, job)
        number = answer.number("job-id")
        if number is None:
            raise SpoolerAway(f"{self._queue}: took a job and gave it no number")
        return number

    def progress(self, number: int) -> Progress:
        asked: dict[str, Any] = {"job-id": number, "requested-attributes": _JOB}
        try:
            answer = self._ask(ipp.GET_JOB_ATTRIBUTES, asked)
        except _NotThere:
            return self._gone(number)
        state = answer.number("job-state")
        begun = answer.number("time-at-processing") is not None
        if begun and self._counts and answer.number("job-media-sheets-completed") == 0:
            begun = False  # its driver still looks for the printer
        if begun:
            self._begun.add(number)
        if state == _COMPLETED:
            return Progress.DONE
        if state in (_CANCELLED, _ABORTED):
            return Progress.BROKEN_OFF if begun else Progress.WITHDRAWN
        return Progress.STARTED if begun and state not in _WAITING else Progress.WAITING

    def cancel(self, number: int) -> None:
        # Refused for a job that has ended or is gone, which then is done.
        if self._ask(ipp.CANCEL_JOB, {"job-id": number}, refused_is_well=True).well:
            self._cancelled.add(number)

    def _gone(self, number: int) -> Progress:
        """A server that keeps no history (PreserveJobHistory No) forgets a job when it ends, well or not."""
        online = self.state().online  # raises if it is the queue that is not there
        if number in self._cancelled:
            return Progress.BROKEN_OFF if number in self._begun else Progress.WITHDRAWN
        return Progress.DONE if online else Progress.BROKEN_OFF

    # -- the wire ----------------------------------------------------------------------------------------

    def _ask(
        self,
        operation: int,
        attributes: dict[str, Any],
        document: bytes = b"",
        *,
        refused_is_well: bool = False,
    ) -> ipp.Answer:
        import httpx  # only tills with such a printer pay for it

        path = f"/printers/{quote(self._queue)}"
        head = {"printer-uri": f"ipp://localhost{path}"}
        if "job-id" in attributes:
            head["job-id"] = attributes.pop("job-id")
        body = ipp.request(operation, {**head, "requesting-user-name": self._user, **attributes})
        socket, base = self._where()
        try:
            with httpx.Client(
                transport=httpx.HTTPTransport(uds=socket) if socket else None,
                timeout=self._timeout_s,
                trust_env=False,
            ) as client:
                # Over its own socket, CUPS asks the system who is calling: nobody types a password.
                headers = {"Content-Type": "application/ipp"}
                if socket:
                    headers["Authorization"] = f"PeerCred {self._user}"
                response = client.post(base + path, content=body + document, headers=headers)
        except httpx.ConnectError as error:
            raise Refused(f"the print server does not answer: {error}") from error
        except httpx.HTTPError as error:
            raise SpoolerAway(f"the print server does not answer: {error}") from error
        if response.status_code != 200:
            raise Refused(f"the print server answers {response.status_code} about {self._queue}")
        try:
            answer = ipp.parse(response.content)
        except ipp.IppProblem as problem:
            raise SpoolerAway(str(problem)) from problem
        if not answer.well and not refused_is_well:
            message = " ".join(answer.texts("status-message")) or f"status {answer.status:#06x}"
            problem = _NotThere if answer.status == ipp.NOT_FOUND else Refused
            raise problem(f"{self._queue}: {message}")
        return answer

    def _where(self) -> tuple[str | None, str]:
        """A socket of this machine's, or None, and the address that stands before the path."""
        if self._server.startswith("/"):
            return self._server, "http://localhost"
        if not self._server:
            socket = next((path for path in SOCKETS if Path(path).exists()), None)
            return socket, "http://localhost" if socket else f"http://localhost:{_PORT}"
        return None, f"http://{self._server}" + ("" if ":" in self._server else f":{_PORT}")


class _NotThere(Refused):
    """There is no such queue, or the job is not in it any more."""
