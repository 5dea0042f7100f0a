"""The member record: the first text or URI record of a card's NDEF message."""

from __future__ import annotations

from collections.abc import Iterator

import ndef

from hardware.cards.link import CardProblem

NULL, NDEF_MESSAGE, TERMINATOR = 0x00, 0x03, 0xFE


def find_message(area: bytes) -> bytes | None:
    """The NDEF message in a Type 2 tag's data area, None if it has none.

    Walks the TLV blocks (NFC Forum Type 2 Tag 1.2, 2.3): lock and memory control and proprietary blocks
    are legal before the message and skipped. Raises CardProblem "malformed" if a length points outside.
    """
    return next((area[start:end] for _, tag, start, end in _blocks(area) if tag == NDEF_MESSAGE), None)


def message_place(area: bytes) -> tuple[int, bytes]:
    """Where in the data area the NDEF message block is or may be put, and the message there now.

    An area without one has its place behind the last other block. Raises as `find_message` does.
    """
    place = 0
    for at, tag, start, end in _blocks(area):
        if tag == NDEF_MESSAGE:
            return at, area[start:end]
        place = end
    return place, b""


def _blocks(area: bytes) -> Iterator[tuple[int, int, int, int]]:
    """The blocks up to the terminator: where each begins, its tag, and where its value begins and ends."""
    at = 0
    while at < len(area) and area[at] != TERMINATOR:
        begin, tag = at, area[at]
        at += 1
        if tag == NULL:
            continue
        size, at = _length(area, at)
        if at + size > len(area):
            raise CardProblem("malformed", f"TLV {tag:02X} claims {size} bytes of {len(area) - at}")
        yield begin, tag, at, at + size
        at += size


def bytes_needed(area: bytes) -> int | None:
    """How far a partly read data area must be known to hold its NDEF message; None if that is not yet clear.

    Lets the reader stop after the message, which on a short record saves most of the reading time.
    """
    at = 0
    while at < len(area):
        tag = area[at]
        at += 1
        if tag == NULL:
            continue
        if tag == TERMINATOR:
            return at
        try:
            size, at = _length(area, at)
        except CardProblem:
            return None  # the length field itself is not read yet
        if tag == NDEF_MESSAGE:
            return at + size
        at += size
    return None


def _length(area: bytes, at: int) -> tuple[int, int]:
    """A TLV's length and the offset behind the length field (one byte, or FF and two)."""
    wide = area[at : at + 1] == b"\xff"
    end = at + (3 if wide else 1)
    if end > len(area):
        raise CardProblem("malformed", "the data end inside a TLV length")
    return int.from_bytes(area[at + 1 if wide else at : end], "big"), end


def member_record(message: bytes) -> str | None:
    """The text or URI of the first such record of an NDEF message, None if there is none.

    Raises CardProblem "malformed" for bytes that are no NDEF message.
    """
    try:
        # To the end, before any record counts: a message that is wrong further on is wrong.
        records = list(ndef.message_decoder(message, errors="strict"))
    except (ndef.DecodeError, ValueError, LookupError) as error:
        # ndeflib checks structure; what a record's bytes mean as text may still fail below it.
        raise CardProblem("malformed", f"NDEF: {error}") from error
    for record in records:
        if isinstance(record, ndef.TextRecord):
            return str(record.text)
        if isinstance(record, ndef.UriRecord):
            return str(record.iri)
    return None
