"""MIFARE Classic sectors through a PC/SC reader's storage commands (PC/SC part 3, 3.2.2.1.4 to .8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hardware.cards.link import SW_OK, CardContent, CardLink, CardProblem


@dataclass(frozen=True, slots=True)
class ClassicPlace:
    """Where a shop's cards keep the member number: ASCII text in `blocks` of one sector, read with `key`."""

    blocks: tuple[int, ...]
    key: bytes
    key_type: Literal["A", "B"] = "A"

    def __repr__(self) -> str:
        return f"ClassicPlace(blocks={self.blocks}, key=…)"  # keys never reach a log


def read_classic(link: CardLink, uid: str, kind: str, places: tuple[ClassicPlace, ...]) -> CardContent:
    """The text of the first place whose key fits; a wrong key is a `flaw`, for the UID is still good."""
    flaw = ""
    for place in places:
        try:
            return CardContent(uid, kind, _read_place(link, place))
        except CardProblem as problem:
            flaw = f"{problem.code}: {problem.detail}"
    return CardContent(uid, kind, flaw=flaw)


def _read_place(link: CardLink, place: ClassicPlace) -> str | None:
    _expect(link, b"\xff\x82\x00\x00\x06" + place.key, "loading the key")
    key_type = 0x60 if place.key_type == "A" else 0x61
    data = b""
    for block in place.blocks:
        _expect(link, bytes([0xFF, 0x86, 0, 0, 5, 1, 0, block, key_type, 0]), f"key for block {block}")
        data += _expect(link, bytes([0xFF, 0xB0, 0, block, 16]), f"reading block {block}")
    text = data.rstrip(b"\x00\xff ")
    if not text.isascii() or not text.decode("ascii").isprintable():
        raise CardProblem("malformed", "the blocks hold no text")
    return text.decode("ascii") or None


def _expect(link: CardLink, apdu: bytes, doing: str) -> bytes:
    data, sw = link.send(apdu)
    if sw != SW_OK:
        raise CardProblem("malformed", f"{doing}: SW {sw:04X}")
    return data
