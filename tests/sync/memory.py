"""A till's fact log in memory, behind the real `Outbox` port, and bodies to fill it with."""

from __future__ import annotations

import uuid

import msgspec

from app.lanes import World
from app.ledger.chain import GENESIS, Head, seal
from sync.outbox import Credentials, Run


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

    def begin_epoch(self, credentials: Credentials) -> None:
        self.saved = credentials
        if (credentials.till, credentials.epoch) == (self._origin, self._epoch):
            return
        self._origin, self._epoch = credentials.till, credentials.epoch
        self._first += self._acked
        self._acked = self.pruned_seq = 0
        self._heads = [Head(self._origin, self._epoch, 0, GENESIS)]
        for body in self.bodies[self._first :]:
            self._heads.append(seal(self.head, body)[1])
