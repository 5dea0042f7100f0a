"""One-bit pictures as a thermal head burns them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import msgspec
from PIL import Image

_BAND_ROWS: Final = 128
"""Rows a command: small printers hold a few kilobytes, and start to print while the rest arrives."""
_REAL_TIME: Final = re.compile(rb"\x10(?=[\x04\x05\x14])")


class Bitmap(msgspec.Struct, frozen=True):
    """`rows` holds `height` rows of `stride` bytes, the leftmost dot in the highest bit, 1 is black."""

    width: int
    height: int
    rows: bytes

    @property
    def stride(self) -> int:
        return (self.width + 7) // 8

    def image(self) -> Image.Image:
        """The same as a Pillow image of mode "1", ink 0 on paper 255."""
        return Image.frombytes("1", (self.width, self.height), bytes(byte ^ 0xFF for byte in self.rows))


def from_image(picture: Image.Image, most_dots: int) -> Bitmap:
    """A picture in dots, dithered, on white, no wider than `most_dots`."""
    flat = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture.convert("RGBA"))
    grey = flat.convert("L")
    if grey.width > most_dots:
        grey = grey.resize((most_dots, max(1, round(grey.height * most_dots / grey.width))))
    bits = grey.convert("1")
    return Bitmap(bits.width, bits.height, bytes(byte ^ 0xFF for byte in bits.tobytes()))


def from_file(path: Path, most_dots: int) -> Bitmap:
    """A picture file as `from_image`; OSError if it cannot be read or is no picture."""
    with Image.open(path) as picture:
        return from_image(picture, most_dots)


def raster_command(bitmap: Bitmap) -> bytes:
    """The picture as `GS v 0` commands (ESC/POS, raster bit image), a band at a time.

    Printers look for real-time commands (DLE EOT, DLE ENQ, DLE DC4) even inside picture data, and one of
    them opens the drawer: where dots would spell one, a dot beside them is inked as well.
    """
    stride = bitmap.stride
    out = bytearray()
    for top in range(0, bitmap.height, _BAND_ROWS):
        count = min(_BAND_ROWS, bitmap.height - top)
        out += b"\x1dv0\x00" + stride.to_bytes(2, "little") + count.to_bytes(2, "little")
        out += _REAL_TIME.sub(b"\x18", bitmap.rows[top * stride : (top + count) * stride])
    return bytes(out)
