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


FIGURE_MAX: Final = 10**15
MOMENT_MAX: Final = 2**62
TEXT_MAX: Final = 600
"""What is beyond them no till wrote, and no database takes as a number, or as a key (PostgreSQL's index rows
end at 2,704 bytes, four to a character)."""
LONG_MAX: Final = 32_000
"""Characters of a text that is no key: as many as a spreadsheet's cell takes."""

_impact: Final = msgspec.json.Decoder(Impact)


def plausible(value: object, name: str = "", text_max: int = TEXT_MAX) -> bool:
    """Whether everything in a decoded value can be stored: numbers, moments (`…_ms`) and texts in bounds."""
    match value:
        case str():
            return len(value) <= text_max and "\0" not in value
        case int():
            return abs(value) <= (MOMENT_MAX if name.endswith("_ms") else FIGURE_MAX)
        case msgspec.Struct():
            return all(plausible(getattr(value, one), one, text_max) for one in value.__struct_fields__)
        case list() | tuple():
            return all(plausible(one, name, text_max) for one in value)  # pyright: ignore[reportUnknownVariableType]
        case dict():
            pairs = value.items()  # pyright: ignore[reportUnknownVariableType]
            return all(plausible(key) and plausible(one, str(key), text_max) for key, one in pairs)
        case _:
            return True


def impact_of(fact_id: uuid.UUID, body: bytes) -> Impact | None:
    """A fact's effects; None, and a line in the log, for effects of a later version than this program's, and
    for what no till can have meant: one fact must not keep the others back."""
    try:
        found = _impact.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        log.warning("not folded: start a newer program, then rebuild", fact=str(fact_id), error=str(error))
        return None
    if not plausible(found):
        log.warning("not folded: a figure or a text is out of all bounds", fact=str(fact_id))
        return None
    return found
