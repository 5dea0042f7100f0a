"""A card reader to tap on the screen or in a test."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from msgspec.structs import replace

from app.lanes import Lane, World
from hardware.ports import (
    CardEvent,
    CardFailed,
    CardProof,
    CardRemoved,
    CardTapped,
    CardWritten,
    ReaderRole,
    ReadersChanged,
)

READER: Final = "Simulated reader"


class SimulatedReader:
    """One reader with at most one card on it; events come on its own lane "cards", as from a real one.

    `tap` and `remove` may be called from any thread and return at once. The lane ends at `stop`.
    """

    def __init__(self, world: World | None = None) -> None:
        self._world = world
        self._lane: Lane | None = None
        self._sink: Callable[[CardEvent], None] = lambda event: None
        self._events = 0
        self._lying = 0
        self._card: CardTapped | None = None

    def start(self, sink: Callable[[CardEvent], None]) -> None:
        if self._lane is not None and self._lane.alive:
            raise RuntimeError("the reader runs already")
        self._sink = sink
        self._lane = Lane("cards", world=self._world).start()
        self._lane.submit(partial(sink, ReadersChanged((READER,), service=True)))

    def stop(self, deadline_s: float = 5.0) -> bool:
        return self._lane is None or self._lane.stop(deadline_s)

    def age_s(self) -> float:
        return self._lane.age_s() if self._lane is not None else float("inf")

    def tap(
        self,
        uid: str,
        record: str | None = None,
        kind: str = "ntag213",
        proof: CardProof = CardProof.COPYABLE,
        counter: int | None = None,
        role: ReaderRole = ReaderRole.CUSTOMER,
    ) -> None:
        """Lay a card on the reader, in place of one that may lie there. `uid` in hexadecimal."""
        uid = bytes.fromhex(uid).hex().upper()
        card = CardTapped(READER, 0, uid, kind, record, proof, counter=counter, role=role)
        self._submit(partial(self._lay, card))

    def fail(self, code: str, detail: str = "") -> None:
        """Lay a card on the reader that cannot be read; `code` as in `hardware.ports.CardFailed`."""
        self._submit(partial(self._lay_bad, code, detail))

    def remove(self) -> None:
        """Take the card away; nothing happens if none lies there."""
        self._submit(self._lift)

    def write(
        self,
        event: int,
        record: str,
        done: Callable[[CardWritten | CardFailed], None],
        *,
        overwrite: bool = False,
    ) -> None:
        """Write the lying card if it was tapped as `event`; see `hardware.ports.CardWriter`."""
        if self._lane is None or self._lane.stopping.is_set():
            raise RuntimeError("the reader does not run")
        self._lane.submit(partial(self._write, event, record, done, overwrite))

    def _write(
        self, event: int, record: str, done: Callable[[CardWritten | CardFailed], None], overwrite: bool
    ) -> None:
        tapped = self._card
        if tapped is None or tapped.event != event:
            done(CardFailed(READER, event, "torn", "this card is not on the reader any more"))
        elif tapped.record and not overwrite:
            done(CardFailed(READER, event, "not_blank", "the card holds a record already"))
        else:
            self._card = replace(tapped, record=record)
            done(CardWritten(READER, event, tapped.uid, record))

    def _submit(self, job: Callable[[], None]) -> None:
        if self._lane is not None and not self._lane.stopping.is_set():
            self._lane.submit(job)

    def _lay(self, card: CardTapped) -> None:
        self._card = replace(card, event=self._next())
        self._sink(self._card)

    def _lay_bad(self, code: str, detail: str) -> None:
        event = self._next()
        self._sink(CardFailed(READER, event, code, detail))

    def _next(self) -> int:
        self._lift()
        self._events += 1
        self._lying = self._events
        return self._events

    def _lift(self) -> None:
        if self._lying:
            event, self._lying, self._card = self._lying, 0, None
            self._sink(CardRemoved(READER, event))
