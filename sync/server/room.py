"""Room for the bodies of requests: so many bytes at once, whoever sends them and however slowly."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

from litestar.types import Receive

from sync.server.tills import Refused

ROOM_BYTES: Final = 64 << 20
"""Bodies held at once by one server; what does not fit is refused and comes again."""
STRANGERS_BYTES: Final = 64 << 10
"""So much is read from whoever nobody knows yet."""
PATIENCE_S: Final = 20.0
"""In so long, `PACE` bytes for each second must come: slower than any network that a till can work with."""
PACE: Final = 1024


class Room:
    """The room of one server. Used in its event loop alone."""

    def __init__(self, most: int = ROOM_BYTES) -> None:
        self._most = most
        self.held = 0

    @contextmanager
    def share(self) -> Iterator[Share]:
        """A part of it, for one request."""
        share = Share(self)
        try:
            yield share
        finally:
            self.held -= share.size

    def take(self, size: int) -> None:
        """Hold so many bytes more. Raises Refused(503)."""
        if self.held + size > self._most:
            raise Refused(503, "busy", "the server holds all the requests it can", retry_after_s=2)
        self.held += size


class Share:
    """What one request holds."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.size = 0

    async def read(
        self, receive: Receive, most: int, introduce: Callable[[], Awaitable[object]] | None = None
    ) -> bytes:
        """The body of a request. Raises Refused: 413 over `most` bytes, 408 too slow, 503 no room.

        `introduce` is asked, once, before more than `STRANGERS_BYTES` are read; it raises for strangers.
        """
        body, clock = bytearray(), asyncio.get_running_loop().time
        window_s, due = clock(), 0
        try:
            async with asyncio.timeout_at(window_s + PATIENCE_S) as deadline:
                while True:
                    event = await receive()
                    if event["type"] != "http.request":
                        raise Refused(400, "cut_off", "the request was cut off")
                    body += event["body"]
                    if len(body) > most:
                        raise Refused(413, "too_large", f"a request may have {most} bytes, packed")
                    self.grow(len(event["body"]))
                    if not event.get("more_body"):
                        return bytes(body)
                    if introduce is not None and len(body) > STRANGERS_BYTES:
                        await introduce()
                        introduce = None
                    if len(body) >= due:
                        window_s, due = clock(), len(body) + int(PATIENCE_S * PACE)
                        deadline.reschedule(window_s + PATIENCE_S)
        except TimeoutError as error:
            raise Refused(408, "slow", "the request came too slowly", retry_after_s=5) from error

    def grow(self, size: int) -> None:
        """Hold so many bytes more. Raises Refused(503)."""
        self._room.take(size)
        self.size += size
