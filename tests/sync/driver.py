"""A till's real sync client over HTTP in the calling thread: no lanes, no waiting."""

from __future__ import annotations

import time
from collections import deque

import httpx

from app.lanes import RealWorld
from sync.client import Client
from sync.events import (
    Applied,
    Apply,
    BeginEpoch,
    EnrolWith,
    Event,
    FactsAvailable,
    FactsRead,
    PersonsRead,
    ReadFacts,
    ReadPersons,
    Send,
    SetAcked,
    Started,
    TimerFired,
    Wait,
)
from sync.worker import request
from tests.sync.memory import MemoryOutbox

WORLD = RealWorld()


class Driver:
    """Enrols one till and pushes its facts. `pushes` has the seconds and the packed bytes of each push."""

    def __init__(self, http: httpx.Client, outbox: MemoryOutbox, code: str) -> None:
        self._http = http
        self.outbox = outbox
        self._client = Client(WORLD.random_bytes)
        self._events: deque[Event] = deque([Started(outbox.credentials()), EnrolWith(code)])
        self._timer: TimerFired | None = None
        self.pushes: list[tuple[float, int]] = []

    def push_all(self) -> None:
        """Until the server has everything. AssertionError if the client finds no way on."""
        self._events.append(FactsAvailable())
        while self.outbox.acked[1] < self.outbox.head.seq or not self.pushes:
            if not self._events:
                assert self._timer is not None, self._client.status
                self._events.append(self._timer)
            self._step()

    def settle(self) -> None:
        """Do what a till does after a push (it pulls), until it rests."""
        while self._events:
            self._step()

    def _step(self) -> None:
        for effect in self._client.step(self._events.popleft(), WORLD.now_ms()):
            self._execute(effect)

    def _execute(self, effect: object) -> None:
        match effect:
            case ReadFacts(ticket, after_seq, limit):
                self._events.append(FactsRead(ticket, self.outbox.read(after_seq, limit)))
            case SetAcked(epoch, seq):
                self.outbox.set_acked(epoch, seq)
            case BeginEpoch(credentials):
                self.outbox.begin_epoch(credentials)
            case Wait(ticket, seconds):
                self._timer = TimerFired(ticket)
                if self._client.status.problem:
                    time.sleep(seconds)
                    self._events.append(self._timer)
            case Apply(ticket):
                self._events.append(Applied(ticket))
            case ReadPersons(ticket):
                self._events.append(PersonsRead(ticket, ()))
            case Send():
                self._send(effect)
            case _:
                pass

    def _send(self, send: Send) -> None:
        begun = time.perf_counter()
        self._events.append(request(self._http, send))
        if send.target.endswith("/facts"):
            self.pushes.append((time.perf_counter() - begun, len(send.body)))
