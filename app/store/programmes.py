"""The programme in force: what head office published, by date, or else the file in the till's folder.

The till keeps the versions to come, too, and switches to each at its moment, with or without a network.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from app.lanes import Lane, World
from app.loyalty.engine import Compiled, compile_programme
from app.store.kept import Unusable, load_kept
from app.store.reader import Reader

_log: Final = logging.getLogger("stempel")

LOOK_S: Final = 1.0
"""How often the clock is looked at."""


class Published(msgspec.Struct, frozen=True):
    """A published programme: `source` is its file, in force from `valid_from_ms`; `store` empty: for all."""

    id: str
    version: int
    valid_from_ms: int
    source: str
    store: str = ""


_published: Final = msgspec.json.Decoder(Published)


def published(reader: Reader) -> list[Published]:
    """What head office published and this version can read, best first: a store's own before those for
    all, the later date before the earlier, the later version before the earlier."""
    found: list[Published] = []
    for key, store, body in reader.listed("programme"):
        try:
            found.append(msgspec.structs.replace(_published.decode(body), store=store))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            _log.error("programme %s cannot be read, install a newer till: %s", key, error)
    return sorted(found, key=lambda one: (bool(one.store), one.valid_from_ms, one.version), reverse=True)


def next_change_ms(programmes: Sequence[Published], now_ms: int) -> int | None:
    """When the next of them begins; None if none is to come."""
    return min((one.valid_from_ms for one in programmes if one.valid_from_ms > now_ms), default=None)


class ProgrammeLane:
    """Keeps the till on the programme in force. The lane "programme" looks at the clock every second and,
    when one's moment comes or `look` is called, compiles it and hands it to `use`; it ends with `stop`.

    `file` is the programme of the till's folder, in force while nothing published is; `kept` is the folder
    for programmes that were read.
    """

    def __init__(
        self,
        reader: Reader,
        file: Compiled,
        currency: str,
        world: World,
        use: Callable[[Compiled], None],
        kept: Path,
    ) -> None:
        self._reader = reader
        self._file = file
        self._currency = currency
        self._world = world
        self._use, self._kept = use, kept
        self._news = True
        self._next_ms: int | None = None
        self._looked_ms = 0
        self._current: Published | None = None
        self._bad: set[Published] = set()
        self.lane = Lane("programme", loop=self._run, on_crash=self._failed)

    def first(self, reader: Reader) -> Compiled:
        """The programme in force now, read by the caller's own reader: before the lane starts."""
        found = self._choose(reader)
        return self._file if found is None else found

    def start(self) -> ProgrammeLane:
        self.lane.start()
        return self

    def stop(self) -> bool:
        return self.lane.stop()

    def look(self) -> None:
        """Something was published or withdrawn; from any thread."""
        self._news = True

    def _run(self, lane: Lane) -> None:
        while not lane.wait(LOOK_S):
            lane.beat()
            self._tick()

    def _tick(self) -> None:
        now_ms = self._world.now_ms()
        came = self._next_ms is not None and now_ms >= self._next_ms
        if not (self._news or came or now_ms < self._looked_ms):
            return
        before = self._current
        found = self._choose(self._reader)
        if self._current != before:
            self._use(self._file if found is None else found)

    def _choose(self, reader: Reader) -> Compiled | None:
        """Compile the best that can be used, unless it is the current one already."""
        self._news = False
        now_ms = self._looked_ms = self._world.now_ms()
        programmes = published(reader)
        self._next_ms = next_change_ms(programmes, now_ms)
        for one in programmes:
            if one.valid_from_ms > now_ms or one in self._bad:
                continue
            if one == self._current:
                return None
            compiled = self._compile(one)
            if compiled is not None:
                self._current = one
                return compiled
        self._current = None
        return None

    def _compile(self, one: Published) -> Compiled | None:
        """None for one that cannot be used here: the till goes on with the one before."""
        try:
            programme = load_kept(one.source.encode(), self._kept)
        except Unusable as problems:
            _log.error("programme %s@%s is not used, install a newer till: %s", one.id, one.version, problems)
        else:
            if programme.currency == self._currency:
                return compile_programme(programme)
            _log.error(
                "programme %s is in %s, the shop sells in %s", one.id, programme.currency, self._currency
            )
        self._bad.add(one)
        return None

    def _failed(self, error: BaseException) -> None:
        self._news = True
        _log.error("the programme lane starts again", exc_info=error)
