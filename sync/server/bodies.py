"""Bodies of requests in plain JSON: what a client says they are, and what they unpack to."""

from __future__ import annotations

from typing import Any, Final

from litestar import Request

from sync import protocol
from sync.server.tills import Refused

JSON: Final = "application/json"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
"""What a zstd frame begins with (RFC 8878, 3.1.1), and no JSON."""


def message(body: bytes, kind: type[protocol.T]) -> protocol.T:
    """A till's message, in one zstd frame or plain. Raises WireProblem."""
    return protocol.decode(protocol.unpack(body) if body.startswith(_ZSTD) else body, kind)


def push(body: bytes) -> protocol.Push | protocol.PushColumns:
    """A push, in any form, in one zstd frame or plain. Raises WireProblem."""
    return protocol.open_push(protocol.unpack(body) if body.startswith(_ZSTD) else body)


def json_of(request: Request[Any, Any, Any], most: int = protocol.PLAIN_MAX) -> bytes:
    """The JSON of a request, plain or in one zstd frame. Raises Refused(415), WireProblem."""
    said = request.headers.get("Content-Type", JSON).partition(";")[0].strip().lower()
    if said != JSON:
        raise Refused(415, "media_type", f"send {JSON}, not {said[:100]}")
    return plain(request, most)


def plain(request: Request[Any, Any, Any], most: int) -> bytes:
    """The body of a request, plain or in one zstd frame. Raises Refused(415), WireProblem."""
    body: bytes = request.scope["state"]["body"]
    coding = request.headers.get("Content-Encoding", "").strip().lower()
    if coding in ("", "identity"):
        return body
    if coding != "zstd":
        raise Refused(415, "content_encoding", "send the body as it is, or in one zstd frame")
    return protocol.unpack(body, most)
