"""What a stream of ESC/POS bytes leaves on paper: a model of the printer, not of our document."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from hardware.printers import codes
from hardware.printers.bitmap import Bitmap
from hardware.printers.commands import Command, commands
from hardware.printers.profile import Profile
from hardware.receipt import Align

_ALIGN: Final = (Align.LEFT, Align.CENTER, Align.RIGHT)


@dataclass(frozen=True, slots=True)
class Run:
    """Text of one style; `across` and `down` are 1 to 8."""

    text: str
    bold: bool = False
    across: int = 1
    down: int = 1


@dataclass(frozen=True, slots=True)
class Row:
    """A printed line; no runs at all is an empty line."""

    runs: tuple[Run, ...]
    align: Align = Align.LEFT

    @property
    def down(self) -> int:
        return max((run.down for run in self.runs), default=1)


@dataclass(frozen=True, slots=True)
class Picture:
    bitmap: Bitmap
    align: Align


@dataclass(frozen=True, slots=True)
class Bars:
    """A linear code that the printer drew, with its text below if it was told so."""

    text: str
    modules: str
    dots: int
    height: int
    align: Align
    text_below: bool


@dataclass(frozen=True, slots=True)
class QrSign:
    data: bytes
    dots: int
    error: str
    align: Align


@dataclass(frozen=True, slots=True)
class Feed:
    """White paper, in dots."""

    dots: int


@dataclass(frozen=True, slots=True)
class CutMark:
    full: bool


@dataclass(frozen=True, slots=True)
class Kick:
    """A pulse on the drawer's pin (2 or 5)."""

    pin: int


Mark = Row | Picture | Bars | QrSign | Feed | CutMark | Kick


@dataclass(slots=True)
class Paper:
    """All marks in order, and the commands that no printer of ours is sent."""

    profile: Profile
    marks: list[Mark] = field(default_factory=list)
    unknown: list[Command] = field(default_factory=list)

    @property
    def kicks(self) -> int:
        return sum(isinstance(mark, Kick) for mark in self.marks)


def interpret(stream: bytes, profile: Profile) -> Paper:
    """The paper after these bytes. Total: what it does not know is listed, not guessed."""
    machine = _Machine(Paper(profile))
    for command in commands(stream):
        machine.take(command)
    machine.end_line(only_if_written=True)
    return machine.paper


class _Machine:
    """The printer's state between two commands."""

    def __init__(self, paper: Paper) -> None:
        self.paper = paper
        self._codecs = {number: codec for codec, number in paper.profile.pages.items()}
        self._runs: list[Run] = []
        self._reset()

    def _reset(self) -> None:
        self._codec = self._codecs.get(0, "cp437")
        self._align = Align.LEFT
        self._bold = False
        self._across = self._down = 1
        self._bar_dots, self._bar_height, self._bar_text = 3, 162, False
        self._qr_dots, self._qr_error, self._qr_data = 3, "l", b""

    def take(self, command: Command) -> None:
        name, args = command.name, command.args
        match name:
            case "text":
                self._text(command.data)
            case "LF":
                self.end_line()
            case "ESC @":
                self._runs.clear()  # a line without its end is forgotten, not printed
                self._reset()
            case "ESC t":
                self._codec = self._codecs.get(args[0], "cp437")
            case "ESC a":
                self._align = _ALIGN[args[0] % 48 % 3]
            case "ESC E" | "ESC G":
                self._bold = bool(args[0] & 1)
            case "GS !":
                self._across, self._down = (args[0] >> 4 & 7) + 1, (args[0] & 7) + 1
            case "ESC !":
                self._bold = bool(args[0] & 8)
                self._across, self._down = 1 + (args[0] >> 5 & 1), 1 + (args[0] >> 4 & 1)
            case "ESC d" | "ESC J":
                self.end_line(only_if_written=True)
                unit = self.paper.profile.line_dots if name == "ESC d" else 1
                self.paper.marks.append(Feed(args[0] * unit))
            case "ESC p":
                self.paper.marks.append(Kick(5 if args[0] & 1 else 2))
            case "DLE DC4" if args[0] == 1:
                self.paper.marks.append(Kick(5 if args[1] & 1 else 2))
            case _:
                self._shape(command)

    def _shape(self, command: Command) -> None:
        name, args = command.name, command.args
        match name:
            case "GS V":
                self.end_line(only_if_written=True)
                self.paper.marks.append(CutMark(args[0] in (0, 48, 65, 97, 103)))
            case "GS v 0":
                self._picture(args, command.data)
            case "GS h":
                self._bar_height = args[0]
            case "GS w":
                self._bar_dots = args[0]
            case "GS H":
                self._bar_text = args[0] % 48 in (2, 3)
            case "GS k":
                self._bars(command)
            case "GS ( k":
                self._qr(command)
            case "FS ." | "ESC R" | "GS f" | "GS r" | "DLE EOT" | "ESC 2" | "GS a" | "CR":
                pass  # nothing to see
            case _:
                self.paper.unknown.append(command)

    def _text(self, data: bytes) -> None:
        self._runs.append(Run(data.decode(self._codec, "replace"), self._bold, self._across, self._down))

    def end_line(self, only_if_written: bool = False) -> None:
        if self._runs or not only_if_written:
            self.paper.marks.append(Row(tuple(self._runs), self._align))
        self._runs.clear()

    def _picture(self, args: bytes, data: bytes) -> None:
        self.end_line(only_if_written=True)
        width, height = (args[2] + args[3] * 256) * 8, args[4] + args[5] * 256
        last = self.paper.marks[-1] if self.paper.marks else None
        if isinstance(last, Picture) and last.bitmap.height % 128 == 0 and last.bitmap.width == width:
            # The bands of one picture, sent one after the other, are one picture again.
            height, data = height + last.bitmap.height, last.bitmap.rows + data
            self.paper.marks.pop()
        self.paper.marks.append(Picture(Bitmap(width, height, data), self._align))

    def _bars(self, command: Command) -> None:
        self.end_line(only_if_written=True)
        drawn = _bars(command.args[0], command.data)
        if drawn is None:
            self.paper.unknown.append(command)
            return
        text, modules = drawn
        if len(modules) * self._bar_dots > self.paper.profile.width_dots:
            return  # a printer prints nothing of a code that does not fit
        self.paper.marks.append(
            Bars(text, modules, self._bar_dots, self._bar_height, self._align, self._bar_text)
        )

    def _qr(self, command: Command) -> None:
        kind, function, rest = command.data[:1], command.data[1:2], command.data[2:]
        match kind + function:
            case b"1A":
                pass
            case b"1C":
                self._qr_dots = rest[0]
            case b"1E":
                self._qr_error = "lmqh"[(rest[0] - 48) % 4]
            case b"1P":
                self._qr_data = rest[1:]
            case b"1Q" if self._qr_data:
                self.end_line(only_if_written=True)
                self.paper.marks.append(QrSign(self._qr_data, self._qr_dots, self._qr_error, self._align))
            case _:
                self.paper.unknown.append(command)


def _bars(kind: int, data: bytes) -> tuple[str, str] | None:
    """The text and bars of a `GS k`; None for what is no code that this knows."""
    if kind == 67 and re.fullmatch(rb"\d{13}", data):
        digits = data.decode()
        return digits, codes.ean13_modules(digits)
    if kind != 73:
        return None
    segments: list[tuple[str, bytes]] = []
    rest = data
    while rest:
        head = re.match(rb"\{([BC])((?:\{\{|[^{])+)", rest, re.DOTALL)
        if head is None:
            return None
        segments.append((head[1].decode(), head[2].replace(b"{{", b"{")))
        rest = rest[head.end() :]
    text = "".join(
        part.decode("ascii") if name == "B" else "".join(f"{value:02}" for value in part)
        for name, part in segments
    )
    return (text, codes.code128_modules(segments)) if segments else None
