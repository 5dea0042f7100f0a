"""The sync lane: carries out what `sync.client` asks for, with httpx and the till's outbox and inbox.

Six threads. The lane `sync` owns the client, the outbox and the inbox; it never waits for the network, so
the status on the screen is always fresh. The lane `sync-wire` sends one request at a time; `sync-hints` keeps
a stream open and hears hints; `sync-holds` and `sync-ask` ask what can wait for neither; `sync-directory`
fetches what is large and can wait for all of them. All end with `stop`, at most `deadline_s` later; a request
still in flight then is abandoned, which the protocol is made for. An error of the database reaches
`on_crash`; the lane starts again after a back-off by asking the server where it stands.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import socket
import time
from collections.abc import Callable
from typing import Final

import httpx

from app.lanes import Lane, RealWorld, World
from sync import answers
from sync.asking import AskLane
from sync.client import Client
from sync.events import (
    Applied,
    Apply,
    BeginAgain,
    BeginEpoch,
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
    KeepDirectory,
    KeepEnrolment,
    Listen,
    Listening,
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
from sync.fetching import Fetching
from sync.holding import HoldLane
from sync.inbox import Arrival, Inbox
from sync.outbox import Outbox
from sync.shelf import Shelf
from sync.version import PROGRAM

TIMEOUT: Final = httpx.Timeout(30.0, connect=5.0)
QUIET_S: Final = 40.0
"""Seconds without a sign on the stream of hints after which it is given up: the server sends one in 15."""
HINT_MAX: Final = 64 << 10
"""Bytes without a line break that are read from the stream."""
ANSWER_S: Final = 120.0
"""Seconds a whole answer may take, however steadily it drips."""
ANSWER_MAX: Final = 64 << 20
"""Bytes of an answer that are read; more is no answer of ours."""
_log: Final = logging.getLogger("stempel")


class SyncWorker:
    """Sync of one till with one server.

    `outbox` and `inbox` are called only from the lane `sync`. `on_status` is called from it too, at every
    change, and `on_arrival` when a page is in the database. `holds` asks for holds, and posts the answers by
    `post`. `shelf` is where the directory of other stores' members is kept. `transport` replaces the network
    in tests.
    """

    def __init__(
        self,
        server_url: str,
        outbox: Outbox,
        inbox: Inbox,
        *,
        on_status: Callable[[Status], None],
        on_arrival: Callable[[Arrival], None] | None = None,
        on_crash: Callable[[BaseException], None] | None = None,
        world: World | None = None,
        transport: httpx.BaseTransport | None = None,
        post: Callable[[Callable[[], None]], None] = lambda call: call(),
        shelf: Shelf | None = None,
    ) -> None:
        self._outbox = outbox
        self._inbox = inbox
        self._on_status = on_status
        self._on_arrival = on_arrival
        self._world = world or RealWorld()
        self._client = Client(self._world.random_bytes, breathe=_breathe, program=PROGRAM)
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._timer: tuple[float, int] | None = None
        self._http = httpx.Client(
            base_url=server_url, timeout=TIMEOUT, transport=transport, headers={"User-Agent": "stempel-till"}
        )
        self._wire = Lane("sync-wire", world=self._world)
        self._hints = Hints(
            httpx.Client(base_url=server_url, timeout=TIMEOUT, transport=transport), self._events.put
        )
        self._fetching = None
        if shelf is not None:
            self._fetching = Fetching(
                httpx.Client(base_url=server_url, timeout=TIMEOUT, transport=transport),
                lambda: self._client.credentials,
                shelf,
                lambda done: self._events.put(DirectoryKept(done)),
                self._world,
            )
        self.asking = AskLane(
            httpx.Client(base_url=server_url, transport=transport, headers={"User-Agent": "stempel-till"}),
            lambda: self._client.credentials,
            lambda: self._client.status.state == "online",
            world=self._world,
        )
        self._lane = Lane("sync", loop=self._run, on_crash=on_crash, world=self._world)
        self.holds = HoldLane(
            httpx.Client(base_url=server_url, transport=transport, headers={"User-Agent": "stempel-till"}),
            lambda: self._client.credentials,
            lambda: self._client.status.state == "online",
            world=self._world,
            post=post,
        )

    @property
    def lane(self) -> Lane:
        """For supervision: its age and whether it lives."""
        return self._lane

    def start(self) -> SyncWorker:
        """Begin; returns the worker itself."""
        self._wire.start()
        self._hints.lane.start()
        self.holds.start()
        self.asking.lane.start()
        if self._fetching is not None:
            self._fetching.lane.start()
        self._lane.start()
        return self

    def facts_available(self) -> None:
        """Say, from any thread, that something was committed."""
        self._events.put(FactsAvailable())

    def sync_now(self) -> None:
        """Cut a back-off short, from any thread."""
        self._events.put(Hurry())

    def enrol(self, code: str) -> None:
        """Enrol with a one-time code of head office, from any thread; the status tells the outcome."""
        self._events.put(EnrolWith(code))

    def stop(self, deadline_s: float = 5.0) -> bool:
        """End both lanes; True if they ended in time, False if a request was abandoned."""
        self._lane.stopping.set()
        self._events.put(Hurry())
        hints_ended = self._hints.stop(1.0)
        ended = self._lane.stop(deadline_s)
        wire_ended, holds_ended = self._wire.stop(0.2), self.holds.stop()
        fetching_ended = self._fetching is None or self._fetching.stop()
        asking_ended = self.asking.stop()
        if wire_ended:
            self._http.close()
        return ended and wire_ended and hints_ended and holds_ended and fetching_ended and asking_ended

    def _run(self, lane: Lane) -> None:
        self._timer = None
        outbox = self._outbox
        self._step(Started(outbox.credentials(), self._inbox.cursor(), outbox.enrolment()))
        while not lane.stopping.is_set():
            lane.beat()
            event = self._next_event()
            if event is not None and not lane.stopping.is_set():
                self._step(event)

    def _next_event(self) -> Event | None:
        wait_s = 1.0
        if self._timer is not None:
            due_s, ticket = self._timer
            wait_s = min(due_s - self._world.monotonic_s(), wait_s)
            if wait_s <= 0:
                self._timer = None
                return TimerFired(ticket)
        try:
            return self._events.get(timeout=wait_s)
        except queue.Empty:
            return None

    def _step(self, event: Event) -> None:
        for effect in self._client.step(event, self._world.now_ms()):
            self._execute(effect)

    def _execute(self, effect: Effect) -> None:
        match effect:
            case ReadFacts(ticket, after_seq, limit):
                self._events.put(FactsRead(ticket, self._outbox.read(after_seq, limit)))
            case SetAcked(epoch, seq):
                self._outbox.set_acked(epoch, seq)
            case KeepEnrolment(enrolment):
                self._outbox.keep_enrolment(enrolment)
            case BeginEpoch(credentials):
                self._outbox.begin_epoch(credentials)
            case ReadPersons(ticket, limit):
                self._events.put(PersonsRead(ticket, tuple(self._inbox.persons(limit))))
            case SetHanded(persons):
                self._inbox.handed(persons)
            case BeginAgain():
                self._inbox.begin_again()
            case Apply(ticket, page, asked_ms):
                arrival = self._inbox.apply(page, asked_ms)
                self._events.put(Applied(ticket))
                if self._on_arrival is not None and (arrival.members or arrival.lists or arrival.budgets):
                    self._on_arrival(arrival)
            case KeepDirectory(wanted):
                if self._fetching is not None:
                    self._fetching.keep(wanted=wanted)
            case Listen():
                self._hints.listen(effect)
            case Wait(ticket, seconds):
                self._timer = (self._world.monotonic_s() + seconds, ticket)
            case Tell(status):
                self._on_status(status)
            case Send():
                self._wire.submit(
                    lambda: self._events.put(request(self._http, effect)),
                    lambda error: self._broken(effect, error),
                )

    def _broken(self, send: Send, error: BaseException) -> None:
        # The client waits for a word of every request.
        _log.error("%s %s could not be carried out", send.method, send.target, exc_info=error)
        self._events.put(Failed(send.ticket))


def _breathe() -> None:
    # A real sleep, however short: only then the window's thread surely gets the interpreter.
    time.sleep(0.0002)


class Hints:
    """The lane `sync-hints`: reads one stream after another, each until it ends or falls silent."""

    def __init__(self, http: httpx.Client, tell: Callable[[Event], None]) -> None:
        self.lane = Lane("sync-hints")
        self._http = http
        self._tell = tell
        self._response: httpx.Response | None = None

    def listen(self, asked: Listen) -> None:
        """Open a stream; events come as they happen, `Deaf` last."""
        self.lane.submit(lambda: self._read(asked))

    def stop(self, deadline_s: float) -> bool:
        """Cut the stream and end; True if that was in time."""
        self.lane.stopping.set()
        if (response := self._response) is not None:
            _cut(response)
        ended = self.lane.stop(deadline_s)
        if ended:
            self._http.close()
        return ended

    def _read(self, asked: Listen) -> None:
        timeout = httpx.Timeout(TIMEOUT.read, connect=TIMEOUT.connect, read=QUIET_S)
        try:
            with self._http.stream(
                "GET", asked.target, headers=dict(asked.headers), timeout=timeout
            ) as response:
                self._response = response
                if response.status_code == 200:
                    self._follow(response)
        except (*answers.NO_ANSWER, OSError):
            pass  # how it ended does not matter: polling goes on
        finally:
            self._response = None
            self._tell(Deaf())

    def _follow(self, response: httpx.Response) -> None:
        rest = b""
        for chunk in response.iter_raw():
            self.lane.beat()
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if line == b"event: hello":
                    self._tell(Listening())
                elif line == b"event: hint":
                    self._tell(Hinted())
            if self.lane.stopping.is_set() or len(rest) > HINT_MAX:
                return


def _cut(response: httpx.Response) -> None:
    """Wake the thread that reads from a response: closing it from here would not."""
    stream = response.extensions.get("network_stream")
    held = stream.get_extra_info("socket") if stream is not None else None
    if held is not None:
        with contextlib.suppress(OSError):
            held.shutdown(socket.SHUT_RDWR)


def request(http: httpx.Client, send: Send) -> Replied | Failed:
    """Carry out one request; a redirect is not followed, an endless answer not read."""
    until_s = time.monotonic() + ANSWER_S
    try:
        with http.stream(send.method, send.target, headers=dict(send.headers), content=send.body) as response:
            body = answers.whole(response, until_s, ANSWER_MAX)
            return Replied(send.ticket, response.status_code, body, _retry_after_s(response))
    except answers.NO_ANSWER:
        return Failed(send.ticket)


def _retry_after_s(response: httpx.Response) -> float | None:
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isascii() and value.isdigit() else None
