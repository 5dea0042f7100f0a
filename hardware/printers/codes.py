"""Linear codes and QR codes: what a printer draws by itself, and the same as dots where it cannot.

Code 128 is ISO/IEC 15417, EAN-13 the GS1 General Specifications, QR ISO/IEC 18004.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import segno
from stdnum import ean

from hardware.layout import printable
from hardware.printers.bitmap import Bitmap
from hardware.receipt import Barcode, BarcodeKind

_QUIET_MODULES: Final = 20
"""Ten modules of white on each side, as both linear codes ask for."""
_START: Final = {"B": 104, "C": 105}
_SWITCH: Final = {"B": 100, "C": 99}
_REAL_TIME: Final = re.compile(rb"\x10[\x04\x05\x14]")

_QR_BYTES: Final = (
    14, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331,
    362, 412, 450, 504, 560, 624, 666, 711, 779, 857, 911, 997,
)  # fmt: skip
"""Bytes that versions 1 to 25 hold at error correction M (ISO/IEC 18004, table 7). More is no use here."""


def code128(data: str) -> list[tuple[str, bytes]]:
    """`data` as segments of code set B (characters) and C (values of digit pairs).

    Runs of digits take half the width in set C. ValueError if a character is not printable ASCII.
    """
    if not data or not data.isascii() or not data.isprintable():
        raise ValueError(f"Code 128 holds printable ASCII characters, not {data!r}")
    segments: list[tuple[str, bytes]] = []
    for part in re.findall(r"(?:\d\d){2,}|(?:(?!(?:\d\d){2}).)+", data):
        if part.isdigit() and len(part) >= 4:
            segments.append(("C", bytes(int(part[i : i + 2]) for i in range(0, len(part), 2))))
        else:
            segments.append(("B", part.encode("ascii")))
    if any(_REAL_TIME.search(payload) for name, payload in segments if name == "C"):
        return [("B", data.encode("ascii"))]
    return segments


def code128_modules(segments: Sequence[tuple[str, bytes]]) -> str:
    """The bars of a Code 128 as a string of 1 (bar) and 0 (space), check character and stop included."""
    from barcode.charsets.code128 import CODES, STOP

    values: list[int] = []
    for name, payload in segments:
        values.append(_SWITCH[name] if values else _START[name])
        values.extend(payload if name == "C" else (byte - 32 for byte in payload))
    check = (values[0] + sum(place * value for place, value in enumerate(values))) % 103
    patterns: Sequence[str] = CODES
    return "".join(patterns[value] for value in (*values, check)) + str(STOP) + "11"


def ean13_modules(digits: str) -> str:
    """The bars of an EAN-13 of thirteen digits."""
    from barcode.ean import EuropeanArticleNumber13

    return str(EuropeanArticleNumber13(digits, no_checksum=True).build()[0]).replace("G", "1")


def native_barcode(barcode: Barcode, width_dots: int) -> tuple[bytes, str, int] | None:
    """A linear code as (`GS k` command, its bars, dots a module); None if it does not fit this paper."""
    data = printable(barcode.data)
    if barcode.symbology is BarcodeKind.EAN13 and len(data) == 13 and ean.is_valid(data):
        modules, body = ean13_modules(data), b"C" + bytes([13]) + data.encode("ascii")
    else:
        try:
            segments = code128(data)
        except ValueError:
            return None
        modules = code128_modules(segments)
        payload = b"".join(b"{" + name.encode() + part.replace(b"{", b"{{") for name, part in segments)
        if len(payload) > 255:
            return None
        body = b"I" + bytes([len(payload)]) + payload
    for dots in (3, 2):
        if (len(modules) + _QUIET_MODULES) * dots <= width_dots:
            return b"\x1dk" + body, modules, dots
    return None


def bars_bitmap(modules: str, dots: int, height: int) -> Bitmap:
    """Bars as a picture."""
    return modules_bitmap([[module == "1" for module in modules]], dots, height)


def qr_module_dots(size_bytes: int, width_dots: int) -> int | None:
    """Dots a module for a QR code about 25 mm wide; None if it holds too much to be scanned off paper."""
    version = bisect_left(_QR_BYTES, size_bytes) + 1
    modules = 17 + 4 * version
    if version > len(_QR_BYTES) or (modules + 8) * 3 > width_dots:
        return None
    return min(8, max(3, 210 // modules))


def native_qr(data: bytes, dots: int) -> bytes:
    """A QR code of model 2, error correction M, as `GS ( k` functions 165, 167, 169, 180 and 181."""
    store = (len(data) + 3).to_bytes(2, "little")
    return (
        b"\x1d(k\x04\x001A2\x00\x1d(k\x03\x001C" + bytes([dots]) + b"\x1d(k\x03\x001E1"
        b"\x1d(k" + store + b"1P0" + data + b"\x1d(k\x03\x001Q0"
    )


@lru_cache(maxsize=32)
def qr_bitmap(data: bytes, dots: int, error: str = "m") -> Bitmap:
    """A QR code as a picture."""
    code = segno.make_qr(data, error=error, mode="byte", boost_error=False)
    return modules_bitmap([[bool(module) for module in row] for row in code.matrix], dots, dots)


def modules_bitmap(rows: Sequence[Sequence[bool]], dots: int, row_dots: int) -> Bitmap:
    """Modules as a picture, each `dots` wide and `row_dots` high."""
    width = len(rows[0]) * dots
    stride = (width + 7) // 8
    out = bytearray()
    for row in rows:
        bits = "".join(("1" if module else "0") * dots for module in row).ljust(stride * 8, "0")
        out += int(bits, 2).to_bytes(stride, "big") * row_dots
    return Bitmap(width, len(rows) * row_dots, bytes(out))
