"""A receipt laid out in lines of a number of columns, for whatever printer.

Text may hold anything that a name can hold: `printable` is the one gate that it passes before it is measured,
and again before it becomes bytes. Widths are those of a terminal: a reader's character takes one column, an
East Asian wide one takes two (Unicode Standard Annex 11).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

import msgspec

from hardware.receipt import (
    Align,
    Barcode,
    Blank,
    Block,
    Columns,
    Cut,
    Document,
    Image,
    Qr,
    Rule,
    RuleKind,
    Size,
    Stamps,
    Text,
)

NON_FISCAL: Final = {
    "ru": "НЕ ЯВЛЯЕТСЯ КАССОВЫМ ЧЕКОМ",
    "pl": "DOKUMENT NIEFISKALNY",
    "en": "NOT A FISCAL RECEIPT",
}
COPY: Final = {"ru": "КОПИЯ", "pl": "KOPIA", "en": "COPY"}

COLUMNS_MIN: Final = 16

INKED: Final = "●"
FRESH: Final = "◉"
OPEN: Final = "○"
"""The places of a stamp card, as `Stamps` is laid out; an encoder draws them."""

_RULES: Final = {RuleKind.LIGHT: "─", RuleKind.DOUBLE: "═", RuleKind.DASHED: "- "}

# Scripts whose every character is one column wide and stands alone: measured by their length.
_PLAIN: Final = re.compile(
    "[ -~\u00a0-\u02ff\u0370-\u0482\u048a-\u052f\u2010-\u2027\u202f-\u205e"
    "\u20a0-\u20c0\u2100-\u22ff\u2500-\u25fc]*"
)
_UNIT: Final = re.compile(r"(?<=\d) (?=(?:[^\W\d_]{1,3}\b|[%€$£₽]))")
"""A unit stays with its figure: 930 мл, 0.3 l, 10 %."""
_NO_BREAK: Final = "\u00a0\u2007\u202f"


class Line(msgspec.Struct, frozen=True):
    """One line of text no wider than the paper: `width(text) * size.cells` ≤ columns.

    A figure line is padded to the paper's width and aligned left; others are aligned by the printer.
    """

    text: str
    align: Align = Align.LEFT
    bold: bool = False
    size: Size = Size.NORMAL


Printed = Line | Barcode | Qr | Image | Cut


def printable(text: str) -> str:
    """Text without control, format, private or unassigned characters (Unicode category C), composed (NFC).

    Tabs and line ends become spaces. What is left cannot be a printer command: a member may be named
    "\\x1bp0", and the drawer stays shut.
    """
    if not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    # A no-break space is not "printable" to Python, and most figures hold one.
    if _breakable(text).isprintable():
        return text
    return "".join(_gate(text))


def _breakable(text: str) -> str:
    """The text with plain spaces for no-break ones; replace is ten times as fast as translate."""
    return text.replace("\u00a0", " ").replace("\u2007", " ").replace("\u202f", " ")


def _gate(text: str) -> Iterator[str]:
    for char in text:
        category = unicodedata.category(char)
        if char in "\t\n\r\v\f" or category in ("Zl", "Zp") or (category == "Zs" and char not in _NO_BREAK):
            yield " "
        elif category[0] != "C":
            yield char


def clusters(text: str) -> list[tuple[str, int]]:
    """The text's characters as a reader sees them, each with its columns (East Asian wide ones take two)."""
    if _PLAIN.fullmatch(text):
        return [(char, 1) for char in text]
    found: list[tuple[str, int]] = []
    for char in text:
        if unicodedata.category(char)[0] == "M" and found:
            base, columns = found[-1]
            found[-1] = (base + char, columns)
        else:
            found.append((char, 2 if unicodedata.east_asian_width(char) in "WF" else 1))
    return found


def width(text: str) -> int:
    """Columns that the text takes at normal size."""
    return len(text) if _PLAIN.fullmatch(text) else sum(columns for _, columns in clusters(text))


def wrap(text: str, columns: int) -> list[str]:
    """Lines of at most `columns`, broken at spaces, and inside a word only if it is wider than a line.

    No-break spaces do not break and come out as plain ones. Always at least one line.
    """
    return _wrap(printable(text), columns)


def _wrap(clean: str, columns: int) -> list[str]:
    plain = _PLAIN.fullmatch(clean) is not None
    if (len(clean) if plain else width(clean)) <= columns:
        return [_breakable(clean).rstrip()]
    text = _UNIT.sub("\u00a0", " ".join(filter(None, clean.split(" "))))
    lines = _wrap_plain(text, columns) if plain else _wrap_any(text, columns)
    return [_breakable(line) for line in lines] or [""]


def _wrap_plain(text: str, columns: int) -> list[str]:
    lines: list[str] = []
    while len(text) > columns:
        at = text.rfind(" ", 0, columns + 1)
        if at < 0:
            at = columns
        lines.append(text[:at].rstrip(" "))
        text = text[at:].lstrip(" ")
    return [*lines, text] if text else lines


def _wrap_any(text: str, columns: int) -> list[str]:
    lines: list[str] = []
    line, used = "", 0
    for word in text.split(" "):
        for piece, size in _pieces(word, columns):
            if line and used + 1 + size <= columns:
                line, used = f"{line} {piece}", used + 1 + size
            else:
                lines.append(line)
                line, used = piece, size
    lines.append(line)
    return [each for each in lines if each]


def _pieces(word: str, columns: int) -> Iterator[tuple[str, int]]:
    size = width(word)
    if size <= columns:
        if word:
            yield word, size
        return
    piece, used = "", 0
    for char, cells in clusters(word):
        if piece and used + cells > columns:
            yield piece, used
            piece, used = "", 0
        piece, used = piece + char, used + cells
    yield piece, used


def lay_out(document: Document, columns: int) -> list[Printed]:
    """The document as lines for paper of `columns` characters (32, 42, 48); every slip ends with a Cut."""
    if columns < COLUMNS_MIN:
        raise ValueError(f"a receipt needs at least {COLUMNS_MIN} columns, not {columns}")
    printed: list[Printed] = []
    slip: list[Block] = []
    for block in (*document.blocks, Cut()):
        if not isinstance(block, Cut):
            slip.append(block)
        elif slip:
            printed.extend(_with_quiet_zones(_slip(document, slip, columns)))
            printed.append(block)
            slip = []
    return printed


def _slip(document: Document, blocks: list[Block], columns: int) -> Iterator[Printed]:
    language = document.language if document.language in NON_FISCAL else "en"
    head: list[Block] = []
    if document.copy:
        head.append(Text(COPY[language], Align.CENTER, bold=True, size=Size.LARGE))
    if document.non_fiscal:
        head.append(Text(NON_FISCAL[language], Align.CENTER))
    air: list[Block] = [Blank()] if head else []
    for block in (*head, *air, *blocks, *air, *reversed(head)):
        yield from _block(block, columns)


def _with_quiet_zones(slip: Iterator[Printed]) -> Iterator[Printed]:
    """An empty line above and below each code: a scanner needs white around it (QR: four modules)."""
    empty = Line("")
    before: Printed = empty
    for printed in slip:
        code = isinstance(before, Qr | Barcode) or isinstance(printed, Qr | Barcode)
        if code and before != empty and printed != empty:
            yield empty
        yield printed
        before = printed


def _block(block: Block, columns: int) -> Iterator[Printed]:
    match block:
        case Text():
            yield from _text(block, columns)
        case Columns():
            yield from _columns(block, columns)
        case Rule():
            yield Line((_RULES[block.style] * columns)[:columns])
        case Blank():
            yield from [Line("")] * block.lines
        case Stamps():
            yield from _stamps(block, columns)
        case _:
            yield block


def _text(block: Text, columns: int) -> Iterator[Line]:
    paragraphs = [printable(part) for part in block.text.splitlines()] or [""]
    size = block.size
    if size.cells > 1 and any(width(word) * 2 > columns for part in paragraphs for word in part.split(" ")):
        size = size.narrowed
    for paragraph in paragraphs:
        for line in _wrap(paragraph, columns // size.cells):
            yield Line(line, block.align, block.bold, size)


def _columns(block: Columns, columns: int) -> Iterator[Line]:
    left, right = printable(block.left), _breakable(printable(block.right))
    figure, size = width(right), block.size
    indent = min(max(block.indent, 0), columns // 4)
    if size.cells > 1 and (indent + width(left) + 1 + figure) * 2 > columns:
        size = size.narrowed
    whole = columns // size.cells
    margin = " " * indent
    if whole - indent - figure - 1 < whole // 3:
        # A figure this long gets a line of its own, so that the text keeps one that can be read.
        for line in _wrap(left, whole - indent):
            yield Line(margin + line, bold=block.bold, size=size)
        for line in _wrap(right.replace(" ", "\u00a0"), whole):
            yield Line(" " * (whole - width(line)) + line, bold=block.bold, size=size)
        return
    *above, last = _wrap(left, whole - indent - figure - 1)
    for line in above:
        yield Line(margin + line, bold=block.bold, size=size)
    gap = " " * (whole - indent - width(last) - figure)
    yield Line(margin + last + gap + right, bold=block.bold, size=size)


def _stamps(block: Stamps, columns: int) -> Iterator[Line]:
    need = max(block.need, 0)
    have = min(max(block.have, 0), need)
    fresh = min(max(block.fresh, 0), have)
    places = INKED * (have - fresh) + FRESH * fresh + OPEN * (need - have)
    rows = -(-need // (columns // Size.LARGE.cells))
    for row in range(rows):
        # Rows of one length: twelve places in two rows are six and six.
        yield Line(places[row * need // rows : (row + 1) * need // rows], Align.CENTER, size=Size.LARGE)
