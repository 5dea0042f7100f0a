"""What a fact means to the member it names: all that folding at the server needs of it."""

from __future__ import annotations

import uuid
from typing import Final

import msgspec
import structlog

from app.loyalty.effects import AnyEffect

log = structlog.get_logger("stempel.members")


class Impact(msgspec.Struct, frozen=True):
    """What any fact, of whatever kind, does to a member; `card` is the one linked or blocked, `other` the
    member merged into this one, `holds` those that end with it."""

    kind: str = ""
    member: uuid.UUID | None = None
    effects: tuple[AnyEffect, ...] = ()
    card: object = ""
    other: object = ""
    holds: object = ()


class FoldedFact(msgspec.Struct, frozen=True):
    """A fact that concerns a member, and its place in the order of folding."""

    id: uuid.UUID
    shard: int
    at_ms: int
    origin: uuid.UUID
    epoch: int
    seq: int
    impact: Impact

    @property
    def order(self) -> tuple[int, bytes, int, int]:
        return (self.at_ms, self.origin.bytes, self.epoch, self.seq)


_impact: Final = msgspec.json.Decoder(Impact)


def impact_of(fact_id: uuid.UUID, body: bytes) -> Impact | None:
    """A fact's effects; None, and a line in the log, for effects of a later version than this program's."""
    try:
        return _impact.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        log.warning("not folded: start a newer program, then rebuild", fact=str(fact_id), error=str(error))
        return None
