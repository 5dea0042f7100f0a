"""Writing a member record to an NTAG or Ultralight, in an order that a card torn away survives.

Source: NFC Forum Type 2 Tag 1.2, 6.4.3 (NDEF update: length zero, message, length); PC/SC part 3, 3.2.2.1.9
(UPDATE BINARY); NXP NTAG213/215/216 rev 3.2, 8.5.6 (capability container).
"""

from __future__ import annotations

from typing import Final

import ndef

from hardware.cards.link import SW_OK, CardLink, CardProblem
from hardware.cards.ndef_record import member_record, message_place
from hardware.cards.type2 import AREA_UNIT, CC_MAGIC, read_pages

_AREA_START: Final = 4
_PAGE: Final = 4
_TERMINATOR: Final = b"\xfe"
_EMPTY_RECORD: Final = b"\xd0\x00\x00"
"""What some makers and programs leave on a blank card."""


def write_member_record(link: CardLink, record: str, *, overwrite: bool = False) -> None:
    """Write a text or URI as the one NDEF record of a Type 2 tag, and read it back.

    Control blocks before the message (lock bytes, as a new NTAG213 has) are kept. Raises CardProblem:
    unsupported, not_blank, read_only, too_long, malformed.
    """
    container = read_pages(link, 3)[:4]
    if container[0] != CC_MAGIC:
        raise CardProblem("unsupported", "not a card prepared for NDEF")
    if container[3] & 0x0F:
        raise CardProblem("read_only", "the card is locked against writing")
    area = _read_area(link, container[2] * AREA_UNIT)
    place = _place(area, overwrite)
    message = encode_record(record)
    block = _tlv(message)
    if place + len(block) > len(area):
        raise CardProblem("too_long", f"{place + len(block)} bytes for a card of {len(area)}")
    # Empty first: whoever reads a card torn away in between finds no record rather than half of one.
    _write(link, area, place, b"\x03\x00" + _TERMINATOR, downwards=False)
    # The page with the length comes last, so that the length never promises what is not yet there.
    _write(link, area, place, block, downwards=True)
    if member_record(_message_on(link, len(area))) != record:
        raise CardProblem("malformed", "the card does not give back what was written")


def _place(area: bytes, overwrite: bool) -> int:
    try:
        place, held = message_place(area)
    except CardProblem:
        if not overwrite:
            raise
        return 0  # garbage is overwritten from the start
    if held not in (b"", _EMPTY_RECORD) and not overwrite:
        raise CardProblem("not_blank", "the card holds a record already")
    return place


def encode_record(record: str) -> bytes:
    """The NDEF message of a member record: a URI record for what is a link, else a text record."""
    made = (
        ndef.UriRecord(record)
        if record.startswith(("https://", "http://"))
        else ndef.TextRecord(record, "en")
    )
    return b"".join(part for part in ndef.message_encoder([made]) if isinstance(part, bytes))


def _tlv(message: bytes) -> bytes:
    size = bytes([len(message)]) if len(message) < 255 else b"\xff" + len(message).to_bytes(2, "big")
    return b"\x03" + size + message + _TERMINATOR


def _read_area(link: CardLink, size: int) -> bytes:
    area = b""
    while len(area) < size:
        area += read_pages(link, _AREA_START + len(area) // _PAGE)
    return area[:size]


def _message_on(link: CardLink, size: int) -> bytes:
    area = _read_area(link, size)
    return message_place(area)[1]


def _write(link: CardLink, area: bytes, place: int, data: bytes, *, downwards: bool) -> None:
    """Put `data` at `place` of the data area, whole pages at a time."""
    changed = bytearray(area)
    changed[place : place + len(data)] = data
    first, last = place // _PAGE, (place + len(data) - 1) // _PAGE
    pages = range(last, first - 1, -1) if downwards else range(first, last + 1)
    for page in pages:
        content = bytes(changed[page * _PAGE : (page + 1) * _PAGE])
        number = _AREA_START + page
        sw = link.send(bytes([0xFF, 0xD6, number >> 8, number & 0xFF, _PAGE]) + content)[1]
        if sw != SW_OK:
            raise CardProblem("read_only", f"page {number}: SW {sw:04X}")
