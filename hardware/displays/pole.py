"""A two-line pole display on a serial port (RS-232, or USB with a serial chip).

Two command sets: `cd5220`, which most poles speak (Partner Tech CD5220 user's manual, section 6), and
`escpos`, Epson's own for its DM-D displays. Many poles speak both; a switch inside chooses.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

import serial

from app.lanes import Backoff, Lane, World
from hardware.displays.pages import PAGES, two_lines
from hardware.ports import DeviceProblem, DisplayText
from hardware.serial_ports import GONE, check_port, find_port

Commands = Literal["cd5220", "escpos"]

_CLEAR: Final = b"\x0c"
_FONTS: Final = {"cp866": b"R", "cp852": b"L"}
"""CD5220 `ESC f`: its Russian and Slavonic letters; A is for the rest."""
_TABLES: Final = {"cp437": 0, "cp866": 17, "cp852": 18, "cp858": 19}
"""Epson `ESC t`."""
_LOOK_S: Final = 1.0
"""How often an idle port is looked at: a pole says nothing, so only the port tells that it is gone."""


@dataclass(frozen=True, slots=True)
class PoleSettings:
    """`port` as in `hardware.serial_ports`; `page` the code page whose letters the display has.

    ValueError says which setting cannot be.
    """

    port: str
    commands: Commands = "cd5220"
    baud: int = 9600
    columns: int = 20
    page: str = "cp437"
    write_s: float = 2.0
    backoff: Backoff = field(default_factory=Backoff)

    def __post_init__(self) -> None:
        check_port(self.port)
        if self.commands not in ("cd5220", "escpos"):
            raise ValueError(f"commands is cd5220 or escpos, not {self.commands!r}")
        if self.page not in PAGES:
            raise ValueError(f"page is one of {', '.join(PAGES)}, not {self.page!r}")
        if not 8 <= self.columns <= 40:
            raise ValueError(f"columns is a number from 8 to 40, not {self.columns}")


def wake_up(settings: PoleSettings) -> bytes:
    """What a display needs to hear first: start afresh, and which letters it is to show."""
    if settings.commands == "escpos":
        # Overwrite mode, cursor off.
        return b"\x1b@" + b"\x1bt" + bytes([_TABLES[settings.page]]) + b"\x1f\x01" + b"\x1fC\x00" + _CLEAR
    return b"\x1b@" + b"\x1bf" + _FONTS.get(settings.page, b"A") + _CLEAR


def both_lines(text: DisplayText, settings: PoleSettings) -> bytes:
    """The bytes that show a text, over whatever was there."""
    top, bottom = (line.encode(settings.page) for line in two_lines(text, settings.columns, settings.page))
    if settings.commands == "escpos":
        return b"\x1f$\x01\x01" + top + b"\x1f$\x01\x02" + bottom
    return b"\x1bQA" + top + b"\r" + b"\x1bQB" + bottom + b"\r"


class PoleDisplay:
    """The CustomerDisplay on a serial port.

    Lane "display": shows the newest text until `stop`, opens the port again after every loss with a back-off
    and shows what it should show then. Texts in between are never shown: nobody could have read them.
    """

    def __init__(self, settings: PoleSettings, world: World | None = None) -> None:
        self._settings = settings
        self._world = world
        self._lane: Lane | None = None
        self._text = DisplayText()
        self._news = threading.Event()
        self._told: str | None = ""
        self._heard: Callable[[DeviceProblem | None], None] = lambda problem: None

    def start(self, on_problem: Callable[[DeviceProblem | None], None]) -> None:
        if self._lane is not None and self._lane.alive:
            raise RuntimeError("the display runs already")
        self._heard, self._told = on_problem, ""
        self._lane = Lane(
            "display", loop=self._run, on_crash=self._lost, backoff=self._settings.backoff, world=self._world
        ).start()

    def show(self, text: DisplayText) -> None:
        self._text = text
        self._news.set()

    def stop(self, deadline_s: float = 5.0) -> bool:
        if self._lane is None:
            return True
        self._lane.stopping.set()
        self._news.set()
        return self._lane.stop(deadline_s)

    def age_s(self) -> float:
        """Seconds since the lane last beat; infinite before the start."""
        return self._lane.age_s() if self._lane is not None else float("inf")

    # -- on the lane's thread ----------------------------------------------------------------------------

    def _run(self, lane: Lane) -> None:
        settings = self._settings
        device = find_port(settings.port)
        with serial.Serial(
            device, settings.baud, timeout=0, write_timeout=settings.write_s, exclusive=True
        ) as port:
            port.write(wake_up(settings))
            self._tell(None)
            self._keep_showing(lane, port)
            port.write(_CLEAR)  # a closed till shows nobody's total

    def _keep_showing(self, lane: Lane, port: serial.Serial) -> None:
        there: DisplayText | None = None
        while not lane.stopping.is_set():
            lane.beat()
            self._news.clear()
            wanted = self._text
            if wanted != there:
                port.write(both_lines(wanted, self._settings))
                there = wanted
            else:
                _ = port.in_waiting  # raises once the port is gone
            self._news.wait(_LOOK_S)

    def _lost(self, error: BaseException) -> None:
        if isinstance(error, serial.SerialTimeoutException):
            self._tell(DeviceProblem("stalled", str(error)))
        elif isinstance(error, GONE):
            self._tell(DeviceProblem("unreachable", str(error)))
        else:
            args = (type(error), error, error.__traceback__, threading.current_thread())
            threading.excepthook(threading.ExceptHookArgs(args))

    def _tell(self, problem: DeviceProblem | None) -> None:
        code = problem.code if problem is not None else None
        if code != self._told:
            self._told = code
            self._heard(problem)
