"""The lane that keeps a till's directory: fetches it, or what changed since, beside pushes and pulls.

It may take minutes over a shop's line, and nothing waits for it. What was cut off goes on where it ended;
what is whole is checked and put in its place. How it went is told once; the client decides when to ask again.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import quote

import httpx

from app.lanes import Lane, World
from sync import answers, protocol
from sync.directory import BadDirectory, Directory
from sync.outbox import Credentials
from sync.shelf import Shelf

STALL: Final = httpx.Timeout(30.0, connect=5.0)
RESERVE_BYTES: Final = 512 << 20
"""Left free on the till's disk: selling needs it more."""
LOOK_BYTES: Final = 4 << 20
"""How much is written until the free space is looked at again."""
CHANGES_MAX: Final = 64 << 20
"""Bytes of one page of changes; more is no answer of ours."""
CHANGES_S: Final = 600.0
"""Seconds one page of changes may take, however steadily it drips."""
_TARGET: Final = "/v1/directory"
_log: Final = logging.getLogger("stempel")


class NoRoom(OSError):
    """The disk is too full for it."""


class Fetching:
    """Keeps the directory on a shelf. `tell` hears, in the lane, whether it is as new as it can be."""

    def __init__(
        self,
        http: httpx.Client,
        credentials: Callable[[], Credentials | None],
        shelf: Shelf,
        tell: Callable[[bool], None],
        world: World,
    ) -> None:
        self.lane = Lane("sync-directory", world=world)
        self._http = http
        self._credentials = credentials
        self._shelf = shelf
        self._tell = tell

    def keep(self, *, wanted: bool) -> None:
        """Bring it up to date, or drop it; returns at once."""
        self.lane.submit(self._refresh if wanted else self._drop)

    def stop(self, deadline_s: float = 0.5) -> bool:
        """End; a file on its way goes on at the next start."""
        self.lane.stopping.set()
        ended = self.lane.stop(deadline_s)
        if ended:
            self._http.close()
        return ended

    # In the lane

    def _drop(self) -> None:
        try:
            self._shelf.clear()
        except OSError as error:
            _log.error("the directory of members is not removed: %s", error)
        finally:
            self._tell(True)

    def _refresh(self) -> None:
        done = False
        try:
            done = self._brought_up_to_date()
        except (BadDirectory, OSError, protocol.WireProblem) as error:
            _log.error("the directory of members cannot be kept: %s", error)
        except answers.NO_ANSWER as error:
            _log.info("the directory of members did not come whole: %s", error)
        finally:
            self._tell(done)

    def _brought_up_to_date(self) -> bool:
        """All of it where that is better, or nobody can tell what changed; then what changed since."""
        shelf = self._shelf
        if (shelf.header is None or shelf.worn) and not self._whole():
            return False
        return self._changes() or (self._whole() and self._changes())

    def _changes(self) -> bool:
        """What changed since; False where nobody can tell any more."""
        while (held := self._shelf.header) is not None and not self.lane.stopping.is_set():
            self.lane.beat()
            target = f"{_TARGET}/changes?cursor={quote(held.cursor)}"
            until_s = time.monotonic() + CHANGES_S
            with self._http.stream("GET", target, headers=self._signed(target), timeout=STALL) as response:
                if response.status_code in (400, 410):
                    return False
                if response.status_code != 200:
                    response.raise_for_status()
                    raise BadDirectory("what came is not what was asked for")
                page = Directory(answers.whole(response, until_s, CHANGES_MAX, self.lane.beat))
            if not page.sound() or (page.header.more and page.header.cursor == held.cursor):
                raise BadDirectory("changes that are not whole, or lead nowhere")
            if len(page) or page.header.more:
                self._shelf.add(page)
            if not page.header.more:
                return True
        return False

    def _whole(self) -> bool:
        """All of it; False where there is none to be had now."""
        headers = self._signed(_TARGET) | {"Accept-Encoding": "identity"}
        begun = self._shelf.part()
        if begun is not None:
            headers |= {"Range": f"bytes={begun[0].stat().st_size}-", "If-Range": f'"{begun[1]}"'}
        elif self._shelf.name:
            headers["If-None-Match"] = f'"{self._shelf.name}"'
        with self._http.stream("GET", _TARGET, headers=headers, timeout=STALL) as response:
            name = response.headers.get("ETag", "").strip('"')
            if response.status_code == 304:
                return True
            if response.status_code == 416 and begun is not None:
                self._shelf.put(begun[0])  # nothing is lacking of it: it was cut off before it was taken
                return True
            if response.status_code not in (200, 206) or not name.isalnum():
                return False
            goes_on = response.status_code == 206 and begun is not None and begun[1] == name
            if response.status_code == 206 and not goes_on:
                raise BadDirectory("the rest of another file came")
            part = begun[0] if goes_on and begun is not None else self._shelf.new_part(name)
            self._room(part.parent, _length(response))
            if not self._take(response, part, goes_on=goes_on):
                return False
        self._shelf.put(part)
        return True

    def _take(self, response: httpx.Response, part: Path, *, goes_on: bool) -> bool:
        unlooked = 0
        try:
            with part.open("ab" if goes_on else "wb") as file:
                for chunk in response.iter_raw():
                    file.write(chunk)
                    unlooked += len(chunk)
                    if unlooked >= LOOK_BYTES:
                        file.flush()
                        self._room(part.parent, 0)
                        unlooked = 0
                    self.lane.beat()
                    if self.lane.stopping.is_set():
                        return False
        except NoRoom:
            part.unlink()
            raise
        return True

    @staticmethod
    def _room(folder: Path, size: int) -> None:
        free, needed = shutil.disk_usage(folder).free, size + RESERVE_BYTES
        if free < needed:
            raise NoRoom(f"{free >> 20} MiB are free, and with the reserve it takes {needed >> 20}")

    def _signed(self, target: str) -> dict[str, str]:
        ours = self._credentials()
        if ours is None:
            raise protocol.WireProblem("no_credentials", "this till is not enrolled")
        signed = protocol.authorise(ours.private_key, "GET", target, ours.till, ours.epoch, b"")
        return {"Authorization": signed}


def _length(response: httpx.Response) -> int:
    """What it says that is to come; 0 if it does not say."""
    value = response.headers.get("Content-Length", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 20 else 0
