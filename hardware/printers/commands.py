"""ESC/POS bytes taken apart into commands, as a printer's firmware would.

Knows the lengths of Epson's command set, so that data inside a command is never taken for text or for
another command. For looking at receipts and for the tests' printer; the till itself only writes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

TEXT: Final = "text"
UNKNOWN: Final = "unknown"

_CONTROLS: Final = {0x09: "HT", 0x0A: "LF", 0x0C: "FF", 0x0D: "CR", 0x18: "CAN"}
_LEADS: Final = {0x10: "DLE", 0x1B: "ESC", 0x1C: "FS", 0x1D: "GS"}
_RUN: Final = re.compile(rb"[\x20-\x7e\x80-\xff]+")
_FIXED: Final = {
    "ESC": {
        "@": 0, "2": 0, "i": 0, "m": 0, "S": 0, "L": 0,
        " ": 1, "!": 1, "-": 1, "3": 1, "=": 1, "a": 1, "d": 1, "E": 1, "G": 1, "J": 1, "M": 1, "R": 1,
        "r": 1, "t": 1, "T": 1, "V": 1, "{": 1, "$": 2, "\\": 2, "c": 2, "p": 3,
    },
    "FS": {".": 0, "&": 0, "C": 1, "!": 1, "-": 1, "S": 2},
    "GS": {
        "!": 1, "a": 1, "B": 1, "b": 1, "f": 1, "h": 1, "H": 1, "I": 1, "r": 1, "w": 1,
        "L": 2, "P": 2, "W": 2, "$": 2,
    },
}  # fmt: skip
"""Argument bytes of the commands of fixed length."""


class Command(msgspec.Struct, frozen=True):
    """`name` as in the reference ("ESC t", "GS v 0", "LF"), "text" or "unknown".

    `args` are its parameters, `data` what they announce (picture rows, barcode or QR bytes, text).
    """

    name: str
    raw: bytes
    args: bytes = b""
    data: bytes = b""


def read(stream: bytes, start: int = 0) -> Command | None:
    """The command that starts at `start`; None if the stream ends inside it."""
    first = stream[start]
    if first in _CONTROLS:
        return Command(_CONTROLS[first], stream[start : start + 1])
    if first in _LEADS:
        return None if start + 1 >= len(stream) else _lead(_LEADS[first], stream, start)
    run = _RUN.match(stream, start)
    if run:
        return Command(TEXT, run.group(), data=run.group())
    return Command(UNKNOWN, stream[start : start + 1])


def commands(stream: bytes) -> Iterator[Command]:
    """All commands of a whole stream; one cut short at the end comes out as unknown."""
    start = 0
    while start < len(stream):
        command = read(stream, start) or Command(UNKNOWN, stream[start:])
        yield command
        start += len(command.raw)


def _lead(lead: str, stream: bytes, start: int) -> Command | None:
    letter = chr(stream[start + 1])
    fixed = _FIXED.get(lead, {}).get(letter)
    if fixed is not None:
        return _take(f"{lead} {letter}", stream, start, 2, fixed)
    match lead, letter:
        case "DLE", "\x04" | "\x05" | "\x14":
            return _real_time(letter, stream, start)
        case "GS", "V":
            return _cut(stream, start)
        case "GS", "k":
            return _barcode(stream, start)
        case "GS", "v":
            return _sized("GS v 0", stream, start, 8, lambda a: (a[4] + a[5] * 256) * (a[6] + a[7] * 256))
        case "GS", "(":
            return _function(stream, start)
        case "ESC", "*":
            return _sized(
                "ESC *", stream, start, 5, lambda a: (a[3] + a[4] * 256) * (3 if a[2] in (32, 33) else 1)
            )
        case _:
            return Command(UNKNOWN, stream[start : start + 2])


def _take(name: str, stream: bytes, start: int, head: int, args: int, data: int = 0) -> Command | None:
    end = start + head + args + data
    if end > len(stream):
        return None
    middle = start + head + args
    return Command(name, stream[start:end], stream[start + head : middle], stream[middle:end])


def _sized(name: str, stream: bytes, start: int, head: int, size: Callable[[bytes], int]) -> Command | None:
    if start + head > len(stream):
        return None
    return _take(name, stream, start, 2, head - 2, size(stream[start : start + head]))


def _real_time(letter: str, stream: bytes, start: int) -> Command | None:
    if start + 2 >= len(stream):
        return None
    name = {"\x04": "DLE EOT", "\x05": "DLE ENQ", "\x14": "DLE DC4"}[letter]
    function = stream[start + 2]
    if name == "DLE DC4":
        return _take(name, stream, start, 2, {1: 3, 2: 3, 8: 8}.get(function, 1))
    return _take(name, stream, start, 2, 2 if name == "DLE EOT" and function in (7, 8, 18) else 1)


def _cut(stream: bytes, start: int) -> Command | None:
    if start + 2 >= len(stream):
        return None
    return _take("GS V", stream, start, 2, 1 if stream[start + 2] in (0, 1, 48, 49) else 2)


def _barcode(stream: bytes, start: int) -> Command | None:
    if start + 3 >= len(stream):
        return None
    if stream[start + 2] >= 65:
        return _take("GS k", stream, start, 2, 2, stream[start + 3])
    end = stream.find(b"\x00", start + 3)
    return None if end < 0 else _take("GS k", stream, start, 2, 1, end + 1 - start - 3)


def _function(stream: bytes, start: int) -> Command | None:
    if start + 5 > len(stream):
        return None
    size = stream[start + 3] + stream[start + 4] * 256
    return _take(f"GS ( {chr(stream[start + 2])}", stream, start, 2, 3, size)
