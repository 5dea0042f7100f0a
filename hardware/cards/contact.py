"""Contact cards, told apart by ATR, with the member number in a file the shop names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hardware.cards.link import SW_OK, CardContent, CardLink, CardProblem

_SHORTER: Final = 0x6282
"""The file ended before the length that was asked for (ISO/IEC 7816-4, table 6)."""


@dataclass(frozen=True, slots=True)
class ContactFile:
    """`atr` of the shop's cards with a `mask` of the bits that count, the file to select, and the text in it.

    `path` are the file identifiers from the root on, or an application's name (AID) and files in it (ISO/IEC
    7816-4, 7.1.1), `size` the bytes of ASCII text.
    """

    atr: bytes
    mask: bytes
    path: tuple[bytes, ...]
    size: int

    def fits(self, atr: bytes) -> bool:
        return len(atr) == len(self.atr) == len(self.mask) and all(
            a & m == b & m for a, b, m in zip(atr, self.atr, self.mask, strict=True)
        )


def read_contact(link: CardLink, files: tuple[ContactFile, ...]) -> CardContent:
    """The member number as both UID and record: a contact card has no serial number of its own to tell.

    Raises CardProblem "unsupported" for a card of no known ATR, "malformed" for one without the file.
    """
    known = next((file for file in files if file.fits(link.atr)), None)
    if known is None:
        raise CardProblem("unsupported", f"no card with ATR {link.atr.hex().upper()} is set up")
    for name in known.path:
        by_name = 0x04 if len(name) > 2 else 0x00
        _expect(link, bytes([0x00, 0xA4, by_name, 0x00, len(name)]) + name, f"file {name.hex().upper()}")
    text = _expect(link, bytes([0x00, 0xB0, 0, 0, known.size]), "reading").rstrip(b"\x00\xff ")
    if not text or not text.isascii() or not text.decode("ascii").isprintable():
        raise CardProblem("malformed", "the file holds no text")
    return CardContent(text.hex().upper(), "contact", text.decode("ascii"))


def _expect(link: CardLink, apdu: bytes, doing: str) -> bytes:
    data, sw = link.send(apdu)
    if sw not in (SW_OK, _SHORTER):
        raise CardProblem("malformed", f"{doing}: SW {sw:04X}")
    return data
