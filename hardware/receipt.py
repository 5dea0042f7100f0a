"""A receipt as a document, with no printer in it.

A `Document` says what a slip of paper shows; `hardware.layout` breaks it into lines of a printer's columns.
A `PrintJob` is what the till stores and the print lane takes; both survive a round trip through JSON. Text
may hold anything that a name can hold.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec


class Align(StrEnum):
    LEFT = "left"
    CENTER = "center"
    RIGHT = "right"


class Size(StrEnum):
    """Character size. A wide size that would break a word or an amount is printed `TALL` instead."""

    NORMAL = "normal"
    TALL = "tall"
    WIDE = "wide"
    LARGE = "large"

    @property
    def cells(self) -> int:
        """Columns that one character of this size takes."""
        return 2 if self in (Size.WIDE, Size.LARGE) else 1

    @property
    def narrowed(self) -> Size:
        """The same height at normal width."""
        return {Size.LARGE: Size.TALL, Size.WIDE: Size.NORMAL}.get(self, self)


class RuleKind(StrEnum):
    LIGHT = "light"
    DOUBLE = "double"
    DASHED = "dashed"


class BarcodeKind(StrEnum):
    EAN13 = "ean13"
    CODE128 = "code128"


class Text(msgspec.Struct, frozen=True, tag="text", omit_defaults=True):
    """A paragraph: wraps at spaces, keeps its own line breaks."""

    text: str
    align: Align = Align.LEFT
    bold: bool = False
    size: Size = Size.NORMAL


class Columns(msgspec.Struct, frozen=True, tag="columns", omit_defaults=True):
    """A text and its figure: `left` wraps, `right` stays whole at the right edge of the last line.

    `indent` is in columns and moves `left` alone.
    """

    left: str
    right: str
    bold: bool = False
    size: Size = Size.NORMAL
    indent: int = 0


class Rule(msgspec.Struct, frozen=True, tag="rule", omit_defaults=True):
    """A line across the paper."""

    style: RuleKind = RuleKind.LIGHT


class Blank(msgspec.Struct, frozen=True, tag="blank", omit_defaults=True):
    """Empty lines."""

    lines: int = 1


class Stamps(msgspec.Struct, frozen=True, tag="stamps", omit_defaults=True):
    """A stamp card: `have` of `need` places are inked, the last `fresh` of them just now."""

    have: int
    need: int
    fresh: int = 0


class Barcode(msgspec.Struct, frozen=True, tag="barcode", omit_defaults=True):
    """A linear code with its text below. An EAN-13 with a wrong check digit is printed as Code 128."""

    data: str
    symbology: BarcodeKind = BarcodeKind.CODE128


class Qr(msgspec.Struct, frozen=True, tag="qr", omit_defaults=True):
    """A QR code, centred. What it is for belongs in a `Text` beside it."""

    data: str


class Image(msgspec.Struct, frozen=True, tag="image", omit_defaults=True):
    """A picture the printer's side knows by `name` (the shop's logo); `alt` is printed if it does not."""

    name: str
    alt: str = ""


class Cut(msgspec.Struct, frozen=True, tag="cut", omit_defaults=True):
    """The end of a slip in the middle of a document (a coupon of its own). The last cut needs no block."""


Block = Text | Columns | Rule | Blank | Stamps | Barcode | Qr | Image | Cut


class Document(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is printed, in order, on one or more slips.

    `language` (ru, pl, en) chooses the marks' words and the printer's code page. `non_fiscal` marks every
    slip, top and bottom, as not being a fiscal receipt; `copy` marks it as a reprint.
    """

    blocks: tuple[Block, ...]
    language: str = "en"
    non_fiscal: bool = True
    copy: bool = False


class PrintJob(msgspec.Struct, frozen=True, omit_defaults=True):
    """One entry of the till's durable print queue: paper, a drawer kick, or both."""

    document: Document | None = None
    open_drawer: bool = False


_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(PrintJob)


def encode_job(job: PrintJob) -> bytes:
    """The job as JSON, for the queue's row."""
    return _ENCODER.encode(job)


def decode_job(row: bytes | str) -> PrintJob:
    """The inverse of `encode_job`; msgspec.DecodeError or ValidationError if it is not a job."""
    return _DECODER.decode(row)


def as_copy(job: PrintJob) -> PrintJob:
    """The same paper marked as a copy. It opens no drawer: the money went in with the original."""
    document = job.document and msgspec.structs.replace(job.document, copy=True)
    return PrintJob(document=document)
