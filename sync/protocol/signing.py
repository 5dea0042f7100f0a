"""Ed25519 signatures of requests (RFC 8032): what a till signs, and the header that carries it. Pure.

The layout of what is signed is in the text of `sync.protocol`.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from functools import lru_cache
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from sync.protocol.framing import WireProblem

SCHEME: Final = "Stempel-Ed25519"


def signed_bytes(method: str, target: str, till: uuid.UUID, epoch: int, body: bytes) -> bytes:
    """What a till signs (the layout is in the module's text)."""
    digest = hashlib.sha256(body).hexdigest()
    return f"stempel-request-1\n{method}\n{target}\n{till}\n{epoch}\n{digest}".encode()


def authorise(private_key: bytes, method: str, target: str, till: uuid.UUID, epoch: int, body: bytes) -> str:
    """The Authorization header for a request. `private_key` is the 32-byte seed."""
    signature = base64.b64encode(
        _key(private_key).sign(signed_bytes(method, target, till, epoch, body))
    ).decode()
    return f"{SCHEME} {till} {epoch} {signature}"


@lru_cache(maxsize=64)
def _key(private_key: bytes) -> Ed25519PrivateKey:
    # Making it costs as much as signing with it.
    return Ed25519PrivateKey.from_private_bytes(private_key)


def public_key_of(private_key: bytes) -> bytes:
    """The 32-byte public key of a seed."""
    return Ed25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()


class Signature(msgspec.Struct, frozen=True):
    """A parsed Authorization header: who claims to have signed."""

    till: uuid.UUID
    epoch: int
    signature: bytes

    def verify(self, public_key: bytes, method: str, target: str, body: bytes) -> bool:
        """Whether the holder of `public_key` signed this request."""
        message = signed_bytes(method, target, self.till, self.epoch, body)
        try:
            Ed25519PublicKey.from_public_bytes(public_key).verify(self.signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


def parse_authorization(header: str) -> Signature:
    """The signature in an Authorization header. Raises WireProblem("no_credentials")."""
    parts = header.split(" ")
    try:
        scheme, till, epoch, signature = parts
        if scheme != SCHEME or not epoch.isascii() or not epoch.isdigit() or len(epoch) > 9:
            raise ValueError
        return Signature(uuid.UUID(till), int(epoch), base64.b64decode(signature, validate=True))
    except ValueError as error:
        raise WireProblem(
            "no_credentials", f"Authorization must be: {SCHEME} TILL EPOCH SIGNATURE"
        ) from error
