"""A card's own commands, past the reader: GET_VERSION and authentication are no APDUs.

Two ways are known. Readers on a PN532 take its InCommunicateThru behind FF 00 (ACS ACR122U API 2.04, 7.0;
NXP PN532 user manual, 7.3.9). Others have PC/SC's transparent session (PC/SC part 3, supplement 2.02: FF C2).
Any other reader is never tried: what it makes of an unknown command is its own affair.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import Final, Protocol

from hardware.cards.link import SW_OK, CardLink


class Way(StrEnum):
    """How a reader passes a card's own commands on."""

    PN53X = "pn53x"
    TRANSPARENT = "transparent"


NATIVE_READERS: Final = {"ACS ACR122": Way.PN53X, "ACS ACR1252": Way.TRANSPARENT}
"""Readers whose manual says so, by the start of their name."""


class Native(Protocol):
    def exchange(self, command: bytes) -> bytes | None:
        """The card's own answer, without CRC; None if it gave none. Raises as `CardLink.send` does."""
        ...


@contextmanager
def native_commands(link: CardLink, readers: Mapping[str, Way]) -> Iterator[Native | None]:
    """A way to the card's own commands, None if its reader has none that is known."""
    way = next((way for name, way in readers.items() if link.reader.startswith(name)), None)
    if way is Way.PN53X:
        yield _Pn53x(link)
    elif way is Way.TRANSPARENT and _session(link, begin=True):
        try:
            yield _Transparent(link)
        finally:
            # Until then the reader looks for no other card.
            _session(link, begin=False)
    else:
        yield None


class _Pn53x:
    def __init__(self, link: CardLink) -> None:
        self._link = link

    def exchange(self, command: bytes) -> bytes | None:
        body = b"\xd4\x42" + command
        data, sw = self._link.send(b"\xff\x00\x00\x00" + bytes([len(body)]) + body)
        # D5 43, a status (0 is well), and the card's answer.
        return data[3:] if sw == SW_OK and data[:3] == b"\xd5\x43\x00" else None


class _Transparent:
    def __init__(self, link: CardLink) -> None:
        self._link = link

    def exchange(self, command: bytes) -> bytes | None:
        body = b"\x95" + bytes([len(command)]) + command
        data, sw = self._link.send(b"\xff\xc2\x00\x01" + bytes([len(body)]) + body + b"\x00")
        return _objects(data).get(0x97) if sw == SW_OK and _well(data) else None


def _session(link: CardLink, *, begin: bool) -> bool:
    data, sw = link.send(bytes([0xFF, 0xC2, 0, 0, 2, 0x81 if begin else 0x82, 0, 0]))
    return sw == SW_OK and _well(data)


def _well(data: bytes) -> bool:
    """C0 03: the number of the object that failed, and a status word."""
    return _objects(data).get(0xC0, b"")[1:] == b"\x90\x00"


def _objects(data: bytes) -> dict[int, bytes]:
    """The data objects of an answer, each of a tag and a length of one byte."""
    found: dict[int, bytes] = {}
    at = 0
    while at + 2 <= len(data):
        tag, size = data[at], data[at + 1]
        found[tag] = data[at + 2 : at + 2 + size]
        at += 2 + size
    return found
