"""NFC Forum Type 4 tags, NTAG 424 DNA among them: an NDEF file behind ISO 7816 commands."""

from __future__ import annotations

from typing import Final

from hardware.cards.link import SW_OK, CardContent, CardLink, CardProblem
from hardware.cards.ndef_record import member_record
from hardware.cards.sun import SunKeys, verify_sun
from hardware.ports import CardProof

_NDEF_APPLICATION: Final = bytes.fromhex("D2760000850101")
_CONTAINER: Final = b"\xe1\x03"
_CHUNK: Final = 0x3B
"""Bytes a READ BINARY asks for: below the smallest MLe of common tags, and enough for a SUN URL in two."""
_NDEF_MAX: Final = 4096
"""A message longer than this is no member record; it is not read for the cashier to wait."""


def read_type4(link: CardLink, uid: str, sun: SunKeys | None) -> CardContent:
    """The member record; with the shop's keys a SUN message proves the card and names its true UID."""
    try:
        message = _read_message(link)
        record = member_record(message) if message is not None else None
    except CardProblem as problem:
        return CardContent(uid, "type4", flaw=f"{problem.code}: {problem.detail}")
    proved = verify_sun(record, sun) if sun is not None and record is not None else None
    if proved is None:
        return CardContent(uid, "type4", record)
    # With random ID switched on the reader's UID changes at every tap; the proved one does not.
    return CardContent(proved.uid, "ntag424", record, CardProof.GENUINE, counter=proved.counter)


def _read_message(link: CardLink) -> bytes | None:
    if not _select(link, bytes([0x00, 0xA4, 0x04, 0x00, 7]) + _NDEF_APPLICATION + b"\x00"):
        return None  # another application: a bank or transport card is known by its UID alone
    if not _select(link, b"\x00\xa4\x00\x0c\x02" + _CONTAINER):
        raise CardProblem("malformed", "no capability container")
    container = _read(link, 0, 15)
    # File control TLV: 04 06, file id, size, read and write access (NFC Forum Type 4 Tag 2.0, 5.1).
    if len(container) < 15 or container[7:9] != b"\x04\x06":
        raise CardProblem("malformed", "a capability container without an NDEF file")
    if not _select(link, b"\x00\xa4\x00\x0c\x02" + container[9:11]):
        raise CardProblem("malformed", "the NDEF file cannot be selected")
    size = int.from_bytes(_read(link, 0, 2), "big")
    if size > min(_NDEF_MAX, int.from_bytes(container[11:13], "big")):
        raise CardProblem("malformed", f"an NDEF message of {size} bytes")
    message = b""
    while len(message) < size:
        part = _read(link, 2 + len(message), min(_CHUNK, size - len(message)))
        if not part:
            raise CardProblem("malformed", f"{len(message)} of {size} bytes")
        message += part
    return message


def _select(link: CardLink, apdu: bytes) -> bool:
    return link.send(apdu)[1] == SW_OK


def _read(link: CardLink, offset: int, count: int) -> bytes:
    data, sw = link.send(bytes([0x00, 0xB0, offset >> 8, offset & 0xFF, count]))
    if sw != SW_OK:
        raise CardProblem("malformed", f"reading at {offset}: SW {sw:04X}")
    return data
