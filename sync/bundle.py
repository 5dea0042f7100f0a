"""A bundle: what a dead till had not synced, as one file that a server can take without a network. Pure.

The file is MAGIC, the SHA-256 of what follows (32 bytes), and a zstd frame of JSON. Its `signature` is made
with the till's own key over everything else in it, so a server that knows the till sees that it is the till's
word. It may name people: it is as private as the till's database, and readable by its owner alone.
"""

from __future__ import annotations

import hashlib
import uuid
from typing import Final

import msgspec
import zstandard
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from sync import protocol

MAGIC: Final = b"stempel-bundle-1\n"
PLAIN_MAX: Final = 4 << 30
"""Bytes that a bundle may unpack to: a till that sold for years without a network fits."""
_SIGNS: Final = b"stempel-bundle-1 "
_encoder: Final = msgspec.json.Encoder()


class BadBundle(ValueError):
    """A file that is no whole bundle; the message says why."""


class Bundle(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a till of `epoch` still had to send: `facts` (see `protocol.embed`) have the numbers from
    `first_seq` on, `prev_hash` is the hash before.

    `loose` are facts behind numbers that could not be read any more (`lost`): they go on under a new epoch.
    `store` and `certificate` are empty for a till that never enrolled, and so is `signature`.
    """

    v: int = 1
    till: uuid.UUID
    epoch: int
    store: str = ""
    certificate: str = ""
    made_ms: int
    first_seq: int
    prev_hash: bytes
    facts: list[msgspec.Raw] = []
    loose: list[msgspec.Raw] = []
    lost: list[int] = []
    persons: list[protocol.PersonRow] = []
    signature: bytes = b""

    @property
    def bodies(self) -> list[bytes]:
        return [protocol.extract(raw) for raw in self.facts]

    @property
    def loose_bodies(self) -> list[bytes]:
        return [protocol.extract(raw) for raw in self.loose]

    def signed_by(self, public_key: bytes) -> bool:
        """Whether the holder of a till's key made this bundle."""
        try:
            Ed25519PublicKey.from_public_bytes(public_key).verify(self.signature, _signed_bytes(self))
        except (InvalidSignature, ValueError):
            return False
        return True


_decoder: Final = msgspec.json.Decoder(Bundle)


def sign(bundle: Bundle, private_key: bytes) -> Bundle:
    """The bundle with its till's word for it; `private_key` is the 32-byte seed."""
    signature = Ed25519PrivateKey.from_private_bytes(private_key).sign(_signed_bytes(bundle))
    return msgspec.structs.replace(bundle, signature=signature)


def to_bytes(bundle: Bundle) -> bytes:
    """The whole file."""
    packed = zstandard.ZstdCompressor(level=3).compress(_encoder.encode(bundle))
    return MAGIC + hashlib.sha256(packed).digest() + packed


def from_bytes(data: bytes) -> Bundle:
    """The bundle in a file. Raises BadBundle for one that is cut short or changed."""
    if not data.startswith(MAGIC):
        raise BadBundle("this is no bundle of stempel rescue")
    digest, packed = data[len(MAGIC) : len(MAGIC) + 32], data[len(MAGIC) + 32 :]
    if hashlib.sha256(packed).digest() != digest:
        raise BadBundle("the bundle is cut short, or was changed on its way: copy it again")
    try:
        return _decoder.decode(protocol.unpack(packed, PLAIN_MAX))
    except (protocol.WireProblem, msgspec.DecodeError) as error:
        raise BadBundle(f"the bundle cannot be read, start a newer program: {error}") from error


def _signed_bytes(bundle: Bundle) -> bytes:
    plain = _encoder.encode(msgspec.structs.replace(bundle, signature=b""))
    return _SIGNS + hashlib.sha256(plain).digest()
