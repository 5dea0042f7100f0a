"""An answer of the server, read whole: within a time, up to a size, and whatever else may come instead."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import httpx

NO_ANSWER: Final = (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, ValueError)
"""What comes of a line, a proxy or a portal that is not the server. The last two are of redirects: httpx
reads where they lead even if it does not go there."""


def is_address(url: str) -> bool:
    """Whether a server can be at this address: http or https, with a host."""
    try:
        address = httpx.URL(url)
        return address.scheme in ("http", "https") and bool(address.host) and (address.port or 0) < 1 << 16
    except (httpx.InvalidURL, ValueError):
        return False


class Endless(ValueError):
    """An answer that takes too long, or is too large, to be one of ours."""


def whole(
    response: httpx.Response, until_s: float, most_bytes: int, beat: Callable[[], None] = lambda: None
) -> bytes:
    """The body of a stream, unpacked. Raises Endless for what goes on after `until_s` of `time.monotonic`,
    however steadily it drips, or beyond `most_bytes`. `beat` is called as it comes."""
    body = bytearray()
    for chunk in response.iter_bytes():
        beat()
        if body and time.monotonic() > until_s:  # what came late but at once is an answer
            raise Endless("it takes too long")
        body += chunk
        if len(body) > most_bytes:
            raise Endless(f"more than {most_bytes} bytes came")
    return bytes(body)
