"""The bodies of a push as columns: what they have in common once, what differs beside its like. Pure.

A body is taken apart as text, of whatever kind and version it is. Its numbers, ids and texts leave marks in a
*frame*; the lines of a sale leave marks in a *layout*, and their texts together are a *product*. Frames,
layouts and products stand once in a batch; values stand in columns (`columns`). A value that is in a
frame or layout twice is written once. What cannot be taken apart exactly goes as the bytes it is.

The batch is a msgpack array, version 2 of the wire's facts; its layout is that of `Writer.document`. Whoever
writes one reads it back and compares, and the hash of the last fact tells the reader that it has what was
meant: what this module does not foresee costs bytes, never a fact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec

from sync.protocol.columns import BadColumn
from sync.protocol.marks import BadBatch
from sync.protocol.putting_together import Reader
from sync.protocol.taking_apart import Writer

Breathe = Callable[[], None]


def write_bodies(bodies: Sequence[bytes], breathe: Breathe = lambda: None) -> bytes | None:
    """A batch of bodies; None if it does not read back as they are. `breathe` is called between them."""
    writer = Writer()
    try:
        for body in bodies:
            writer.add(body)
            breathe()
        data = msgspec.msgpack.encode(writer.document())
        read = list(read_bodies(data, len(bodies), sum(map(len, bodies)), breathe))
    except (BadBatch, ValueError, OverflowError):
        return None  # numbers of thousands of digits, and what else nobody thought of
    return data if read == list(bodies) else None


def read_bodies(data: bytes, count: int, most_bytes: int, breathe: Breathe = lambda: None) -> Iterator[bytes]:
    """The bodies of a batch, which says that they are `count`. Raises BadBatch for one that is not what it
    says, or that is of more than `most_bytes`."""
    try:
        document = msgspec.msgpack.decode(data)
        left = most_bytes
        for body in Reader(document, count, most_bytes).bodies():
            left -= len(body)
            if left < 0:
                raise BadBatch(f"the bodies are of more than the {most_bytes} bytes allowed")
            breathe()
            yield body
    except (BadColumn, msgspec.DecodeError, TypeError, ValueError, LookupError, StopIteration) as error:
        raise error if isinstance(error, BadBatch) else BadBatch(f"no batch of facts: {error}") from error
