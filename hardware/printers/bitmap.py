"""One-bit pictures as a thermal head burns them."""

from __future__ import annotations

import io
import re
import struct
from functools import lru_cache
from pathlib import Path
from typing import Final

import msgspec
from PIL import Image, ImageOps

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


def from_image(picture: Image.Image, most_dots: int, most_high: int = 0) -> Bitmap:
    """A picture in dots, dithered, on white, no wider than `most_dots` (nor higher than `most_high`)."""
    flat = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture.convert("RGBA"))
    grey = flat.convert("L")
    scale = min(1.0, most_dots / grey.width, most_high / grey.height if most_high else 1.0)
    if scale < 1.0:
        grey = grey.resize((max(1, round(grey.width * scale)), max(1, round(grey.height * scale))))
    ink = ImageOps.invert(grey).convert("1")  # ink is 1, and so the spare bits of a row stay white
    return Bitmap(ink.width, ink.height, ink.tobytes())


def from_file(path: Path, most_dots: int, most_high: int = 0) -> Bitmap:
    """A picture file as `from_image`: PNG, JPEG and what else Pillow reads, or SVG, which is drawn to size.

    OSError if it cannot be read or is no picture.
    """
    try:
        if path.suffix.lower() == ".svg":
            return from_image(_svg(path, most_dots, most_high or most_dots), most_dots, most_high)
        with Image.open(path) as picture:
            return from_image(picture, most_dots, most_high)
    except (ValueError, SyntaxError, EOFError, struct.error, Image.DecompressionBombError) as error:
        # What Pillow and resvg raise for files that only begin like a picture.
        raise OSError(f"{path} is no picture: {error}") from error


def _svg(path: Path, width_dots: int, height_dots: int) -> Image.Image:
    """Drawn to fit: of a width alone, resvg takes any height that follows, and all the memory for it."""
    import resvg_py  # only for shops whose logo is an SVG

    text = path.read_text("utf-8", errors="replace")
    png = bytes(resvg_py.svg_to_bytes(svg_string=text, width=width_dots, height=height_dots))
    return Image.open(io.BytesIO(png))


@lru_cache(maxsize=8)
def logo_command(bitmap: Bitmap) -> bytes:
    """`raster_command` of a picture that every receipt shows, made once."""
    return raster_command(bitmap)


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
