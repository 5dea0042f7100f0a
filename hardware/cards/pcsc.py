"""The reader service: every PC/SC reader of the till, whatever happens to readers, cards and the service.

One lane keeps the state and tells the sink; it never calls PC/SC itself. A hand watches all readers, and a
hand per reader reads its cards: whichever of them gets stuck is given up after a deadline, and the lane
goes on. Written on `smartcard.scard`, because pyscard's own monitor threads die for good with pcscd and
miss a swap of two cards of one type while their callback is busy.
"""

from __future__ import annotations

import itertools
import queue
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from app.lanes import Lane, RealWorld, World
from hardware.cards.hand import Crew, Hand
from hardware.cards.roles import role_of
from hardware.cards.session import PcscError, ReaderState, Session
from hardware.cards.settings import PcscCounts, PcscSettings
from hardware.cards.slot import Service, Slot
from hardware.ports import CardEvent, CardFailed, CardWritten, ReadersChanged

_TICK_S: Final = 0.1
_HEAR_MOST: Final = 100
"""Messages heard in a row before the clock is looked at."""

_LISTINGS: Final = 3
"""How often readers are listed anew because one of them is gone before it is asked."""


class PcscReaders:
    """All PC/SC readers together; the CardReader of a real till.

    Lane "cards": ends at `stop`, within a wait of `poll_s` if PC/SC answers; restarts from nothing after an
    error of its own, telling again which readers and cards are there.
    """

    def __init__(self, settings: PcscSettings | None = None, world: World | None = None) -> None:
        self.counts = PcscCounts()
        self._settings = settings or PcscSettings()
        self._world = world or RealWorld()
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._lane: Lane | None = None
        self._sink: Callable[[CardEvent], None] = lambda event: None
        events = itertools.count(1)
        self._watch_round = 0
        self._crew = Crew("cards", self._settings.most_stuck, self._broken)
        self._slot_service = Service(
            self._settings,
            self._world,
            self.counts,
            self._crew,
            lambda event: self._sink(event),
            self._inbox.put,
            lambda: next(events),
        )
        self._forget()

    # -- the port, called from outside the lane ----------------------------------------------------------

    def start(self, sink: Callable[[CardEvent], None]) -> None:
        """Begin to watch; `sink` is called on the lane's thread."""
        if self._lane is not None and self._lane.alive:
            raise RuntimeError("the reader service runs already")
        self._sink = sink
        self._lane = Lane("cards", loop=self._run, backoff=self._settings.backoff, world=self._world).start()

    def stop(self, deadline_s: float = 5.0) -> bool:
        """End all threads. False if PC/SC held one of them beyond the deadline; none outlives its call."""
        if self._lane is None:
            return True
        until_s = time.monotonic() + deadline_s
        self._lane.stopping.set()
        self._inbox.put(lambda: None)  # wakes the lane
        ended = self._lane.stop(deadline_s)
        return self._crew.join(until_s - time.monotonic()) and ended

    def age_s(self) -> float:
        """Seconds since PC/SC last answered, or was last known to be away; infinite before the start."""
        return self._lane.age_s() if self._lane is not None else float("inf")

    def write(
        self,
        event: int,
        record: str,
        done: Callable[[CardWritten | CardFailed], None],
        *,
        overwrite: bool = False,
    ) -> None:
        """Write a member record to the card tapped as `event`; see `hardware.ports.CardWriter`."""
        if self._lane is None or self._lane.stopping.is_set():
            raise RuntimeError("the reader service does not run")
        self._inbox.put(partial(self._write, event, record, done, overwrite))

    def _write(
        self, event: int, record: str, done: Callable[[CardWritten | CardFailed], None], overwrite: bool
    ) -> None:
        slot = next((slot for slot in self._slots.values() if event and slot.event == event), None)
        if slot is None:
            done(CardFailed("", event, "torn", "this card is not on a reader any more"))
        else:
            slot.write(record, done, overwrite)

    # -- the lane ----------------------------------------------------------------------------------------

    def _forget(self) -> None:
        self._slots: dict[str, Slot] = {}
        self._service: bool | None = None
        self._failures = 0
        self._answered = True
        self._watcher: Hand | None = None
        self._watch_due_s: float | None = None
        self._watch_at_s = self._world.monotonic_s()

    def _run(self, lane: Lane) -> None:
        self._forget()
        try:
            while not lane.stopping.is_set():
                # What came in is heard before anybody is called late: the sink may have taken its time.
                for _ in range(_HEAR_MOST):
                    if not self._hear(0.0):
                        break
                self._check(lane)
                self._hear(_TICK_S)
        finally:
            for slot in self._slots.values():
                slot.close()
            if self._watcher is not None:
                self._crew.let_go(self._watcher)

    def _hear(self, patience_s: float) -> bool:
        try:
            message = self._inbox.get(timeout=patience_s) if patience_s else self._inbox.get_nowait()
        except queue.Empty:
            return False
        message()
        return True

    def _check(self, lane: Lane) -> None:
        """Whatever is due by the clock."""
        now_s = self._world.monotonic_s()
        if self._watch_due_s is None:
            if self._answered:
                lane.beat()  # PC/SC is away, known to be away, and looked for again soon
            if now_s >= self._watch_at_s:
                self._ask_watch(())
        elif now_s >= self._watch_due_s:
            self._watch_silent()
        for slot in self._slots.values():
            slot.check(now_s)

    # -- watching ----------------------------------------------------------------------------------------

    def _ask_watch(self, known: tuple[ReaderState, ...]) -> None:
        if self._watcher is None:
            self._watcher = self._crew.hire("watch")
        if self._watcher is None:
            return  # too many stuck already: when one of them comes back, so does PC/SC
        self._watch_round += 1
        self._watch_due_s = self._world.monotonic_s() + self._settings.watch_deadline_s
        # Without readers there is no change to wait for.
        idle_s = self._settings.poll_s if self._service and not known else 0.0
        self._watcher.ask(partial(self._watch, self._watcher, self._watch_round, known, idle_s))

    def _watch(
        self, hand: Hand, number: int, known: tuple[ReaderState, ...], idle_s: float, session: Session
    ) -> None:
        """On the watcher's thread: one wait for a change of any reader."""
        if idle_s and hand.pause(idle_s):
            return
        try:
            states = self._wait(known, session)
        except PcscError as error:
            session.close()
            self._inbox.put(partial(self._watch_failed, number, str(error)))
        else:
            self._inbox.put(partial(self._watched, number, tuple(states)))

    def _wait(self, known: tuple[ReaderState, ...], session: Session) -> list[ReaderState]:
        before = {state.name: state for state in known}
        listings = _LISTINGS
        while True:
            listings -= 1
            # Each once: pcscd gives two readers of its configuration one name if they are called alike.
            names = dict.fromkeys(name for name in session.readers() if self._is_ours(name))
            asked = [before.get(name, ReaderState(name, 0)) for name in names]
            try:
                return session.wait(asked, self._settings.poll_s) if asked else []
            except PcscError as error:
                # Unplugged since it was listed: that is no reason to give up the other readers.
                if error.case != "gone" or not listings:
                    raise

    def _is_ours(self, name: str) -> bool:
        return role_of(self._settings.readers, name) is not None

    def _watched(self, number: int, states: tuple[ReaderState, ...]) -> None:
        if number != self._watch_round:
            return  # from a watcher that was given up
        self._answer()
        names = tuple(state.name for state in states)
        changed = not self._service or names != tuple(self._slots)
        for name in [name for name in self._slots if name not in names]:
            self._drop(name)
        self._slots = {name: self._slots.get(name) or Slot(name, self._slot_service) for name in names}
        self._service, self._failures = True, 0
        if changed:
            self._sink(ReadersChanged(names, service=True))
        for state in states:
            self._slots[state.name].compare(state)
        self._ask_watch(states)

    def _watch_failed(self, number: int, detail: str) -> None:
        if number != self._watch_round:
            return
        self._answer()
        self.counts.last_error = detail
        self._lose_service()

    def _answer(self) -> None:
        self._answered = True
        if self._lane is not None:
            self._lane.beat()

    def _watch_silent(self) -> None:
        """Frozen: the watcher is given up, and the age grows until a new one gets an answer."""
        self._answered = False
        self._watch_round += 1
        if self._watcher is not None:
            self.counts.stuck += 1
            self._crew.let_go(self._watcher)
            self._watcher = None
        self.counts.last_error = f"no answer in {self._settings.watch_deadline_s:g} s"
        self._lose_service()

    def _lose_service(self) -> None:
        for name in list(self._slots):
            self._drop(name)
        if self._service is not False:
            self._service = False
            self.counts.service_losses += 1
            self._sink(ReadersChanged((), service=False))
        self._failures += 1
        self._watch_due_s = None
        self._watch_at_s = self._world.monotonic_s() + self._settings.backoff.wait_s(self._failures)

    def _drop(self, name: str) -> None:
        self._slots.pop(name).drop()

    def _broken(self, error: BaseException) -> None:
        """A bug on a hand's thread becomes an error of the lane, which reports it and starts afresh."""

        def raise_here() -> None:
            raise error

        self._inbox.put(raise_here)
