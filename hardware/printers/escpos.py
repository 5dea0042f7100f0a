"""A print job as ESC/POS bytes for one printer profile.

Command names are those of Epson's ESC/POS reference. Each job stands alone: it resets the printer and
chooses the code page, so no state of an earlier or interrupted job can leak into it. Only this file turns
text into bytes, and all of it passes the gate `layout.printable` on the way.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import msgspec

from hardware.displays.pages import shown
from hardware.layout import FRESH, INKED, OPEN, Line, Printed, lay_out, printable, width, wrap
from hardware.printers import codes as symbols
from hardware.printers.bitmap import Bitmap, logo_command, raster_command
from hardware.printers.glyphs import CELL_HEIGHT, line_bitmap
from hardware.printers.profile import Profile
from hardware.receipt import (
    Align,
    Barcode,
    Cut,
    Image,
    PrintJob,
    Qr,
    Size,
)

_RESET: Final = b"\x1b@"
_CANCEL_KANJI: Final = b"\x1c."
_INTERNATIONAL_USA: Final = b"\x1bR\x00"
"""Other national sets replace # $ @ [ and their neighbours."""
_ALIGN: Final = {Align.LEFT: b"\x1ba\x00", Align.CENTER: b"\x1ba\x01", Align.RIGHT: b"\x1ba\x02"}
_BOLD: Final = {False: b"\x1bE\x00", True: b"\x1bE\x01"}
_SIZE: Final = {
    Size.NORMAL: b"\x1d!\x00",
    Size.TALL: b"\x1d!\x01",
    Size.WIDE: b"\x1d!\x10",
    Size.LARGE: b"\x1d!\x11",
}
_CUT: Final = {"partial": b"\x1dVB\x00", "full": b"\x1dVA\x00", "none": b"\x1bd\x04"}
_KICK: Final = {2: b"\x1bp\x00\x19\xfa", 5: b"\x1bp\x01\x19\xfa"}
"""Pulse of 50 ms (25 × 2 ms), 500 ms before the next."""
_BARCODE_STYLE: Final = b"\x1dh\x48\x1dH\x02\x1df\x00"
_BARCODE_DOTS: Final = 72

_PLAINER: Final = {
    "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "×": "x", "•": "*", "·": "-", "─": "-", "═": "=",
    "«": '"', "»": '"', "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "‚": "'",
}  # fmt: skip
"""Signs that a page without them prints as their plainer kin, one column for one."""
_STAMPS: Final = str.maketrans({INKED: "*", FRESH: "#", OPEN: "o"})


def encode(job: PrintJob, profile: Profile, images: Mapping[str, Bitmap] | None = None) -> bytes:
    """The job as bytes, ready to send whole. Total: whatever a document holds comes out in some form.

    `images` are the pictures that `Image` blocks name, in dots (`bitmap.from_file`).
    """
    language = job.document.language if job.document else "en"
    writer = _Writer(profile, language, images or {})
    if job.open_drawer:
        # Before the paper: the cashier needs the drawer first.
        writer.out += _KICK[profile.drawer_pin]
    if job.document:
        for printed in lay_out(job.document, profile.columns):
            writer.write(printed)
    return bytes(writer.out)


@cache
def _page(codec: str) -> Any:
    """The code page as a table for `codecs.charmap_encode`: the codecs themselves look up a dict a letter."""
    letters = bytes(range(256)).decode(codec, "replace").replace("\ufffd", "\ufffe")
    return codecs.charmap_build(letters)


@cache
def _plainer(codec: str) -> dict[int, str]:
    """Replacements for the signs that this page lacks."""
    return {ord(sign): kin for sign, kin in _PLAINER.items() if not _has(codec, sign)}


def _has(codec: str, sign: str) -> bool:
    try:
        sign.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


class _Writer:
    """Writes printed things, saying alignment, weight and size only when they change."""

    def __init__(self, profile: Profile, language: str, images: Mapping[str, Bitmap]) -> None:
        self._profile = profile
        self._images = images
        self._codec = profile.codec(language)
        self._style = (Align.LEFT, False, Size.NORMAL)
        self.out = bytearray(_RESET)
        if profile.cancel_kanji:
            self.out += _CANCEL_KANJI
        self.out += _INTERNATIONAL_USA
        if self._codec is not None:
            self.out += b"\x1bt" + bytes([profile.pages[self._codec]])

    def write(self, printed: Printed) -> None:
        match printed:
            case Line():
                self._line(printed)
            case Barcode():
                self._barcode(printed)
            case Qr():
                self._qr(printed)
            case Image():
                self._image(printed)
            case Cut():
                self._set(Align.LEFT)
                self.out += _CUT[self._profile.cut]

    def _set(self, align: Align, bold: bool = False, size: Size = Size.NORMAL) -> None:
        style = (align, bold, size)
        if style == self._style:
            return
        if align is not self._style[0]:
            self.out += _ALIGN[align]
        if bold is not self._style[1]:
            self.out += _BOLD[bold]
        if size is not self._style[2]:
            self.out += _SIZE[size]
        self._style = style

    def _line(self, line: Line) -> None:
        text = printable(line.text)
        data = self._encoded(text)
        if data is None and not self._profile.raster:
            for near in self._near(line):
                self._line(near)
            return
        if data is None:
            # No page has one of its characters: the line is drawn, with the gap that a line feed leaves.
            gap = self._profile.line_dots - CELL_HEIGHT if line.size in (Size.NORMAL, Size.WIDE) else 0
            self._picture(line_bitmap(text, line.bold, line.size, gap), line.align)
            return
        if text:
            self._set(line.align, line.bold, line.size)
        else:
            # An empty line keeps the height of a line whatever came before it.
            self._set(line.align)
        self.out += data
        self.out += b"\n"

    def _encoded(self, text: str) -> bytes | None:
        if text.isascii():
            return text.encode("ascii")
        if self._codec is None:
            return None
        page = _page(self._codec)
        try:
            return codecs.charmap_encode(text, "strict", page)[0]
        except UnicodeEncodeError:
            pass
        try:
            return codecs.charmap_encode(text.translate(_plainer(self._codec)), "strict", page)[0]
        except UnicodeEncodeError:
            return None

    def _near(self, line: Line) -> list[Line]:
        """The line in letters that the page has, its figure again at the right edge."""
        codec = self._codec or "ascii"
        text = shown(line.text.translate(_STAMPS).translate(_plainer(codec)), codec)
        columns = self._profile.columns // line.size.cells
        left, gap, figure = text.rpartition("  ")
        if gap and width(line.text) == columns:
            left = left.rstrip() + " "
            text = left + figure.rjust(columns - len(left))
        parts = [text] if len(text) <= columns else wrap(text, columns)
        return [msgspec.structs.replace(line, text=part) for part in parts]

    def _picture(self, bitmap: Bitmap, align: Align) -> None:
        self._set(align)
        self.out += raster_command(bitmap)

    def _centred(self, text: str) -> None:
        for line in wrap(text, self._profile.columns):
            self._line(Line(line, Align.CENTER))

    def _barcode(self, barcode: Barcode) -> None:
        profile = self._profile
        native = symbols.native_barcode(barcode, profile.width_dots)
        if native is None and (profile.native_qr or profile.raster):
            # Too long for bars, or not in their alphabet: a QR code holds anything.
            self._qr(Qr(barcode.data))
        elif native is not None and profile.native_barcode:
            command, _, dots = native
            self._set(Align.CENTER)
            self.out += _BARCODE_STYLE + b"\x1dw" + bytes([dots]) + command
            return
        elif native is not None and profile.raster:
            _, modules, dots = native
            self._picture(symbols.bars_bitmap(modules, dots, _BARCODE_DOTS), Align.CENTER)
        self._centred(barcode.data)

    def _qr(self, qr: Qr) -> None:
        data = printable(qr.data).encode()
        dots = symbols.qr_module_dots(len(data), self._profile.width_dots)
        if not data or dots is None or not (self._profile.native_qr or self._profile.raster):
            self._centred(qr.data)
        elif self._profile.native_qr:
            self._set(Align.CENTER)
            self.out += symbols.native_qr(data, dots)
        else:
            self._picture(symbols.qr_bitmap(data, dots), Align.CENTER)

    def _image(self, image: Image) -> None:
        bitmap = self._images.get(image.name)
        if bitmap is not None and self._profile.raster and bitmap.width <= self._profile.width_dots:
            self._set(Align.CENTER)
            self.out += logo_command(bitmap)
        elif image.alt:
            self._centred(image.alt)
