"""GET /v1/stream: server-sent events that say only "pull now". Nothing depends on their arrival."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, Final, Literal

import msgspec
from litestar import Request, get
from litestar.datastructures import State
from litestar.openapi.datastructures import ResponseSpec
from litestar.response import Stream

from sync.server.context import Context
from sync.server.describe import BY_TILL, problems
from sync.server.hints import Full, Hints, Listener
from sync.server.tills import Refused, Till

BEAT_S: Final = 15.0
"""A comment is sent this often, so that both sides notice a connection that is gone."""
HELLO: Final = b"retry: 5000\n\nevent: hello\ndata:\n\n"
HINT: Final = b"event: hint\ndata:\n\n"
BEAT: Final = b": here\n\n"


class Told(msgspec.Struct, frozen=True):
    """One event of the stream; its data is empty."""

    event: Literal["hello", "hint"]
    data: str


_EVENTS: Final = {
    200: ResponseSpec(
        Told,
        generate_examples=False,
        media_type="text/event-stream",  # type: ignore[arg-type]
        description="hello, hint, …",
    )
}


@get("/stream", security=BY_TILL, responses=_EVENTS | problems(400, 401, 408, 413, 503), sync_to_thread=False)
def hints(request: Request[Any, Any, Any], state: State) -> Stream:
    """Hints for the asking till's store, as server-sent events, until either side ends."""
    context: Context = state["context"]
    till: Till = request.scope["state"]["principal"]
    try:
        listener = context.hints.join(till.store)
    except Full as error:
        raise Refused(503, "busy", "too many tills listen: poll instead", retry_after_s=60) from error
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Stream(events(context.hints, listener), media_type="text/event-stream", headers=headers)


async def events(hub: Hints, listener: Listener, beat_s: float = BEAT_S) -> AsyncGenerator[bytes, None]:
    """The stream's bytes."""
    try:
        yield HELLO
        while not listener.closed:
            try:
                await asyncio.wait_for(listener.news.wait(), beat_s)
            except TimeoutError:
                yield BEAT
                continue
            listener.news.clear()
            if not listener.closed:
                yield HINT
    finally:
        hub.leave(listener)
