"""Sync as a till does it, without any I/O: `Client.step(event, now_ms)` answers with effects.

The caller carries the effects out in order and reports what came of them as further events. One request is
in flight at a time; the run of facts it carries is read from the outbox each time, so nothing is kept here
that a crash could lose. The client never deletes a fact: all it may do is record what the server
acknowledged, and move what is not acknowledged to a new epoch.

It goes round: ask the server where it stands, push what it lacks (`pushing`), hand over persons and pull
what is due (`pulling`), rest until something happens. Enrolment comes in between where it must (`enrolling`).

What the server says is checked before it is believed. An answer that makes no sense (a captive portal's
page, an acknowledgement of what was never sent) is not ours: the client waits and asks again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sync import protocol
from sync.enrolling import Enroller
from sync.events import (
    Applied,
    Deaf,
    DirectoryKept,
    Effect,
    EnrolWith,
    Event,
    FactsAvailable,
    FactsRead,
    Failed,
    Hinted,
    Hurry,
    Listening,
    PersonsRead,
    Replied,
    Started,
    Status,
    Tell,
    TimerFired,
)
from sync.outbox import Credentials, Run
from sync.pulling import IDLE_S, Puller
from sync.pushing import BATCH_MAX, Pusher
from sync.session import IN_FLIGHT, RESTING, RETRY_AFTER_MAX_S, SLOW_S, Session


class Client:
    """The till's side of sync. `random_bytes` gives keys and jitter; time comes with every event. `breathe`
    is called between the facts of a large push: packing takes long, and others need the interpreter.
    `program` is the till's version, told with each push."""

    def __init__(
        self,
        random_bytes: Callable[[int], bytes],
        *,
        batch_max: int = BATCH_MAX,
        breathe: Callable[[], None] = lambda: None,
        program: str = "",
    ) -> None:
        self._session = session = Session(random_bytes, program)
        self._enroller = Enroller(session, done=self._ask)
        self._puller = Puller(
            session, done=self._idle, changed=lambda: self._pusher.read(None), lost=self._ask
        )
        self._pusher = Pusher(
            session, batch_max, rest=self._puller.begin, fork=self._enroller.new_epoch, breathe=breathe
        )
        self._ask_from_ms = 0

    @property
    def credentials(self) -> Credentials | None:
        """Who this till is, from any thread."""
        return self._session.credentials

    @property
    def status(self) -> Status:
        """What the screen shows."""
        return self._session.status

    def step(self, event: Event, now_ms: int) -> Sequence[Effect]:
        """Take one event, at a time by the till's clock; returns what is to be done now, in order."""
        session = self._session
        session.now_ms, session.effects = now_ms, []
        before = session.status
        ours = getattr(event, "ticket", session.ticket) == session.ticket
        match event:
            case Started():
                self._start(event)
            case FactsAvailable():
                self._facts_available()
            case FactsRead(_, run):
                self._facts_read(run, wanted=ours and session.phase == "reading")
            case PersonsRead() if ours and session.phase == "handing":
                self._puller.persons_read(event)
            case Applied() if ours and session.phase == "applying":
                self._puller.applied()
            case EnrolWith(code):
                self._enroller.by_code(code)
            case TimerFired() if ours and session.phase in RESTING:
                self._continue(hurried=False)
            case Hurry():
                self._pusher.hurry()
                if session.phase in RESTING:
                    self._puller.hinted()
                    self._continue(hurried=True)
            case Failed() if ours and session.phase in IN_FLIGHT:
                session.retry("unreachable")
            case Replied() if ours and session.phase in IN_FLIGHT:
                self._replied(event)
            case DirectoryKept(done):
                self._puller.directory_kept(done=done)
            case Listening() | Deaf():
                self._puller.heard(listening=isinstance(event, Listening))
                self._hinted()
            case Hinted():
                self._puller.hinted()
                self._hinted()
            case _:
                pass  # a reply or timer of a request that was given up
        if session.status != before:
            session.emit(Tell(session.status))
        return session.effects

    # What to do next

    def _start(self, started: Started) -> None:
        session = self._session
        session.credentials = started.credentials
        session.phase = "stopped"
        session.update(state="not_enrolled" if started.credentials is None else "offline")
        self._enroller.start(started.enrolment)
        self._puller.start(started.cursor)
        self._pusher.count_facts()
        self._continue(hurried=True)

    def _continue(self, *, hurried: bool) -> None:
        session = self._session
        if self._enroller.under_way is not None:
            self._enroller.enrol(self._enroller.under_way)
        elif session.credentials is None:
            return
        elif hurried or session.phase == "waiting" or session.due(self._ask_from_ms, IDLE_S):
            self._ask()
        else:
            self._pusher.read(None)

    def _ask(self) -> None:
        self._ask_from_ms = self._session.now_ms + int(IDLE_S * 1000)
        self._pusher.ask()

    def _idle(self) -> None:
        if self._puller.facts_wait:
            self._pusher.read(None)
        else:
            self._session.wait("idle", self._puller.wait_s)

    def _facts_available(self) -> None:
        self._pusher.written()
        if self._session.phase == "idle":
            self._pusher.read(None)
        else:
            self._puller.facts_wait = True
            self._pusher.count_facts()

    def _facts_read(self, run: Run, *, wanted: bool) -> None:
        self._pusher.count(run, run.acked_seq)
        self._enroller.origin_is(run.head.origin)
        if wanted and self._session.phase == "reading":
            self._pusher.facts_read(run)

    def _hinted(self) -> None:
        if self._session.phase == "idle":
            self._continue(hurried=False)  # facts first: a page must know this till's own

    # The server answers

    def _replied(self, reply: Replied) -> None:
        session = self._session
        if reply.status == 200:
            try:
                self._accepted(reply.body)
            except protocol.WireProblem:
                session.retry("nonsense")
            return
        try:
            problem = protocol.decode(reply.body, protocol.Problem)
        except protocol.WireProblem:
            problem = None
        if reply.status in (429, 503):
            wait_s = min(reply.retry_after_s or 0.0, RETRY_AFTER_MAX_S)
            session.retry("busy", at_least_s=wait_s, online=problem is not None)
        elif reply.status == 413 and session.phase == "pushing":
            self._pusher.too_large()
        elif reply.status >= 500:
            session.retry("server_error")
        elif problem is None:
            session.retry("nonsense")
        else:
            self._refused(reply.status, problem)

    def _accepted(self, body: bytes) -> None:
        match self._session.phase:
            case "asking":
                self._pusher.told_state(body)
                self._enroller.known_again()
            case "pushing":
                self._pusher.pushed(body)
            case "posting":
                self._puller.persons_kept(body)
            case "pulling":
                self._puller.pulled(body)
            case _:
                self._enroller.enrolled(body)

    def _refused(self, status: int, problem: protocol.Problem) -> None:
        phase = self._session.phase
        if phase == "enrolling":
            self._enroller.refused(problem)
        elif status == 409 and problem.code == "gap" and phase == "pushing":
            self._pusher.gap()
        elif status == 409 and problem.code == "fork" and phase == "pushing":
            self._pusher.parted(problem.seq)
        elif status == 400 and phase == "pushing" and self._pusher.misread():
            pass
        elif not self._dealt_with(status, problem):
            self._session.retry(problem.code, at_least_s=SLOW_S, online=True)

    def _dealt_with(self, status: int, problem: protocol.Problem) -> bool:
        if self._session.phase in ("posting", "pulling") and self._puller.refused(status, problem):
            return True
        return status == 401 and problem.code == "unknown_till" and self._enroller.readmit()
