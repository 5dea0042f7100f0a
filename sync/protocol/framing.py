"""Messages as bytes and back: JSON in one zstd frame (RFC 8878), facts in it as the bytes they are. Pure."""

from __future__ import annotations

import base64
import binascii
import io
from functools import cache
from typing import Any, Final, TypeVar

import msgspec
import zstandard

PACKED_MAX: Final = 1 << 20
"""Bytes a packed request may have."""
PLAIN_MAX: Final = 8 << 20
"""Bytes a request may have once unpacked."""
LIST_PACKED_MAX: Final = 16 << 20
"""Bytes a list that head office publishes may have as sent, and LIST_MAX once unpacked."""
LIST_MAX: Final = 128 << 20
_LARGE: Final = 1 << 14
"""Bytes from which a message is packed at level 9, not 3: a seventh less on the wire for fifty microseconds
of CPU time a sale; smaller ones gain nothing. See docs/decisions/0101."""
_WINDOW_MAX: Final = 8 << 20

T = TypeVar("T")


class WireProblem(ValueError):
    """A message that breaks the protocol: the text says how, `code` is the answer's `Problem.code`."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


_raw: Final = msgspec.json.Decoder(msgspec.Raw)
_encoder: Final = msgspec.json.Encoder()


@cache
def _decoder(kind: type[Any]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def encode(message: msgspec.Struct) -> bytes:
    """A message as JSON."""
    return _encoder.encode(message)


def decode(data: bytes, kind: type[T]) -> T:
    """JSON as a message of a kind. Raises WireProblem("malformed")."""
    try:
        return _decoder(kind).decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WireProblem("malformed", f"not a valid {kind.__name__} message: {error}") from error


def pack(message: msgspec.Struct) -> bytes:
    """A message as JSON in one zstd frame."""
    data = _encoder.encode(message)
    return pack_bytes(data, 9 if len(data) >= _LARGE else 3)


def pack_bytes(data: bytes, level: int) -> bytes:
    """Bytes in one zstd frame."""
    return zstandard.ZstdCompressor(level=level).compress(data)


def compress(data: bytes) -> bytes:
    """Bytes in one zstd frame, quickly: for answers to whoever accepts them."""
    return zstandard.ZstdCompressor(level=1).compress(data)


def unpack(data: bytes, most: int = PLAIN_MAX) -> bytes:
    """The JSON in one zstd frame. Never holds more than `most` bytes of it, whatever the frame claims.

    Raises WireProblem: "too_large" over `most`, "malformed" if it does not begin with a whole frame.
    """
    source = io.BytesIO(data)
    try:
        size = zstandard.frame_content_size(data)
        if size > most:
            raise WireProblem("too_large", f"unpacks to {size} bytes, {most} are allowed")
        reader = zstandard.ZstdDecompressor(max_window_size=_WINDOW_MAX).stream_reader(
            source, read_size=len(data)
        )
        plain = reader.read(most + 1)
    except zstandard.ZstdError as error:
        raise WireProblem("malformed", f"not a zstd frame: {error}") from error
    if len(plain) > most:
        raise WireProblem("too_large", f"unpacks to more than the {most} bytes allowed")
    if size >= 0 and len(plain) != size:
        raise WireProblem("malformed", "the zstd frame is cut short")
    return plain


def embed(body: bytes) -> msgspec.Raw:
    """A fact's body for `Push.facts`: the bytes themselves if they are one JSON object, else base64 text.

    So even bytes that are no fact at all reach the server as they are, and do not spoil their neighbours.
    """
    if body[:1] == b"{" and body[-1:] == b"}":
        try:
            body.decode()
            _raw.decode(body)
        except (UnicodeDecodeError, msgspec.DecodeError, RecursionError):
            pass
        else:
            return msgspec.Raw(body)
    return msgspec.Raw(b'"' + base64.b64encode(body) + b'"')


def extract(item: msgspec.Raw) -> bytes:
    """The inverse of `embed`. Raises WireProblem for an element that is neither object nor base64 text."""
    data = bytes(item)
    if data[:1] == b"{":
        return data
    if data[:1] != b'"':
        raise WireProblem("malformed", "a fact must be a JSON object, or text in base64")
    try:
        return base64.b64decode(data[1:-1], validate=True)
    except binascii.Error as error:
        raise WireProblem("malformed", f"a fact's base64 text is not valid: {error}") from error
