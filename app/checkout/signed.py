"""Coupons as they are printed: signed by the till that issued them, so that any till checks them offline.

The code is `STEMPEL:C:` and base 32 (RFC 4648, without padding), which QR packs as its alphanumeric mode, of

    1 byte   version, 1
    4 bytes  the first of the issuing till's id: which keys to try
    16 bytes the sale's id; with the rule it names the coupon in the ledger
    4 bytes  the first of SHA-256 of the rule's id; of the second coupon by a rule and sale, of "rule:2"
    4 bytes  minutes from 1970 to the issue, big-endian
    64 bytes Ed25519 (RFC 8032) over "stempel-coupon-1", a line feed and the above

159 characters in all: QR version 7 with medium correction, three centimetres of paper.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Protocol

import msgspec

from app.ledger.alone import single_use
from app.loyalty.effects import Grant

PREFIX: Final = "STEMPEL:C:"
_SIGNED: Final = b"stempel-coupon-1\n"
_BODY: Final = struct.Struct(">B4s16s4sI")
_SIGNATURE: Final = 64
_MINUTE_MS: Final = 60_000
NUMBER_MAX: Final = 20
"""Coupons that a rule may give at one sale and this till can sign; of more the card itself tells."""


class Key(msgspec.Struct, frozen=True):
    """A till's public key; coupons issued from `revoked_ms` on are not good by it."""

    public_key: bytes
    revoked_ms: int | None = None


class Mine(msgspec.Struct, frozen=True):
    """This till's own: `private_key` is a 32-byte seed."""

    till: uuid.UUID
    private_key: bytes


class Keys(Protocol):
    """The keys of tills, as far as they were pulled."""

    def mine(self) -> Mine | None:
        """None before this till is enrolled: then it cannot sign."""
        ...

    def find(self, prefix: bytes) -> Sequence[Key]:
        """The keys of tills whose id begins with four bytes."""
        ...


class NoKeys:
    """A till that was never enrolled."""

    def mine(self) -> Mine | None:
        return None

    def find(self, prefix: bytes) -> Sequence[Key]:
        return ()


class Coupon(msgspec.Struct, frozen=True):
    """What a code says, before anybody has checked it."""

    body: bytes
    signature: bytes
    till: bytes
    sale: uuid.UUID
    rule_mark: bytes
    issued_at_ms: int

    def named(self, rules: Iterable[str]) -> tuple[str, str] | None:
        """The rule that it names, of those there are, and the coupon's own name in the ledger."""
        named = ((rule, name) for rule in rules for name in _names(rule))
        return next(
            ((rule, f"{self.sale}:{name}") for rule, name in named if _mark(name) == self.rule_mark), None
        )

    def signed_by(self, keys: Iterable[Key]) -> Key | None:
        """The key that signed it, if any of these did."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        for key in keys:
            try:
                Ed25519PublicKey.from_public_bytes(key.public_key).verify(self.signature, _SIGNED + self.body)
            except (InvalidSignature, ValueError):
                continue
            return key
        return None


def _names(rule: str) -> Iterator[str]:
    """What the coupons of a rule and sale are called, one after another (`app.loyalty.benefit.hand_over`)."""
    yield rule
    yield from (f"{rule}:{number}" for number in range(2, NUMBER_MAX + 1))


def _mark(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()[:4]


def is_signed(text: str) -> bool:
    """Whether a scanned text is a signed coupon by its form."""
    return text[: len(PREFIX)].upper() == PREFIX


def read(text: str) -> Coupon | None:
    """What a scanned text says; None if it is no whole coupon of a version that this till knows."""
    packed = text[len(PREFIX) :].upper()
    try:
        data = base64.b32decode(packed + "=" * (-len(packed) % 8))
        version, till, sale, rule, minutes = _BODY.unpack(data[: _BODY.size])
    except (binascii.Error, ValueError, struct.error):
        return None
    body, signature = data[: _BODY.size], data[_BODY.size :]
    if version != 1 or len(signature) != _SIGNATURE:
        return None
    return Coupon(body, signature, till, uuid.UUID(bytes=sale), rule, minutes * _MINUTE_MS)


def printed(grant: Grant, mine: Mine | None) -> str:
    """The code to print for a coupon: signed where this till can sign, its name in the ledger where not."""
    sale, _, name = grant.code.partition(":")
    if mine is None or not single_use(grant.code) or name not in _names(grant.rule):
        return grant.code
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    minutes = max(min(grant.issued_at_ms // _MINUTE_MS, 2**32 - 1), 0)
    body = _BODY.pack(1, mine.till.bytes[:4], uuid.UUID(sale).bytes, _mark(name), minutes)
    signature = Ed25519PrivateKey.from_private_bytes(mine.private_key).sign(_SIGNED + body)
    return PREFIX + base64.b32encode(body + signature).decode().rstrip("=")
