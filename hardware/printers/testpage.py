"""A page to hold against a new printer: how wide it is, what it draws, and under which numbers it keeps its
code pages.

Run: python -m hardware.printers.testpage tcp://192.168.1.50 80mm
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from hardware.ports import PrintOutcome
from hardware.printers.escpos import encode
from hardware.printers.profile import CODECS, Profile, profile_for
from hardware.printers.transport import printer_at
from hardware.receipt import (
    Align,
    Barcode,
    BarcodeKind,
    Block,
    Columns,
    Document,
    PrintJob,
    Qr,
    Rule,
    RuleKind,
    Size,
    Stamps,
    Text,
)

PANGRAMS: Final = {
    "ru": "Съешь ещё этих мягких булок",
    "pl": "Zażółć gęślą jaźń",
    "en": "Crème brûlée £ € ½",
}
NUMBERS: Final[Mapping[str, tuple[int, ...]]] = {
    "cp866": (17, 59, 7, 10, 11),
    "cp1251": (46, 73, 34, 12, 6),
    "cp852": (18, 54, 5, 9, 2),
    "cp1250": (45, 72, 33, 17, 18),
    "cp858": (19, 53, 4, 6),
    "cp1252": (16, 71, 32, 8),
}
"""Numbers that `ESC t` takes for a page, over the makers in python-escpos' model database."""


def printer_test_page(profile: Profile) -> bytes:
    """The page as bytes. A line of each language that reads well names the page number for the settings."""
    return encode(PrintJob(Document(tuple(_samples(profile)))), profile) + _pages(profile)


def sample_document(profile: Profile) -> Document:
    """The page for the till's own queue: what the printer draws, and a line of each language as set up."""
    return Document((*_samples(profile), *map(Text, PANGRAMS.values())))


def _samples(profile: Profile) -> Iterator[Block]:
    ruler = "".join(str(column % 10) for column in range(1, profile.columns + 1))
    yield Text("Test page", Align.CENTER, bold=True, size=Size.LARGE)
    yield Text(f"{profile.name}, {profile.columns} columns, {profile.width_dots} dots", Align.CENTER)
    yield Text(ruler)
    yield Rule()
    yield Columns("left", "right")
    yield Columns("TOTAL", "1,234.56", bold=True, size=Size.LARGE)
    yield Columns("Drawn: 漢 ★", "98,76 ₽")
    yield Rule(RuleKind.DOUBLE)
    yield Stamps(3, 6, 1)
    yield Barcode("5901234123457", BarcodeKind.EAN13)
    yield Barcode("R0000000184")
    yield Qr("STEMPEL:TEST")


def _pages(profile: Profile) -> bytes:
    """Each language's pangram under every number that a maker gave the page."""
    start = b"\x1b@" + (b"\x1c." if profile.cancel_kanji else b"")
    out = bytearray(start)
    for codec, numbers in NUMBERS.items():
        language = next(language for language, pages in CODECS.items() if codec in pages)
        sample = PANGRAMS[language].encode(codec)
        mine = profile.pages.get(codec, numbers[0])
        for number in (mine, *(other for other in numbers if other != mine)):
            head = f"{number:3} {codec}: ".encode("ascii")
            out += b"\x1bt" + bytes([number]) + (head + sample)[: profile.columns] + b"\n"
    return bytes(out + b"\x1bd\x04" + (b"" if profile.cut == "none" else b"\x1dVB\x00"))


def main(arguments: Sequence[str]) -> int:
    """Print the page; 0 if it was printed, 1 and the reason if not."""
    parser = argparse.ArgumentParser(prog="testpage", description="Print a test page.")
    parser.add_argument("address", help="tcp://192.168.1.50, serial:///dev/ttyUSB0, file:///dev/usb/lp0")
    parser.add_argument("profile", nargs="?", default="80mm", help="58mm, 80mm, TM-T88V, 80mm?cp866=59 …")
    given = parser.parse_args(arguments)
    try:
        profile, printer = profile_for(given.profile), printer_at(given.address)
    except (KeyError, ValueError) as error:
        sys.stderr.write(f"{error.args[0]}\n")
        return 1
    result = printer.send(printer_test_page(profile))
    if result.outcome is PrintOutcome.PRINTED:
        sys.stdout.write(f"printed, paper {result.state.paper}\n")
        return 0
    sys.stderr.write(f"{result.outcome}: {result.state.code} {result.state.detail}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
