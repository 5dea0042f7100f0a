"""Tills of several stores that push, each going on where its chain ends."""

from __future__ import annotations

import uuid
from typing import NamedTuple

from app.ledger.chain import Head
from tests.sync.rig import HandTill, Rig
from tests.sync.server.test_members import fold_all, pull_all
from tests.sync.server.test_persons import till_of


class Pushing(NamedTuple):
    """A till that pushes: it and where its chain ends."""

    till: HandTill
    head: list[Head]

    def push(self, *bodies: bytes) -> None:
        self.head[0] = self.till.push_ok(self.head[0], list(bodies))[1]
        fold_all(self.till.rig)

    def knows(self, cursor: str = "") -> set[uuid.UUID]:
        return set(pull_all(self.till, cursor)[0])


def of_store(rig: Rig, store: str, number: int) -> Pushing:
    till = till_of(rig, store, number)
    return Pushing(till, [till.start])
