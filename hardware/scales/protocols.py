"""What scales say, and how they are asked. Pure: bytes in, events out, total over any input.

`toledo` is the ask protocol of the Mettler Toledo 8217 and the many that imitate it: `W` is answered by STX,
the weight in kilograms with three decimals, CR; or by STX, `?`, a status byte, CR (8217 service manual, "Host
communications").

`and` is A&D's standard format, which CAS and others send too: `ST,+0001.234 kg` CR LF, asked for by `Q` or
sent in a stream (A&D EK-L and GC series manuals, "Data format"). CAS puts a flag between: `ST,GS,+001.234kg`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from app.values import ValueProblem, parse_scaled
from hardware.ports import ScaleEvent, ScaleFailed, Weighed

ANSWER_MAX: Final = 64
"""Bytes without an end after which an answer is nonsense: the longest here has eighteen."""

_TOLEDO: Final = re.compile(rb"(?:\x02)?(\d{2,3}\.\d{3})N?", re.DOTALL)
_POUNDS: Final = re.compile(rb"(?:\x02)?0?\d{2}\.\d{2}N?")
_STATUS: Final = re.compile(rb"(?:\x02)?\?(.)", re.DOTALL)
_MOVES, _OVER, _UNDER = 0x01, 0x02, 0x04
"""Bits of the 8217's status byte; the others tell of zero and tare, and hide no weight."""
_AND: Final = re.compile(rb"(ST|US|OL)(?:,(?:GS|NT|TR))?,\s*([+-]?)\s*(\d*\.?\d*)\s*(kg|g|[A-Za-z%]*)\s*")
_UNITS: Final = {b"kg": 3, b"g": 0}
"""Decimal digits that make thousandths of a kilogram."""


@dataclass(frozen=True, slots=True)
class Protocol:
    """`ask` is sent for each weight (empty: the scale sends by itself), `end` ends an answer."""

    ask: bytes
    end: bytes
    read: Callable[[bytes, int], ScaleEvent]
    """An answer without its end, and the last weight known, to an event."""
    baud: int = 9600
    seven_even: bool = False
    """Seven data bits and even parity, instead of eight and none."""


def read_toledo(answer: bytes, last_milli: int = 0) -> ScaleEvent:
    """An answer of the 8217."""
    if (weight := _TOLEDO.fullmatch(answer)) is not None:
        return Weighed(_milli(weight[1], 3), stable=True)
    if _POUNDS.fullmatch(answer):
        return ScaleFailed("unit", "the scale shows pounds")
    if (status := _STATUS.fullmatch(answer)) is None:
        return ScaleFailed("malformed", repr(answer[:ANSWER_MAX]))
    bits = status[1][0]
    if bits & _OVER:
        return ScaleFailed("overload")
    if bits & _UNDER:
        return ScaleFailed("below_zero")
    # It moves, or it is at zero by a status of its own.
    return Weighed(last_milli, stable=False) if bits & _MOVES else Weighed(0, stable=True)


def read_and(answer: bytes, last_milli: int = 0) -> ScaleEvent:
    """A line in A&D's standard format."""
    line = _AND.fullmatch(answer.strip())
    if line is None:
        return ScaleFailed("malformed", repr(answer[:ANSWER_MAX]))
    header, sign, digits, unit = line.groups()
    if header == b"OL":
        return ScaleFailed("below_zero" if sign == b"-" else "overload")
    if unit not in _UNITS:
        return ScaleFailed("unit", f"the scale shows {unit.decode('ascii')!r}")
    try:
        milli = _milli(digits, _UNITS[unit])
    except ValueProblem as problem:
        return ScaleFailed("malformed", str(problem))
    if sign == b"-" and milli:
        return ScaleFailed("below_zero")
    return Weighed(milli, stable=header == b"ST")


def _milli(digits: bytes, decimals: int) -> int:
    return parse_scaled(digits.decode("ascii"), decimals)


PROTOCOLS: Final = {
    "toledo": Protocol(b"W", b"\r", read_toledo, seven_even=True),
    "and": Protocol(b"Q\r\n", b"\n", read_and, baud=2400, seven_even=True),
    "and-stream": Protocol(b"", b"\n", read_and, baud=2400, seven_even=True),
}
"""By their names in the settings, with what scales are set to when new."""
