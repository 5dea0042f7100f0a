"""What a till asks for of members whom it is not told of: the directory, its changes, one by their card."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import IO, Annotated, Any, Final

from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.params import QueryParameter
from litestar.response import Stream

from sync.found import Found
from sync.server import directory, member_scope
from sync.server.context import Context
from sync.server.describe import BY_TILL, bodies_of, problems
from sync.server.directory import Maker
from sync.server.tills import Refused, Till, card_secret

CHUNK: Final = 1 << 20
BYTES: Final = "application/octet-stream"
DAY_MS: Final = 86_400_000
_RANGE: Final = re.compile(r"bytes=(\d{1,15})-", re.ASCII)


def keep_up(context: Context, beat: Any = lambda: None) -> Path | None:
    """Decide whose rows tills are given; make the directory if that is due. Returns a new one's file."""
    if not member_scope.decide(context.db).limited or (folder := context.directories) is None:
        return None
    now_ms, there = context.world.now_ms(), directory.newest(folder)
    # One that seems to be of a time to come was made while the clock was wrong.
    if there is not None and 0 <= now_ms - there.stat().st_mtime_ns // 1_000_000 < DAY_MS:
        return None
    secrets = context.secrets
    maker = Maker(context.db, context.programmes, card_secret(secrets), now_ms)
    return directory.build(context.db, maker, context.directory_cursors(), secrets.feed_epoch, folder, beat)


@get(
    "/directory",
    security=BY_TILL,
    responses=bodies_of(bytes, BYTES, {200: "The directory", 206: "The rest of it", 304: "It is the same"})
    | problems(400, 401, 404, 408, 413, 416, 503),
)
async def read_directory(request: Request[Any, Any, Any], state: State) -> Response[bytes] | Stream:
    """Every card with its member in short, while tills are told of their store's members alone.

    The ETag names the bytes: `If-None-Match` asks whether there are others, `Range: bytes=N-` with `If-Range`
    for the rest of a file that was cut off.
    """
    context: Context = state["context"]
    file, etag, size = await context.runner.run(_open, context.directories)
    headers = {"ETag": etag, "Accept-Ranges": "bytes"}
    if request.headers.get("If-None-Match") == etag:
        file.close()
        return Response(b"", status_code=304, headers=headers)
    start = 0
    asked = _RANGE.fullmatch(request.headers.get("Range", ""))
    if asked is not None and request.headers.get("If-Range", etag) == etag:
        start = int(asked[1])
        if start >= size:
            file.close()
            raise Refused(416, "no_such_range", f"the directory has {size} bytes")
        headers["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
    headers["Content-Length"] = str(size - start)
    status = 206 if "Content-Range" in headers else 200
    return Stream(_chunks(file, start), media_type=BYTES, headers=headers, status_code=status)


def _open(folder: Path | None) -> tuple[IO[bytes], str, int]:
    """The newest directory, open: it may be replaced while it is sent."""
    for _ in range(3):
        found = directory.newest(folder)
        if found is None:
            break
        try:
            file = found.open("rb")
        except FileNotFoundError:
            continue  # replaced this moment
        return file, f'"{found.stem}"', found.stat().st_size
    raise Refused(
        404, "no_directory", "there is no directory: tills are told of all members, or it is made now"
    )


async def _chunks(file: IO[bytes], start: int) -> AsyncGenerator[bytes, None]:
    with file:
        file.seek(start)
        while chunk := file.read(CHUNK):
            yield chunk


@get(
    "/directory/changes",
    security=BY_TILL,
    responses=bodies_of(bytes, BYTES, {200: "What changed, as a directory"})
    | problems(400, 401, 408, 410, 413, 503),
)
async def read_changes(
    state: State, cursor: Annotated[str, QueryParameter(min_length=1, max_length=4096)]
) -> Response[bytes]:
    """What changed since a directory was made, or the part of it after these changes. 410 when so much did
    that all of it is better taken anew."""
    context: Context = state["context"]
    return Response(await context.runner.run_bulk(_changes, context, cursor), media_type=BYTES)


def _changes(context: Context, cursor: str) -> bytes:
    secrets = context.secrets
    maker = Maker(context.db, context.programmes, card_secret(secrets), context.world.now_ms())
    return directory.changes(context.db, maker, context.directory_cursors(), secrets.feed_epoch, cursor)


@get("/members", security=BY_TILL, responses=problems(400, 401, 404, 408, 413, 503))
async def find_member(
    request: Request[Any, Any, Any],
    state: State,
    card: Annotated[str, QueryParameter(min_length=1, max_length=200)],
) -> Found:
    """The member who holds a card ("uid:…", "code:…"), as a pull would bring them, and who they are: for the
    sale at which the card was shown. 404 if it is nobody's."""
    context: Context = state["context"]
    return await context.runner.run(find, context, request.scope["state"]["principal"], card)


def find(context: Context, till: Till, card: str) -> Found:
    """What the handler does, without the web."""
    # PostgreSQL cannot even be asked for a text with NUL.
    found = None if "\0" in card else context.pull(till).of_card(card)
    if found is None:
        raise Refused(404, "card_of_nobody", "no member holds this card")
    member, person, kept = found
    return Found(
        feed_epoch=context.secrets.feed_epoch,
        server_time_ms=context.world.now_ms(),
        member=member,
        person=person,
        kept=kept,
    )
