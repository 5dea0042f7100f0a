"""One reader as the lane sees it: which card lies there, what was told of it, what is asked of it now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from app.lanes import World
from hardware.cards.hand import Crew, Hand
from hardware.cards.link import CardContent, CardProblem
from hardware.cards.reading import Insertion, Reading, glance, read_insertion, write_insertion
from hardware.cards.roles import role_of
from hardware.cards.session import PcscError, ReaderState, Session
from hardware.cards.settings import PcscCounts, PcscSettings
from hardware.ports import CardEvent, CardFailed, CardRemoved, CardTapped, CardWritten, ReaderRole

Written = Callable[[CardWritten | CardFailed], None]


@dataclass(frozen=True, slots=True)
class Service:
    """What a slot needs of the reader service. `post` runs a call on the lane, `next_event` never repeats."""

    settings: PcscSettings
    world: World
    counts: PcscCounts
    crew: Crew
    sink: Callable[[CardEvent], None]
    post: Callable[[Callable[[], None]], None]
    next_event: Callable[[], int]


@dataclass(frozen=True, slots=True)
class _Writing:
    record: str
    done: Written


class Slot:
    """A reader and the card on it. `event` names that card, 0 if none lies there.

    Every method runs on the lane, but `_identify`, `_read`, `_glance` and `_write`, which run on the reader's
    hand.
    """

    def __init__(self, name: str, service: Service) -> None:
        self.event = 0
        self._name = name
        self._service = service
        self._settings = service.settings
        self._state = ReaderState(name, 0)
        self._hand: Hand | None = None
        self._hand_overdue = False
        self._serial: str | None = None
        """The reader's serial number once it was asked; it is asked only if a rule wants it."""
        self._blank()

    @property
    def role(self) -> ReaderRole:
        """Whose cards this reader is for, by what is known of it."""
        return role_of(self._settings.readers, self._name, self._serial or "") or ReaderRole.CUSTOMER

    def _blank(self) -> None:
        self.event = 0
        self._uid = ""
        self._read_due_s: float | None = None
        self._glance_at_s: float | None = None
        self._glance_due_s: float | None = None
        self._blank_glances = 0
        self._writing: _Writing | None = None
        self._write_due_s: float | None = None

    # -- what the service says ---------------------------------------------------------------------------

    def compare(self, state: ReaderState) -> None:
        """Take the reader's state of now; a changed counter is another card, of whatever type."""
        before, self._state = self._state, state
        if (before.counter, before.present) == (state.counter, state.present):
            return
        self._leave()
        if state.present:
            # At the first look it is not known whether PC/SC saw this very card come.
            self._arrive(state.mute, unseen=before.raw == 0)

    def check(self, now_s: float) -> None:
        """Whatever is due by the clock."""
        if _due(self._read_due_s, now_s):
            self._hand_overdue = True
            self._fail("timeout", f"no answer in {self._settings.read_deadline_s:g} s")
        elif _due(self._write_due_s, now_s):
            self._hand_overdue = True
            self._wrote(CardProblem("timeout", f"no answer in {self._settings.write_deadline_s:g} s"))
        elif _due(self._glance_due_s, now_s):
            self._hand_overdue = True
            self._changed()
        elif _due(self._glance_at_s, now_s) and self._writing is None:
            self._ask_glance(now_s)

    def drop(self) -> None:
        """The reader is gone, and with it the card."""
        self._leave()
        self.close()

    def close(self) -> None:
        """Say nothing more, but to who waits for a writing."""
        self._wrote(CardProblem("torn", "the reader service ended"))
        self._blank()
        if self._hand is not None:
            self._service.crew.let_go(self._hand)
            self._hand = None

    # -- a card comes and goes ---------------------------------------------------------------------------

    def _arrive(self, mute: bool, unseen: bool = False) -> None:
        self.event = self._service.next_event()
        hand = self._free_hand()
        if mute:
            self._fail("mute", "the card does not answer the reader")
            # It may only have lain badly: PC/SC itself never tries again, nor sees a quick change of cards.
            self._glance_later("")
            return
        if hand is None:
            self._fail("busy", "too many calls hang in PC/SC")
            return
        self._read_due_s = self._service.world.monotonic_s() + self._settings.read_deadline_s
        if self._serial is None and any(rule.serial for rule in self._settings.readers):
            hand.ask(self._identify)  # before the card, so that its tap has the right role
        hand.ask(partial(self._read, hand, self.event, self._insertion(unseen)))

    def _free_hand(self) -> Hand | None:
        """The reader's hand, or a new one if that hangs; None if too many do."""
        if self._hand is not None and self._hand_overdue:
            self._service.counts.stuck += 1
            self._service.crew.let_go(self._hand)
            self._hand = None
        self._hand = self._hand or self._service.crew.hire(self._name)
        self._hand_overdue = False
        return self._hand

    def _leave(self) -> None:
        """The card that lay there is gone; if it was not read by then, it was torn away."""
        if not self.event:
            return
        if self._read_due_s is not None:
            self._fail("torn", "taken away before it was read")
        self._wrote(CardProblem("torn", "taken away while it was written"))
        event = self.event
        self._blank()
        self._service.sink(CardRemoved(self._name, event))

    def _changed(self) -> None:
        """Another card lies there, though PC/SC saw none come or go."""
        self._leave()
        self._arrive(mute=False, unseen=True)

    def _insertion(self, unseen: bool = False) -> Insertion:
        return Insertion(self._name, self._state.counter, unseen)

    def _identify(self, session: Session) -> None:
        try:
            serial = session.serial(self._name)
        except PcscError as error:
            if error.case == "service":
                session.close()
            return  # asked again with the next card
        self._service.post(partial(self._identified, serial))

    def _identified(self, serial: str) -> None:
        self._serial = serial

    # -- reading -----------------------------------------------------------------------------------------

    def _read(self, hand: Hand, event: int, insertion: Insertion, session: Session) -> None:
        # The retries end before the lane's deadline does, so that it is kept for calls that hang.
        patience_s = self._settings.read_deadline_s * 0.75
        world, cards = self._service.world, self._settings.cards
        reading = read_insertion(session, insertion, cards, patience_s, world, hand.pause)
        self._service.post(partial(self._was_read, event, reading))

    def _was_read(self, event: int, reading: Reading | None) -> None:
        if event != self.event:
            self._service.counts.stale += 1
            return
        if self._read_due_s is None:
            # After its deadline: told as a timeout, but the reader answers again.
            self._service.counts.stale += 1
            self._hand_overdue = False
            self._glance_later("")
            return
        if reading is None:
            return  # gone: the watcher will say so, and that it was torn
        self._read_due_s = None
        if isinstance(reading.result, CardProblem):
            self._fail(reading.result.code, reading.result.detail)
        else:
            self._tapped(reading.result)
        if reading.reader_uid is not None:
            self._glance_later(reading.reader_uid)

    def _tapped(self, card: CardContent) -> None:
        self._service.counts.taps += 1
        self._service.sink(
            CardTapped(
                self._name,
                self.event,
                card.uid,
                card.kind,
                card.record,
                card.proof,
                card.flaw,
                card.counter,
                self.role,
            )
        )

    def _fail(self, code: str, detail: str) -> None:
        self._read_due_s = None
        self._service.counts.failures += 1
        self._service.sink(CardFailed(self._name, self.event, code, detail, self.role))

    # -- glancing ----------------------------------------------------------------------------------------

    def _glance_later(self, uid: str) -> None:
        self._uid = uid
        self._glance_at_s = self._service.world.monotonic_s() + self._settings.glance_s

    def _ask_glance(self, now_s: float) -> None:
        self._glance_at_s = None
        if self._hand is not None:
            self._glance_due_s = now_s + self._settings.read_deadline_s
            self._hand.ask(partial(self._glance, self.event))

    def _glance(self, event: int, session: Session) -> None:
        uid = glance(session, self._name)
        self._service.post(partial(self._glanced, event, uid))

    def _glanced(self, event: int, uid: str | None) -> None:
        if event != self.event:
            return
        self._glance_due_s = None
        self._blank_glances = self._blank_glances + 1 if uid == "" else 0
        # One glance without an answer may be a card at the edge of the field, two are another card.
        if uid in (None, self._uid) or self._blank_glances == 1:
            self._glance_later(self._uid)
        else:
            self._changed()

    # -- writing -----------------------------------------------------------------------------------------

    def write(self, record: str, done: Written, overwrite: bool) -> None:
        """Write the card that lies there; `done` is called once, whatever happens."""
        if self._hand is None or self._hand_overdue or self._read_due_s is not None or self._writing:
            done(CardFailed(self._name, self.event, "busy", "the card is being read or written"))
            return
        self._writing = _Writing(record, done)
        self._write_due_s = self._service.world.monotonic_s() + self._settings.write_deadline_s
        self._hand.ask(partial(self._write, self.event, self._insertion(), self._uid, record, overwrite))

    def _write(
        self, event: int, insertion: Insertion, uid: str, record: str, overwrite: bool, session: Session
    ) -> None:
        problem = write_insertion(session, insertion, uid, record, overwrite)
        self._service.post(partial(self._was_written, event, problem))

    def _was_written(self, event: int, problem: CardProblem | None) -> None:
        if event == self.event:
            self._wrote(problem)
            self._hand_overdue = False

    def _wrote(self, problem: CardProblem | None) -> None:
        if self._writing is None:
            return
        writing, self._writing, self._write_due_s = self._writing, None, None
        if problem is None:
            writing.done(CardWritten(self._name, self.event, self._uid, writing.record))
        else:
            writing.done(CardFailed(self._name, self.event, problem.code, problem.detail))


def _due(moment_s: float | None, now_s: float) -> bool:
    return moment_s is not None and now_s >= moment_s
