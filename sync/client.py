"""Sync as a till does it, without any I/O: `Client.step(event, now_ms)` answers with effects.

The caller carries the effects out in order and reports what came of them as further events. One request is
in flight at a time; the run of facts it carries is read from the outbox each time, so nothing is kept here
that a crash could lose. The client never deletes a fact: all it may do is record what the server
acknowledged, and move what is not acknowledged to a new epoch.

What the server says is checked before it is believed. An answer that makes no sense (a captive portal's
page, an acknowledgement of what was never sent) is not ours: the client waits and asks again.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Final, Literal, TypeVar

import msgspec

from app.lanes import Backoff
from app.ledger.facts import UnreadableFact, header
from sync import protocol
from sync.events import (
    BeginEpoch,
    Effect,
    EnrolWith,
    Event,
    FactsAvailable,
    FactsRead,
    Failed,
    Hurry,
    ReadFacts,
    Replied,
    Send,
    SetAcked,
    Started,
    Status,
    Tell,
    TimerFired,
    Wait,
)
from sync.outbox import Credentials, Run

BATCH_MAX: Final = 500
"""Facts in one push."""
BATCH_BYTES_MAX: Final = 4 << 20
"""Bytes of bodies in one push, before packing; a single larger fact goes alone."""
IDLE_S: Final = 60.0
"""How often a till with nothing to send asks the server how it is."""
SLOW_S: Final = 600.0
"""The wait after an answer that only a person can change: key withdrawn, version too old."""
RETRY_AFTER_MAX_S: Final = 3600.0

_COUNTING: Final = 0
"""The ticket of a read that only serves the status."""

Phase = Literal["stopped", "asking", "reading", "pushing", "enrolling", "idle", "waiting"]
M = TypeVar("M", bound=msgspec.Struct)


class _Enrolling(msgspec.Struct, frozen=True):
    """An enrolment under way: the new key's seed, and the code if it is one from head office."""

    private_key: bytes
    code: str = ""


class Client:
    """The till's side of sync. `random_bytes` gives keys and jitter; time comes with every event."""

    def __init__(self, random_bytes: Callable[[int], bytes], *, batch_max: int = BATCH_MAX) -> None:
        self.status = Status()
        self._random_bytes = random_bytes
        self._backoff = Backoff(1.0, 60.0)
        self._batch_max = batch_max
        self._limit = batch_max
        self._phase: Phase = "stopped"
        self._ticket = 0
        self._failures = 0
        self._gaps = 0
        self._readmitted = False
        self._credentials: Credentials | None = None
        self._enrolling: _Enrolling | None = None
        self._origin: uuid.UUID | None = None
        self._state: protocol.TillState | None = None
        self._server_seq = 0
        self._asked_after: int | None = None
        self._sent = (0, 0)
        self._now_ms = 0
        self._effects: list[Effect] = []

    def step(self, event: Event, now_ms: int) -> Sequence[Effect]:
        """Take one event, at a time by the till's clock; returns what is to be done now, in order."""
        self._now_ms, self._effects = now_ms, []
        before = self.status
        match event:
            case Started(credentials):
                self._start(credentials)
            case FactsAvailable():
                self._facts_available()
            case FactsRead(ticket, run):
                self._facts_read(run, wanted=self._phase == "reading" and ticket == self._ticket)
            case EnrolWith(code):
                self._enrol(_Enrolling(self._random_bytes(32), code))
            case TimerFired(ticket) if ticket == self._ticket and self._phase in ("idle", "waiting"):
                self._continue()
            case Hurry() if self._phase in ("idle", "waiting"):
                self._continue()
            case Failed(ticket) if self._in_flight(ticket):
                self._retry("unreachable")
            case Replied(ticket) if self._in_flight(ticket):
                self._replied(event)
            case _:
                pass  # a reply or timer of a request that was given up
        if self.status != before:
            self._effects.append(Tell(self.status))
        return self._effects

    def _in_flight(self, ticket: int) -> bool:
        return ticket == self._ticket and self._phase in ("asking", "pushing", "enrolling")

    # What to do next

    def _start(self, credentials: Credentials | None) -> None:
        self._credentials = credentials
        self._phase = "stopped"
        self._update(state="not_enrolled" if credentials is None else "offline")
        self._effects.append(ReadFacts(_COUNTING, None, 1))
        self._continue()

    def _continue(self) -> None:
        if self._enrolling is not None:
            self._enrol(self._enrolling)
        elif self._credentials is not None:
            self._ask()

    def _facts_available(self) -> None:
        if self._phase == "idle":
            self._read(None)
        else:
            self._effects.append(ReadFacts(_COUNTING, None, 1))

    def _read(self, after_seq: int | None) -> None:
        self._phase, self._asked_after = "reading", after_seq
        self._ticket += 1
        self._effects.append(ReadFacts(self._ticket, after_seq, self._limit))

    def _wait(self, phase: Literal["idle", "waiting"], seconds: float) -> None:
        self._phase = phase
        self._ticket += 1
        spread = int.from_bytes(self._random_bytes(4), "big") / 2**32
        self._effects.append(Wait(self._ticket, seconds * (1.0 + 0.5 * spread)))

    def _retry(self, problem: str, *, at_least_s: float = 0.0, online: bool = False) -> None:
        """Wait, longer each time, and ask the server again where it stands."""
        self._failures += 1
        self._update(state="online" if online else "offline", problem=problem)
        self._wait("waiting", max(at_least_s, self._backoff.wait_s(self._failures)))

    def _update(
        self, *, state: Literal["offline", "online", "not_enrolled"] | None = None, problem: str | None = None
    ) -> None:
        state = state or self.status.state
        if self._credentials is None:
            state = "not_enrolled"
        problem = self.status.problem if problem is None else problem
        self.status = msgspec.structs.replace(self.status, state=state, problem=problem)

    def _contact(self) -> None:
        self._failures = 0
        self.status = msgspec.structs.replace(self.status, last_contact_ms=self._now_ms)
        self._update(state="online", problem="")

    # Requests

    def _send(self, phase: Phase, method: str, target: str, body: bytes, signer: Credentials | None) -> None:
        self._phase = phase
        self._ticket += 1
        headers = [("Content-Type", "application/json"), ("Content-Encoding", "zstd")] if body else []
        if signer is not None:
            signed = protocol.authorise(signer.private_key, method, target, signer.till, signer.epoch, body)
            headers.append(("Authorization", signed))
        self._effects.append(Send(self._ticket, method, target, tuple(headers), body))

    def _ask(self) -> None:
        assert self._credentials is not None
        target = f"/v1/tills/{self._credentials.till}/state"
        self._send("asking", "GET", target, b"", self._credentials)

    def _push(self, run: Run) -> None:
        assert self._credentials is not None
        bodies = _fitting(run.bodies)
        self._sent = (run.after_seq + 1, run.after_seq + len(bodies))
        message = protocol.Push(
            epoch=run.head.epoch,
            first_seq=self._sent[0],
            last_seq=self._sent[1],
            prev_hash=run.prev_hash,
            clock_ms=self._now_ms,
            facts=[protocol.embed(body) for body in bodies],
        )
        target = f"/v1/tills/{self._credentials.till}/facts"
        self._send("pushing", "POST", target, protocol.pack(message), self._credentials)

    def _enrol(self, enrolling: _Enrolling) -> None:
        """By code, as head office gave it; or by certificate, signed with the key it names."""
        self._enrolling = enrolling
        by_code = bool(enrolling.code)
        if by_code and self._origin is None:
            self._phase = "stopped"  # until the outbox has said who this till takes itself for
            return
        signer = None if by_code else self._credentials
        message = protocol.Enrol(
            public_key=protocol.public_key_of(enrolling.private_key),
            code=enrolling.code,
            certificate=signer.certificate if signer else "",
            till=signer.till if signer else self._origin,
        )
        self._send("enrolling", "POST", "/v1/enrol", protocol.pack(message), signer)

    def _new_epoch(self) -> None:
        """The server holds another history under our numbers: go on under a new epoch."""
        self._enrol(_Enrolling(self._random_bytes(32)))

    # The outbox answers

    def _facts_read(self, run: Run, *, wanted: bool) -> None:
        unknown, self._origin = self._origin is None, run.head.origin
        self._count(run, run.acked_seq)
        if unknown and self._enrolling is not None:
            self._enrol(self._enrolling)
        if not wanted or self._credentials is None:
            return
        state, self._state = self._state, None
        if (run.head.origin, run.head.epoch) != (self._credentials.till, self._credentials.epoch):
            self._effects.append(BeginEpoch(self._credentials))
            self._retry("outbox")
        elif self._asked_after is not None and run.after_seq > self._asked_after:
            # The server lacks facts that this till has pruned: what is left goes under a new epoch.
            self._acked(run.after_seq)
            self._new_epoch()
        elif state is not None and not _agrees(run, state):
            # Another history, or more than ours: sending what we have tells where the two part.
            self._read(max(min(run.acked_seq, state.acked_seq, run.head.seq - 1), 0))
        else:
            if state is not None and state.acked_seq != run.acked_seq:
                self._acked(state.acked_seq)
                self._count(run, state.acked_seq)
            self._push_or_rest(run)

    def _push_or_rest(self, run: Run) -> None:
        if run.bodies:
            self._push(run)
        elif self._server_seq > run.head.seq:
            self._new_epoch()
        else:
            self._wait("idle", IDLE_S)

    def _acked(self, seq: int) -> None:
        assert self._credentials is not None
        self._effects.append(SetAcked(self._credentials.epoch, seq))

    def _count(self, run: Run, acked_seq: int) -> None:
        unsynced = max(run.head.seq - acked_seq, 0)
        since_ms = self.status.since_ms if unsynced else None
        if unsynced and run.bodies and run.after_seq == acked_seq:
            since_ms = _occurred_ms(run.bodies[0])
        self.status = msgspec.structs.replace(self.status, unsynced=unsynced, since_ms=since_ms)

    # The server answers

    def _replied(self, reply: Replied) -> None:
        if reply.status == 200:
            try:
                self._accepted(reply.body)
            except protocol.WireProblem:
                self._retry("nonsense")
            return
        try:
            problem = protocol.decode(reply.body, protocol.Problem)
        except protocol.WireProblem:
            problem = None
        if reply.status in (429, 503):
            wait_s = min(reply.retry_after_s or 0.0, RETRY_AFTER_MAX_S)
            self._retry("busy", at_least_s=wait_s, online=problem is not None)
        elif reply.status == 413:
            self._too_large()
        elif reply.status >= 500:
            self._retry("server_error")
        elif problem is None:
            self._retry("nonsense")
        else:
            self._refused(reply.status, problem)

    def _accepted(self, body: bytes) -> None:
        match self._phase:
            case "asking":
                self._told_state(protocol.decode(body, protocol.TillState))
            case "pushing":
                self._pushed(protocol.decode(body, protocol.Pushed))
            case _:
                self._enrolled(protocol.decode(body, protocol.Enrolled))

    def _told_state(self, state: protocol.TillState) -> None:
        assert self._credentials is not None
        if state.epoch != self._credentials.epoch or state.acked_seq < 0:
            raise protocol.WireProblem("nonsense", "the state of another epoch")
        self._contact()
        self._readmitted = False
        self._state, self._server_seq = state, state.acked_seq
        self._read(state.acked_seq)

    def _pushed(self, pushed: protocol.Pushed) -> None:
        assert self._credentials is not None
        first, last = self._sent
        if pushed.epoch != self._credentials.epoch or pushed.acked_seq < first:
            raise protocol.WireProblem("nonsense", "an acknowledgement of something else")
        self._contact()
        self._server_seq = pushed.acked_seq
        acked_seq = min(pushed.acked_seq, last)  # what was sent was compared; what lies beyond was not
        self._gaps = 0
        self._limit = min(self._limit * 2, self._batch_max)
        self._acked(acked_seq)
        if pushed.backoff_ms > 0:
            self._wait("waiting", min(pushed.backoff_ms / 1000, RETRY_AFTER_MAX_S))
        else:
            self._read(acked_seq)

    def _enrolled(self, enrolled: protocol.Enrolled) -> None:
        assert self._enrolling is not None
        ours = self._credentials
        if not self._enrolling.code and ours is not None:
            known = self._enrolling.private_key == ours.private_key
            right_epoch = enrolled.epoch == ours.epoch if known else enrolled.epoch > ours.epoch
            if enrolled.till != ours.till or not right_epoch:
                raise protocol.WireProblem("nonsense", "the enrolment of another till")
        self._credentials = Credentials(
            till=enrolled.till,
            epoch=enrolled.epoch,
            store=enrolled.store,
            private_key=self._enrolling.private_key,
            certificate=enrolled.certificate,
        )
        self._enrolling = None
        self._contact()
        self._effects.append(BeginEpoch(self._credentials))
        self._ask()

    def _refused(self, status: int, problem: protocol.Problem) -> None:
        if self._phase == "enrolling":
            self._enrol_refused(problem)
        elif status == 409 and problem.code == "gap" and self._phase == "pushing":
            self._gap()
        elif status == 409 and problem.code == "fork" and self._phase == "pushing":
            self._fork(problem.seq)
        elif status == 401 and problem.code == "unknown_till" and not self._readmitted:
            assert self._credentials is not None
            self._readmitted = True
            self._enrol(_Enrolling(self._credentials.private_key))
        else:
            self._retry(problem.code, at_least_s=SLOW_S, online=True)

    def _enrol_refused(self, problem: protocol.Problem) -> None:
        assert self._enrolling is not None
        by_code = bool(self._enrolling.code)
        self._enrolling = None
        if by_code and self._credentials is None:
            self._phase = "stopped"
            self._update(problem=problem.code)
        else:
            self._retry(problem.code, at_least_s=SLOW_S, online=True)

    def _gap(self) -> None:
        # Normally the server was restored from a backup and one question settles it; a server that
        # contradicts itself must not be asked in a tight circle.
        self._gaps += 1
        if self._gaps > 1:
            self._retry("gap", online=True)
        else:
            self._ask()

    def _fork(self, seq: int | None) -> None:
        """The server knows another fact at `seq`. What it compared as equal before is acknowledged, so that
        only what differs moves to the new epoch."""
        first, last = self._sent
        if seq is not None and seq < first and first > 1:
            self._read(max(first - 1 - self._batch_max, 0))
            return
        if seq is not None and first <= seq <= last:
            self._acked(seq - 1)
        self._new_epoch()

    def _too_large(self) -> None:
        count = self._sent[1] - self._sent[0] + 1
        if self._phase != "pushing" or count <= 1:
            self._retry("too_large", at_least_s=SLOW_S, online=True)
        else:
            self._limit = max(count // 2, 1)
            self._read(self._sent[0] - 1)


def _agrees(run: Run, state: protocol.TillState) -> bool:
    """Whether the server's chain is a prefix of ours."""
    return state.acked_seq == run.after_seq and state.hash == run.prev_hash


def _fitting(bodies: Sequence[bytes]) -> Sequence[bytes]:
    size = 0
    for count, body in enumerate(bodies):
        size += len(body)
        if size > BATCH_BYTES_MAX and count:
            return bodies[:count]
    return bodies


def _occurred_ms(body: bytes) -> int | None:
    try:
        return header(body).at_ms
    except UnreadableFact:
        return None
