"""A receipt to look at, made from the bytes that go to the printer: as text and as a picture.

Lines that were drawn for want of a code page are read back by comparing their dots with our own typeface,
so the text shows what a customer reads, not what we meant.
"""

from __future__ import annotations

import io
from functools import cache
from typing import Final

from PIL import Image, ImageDraw, ImageOps

from hardware.layout import FRESH, INKED, OPEN, width
from hardware.printers import codes
from hardware.printers.glyphs import CELL_HEIGHT, CELL_WIDTH, bundled, glyph, line_bitmap, scale
from hardware.printers.paper import Bars, CutMark, Feed, Kick, Mark, Paper, Picture, QrSign, Row, interpret
from hardware.printers.profile import Profile
from hardware.receipt import Align, Size

_INK: Final = (0x1D, 0x1C, 0x1A)
_SHEET: Final = (0xFF, 0xFF, 0xFF)
_DESK: Final = (0xF4, 0xF3, 0xEF)
_SHEET_TONE: Final = 250
_DESK_TONE: Final = 255
_NOTE_TONE: Final = 90
"""Tones of the picture while it is made: ink is 0, paper 250, the desk below it 255."""
_MARGIN_DOTS: Final = 36
_DESK_DOTS: Final = 28
_TOOTH_DOTS: Final = 8

CUT_LINE: Final = "✂"
UNREAD: Final = "▯"
"""Stands for a drawn character that our typeface does not have."""
_STAMPS: Final = (INKED, FRESH, OPEN)
_ALPHABET: Final = "".join(
    chr(code)
    for first, last in (
        (0x21, 0x7E), (0xA1, 0xAC), (0xAE, 0x137), (0x139, 0x17F), (0x18F, 0x18F), (0x218, 0x21B),
        (0x259, 0x259), (0x401, 0x45F), (0x490, 0x4FF), (0x2013, 0x2026), (0x20A0, 0x20BF), (0x2116, 0x2122),
        (0x2190, 0x2193), (0x2212, 0x2212), (0x2500, 0x256C), (0x25C9, 0x25CF),
    )
    for code in range(first, last + 1)
)  # fmt: skip


# -- as text ---------------------------------------------------------------------------------------------


def as_text(stream: bytes, profile: Profile) -> str:
    """The receipt as plain lines, one a printed line."""
    paper = interpret(stream, profile)
    return "\n".join(line.rstrip() for mark in paper.marks for line in _lines(mark, paper)) + "\n"


def _lines(mark: Mark, paper: Paper) -> list[str]:
    columns = paper.profile.columns
    match mark:
        case Row():
            text = "".join(run.text for run in mark.runs)
            wide = any(run.across > 1 for run in mark.runs)
            return [_placed(_stretched(text, columns) if wide else text, mark.align, columns)]
        case Picture():
            read = read_picture(mark, paper.profile)
            if read is None:
                size = f"[picture {mark.bitmap.width} × {mark.bitmap.height}]"
                return [_placed(size, mark.align, columns)]
            wide = mark.bitmap.width // CELL_WIDTH > width(read)
            return [_placed(_stretched(read, columns) if wide else read, mark.align, columns)]
        case Bars():
            label = f"[barcode {mark.text}]"
            return [_placed(label, mark.align, columns)]
        case QrSign():
            label = f"[QR {mark.data.decode(errors='replace')}]"
            return [_placed(label, mark.align, columns)]
        case Feed():
            return [""] * (mark.dots // paper.profile.line_dots)
        case CutMark():
            return [f"{CUT_LINE} ".ljust(columns, "-")]
        case Kick():
            return [f"[drawer {mark.pin}]"]


def _placed(text: str, align: Align, columns: int) -> str:
    spare = max(columns - width(text), 0)
    return " " * {Align.LEFT: 0, Align.CENTER: spare // 2, Align.RIGHT: spare}[align] + text


def _stretched(text: str, columns: int) -> str:
    """A line of double width as plain text: its figure goes to the right edge, as it does on paper."""
    left, gap, figure = text.rpartition("  ")
    return left + gap + " " * (columns - width(text)) + figure if left.strip() else text


def read_picture(picture: Picture, profile: Profile) -> str | None:
    """The text of a drawn line; None if the picture is none."""
    height = picture.bitmap.height
    sizes = (Size.LARGE, Size.TALL) if height == 2 * CELL_HEIGHT else (Size.NORMAL, Size.WIDE)
    if height not in (2 * CELL_HEIGHT, profile.line_dots):
        return None
    best, hits = "", 0
    for size in sizes:
        for bold in (False, True):
            text, found = _read(picture, size, bold)
            if found > hits:
                best, hits = text, found
            if found and UNREAD not in text:
                return _one_script(text)
    drawn = sum(char != " " for char in best)
    return _one_script(best) if hits and hits * 2 >= drawn else None


def _read(picture: Picture, size: Size, bold: bool) -> tuple[str, int]:
    across, down = scale(size)
    image = ImageOps.invert(picture.bitmap.image().convert("L")).convert("1")
    known = _known(bold, size)
    text, hits, step = "", 0, CELL_WIDTH * across
    for left in range(0, image.width - step + 1, step):
        cell = image.crop((left, 0, left + step, CELL_HEIGHT * down)).tobytes()
        char = " " if not any(cell) else known.get(cell, UNREAD)
        hits += char not in (" ", UNREAD)
        text += char
    return text, hits


@cache
def _known(bold: bool, size: Size) -> dict[bytes, str]:
    """Cells of the alphabet by their dots; the first of two that look alike."""
    known: dict[bytes, str] = {}
    for char in _ALPHABET:
        if char in _STAMPS or bundled(char):
            known.setdefault(glyph(char, 1, bold, size).tobytes(), char)
    return known


_LOOKALIKES: Final = dict(
    zip("ABCEHIJKMOPSTXYaceijopsxyħËëÏï", "АВСЕНІЈКМОРЅТХҮасеіјорѕхућЁёЇї", strict=True)
)


def _one_script(text: str) -> str:
    """Letters that look the same in Latin and Cyrillic are of their word's script, or of their line's."""
    cyrillic = any("Ѐ" <= char <= "ӿ" for char in text)
    words: list[str] = []
    for word in text.split(" "):
        latin = any(char.isalpha() and char not in _LOOKALIKES and char < "Ͱ" for char in word)
        turned = "".join(_LOOKALIKES.get(char, char) for char in word)
        words.append(turned if cyrillic and not latin else word)
    return " ".join(words)


# -- as a picture ----------------------------------------------------------------------------------------


def as_png(stream: bytes, profile: Profile, zoom: int = 2) -> bytes:
    """The receipt as a PNG, `zoom` pixels a dot: white slips on a desk, torn where they were cut."""
    sheet = io.BytesIO()
    as_image(stream, profile, zoom).save(sheet, "PNG", compress_level=3)
    return sheet.getvalue()


def as_image(stream: bytes, profile: Profile, zoom: int = 2) -> Image.Image:
    """As `as_png`, as a Pillow image with a palette."""
    paper = interpret(stream, profile)
    slips = [_slip(marks, profile, zoom) for marks in _slips(paper.marks)]
    gap = _DESK_DOTS * zoom
    size = (
        max((slip.width for slip in slips), default=profile.width_dots * zoom) + 2 * gap,
        sum(slip.height + gap for slip in slips) + gap,
    )
    full = Image.new("L", size, _DESK_TONE)
    top = gap
    for slip in slips:
        full.paste(slip, (gap, top))
        top += slip.height + gap
    full.putpalette(_PALETTE)
    return full


_PALETTE: Final = [
    round(ink + (sheet - ink) * min(tone / _SHEET_TONE, 1)) if tone < _DESK_TONE else desk
    for tone in range(256)
    for ink, sheet, desk in zip(_INK, _SHEET, _DESK, strict=True)
]


def _slips(marks: list[Mark]) -> list[list[Mark]]:
    slips: list[list[Mark]] = [[]]
    for mark in marks:
        slips[-1].append(mark)
        if isinstance(mark, CutMark):
            slips.append([])
    return [slip for slip in slips if slip]


def _slip(marks: list[Mark], profile: Profile, zoom: int) -> Image.Image:
    strips = [strip for strip in (_strip(mark, profile) for mark in marks) if strip is not None]
    size = (profile.width_dots + 2 * _MARGIN_DOTS, sum(strip.height for strip in strips) + 3 * _MARGIN_DOTS)
    dots = Image.new("L", size, 255)
    top = _MARGIN_DOTS
    for strip in strips:
        dots.paste(strip, (_MARGIN_DOTS, top))
        top += strip.height
    # Ink spreads a little on thermal paper: smooth edges are truer than square ones.
    big = dots.resize((size[0] * zoom, size[1] * zoom), Image.Resampling.BILINEAR)
    slip = big.point([tone * _SHEET_TONE // 255 for tone in range(256)])
    if isinstance(marks[-1], CutMark):
        _tear(slip, zoom)
    for kick in (mark for mark in marks if isinstance(mark, Kick)):
        _label(slip, f"drawer opens (pin {kick.pin})", zoom)
    return slip


def _tear(slip: Image.Image, zoom: int) -> None:
    tooth = _TOOTH_DOTS * zoom
    draw = ImageDraw.Draw(slip)
    for left in range(0, slip.width, 2 * tooth):
        tip = (left + tooth, slip.height - tooth)
        draw.polygon([(left, slip.height), tip, (left + 2 * tooth, slip.height)], _DESK_TONE)


def _label(slip: Image.Image, text: str, zoom: int) -> None:
    """A note beside the paper's print, small and grey: not on the paper of a real printer."""
    note = _glyphs(text, False, Size.NORMAL)
    note = note.convert("L").resize((note.width * zoom * 2 // 3, note.height * zoom * 2 // 3))
    left = slip.width - note.width - _TOOTH_DOTS * zoom
    slip.paste(_NOTE_TONE, (left, _TOOTH_DOTS * zoom // 2), note)


def _strip(mark: Mark, profile: Profile) -> Image.Image | None:
    """A mark as a strip across the print head, black on white."""
    match mark:
        case Row():
            return _row(mark, profile)
        case Picture():
            return _place(mark.bitmap.image(), mark.align, profile)
        case Bars():
            return _bars(mark, profile)
        case QrSign():
            return _place(codes.qr_bitmap(mark.data, mark.dots, mark.error).image(), mark.align, profile)
        case Feed():
            return Image.new("L", (profile.width_dots, mark.dots), 255)
        case CutMark():
            return Image.new("L", (profile.width_dots, 2 * profile.line_dots), 255)
        case Kick():
            return None


def _row(row: Row, profile: Profile) -> Image.Image:
    height = max(profile.line_dots, CELL_HEIGHT * row.down)
    texts = [_glyphs(run.text, run.bold, _size(run.across, run.down)) for run in row.runs]
    line = Image.new("L", (max(sum(text.width for text in texts), 1), height), 255)
    left = 0
    for text in texts:
        line.paste(0, (left, CELL_HEIGHT * row.down - text.height), text)
        left += text.width
    return _place(line, row.align, profile)


def _bars(bars: Bars, profile: Profile) -> Image.Image:
    code = codes.bars_bitmap(bars.modules, bars.dots, bars.height).image()
    strip = _place(code, bars.align, profile)
    if not bars.text_below:
        return strip
    below = _row(Row((), bars.align), profile)
    text = _glyphs(bars.text, False, Size.NORMAL)
    below.paste(0, ((below.width - text.width) // 2, 2), text)
    whole = Image.new("L", (profile.width_dots, strip.height + below.height), 255)
    whole.paste(strip, (0, 0))
    whole.paste(below, (0, strip.height))
    return whole


def _place(image: Image.Image, align: Align, profile: Profile) -> Image.Image:
    strip = Image.new("L", (profile.width_dots, image.height), 255)
    spare = profile.width_dots - image.width
    strip.paste(image, ({Align.LEFT: 0, Align.CENTER: spare // 2, Align.RIGHT: spare}[align], 0))
    return strip


def _glyphs(text: str, bold: bool, size: Size) -> Image.Image:
    """The text as a mask: ink is 255."""
    bitmap = line_bitmap(text or " ", bold, size, 0)
    return Image.frombytes("1", (bitmap.width, bitmap.height), bitmap.rows)


def _size(across: int, down: int) -> Size:
    """The nearest of the sizes that we print."""
    if across > 1:
        return Size.LARGE if down > 1 else Size.WIDE
    return Size.TALL if down > 1 else Size.NORMAL
