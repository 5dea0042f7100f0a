"""Secure Unique NFC messages of NTAG 424 DNA: a URL that the card signs anew at every tap.

Source: NXP AN12196 rev 2.0 (NTAG 424 DNA features and hints), 3.3 and 3.4; NT4H2421Gx rev 3.0, 9.3.
The check here proves the card's key; that the counter rises is for whoever remembers the last one.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

from hardware.cards.link import CardProblem

_SV2: Final = bytes.fromhex("3CC300010080")
_UID_MIRRORED, _COUNTER_MIRRORED, _UID_SIZE = 0x80, 0x40, 0x0F


@dataclass(frozen=True, slots=True)
class SunKeys:
    """The shop's AES-128 keys and the names of the URL's fields.

    `meta_read` decrypts the PICC data (SDMMetaRead), `file_read` makes the MAC (SDMFileRead).
    """

    meta_read: bytes
    file_read: bytes
    picc_field: str = "picc_data"
    mac_field: str = "cmac"

    def __repr__(self) -> str:
        return "SunKeys(…)"  # keys never reach a log


@dataclass(frozen=True, slots=True)
class Sun:
    """A message that proved itself: the card's UID in upper-case hex and its tap counter."""

    uid: str
    counter: int


def verify_sun(url: str, keys: SunKeys) -> Sun | None:
    """The UID and counter a SUN URL proves; None if the URL has no SUN fields at all.

    Raises CardProblem "refused" for a message whose MAC is wrong, "malformed" for one that cannot be one.
    """
    try:
        fields = parse_qs(urlsplit(url).query, max_num_fields=32)
    except ValueError as error:
        raise CardProblem("malformed", f"URL: {error}") from error
    if keys.picc_field not in fields and keys.mac_field not in fields:
        return None
    picc, mac = _hex(fields, keys.picc_field, 16), _hex(fields, keys.mac_field, 8)
    uid, counter = _picc_data(_decrypt(keys.meta_read, picc))
    session_key = _cmac(keys.file_read, _SV2 + uid + counter)
    # No file content under the MAC: SDMMACInputOffset equals SDMMACOffset (AN12196, 3.4.4.2.1).
    if not hmac.compare_digest(_cmac(session_key, b"")[1::2], mac):
        raise CardProblem("refused", "the card's proof is wrong")
    return Sun(uid.hex().upper(), int.from_bytes(counter, "little"))


def _hex(fields: dict[str, list[str]], name: str, size: int) -> bytes:
    try:
        value = bytes.fromhex(fields.get(name, [""])[0])
    except ValueError as error:
        raise CardProblem("malformed", f"{name} is not hexadecimal") from error
    if len(value) != size:
        raise CardProblem("malformed", f"{name} has {len(value)} bytes, not {size}")
    return value


def _picc_data(plain: bytes) -> tuple[bytes, bytes]:
    """UID and counter of decrypted PICC data: a tag byte says which are mirrored and how long the UID is."""
    tag = plain[0]
    if not tag & _UID_MIRRORED or not tag & _COUNTER_MIRRORED or tag & _UID_SIZE != 7:
        # A wrong key gives a random tag byte, so this is a failed proof as much as a bad format.
        raise CardProblem("refused", "the card's data do not open with this shop's key")
    return plain[1:8], plain[8:11]


def _decrypt(key: bytes, data: bytes) -> bytes:
    decryptor = Cipher(algorithms.AES(key), modes.CBC(bytes(16))).decryptor()
    return decryptor.update(data) + decryptor.finalize()


def _cmac(key: bytes, message: bytes) -> bytes:
    mac = CMAC(algorithms.AES(key))
    mac.update(message)
    return mac.finalize()
