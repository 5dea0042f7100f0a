"""Tills, network and server in one process on a virtual clock, everything drawn from one seed.

The real client and the real server app run; only the network, the disk and time are simulated. A seed that
fails once fails the same way each time.
"""

from __future__ import annotations

import heapq
import itertools
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.lanes import FixedWorld
from app.ledger.facts import header
from sync.client import Client
from sync.events import (
    BeginEpoch,
    Effect,
    EnrolWith,
    Event,
    FactsAvailable,
    FactsRead,
    Failed,
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
from sync.server import admin
from sync.server.database import Database
from tests.sync.memory import MemoryOutbox, body_of
from tests.sync.rig import NOW_MS, Answer, Rig


@dataclass(frozen=True)
class Faults:
    """How often, of a hundred messages or steps, each thing goes wrong."""

    lose_request: float = 8
    lose_answer: float = 8
    double_request: float = 8
    cut_answer: float = 4
    nonsense: float = 4
    crash: float = 1


CALM = Faults(0, 0, 0, 0, 0, 0)


class Crashed(Exception):
    """The till's process ended between two effects."""


class SimTill:
    """A till's process, started and killed at will, over a disk that stays."""

    def __init__(self, sim: Simulation, name: str, outbox: MemoryOutbox) -> None:
        self.sim = sim
        self.name = name
        self.outbox = outbox
        self.clock_off_ms = 0
        self.status = Status()
        self._life = 0
        self.start()

    def start(self) -> None:
        """A new process: only the disk is known."""
        self._life += 1
        self.client = Client(self.sim.random.randbytes, batch_max=7)
        self._timer = 0
        life = self._life
        self.step(Started(self.outbox.credentials()))
        if life == self._life and self.outbox.credentials() is None:
            # A code that was used by a process that died before it kept the answer is spent: a new one.
            self.step(EnrolWith(self.sim.rig.code()))

    @property
    def quiet(self) -> bool:
        """Whether the server has it all, and the screen says so."""
        done = self.outbox.acked[1] == self.outbox.head.seq
        return done and (self.status.unsynced, self.status.problem, self.status.state) == (0, "", "online")

    def sell(self) -> None:
        """Commit a fact, then tell sync."""
        body = body_of(self.sim.world, till=self.name, n=len(self.outbox.bodies))
        self.outbox.append(body)
        self.sim.sold.add(body)
        self.step(FactsAvailable())

    def step(self, event: Event) -> None:
        pending: list[Event] = [event]
        try:
            while pending:
                for effect in self.client.step(pending.pop(0), self.sim.world.ms + self.clock_off_ms):
                    self.sim.maybe_crash()
                    self._execute(effect, pending)
                    self.sim.maybe_crash()
        except Crashed:
            self._life += 1
            life = self._life
            self.sim.after(2_000, lambda: life == self._life and self.start())

    def _execute(self, effect: Effect, pending: list[Event]) -> None:
        match effect:
            case ReadFacts(ticket, after_seq, limit):
                pending.append(FactsRead(ticket, self.outbox.read(after_seq, limit)))
            case SetAcked(epoch, seq):
                self.outbox.set_acked(epoch, seq)
            case BeginEpoch(credentials):
                self.outbox.begin_epoch(credentials)
            case Wait(ticket, seconds):
                self._later(seconds * 1000, TimerFired(ticket))
            case Tell(status):
                self.status = status
                if status.problem == "till_exists":  # head office makes a code for this very till
                    code = self.sim.rig.code(till=self.outbox.head.origin)
                    self._later(5_000, EnrolWith(code))
            case Send():
                self.sim.carry(effect, self._later)

    def _later(self, delay_ms: float, event: Event) -> None:
        life = self._life
        self.sim.after(delay_ms, lambda: self.step(event) if life == self._life else None)


class Simulation:
    """One run. `faults` may be changed at any time; `calm()` heals the world and lets it settle."""

    def __init__(self, rig: Rig, seed: int, faults: Faults = Faults()) -> None:
        self.rig = rig
        self.random = random.Random(seed)
        self.world = FixedWorld(NOW_MS, seed=seed)
        self.rig.world = self.world
        self.rig.restart()
        self.faults = faults
        self.sold: set[bytes] = set()
        self.tills: list[SimTill] = []
        self._order = itertools.count()
        self._agenda: list[tuple[float, int, Callable[[], object]]] = []

    def add_till(self, name: str, *, clock_off_ms: int = 0) -> SimTill:
        outbox = MemoryOutbox(uuid.UUID(bytes=self.random.randbytes(16), version=4))
        till = SimTill(self, name, outbox)
        till.clock_off_ms = clock_off_ms
        self.tills.append(till)
        return till

    def clone(self, till: SimTill) -> SimTill:
        """The till's disk copied to another machine, and both go on."""
        other = SimTill(self, till.name + "'", till.outbox.copy())
        self.tills.append(other)
        return other

    def restore(self, path: Path) -> None:
        """The server goes back to a backup made by `backup`; the tills know nothing of it."""
        self.rig.db = Database.sqlite(path)
        admin.after_restore(self.rig.db)
        self.rig.restart()

    def backup(self, path: Path) -> Path:
        """A copy of the server's database as it is now."""
        self.rig.db.back_up(path)
        return path

    def chance(self, percent: float) -> bool:
        return self.random.uniform(0, 100) < percent

    def maybe_crash(self) -> None:
        if self.chance(self.faults.crash):
            raise Crashed

    def after(self, delay_ms: float, what: Callable[[], object]) -> None:
        heapq.heappush(self._agenda, (self.world.ms + delay_ms, next(self._order), what))

    def run(self, seconds: float) -> None:
        """Let the virtual clock go on."""
        until = self.world.ms + int(seconds * 1000)
        while self._agenda and self._agenda[0][0] <= until:
            due, _, what = heapq.heappop(self._agenda)
            self.world.ms = max(self.world.ms, int(due))
            what()
        self.world.ms = until

    def calm(self, hours: float = 2) -> None:
        """No more faults, until all is quiet; long enough for every back-off to end."""
        self.faults = CALM
        for _ in range(int(hours * 20)):
            self.run(180)  # longer than an idle till waits before it asks: it may not know what it lacks
            if all(till.quiet for till in self.tills):
                return

    def carry(self, send: Send, reply: Callable[[float, Event], None]) -> None:
        """The network: a request goes out now, an answer or a time-out comes back later."""
        if self.chance(self.faults.lose_request):
            reply(30_000, Failed(send.ticket))
            return
        if self.chance(self.faults.double_request):
            self.after(self.random.uniform(1, 90_000), lambda: self._deliver(send))
        self.after(self.random.uniform(1, 200), lambda: self._answer(send, reply))

    def _deliver(self, send: Send) -> Answer:
        return self.rig.call(send.method, send.target, send.body, send.headers)

    def _answer(self, send: Send, reply: Callable[[float, Event], None]) -> None:
        if self.chance(self.faults.nonsense):
            status, body = self.random.choice(
                [
                    (500, b"oops"),
                    (200, b"<html>"),
                    (200, b"{}"),
                    (503, b""),
                    (404, b""),
                    (302, b""),
                    (409, b"{}"),
                ]
            )
            reply(self.random.uniform(1, 200), Replied(send.ticket, status, body))
            return
        answer = self._deliver(send)
        if self.chance(self.faults.lose_answer):
            reply(30_000, Failed(send.ticket))
        elif self.chance(self.faults.cut_answer):
            cut = answer.body[: self.random.randrange(len(answer.body))]
            reply(self.random.uniform(1, 200), Replied(send.ticket, answer.status, cut))
        else:
            reply(self.random.uniform(1, 200), Replied(send.ticket, answer.status, answer.body))

    def check(self) -> None:
        """Every fact is at the server exactly once, byte for byte, in its till's order, without a hole."""
        facts = self.rig.feed_all(limit=50)
        bodies = [bytes(fact.body) for fact in facts]
        assert len(bodies) == len(set(bodies)), "a fact is there twice"
        assert set(bodies) == self.sold, f"{len(self.sold - set(bodies))} lost"
        heads: dict[int, int] = {}
        place = {body: (fact.shard, fact.pos) for body, fact in zip(bodies, facts, strict=True)}
        for fact in facts:
            assert fact.pos == heads.get(fact.shard, 0) + 1, "a hole in the feed"
            heads[fact.shard] = fact.pos
        for till in self.tills:
            own = [place[body] for body in till.outbox.bodies]
            assert own == sorted(own), f"{till.name}: out of order"
            assert till.quiet, f"{till.name}: {till.status}"
            assert len({header(body).id for body in till.outbox.bodies}) == len(till.outbox.bodies)
