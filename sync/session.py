"""What all parts of the sync client share: who the till is, the request in flight, the status. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

import msgspec

from app.lanes import Backoff
from sync import protocol
from sync.events import Effect, Send, Status, Wait
from sync.outbox import Credentials

SLOW_S: Final = 600.0
"""The wait after an answer that only a person can change: key withdrawn, version too old."""
RETRY_AFTER_MAX_S: Final = 3600.0

Phase = Literal[
    "stopped", "asking", "reading", "pushing", "enrolling", "handing", "posting", "pulling", "applying",
    "idle", "waiting", "pausing",
]  # fmt: skip
RESTING: Final = frozenset({"idle", "waiting", "pausing"})
"""Phases that a timer ends: nothing to do; the server is not to be asked yet; a backlog goes out slowly."""
IN_FLIGHT: Final = frozenset({"asking", "pushing", "enrolling", "posting", "pulling"})
"""Phases with a request out: one at a time."""


class Session:
    """One thing at a time: `phase` says what is under way, `ticket` which answer belongs to it."""

    def __init__(self, random_bytes: Callable[[int], bytes], program: str = "") -> None:
        self.program = program
        """The version of the till's program."""
        self.status = Status()
        self.credentials: Credentials | None = None
        self.phase: Phase = "stopped"
        self.ticket = 0
        self.now_ms = 0
        self.effects: list[Effect] = []
        self.standing = ""
        """A problem that contact with the server does not end: it refuses to be pulled from."""
        self.random_bytes = random_bytes
        self._backoff = Backoff(1.0, 60.0)
        self._failures = 0

    def enter(self, phase: Phase) -> int:
        """Begin something; returns the ticket of its answer."""
        self.phase = phase
        self.ticket += 1
        return self.ticket

    def emit(self, effect: Effect) -> None:
        self.effects.append(effect)

    def send(self, phase: Phase, method: str, target: str, body: bytes, signer: Credentials | None) -> None:
        """Send a request, signed by `signer`."""
        ticket = self.enter(phase)
        headers = [("Content-Type", "application/json"), ("Content-Encoding", "zstd")] if body else []
        if signer is not None:
            headers += self.signature(method, target, body, signer)
        self.emit(Send(ticket, method, target, tuple(headers), body))

    @staticmethod
    def signature(method: str, target: str, body: bytes, signer: Credentials) -> list[tuple[str, str]]:
        signed = protocol.authorise(signer.private_key, method, target, signer.till, signer.epoch, body)
        return [("Authorization", signed)]

    def due(self, at_ms: int, most_s: float) -> bool:
        """Whether a moment at most `most_s` ahead when it was set has come, or the clock was put back."""
        return not 0 < at_ms - self.now_ms <= most_s * 1000

    def jitter(self) -> float:
        """1.0 to 1.5: tills that wait for the same thing do not come back together."""
        return 1.0 + 0.5 * int.from_bytes(self.random_bytes(4), "big") / 2**32

    def wait(self, phase: Literal["idle", "waiting", "pausing"], seconds: float) -> None:
        self.emit(Wait(self.enter(phase), seconds * self.jitter()))

    def retry(self, problem: str, *, at_least_s: float = 0.0, online: bool = False) -> None:
        """Wait, longer each time, and ask the server again where it stands."""
        self._failures += 1
        self.update(state="online" if online else "offline", problem=problem)
        self.wait("waiting", max(at_least_s, self._backoff.wait_s(self._failures)))

    def update(
        self, *, state: Literal["offline", "online", "not_enrolled"] | None = None, problem: str | None = None
    ) -> None:
        state = state or self.status.state
        if self.credentials is None:
            state = "not_enrolled"
        problem = self.status.problem if problem is None else problem
        self.status = msgspec.structs.replace(self.status, state=state, problem=problem)

    def contact(self) -> None:
        """The server answered as it should."""
        self._failures = 0
        self.status = msgspec.structs.replace(self.status, last_contact_ms=self.now_ms)
        self.update(state="online", problem=self.standing)
