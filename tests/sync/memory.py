"""A till's fact log in memory, behind the real `Outbox` port, and bodies to fill it with."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import msgspec

from app.lanes import World
from app.ledger.chain import GENESIS, Head, seal
from sync import protocol
from sync.inbox import Arrival
from sync.outbox import Credentials, Enrolment, Run


def body_of(world: World, **fields: object) -> bytes:
    """A fact's body: small, unique, valid."""
    return msgspec.json.encode(
        {"kind": "of_tomorrow", "id": world.new_id(), "at_ms": world.now_ms(), **fields}
    )


class MemoryOutbox:
    """Facts in order, and one chain of envelopes for each epoch, as the till's store keeps them."""

    def __init__(self, origin: uuid.UUID) -> None:
        self.bodies: list[bytes] = []
        self.saved: Credentials | None = None
        self.begun: Enrolment | None = None
        self.pruned_seq = 0
        self._origin = origin
        self._epoch = 1
        self._first = 0  # index in `bodies` of the current chain's first fact
        self._heads = [Head(origin, 1)]
        self._acked = 0

    @property
    def head(self) -> Head:
        return self._heads[-1]

    @property
    def acked(self) -> tuple[int, int]:
        return self._epoch, self._acked

    def append(self, body: bytes) -> None:
        """Commit a fact."""
        self.bodies.append(body)
        self._heads.append(seal(self.head, body)[1])

    def copy(self) -> MemoryOutbox:
        """The disk, copied."""
        other = MemoryOutbox(self._origin)
        other.__dict__.update(self.__dict__)
        other.bodies, other._heads = list(self.bodies), list(self._heads)
        return other

    def read(self, after_seq: int | None, limit: int) -> Run:
        after = self._acked if after_seq is None else after_seq
        after = min(max(after, self.pruned_seq), self.head.seq)
        start = self._first + after
        bodies = tuple(self.bodies[start : start + limit])
        return Run(self.head, self._acked, after, self._heads[after].hash, bodies)

    def set_acked(self, epoch: int, seq: int) -> None:
        if epoch == self._epoch:
            self._acked = seq

    def credentials(self) -> Credentials | None:
        return self.saved

    def enrolment(self) -> Enrolment | None:
        return self.begun

    def keep_enrolment(self, enrolment: Enrolment | None) -> None:
        self.begun = enrolment

    def begin_epoch(self, credentials: Credentials) -> None:
        self.saved, self.begun = credentials, None
        if (credentials.till, credentials.epoch) == (self._origin, self._epoch):
            return
        self._origin, self._epoch = credentials.till, credentials.epoch
        self._first += self._acked
        self._acked = self.pruned_seq = 0
        self._heads = [Head(self._origin, self._epoch, 0, GENESIS)]
        for body in self.bodies[self._first :]:
            self._heads.append(seal(self.head, body)[1])


class MemoryInbox:
    """What the server sent, behind the real `Inbox` port: the last row of each, and persons to hand over."""

    def __init__(self) -> None:
        self.kept = ""
        self.members: dict[uuid.UUID, protocol.MemberRow] = {}
        self.listed: dict[tuple[str, str], protocol.Listed] = {}
        self.people: dict[uuid.UUID, protocol.PersonRow] = {}
        self.unhanded: list[protocol.PersonRow] = []

    def cursor(self) -> str:
        return self.kept

    def begin_again(self) -> None:
        self.kept = ""

    def apply(self, page: protocol.PullPage, asked_ms: int) -> Arrival:
        self.members |= {row.member: row for row in page.members}
        self.people |= {row.member: row for row in page.persons}
        self.listed |= {(row.list, row.key): row for row in page.listed}
        self.kept = page.cursor
        return Arrival(
            frozenset(row.member for row in page.members), frozenset(row.list for row in page.listed)
        )

    def persons(self, limit: int) -> list[protocol.PersonRow]:
        return self.unhanded[:limit]

    def handed(self, persons: Sequence[protocol.PersonRow]) -> None:
        self.unhanded = [row for row in self.unhanded if row not in persons]
