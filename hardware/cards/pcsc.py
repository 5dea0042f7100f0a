"""The reader service: every PC/SC reader of the till, whatever happens to readers, cards and the service.

One lane keeps the state and tells the sink; it never calls PC/SC itself. A hand watches all readers, and a
hand per reader reads its cards: whichever of them gets stuck is given up after a deadline, and the lane
goes on. Written on `smartcard.scard`, because pyscard's own monitor threads die for good with pcscd and
miss a swap of two cards of one type while their callback is busy.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from app.lanes import Lane, RealWorld, World
from hardware.cards.hand import Crew, Hand
from hardware.cards.link import CardContent, CardProblem
from hardware.cards.reading import Insertion, Reading, glance, read_insertion
from hardware.cards.session import PcscError, ReaderState, Session
from hardware.cards.settings import PcscCounts, PcscSettings
from hardware.ports import CardEvent, CardFailed, CardRemoved, CardTapped, ReadersChanged

_TICK_S: Final = 0.1
_HEAR_MOST: Final = 100
"""Messages heard in a row before the clock is looked at."""


@dataclass(slots=True)
class _Slot:
    """What the lane knows of one reader. `event` names the card that lies there, 0 if none does."""

    state: ReaderState
    event: int = 0
    uid: str = ""
    """What the reader tells of it, "" for a card that tells nothing."""
    due_s: float | None = None
    """When the reading under way is given up; None if none is."""
    glance_at_s: float | None = None
    glance_due_s: float | None = None
    blank_glances: int = 0
    hand: Hand | None = None
    hand_overdue: bool = False


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
        self._events = 0
        self._watch_round = 0
        self._crew = Crew("cards", self._settings.most_stuck, self._broken)
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

    # -- the lane ----------------------------------------------------------------------------------------

    def _forget(self) -> None:
        self._slots: dict[str, _Slot] = {}
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
            for hand in [self._watcher, *(slot.hand for slot in self._slots.values())]:
                if hand is not None:
                    self._crew.let_go(hand)

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
        for name, slot in self._slots.items():
            if slot.due_s is not None and now_s >= slot.due_s:
                self._read_silent(slot)
            elif slot.glance_due_s is not None and now_s >= slot.glance_due_s:
                slot.hand_overdue = True
                self._changed(slot)
            elif slot.glance_at_s is not None and now_s >= slot.glance_at_s:
                self._ask_glance(name, slot)

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
            before = {state.name: state for state in known}
            asked = [before.get(name, ReaderState(name, 0)) for name in session.readers()]
            states = session.wait(asked, self._settings.poll_s) if asked else []
        except PcscError as error:
            session.close()
            self._inbox.put(partial(self._watch_failed, number, str(error)))
        else:
            self._inbox.put(partial(self._watched, number, tuple(states)))

    def _watched(self, number: int, states: tuple[ReaderState, ...]) -> None:
        if number != self._watch_round:
            return  # from a watcher that was given up
        self._answer()
        names = tuple(state.name for state in states)
        changed = not self._service or names != tuple(self._slots)
        for name in [name for name in self._slots if name not in names]:
            self._drop(name)
        self._slots = {name: self._slots.get(name) or _Slot(ReaderState(name, 0)) for name in names}
        self._service, self._failures = True, 0
        if changed:
            self._sink(ReadersChanged(names, service=True))
        for state in states:
            self._compare(self._slots[state.name], state)
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
        slot = self._slots.pop(name)
        self._leave(slot)
        if slot.hand is not None:
            self._crew.let_go(slot.hand)

    # -- cards -------------------------------------------------------------------------------------------

    def _compare(self, slot: _Slot, state: ReaderState) -> None:
        before, slot.state = slot.state, state
        if (before.counter, before.present) == (state.counter, state.present):
            return
        self._leave(slot)
        if state.present:
            self._arrive(slot)

    def _arrive(self, slot: _Slot) -> None:
        self._events += 1
        slot.event = self._events
        if slot.state.mute:
            self._fail(slot, "mute", "the card does not answer the reader")
            return
        if slot.hand is not None and slot.hand_overdue:
            self.counts.stuck += 1
            self._crew.let_go(slot.hand)
            slot.hand = None
        slot.hand = slot.hand or self._crew.hire(slot.state.name)
        slot.hand_overdue = False
        if slot.hand is None:
            self._fail(slot, "busy", "too many calls hang in PC/SC")
            return
        slot.due_s = self._world.monotonic_s() + self._settings.read_deadline_s
        insertion = Insertion(slot.state.name, slot.state.counter)
        slot.hand.ask(partial(self._read, slot.hand, slot.event, insertion))

    def _leave(self, slot: _Slot) -> None:
        """The card that lay there is gone; if it was not read by then, it was torn away."""
        if not slot.event:
            return
        if slot.due_s is not None:
            self._fail(slot, "torn", "taken away before it was read")
        self._sink(CardRemoved(slot.state.name, slot.event))
        slot.event, slot.uid, slot.blank_glances = 0, "", 0
        slot.glance_at_s = slot.glance_due_s = None

    def _read(self, hand: Hand, event: int, insertion: Insertion, session: Session) -> None:
        """On the reader's thread."""
        # The retries end before the lane's deadline does, so that it is kept for calls that hang.
        patience_s = self._settings.read_deadline_s * 0.75
        reading = read_insertion(
            session, insertion, self._settings.cards, patience_s, self._world, hand.pause
        )
        self._inbox.put(partial(self._was_read, insertion.reader, event, reading))

    def _was_read(self, name: str, event: int, reading: Reading | None) -> None:
        slot = self._slots.get(name)
        if slot is None or slot.event != event:
            self.counts.stale += 1
            return
        if slot.due_s is None:
            # After its deadline: told as a timeout, but the reader answers again.
            self.counts.stale += 1
            slot.hand_overdue = False
            self._glance_later(slot, "")
            return
        if reading is None:
            return  # gone: the watcher will say so, and that it was torn
        slot.due_s = None
        if isinstance(reading.result, CardProblem):
            self._fail(slot, reading.result.code, reading.result.detail)
        else:
            self._tapped(slot, reading.result)
        if reading.reader_uid is not None:
            self._glance_later(slot, reading.reader_uid)

    def _tapped(self, slot: _Slot, content: CardContent) -> None:
        self.counts.taps += 1
        self._sink(
            CardTapped(
                slot.state.name,
                slot.event,
                content.uid,
                content.kind,
                content.record,
                content.proof,
                content.flaw,
                content.counter,
            )
        )

    def _fail(self, slot: _Slot, code: str, detail: str) -> None:
        slot.due_s = None
        self.counts.failures += 1
        self._sink(CardFailed(slot.state.name, slot.event, code, detail))

    def _read_silent(self, slot: _Slot) -> None:
        slot.hand_overdue = True
        self._fail(slot, "timeout", f"no answer in {self._settings.read_deadline_s:g} s")

    def _ask_glance(self, name: str, slot: _Slot) -> None:
        slot.glance_at_s = None
        if slot.hand is not None:
            slot.glance_due_s = self._world.monotonic_s() + self._settings.read_deadline_s
            slot.hand.ask(partial(self._glance, name, slot.event))

    def _glance(self, name: str, event: int, session: Session) -> None:
        """On the reader's thread."""
        uid = glance(session, name)
        self._inbox.put(partial(self._glanced, name, event, uid))

    def _glanced(self, name: str, event: int, uid: str | None) -> None:
        slot = self._slots.get(name)
        if slot is None or slot.event != event:
            return
        slot.glance_due_s = None
        slot.blank_glances = slot.blank_glances + 1 if uid == "" else 0
        # One glance without an answer may be a card at the edge of the field, two are another card.
        if uid in (None, slot.uid) or slot.blank_glances == 1:
            self._glance_later(slot, slot.uid)
        else:
            self._changed(slot)

    def _glance_later(self, slot: _Slot, uid: str) -> None:
        slot.uid = uid
        slot.glance_at_s = self._world.monotonic_s() + self._settings.glance_s

    def _changed(self, slot: _Slot) -> None:
        """Another card lies there, though PC/SC saw none come or go."""
        self._leave(slot)
        self._arrive(slot)

    def _broken(self, error: BaseException) -> None:
        """A bug on a hand's thread becomes an error of the lane, which reports it and starts afresh."""

        def raise_here() -> None:
            raise error

        self._inbox.put(raise_here)
