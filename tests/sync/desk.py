"""A client with its outbox and inbox in memory, and a server that a test scripts."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import msgspec

from app.lanes import FixedWorld
from sync import protocol
from sync.client import Client
from sync.events import (
    Applied,
    Apply,
    BeginAgain,
    BeginEpoch,
    Event,
    FactsRead,
    KeepDirectory,
    KeepEnrolment,
    Listen,
    PersonsRead,
    ReadFacts,
    ReadPersons,
    Replied,
    Send,
    SetAcked,
    SetHanded,
    Started,
    Status,
    Tell,
    TimerFired,
    Wait,
)
from sync.outbox import Credentials
from tests.sync.memory import MemoryInbox, MemoryOutbox, body_of

TILL = uuid.UUID("019a0000-0000-7000-8000-000000000001")
KEY = bytes(range(32))
NOW_MS = 1_790_000_000_000


class Desk:
    """A client, its outbox and inbox in memory, and what it asked of the network.

    Unless `pulls`, there is nothing to pull: that is answered here, and not among what was `sent`.
    """

    def __init__(self, facts: int = 0, *, enrolled: bool = True, pulls: bool = False) -> None:
        self.pulls = pulls
        self.inbox = MemoryInbox()
        self.listens: list[Listen] = []
        self.keeps: list[bool] = []
        self.world = FixedWorld(NOW_MS)
        self.outbox = MemoryOutbox(TILL)
        if enrolled:
            self.outbox.saved = Credentials(TILL, 1, "shop", KEY, "certificate")
        for _ in range(facts):
            self.outbox.append(body_of(self.world))
        self.client = Client(self.world.random_bytes)
        self.sent: list[Send] = []
        self.waits: list[Wait] = []
        self.told: list[Status] = []
        self.acked: list[SetAcked] = []
        self.step(Started(self.outbox.credentials(), self.inbox.cursor()))

    @property
    def status(self) -> Status:
        return self.client.status

    def step(self, event: Event) -> None:
        for effect in self.client.step(event, self.world.ms):
            match effect:
                case ReadFacts(ticket, after_seq, limit):
                    self.step(FactsRead(ticket, self.outbox.read(after_seq, limit)))
                case SetAcked(epoch, seq):
                    self.acked.append(effect)
                    self.outbox.set_acked(epoch, seq)
                case KeepEnrolment(enrolment):
                    self.outbox.keep_enrolment(enrolment)
                case BeginEpoch(credentials):
                    self.outbox.begin_epoch(credentials)
                case ReadPersons(ticket, limit):
                    self.step(PersonsRead(ticket, tuple(self.inbox.persons(limit))))
                case SetHanded(persons):
                    self.inbox.handed(persons)
                case BeginAgain():
                    self.inbox.begin_again()
                case Apply(ticket, page, asked_ms):
                    self.inbox.apply(page, asked_ms)
                    self.step(Applied(ticket))
                case Listen():
                    self.listens.append(effect)
                case KeepDirectory(wanted):
                    self.keeps.append(wanted)
                case Send(ticket, _, target) if target.startswith("/v1/pull") and not self.pulls:
                    page = protocol.PullPage(feed_epoch="f", cursor="c", more=False)
                    self.step(Replied(ticket, 200, protocol.encode(page)))
                case Send():
                    self.sent.append(effect)
                case Wait():
                    self.waits.append(effect)
                case Tell(status):
                    self.told.append(status)

    def answer(self, status: int, message: object = None, retry_after_s: float | None = None) -> None:
        body = message if isinstance(message, bytes) else msgspec.json.encode(message)
        self.step(Replied(self.sent[-1].ticket, status, body, retry_after_s))

    def state(self, seq: int, epoch: int = 1, push_v: int = 1) -> None:
        digest = self.outbox.read(seq, 0).prev_hash
        message = protocol.TillState(
            epoch=epoch, acked_seq=seq, hash=digest, feed_epoch="f", server_time_ms=1, push_v=push_v
        )
        self.answer(200, message)

    def pushed(self, seq: int, backoff_ms: int = 0) -> None:
        digest = self.outbox.read(self.last_push().last_seq, 0).prev_hash
        message = protocol.Pushed(
            epoch=1, acked_seq=seq, hash=digest, feed_epoch="f", server_time_ms=1, backoff_ms=backoff_ms
        )
        self.answer(200, message)

    def problem(
        self, status: int, code: str, retry_after_s: float | None = None, seq: int | None = None
    ) -> None:
        self.answer(status, protocol.Problem(code=code, seq=seq), retry_after_s)

    def last_push(self) -> protocol.Push:
        return protocol.decode(protocol.unpack(self.sent[-1].body), protocol.Push)

    def targets(self) -> Sequence[str]:
        return [send.target.rsplit("/", 1)[-1] for send in self.sent]

    def timer(self) -> None:
        self.step(TimerFired(self.waits[-1].ticket))
