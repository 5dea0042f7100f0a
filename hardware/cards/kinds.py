"""Which reading fits which card: a dictionary from the family its ATR shows to a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from hardware.cards.classic import ClassicPlace, read_classic
from hardware.cards.contact import ContactFile, read_contact
from hardware.cards.link import CardContent, CardLink, read_uid
from hardware.cards.native import NATIVE_READERS, Way
from hardware.cards.sun import SunKeys
from hardware.cards.type2 import read_type2
from hardware.cards.type4 import read_type4
from hardware.cards.ultralight_aes import UltralightKey


@dataclass(frozen=True)
class CardSettings:
    """What the shop told us of its cards; the default reads UID and NDEF of any card."""

    classic: tuple[ClassicPlace, ...] = ()
    contact: tuple[ContactFile, ...] = ()
    sun: SunKeys | None = None
    ultralight_aes: UltralightKey | None = None
    native: Mapping[str, Way] = field(default_factory=lambda: NATIVE_READERS)
    """The start of a reader's name, and how it passes a card's own commands on."""


_STORAGE: Final = b"\x80\x4f\x0c\xa0\x00\x00\x03\x06"
"""Historical bytes of a storage card: card's presence tag and PC/SC's own RID (PC/SC part 3, 3.1.3.2.3)."""
_STORAGE_NAMES: Final = {
    0x0001: ("classic", "classic1k"),
    0x0002: ("classic", "classic4k"),
    0x0003: ("type2", "ultralight"),
    0x0026: ("classic", "classicmini"),
    0x0036: ("classic", "plus2k"),
    0x0037: ("classic", "plus4k"),
    0x003A: ("type2", "ultralight_c"),
    0x003D: ("type2", "ultralight_ev1"),
}
"""Card names of PC/SC part 3's supplement: the family that reads it, and the kind shown."""


def family(atr: bytes) -> tuple[str, str]:
    """The family (contact, or a key of `READINGS`) and kind that an answer to reset shows."""
    at = atr.find(_STORAGE)
    if at >= 0 and len(atr) >= at + 11:
        return _STORAGE_NAMES.get(int.from_bytes(atr[at + 9 : at + 11], "big"), ("storage", "storage"))
    # A contactless ISO 14443-4 card: TD1 = 80, TD2 = 01 (PC/SC part 3, 3.1.3.2.3.2).
    if len(atr) >= 4 and atr[0] == 0x3B and atr[1] >> 4 == 0x8 and atr[2:4] == b"\x80\x01":
        return "type4", "type4"
    return "contact", "contact"


Reading = Callable[[CardLink, str, str, CardSettings], CardContent]
"""Link, the UID that the reader tells, the kind that the ATR shows, settings."""
READINGS: Final[dict[str, Reading]] = {
    "type2": lambda link, uid, _, settings: read_type2(link, uid, settings.native, settings.ultralight_aes),
    "classic": lambda link, uid, kind, settings: read_classic(link, uid, kind, settings.classic),
    "type4": lambda link, uid, _, settings: read_type4(link, uid, settings.sun),
    "storage": lambda _link, uid, kind, _settings: CardContent(uid, kind),
}


def reader_uid(link: CardLink) -> str | None:
    """The UID that the reader tells, None for a contact card. Raises CardProblem if it tells none."""
    return None if family(link.atr)[0] == "contact" else read_uid(link)


def read_card(link: CardLink, uid: str | None, settings: CardSettings) -> CardContent | None:
    """What the card with this reader UID holds. Raises CardProblem for what cannot be read.

    None if another card answered at the end: pcscd polls many readers every 0.4 s, and a swap in between
    changes no event counter and resets no handle.
    """
    if uid is None:
        return read_contact(link, settings.contact)
    name, kind = family(link.atr)
    content = READINGS[name](link, uid, kind, settings)
    return content if read_uid(link) == uid else None
