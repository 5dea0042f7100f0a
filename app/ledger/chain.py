"""The envelope of a fact: where it stands in its origin's own, gapless, hash-linked sequence.

The chain detects loss, forks and a changed prefix that was acknowledged before. It claims nothing against
whoever holds the origin's own key.
"""

from __future__ import annotations

import hashlib
import uuid
from typing import Final

import msgspec

GENESIS: Final = bytes(32)
"""The hash before the first fact of every epoch."""
FIRST_SEQ: Final = 1


class Envelope(msgspec.Struct, frozen=True):
    """Place of one fact: `seq` counts 1, 2, 3 … within (origin, epoch); hashes are 32 bytes (SHA-256)."""

    origin: uuid.UUID
    epoch: int
    seq: int
    prev_hash: bytes
    hash: bytes


class Head(msgspec.Struct, frozen=True):
    """The end of an origin's chain: the last `seq` used (0 for none) and its hash."""

    origin: uuid.UUID
    epoch: int
    seq: int = 0
    hash: bytes = GENESIS


def link_hash(prev_hash: bytes, origin: uuid.UUID, epoch: int, seq: int, body: bytes) -> bytes:
    """SHA-256 over the hash before, the place and the fact's exact bytes.

    Layout: "stempel1", prev_hash (32), origin (16), epoch (4, big-endian), seq (8, big-endian), body.
    """
    place = epoch.to_bytes(4, "big") + seq.to_bytes(8, "big")
    return hashlib.sha256(b"stempel1" + prev_hash + origin.bytes + place + body).digest()


def seal(head: Head, body: bytes) -> tuple[Envelope, Head]:
    """The envelope of the next fact after `head`, and the head after it."""
    seq = head.seq + 1
    digest = link_hash(head.hash, head.origin, head.epoch, seq, body)
    envelope = Envelope(head.origin, head.epoch, seq, head.hash, digest)
    return envelope, Head(head.origin, head.epoch, seq, digest)


def verify(head: Head, bodies: list[bytes]) -> Head:
    """The head after a run of bodies; compare its hash with the one claimed."""
    for body in bodies:
        _, head = seal(head, body)
    return head
