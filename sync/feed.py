"""Head office reads the feed: `stempel feed`. Facts come once each, in order within their shard."""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Final

import httpx
import msgspec

from sync import answers, protocol

IDLE_S: Final = 2.0
_TIMEOUT: Final = httpx.Timeout(60.0, connect=10.0)
_TOKEN: Final = re.compile(r"[!-~]+")


class FeedProblem(Exception):
    """The feed cannot be read, and why; `code` is the server's, or one of `unreachable`, `nonsense`,
    `bad_address`, `bad_token`."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def pages(
    server_url: str,
    token: str,
    *,
    cursor: str = "",
    limit: int = 1000,
    transport: httpx.BaseTransport | None = None,
) -> Iterator[protocol.FeedPage]:
    """Pages after `cursor` ("" for the beginning) up to the present; the last has `more` false.

    Keep `page.cursor` once the page's facts are safe, and pass it the next time. Raises FeedProblem.
    """
    if not _TOKEN.fullmatch(token):
        text = "That is no token of head office: copy it again, whole and nothing else"
        raise FeedProblem("bad_token", text)
    if not answers.is_address(server_url):
        text = f"{server_url!r} is no address of a server: write it as https://loyalty.example"
        raise FeedProblem("bad_address", text)
    headers = {"Authorization": f"Bearer {token}", "User-Agent": "stempel-feed"}
    with httpx.Client(base_url=server_url, headers=headers, timeout=_TIMEOUT, transport=transport) as http:
        while True:
            page = _page(http, cursor, limit)
            yield page
            cursor = page.cursor
            if not page.more:
                return


def _page(http: httpx.Client, cursor: str, limit: int) -> protocol.FeedPage:
    try:
        answer = http.get("/v1/feed", params={"cursor": cursor, "limit": limit})
    except answers.NO_ANSWER as error:
        raise FeedProblem("unreachable", f"{http.base_url} does not answer: {error}") from error
    try:
        if answer.status_code == 200:
            return protocol.decode(answer.content, protocol.FeedPage)
        problem = protocol.decode(answer.content, protocol.Problem)
    except protocol.WireProblem as error:
        text = f"{http.base_url} answers {answer.status_code}, but not as a Stempel server"
        raise FeedProblem("nonsense", text) from error
    raise FeedProblem(problem.code, problem.detail or problem.code)


def follow(
    server_url: str,
    token: str,
    out: IO[bytes],
    *,
    cursor_file: Path | None = None,
    forever: bool = False,
    limit: int = 1000,
    sleep: Callable[[float], None] = time.sleep,
    transport: httpx.BaseTransport | None = None,
) -> int:
    """Write facts to `out`, one JSON object a line (`FeedFact`); returns how many.

    `cursor_file` remembers the place: it is replaced only after the page's lines were flushed, and are on
    the disk if `out` is a file, so a reader that was cut off repeats a page and never skips one. `forever`
    waits for more instead of ending.
    """
    cursor = "" if cursor_file is None else _remembered(cursor_file)
    count = 0
    while True:
        for page in pages(server_url, token, cursor=cursor, limit=limit, transport=transport):
            for fact in page.facts:
                out.write(msgspec.json.encode(fact) + b"\n")
            out.flush()
            count += len(page.facts)
            if cursor_file is not None and page.cursor != cursor:
                _make_durable(out)
                _replace(cursor_file, page.cursor)
            cursor = page.cursor
        if not forever:
            return count
        sleep(IDLE_S)


def _remembered(place: Path) -> str:
    try:
        return place.read_text("utf-8").strip()
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        text = f"{place} holds no cursor: name another file, or delete it to read from the beginning"
        raise FeedProblem("bad_cursor", text) from error


def _make_durable(out: IO[bytes]) -> None:
    try:
        handle = out.fileno()
    except OSError:
        return  # in memory
    if stat.S_ISREG(os.fstat(handle).st_mode):
        os.fsync(handle)


def _replace(path: Path, text: str) -> None:
    draft = path.with_name(path.name + ".part")
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
