"""MIFARE Ultralight AES: the card answers a challenge with a key that never leaves it.

Source: NXP MF0AES(H)20 data sheet, 8.6 (authentication, AES-128 CBC, each message from a zero vector); NXP
AN13452 (features and hints); NXP AN10922 (key diversification).
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from hardware.cards.link import CardProblem
from hardware.cards.native import Native

_VERSIONS: Final = (bytes.fromhex("0004030104000F03"), bytes.fromhex("0004030204000F03"))
"""GET_VERSION of MF0AES20 and MF0AESH20."""
_BLOCK: Final = 16
_MORE, _DONE = b"\xaf", b"\x00"


@dataclass(frozen=True, slots=True)
class UltralightKey:
    """The shop's AES-128 master key, and which of the card's keys is made of it (0: DataProtKey).

    A card's own key is the master key diversified by its UID and `label`. One key for all cards would prove
    nothing: whoever relays the challenge to a card of his own would pass for any other.
    """

    master: bytes
    label: bytes = b""
    number: int = 0

    def __post_init__(self) -> None:
        if len(self.master) != _BLOCK or len(self.label) > 24 or self.number not in (0, 1):
            raise ValueError("a key of 16 bytes, a label of at most 24, and the key's number 0 or 1")

    def __repr__(self) -> str:
        return "UltralightKey(…)"  # keys never reach a log

    def of(self, uid: str) -> bytes:
        """The key of the card with this UID."""
        return diversify(self.master, bytes.fromhex(uid) + self.label)


def is_ultralight_aes(version: bytes) -> bool:
    """Whether this is the answer of such a card to GET_VERSION."""
    return version in _VERSIONS


def authenticate(
    native: Native, key: bytes, number: int = 0, random: Callable[[int], bytes] = os.urandom
) -> None:
    """Have the card prove that it holds `key`. Raises CardProblem "refused" if it does not.

    Never tried twice: a card may count failures and lock itself (AUTH_LIM).
    """
    first = native.exchange(bytes([0x1A, number]))
    theirs = _decrypt(key, _body(first, _MORE))
    ours = random(_BLOCK)
    answer = native.exchange(_MORE + _encrypt(key, ours + _rotated(theirs)))
    if not hmac.compare_digest(_decrypt(key, _body(answer, _DONE)), _rotated(ours)):
        raise CardProblem("refused", "the card's proof is wrong")


def diversify(master: bytes, data: bytes) -> bytes:
    """The AES-128 key of one card, by AN10922, 2.2.1: a CMAC over 01 and 1 to 31 bytes, always two blocks."""
    if not 1 <= len(data) <= 31:
        raise ValueError(f"{len(data)} bytes to diversify by: 1 to 31 will do")
    first = _doubled(_encrypt(master, bytes(_BLOCK)))
    message, subkey = b"\x01" + data, first
    if len(message) < 2 * _BLOCK:
        message, subkey = (message + b"\x80").ljust(2 * _BLOCK, b"\0"), _doubled(first)
    last = bytes(a ^ b for a, b in zip(message[_BLOCK:], subkey, strict=True))
    return _encrypt(master, message[:_BLOCK] + last)[_BLOCK:]


def _body(answer: bytes | None, status: bytes) -> bytes:
    if answer is None or answer[:1] != status or len(answer) != 1 + _BLOCK:
        raise CardProblem("refused", "the card does not prove this shop's key")
    return answer[1:]


def _rotated(block: bytes) -> bytes:
    return block[1:] + block[:1]


def _doubled(block: bytes) -> bytes:
    """Twice the block in GF(2^128), as CMAC makes its subkeys (NIST SP 800-38B, 6.1)."""
    number = int.from_bytes(block, "big") << 1
    return ((number ^ 0x87) & ((1 << 128) - 1) if number >> 128 else number).to_bytes(_BLOCK, "big")


def _encrypt(key: bytes, data: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES(key), modes.CBC(bytes(_BLOCK))).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def _decrypt(key: bytes, data: bytes) -> bytes:
    decryptor = Cipher(algorithms.AES(key), modes.CBC(bytes(_BLOCK))).decryptor()
    return decryptor.update(data) + decryptor.finalize()
