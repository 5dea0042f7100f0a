"""NFC Forum Type 2 tags (NTAG21x, MIFARE Ultralight) through a PC/SC reader's storage commands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hardware.cards.link import SW_OK, CardContent, CardLink, CardProblem
from hardware.cards.native import Way, native_commands
from hardware.cards.ndef_record import bytes_needed, find_message, member_record
from hardware.cards.ultralight_aes import UltralightKey, authenticate, is_ultralight_aes
from hardware.ports import CardProof

CC_MAGIC: Final = 0xE1
AREA_UNIT: Final = 8
"""The capability container counts the data area in units of 8 bytes (Type 2 Tag 1.2, 2.1)."""
_BY_AREA: Final = {0x06: "ultralight", 0x12: "ntag213", 0x3E: "ntag215", 0x6D: "ntag216"}
"""Size byte of the factory capability container (NXP NTAG213/215/216 rev 3.2, 8.5.6)."""
_BY_VERSION: Final = {
    (3, 0x0B): "ultralight_ev1",
    (3, 0x0E): "ultralight_ev1",
    (4, 0x0F): "ntag213",
    (4, 0x11): "ntag215",
    (4, 0x13): "ntag216",
}
"""Product type and storage size of GET_VERSION (same data sheet, 10.1; MF0ULx1, 10.1)."""
_GET_VERSION: Final = b"\x60"


def read_type2(
    link: CardLink, uid: str, readers: Mapping[str, Way], aes: UltralightKey | None = None
) -> CardContent:
    """Kind and member record. Pages that cannot be read are a `flaw`, for the UID is still good.

    An Ultralight AES with a member record is asked for its proof if there is a key for it; one without is
    somebody else's (a ticket), which counts our failures against itself. Raises CardProblem "refused" for
    one that does not prove the shop's key.
    """
    kind, record, flaw = "type2", None, ""
    try:
        container = read_pages(link, 3)[:4]
        if container[0] != CC_MAGIC:
            return CardContent(uid, "ultralight")  # never formatted for NDEF: a serial number is all it has
        kind = _BY_AREA.get(container[2], kind)
        message = _read_message(link, container[2] * AREA_UNIT)
        record = member_record(message) if message is not None else None
    except CardProblem as problem:
        flaw = f"{problem.code}: {problem.detail}"
    with native_commands(link, readers) as native:
        version = native.exchange(_GET_VERSION) if native is not None else None
        if native is not None and version is not None and is_ultralight_aes(version):
            kind = "ultralight_aes"
            if aes is not None and record is not None:
                authenticate(native, aes.of(uid), aes.number)
                return CardContent(uid, kind, record, CardProof.GENUINE)
        elif version is not None and len(version) == 8:
            kind = _BY_VERSION.get((version[2], version[6]), kind)
    return CardContent(uid, kind, record, flaw=flaw)


def _read_message(link: CardLink, area_size: int) -> bytes | None:
    area = b""
    while len(area) < area_size:
        needed = bytes_needed(area)
        if needed is not None and len(area) >= needed:
            break
        # A READ behind the last page rolls over to page 0, so the area is cut to its size.
        area = (area + read_pages(link, 4 + len(area) // 4))[:area_size]
    return find_message(area)


def read_pages(link: CardLink, page: int) -> bytes:
    """16 bytes from a page on, or as many whole pages as the reader gives (some answer one at a time)."""
    data, sw = link.send(bytes([0xFF, 0xB0, page >> 8, page & 0xFF, 16]))
    if sw != SW_OK:
        raise CardProblem("malformed", f"page {page}: SW {sw:04X}")
    if len(data) < 4:
        raise CardProblem("malformed", f"page {page}: {len(data)} bytes")
    return data[: len(data) // 4 * 4]
