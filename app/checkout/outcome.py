"""What came of an act, for the cashier: a message id with its values, and how much it matters."""

from __future__ import annotations

from enum import StrEnum

import msgspec

Value = str | int


class Weight(StrEnum):
    DONE = "done"
    NOTE = "note"
    """It worked, and there is something to know."""
    REFUSED = "refused"
    """Nothing changed; the message says what to do instead."""


class Outcome(msgspec.Struct, frozen=True):
    """`code` is a message id below `till.` in the catalogues; `line` the basket line it is about.

    Values are texts as they are, integers named by their unit (`due_minor`, `points_centi`), or as `rule` and
    `item` the ids of what the programme has names for.
    """

    code: str
    weight: Weight = Weight.DONE
    values: dict[str, Value] = {}
    line: int | None = None

    @property
    def refused(self) -> bool:
        return self.weight is Weight.REFUSED


def done(code: str, /, *, line: int | None = None, **values: Value) -> Outcome:
    return Outcome(code, Weight.DONE, dict(values), line)


def note(code: str, /, *, line: int | None = None, **values: Value) -> Outcome:
    return Outcome(code, Weight.NOTE, dict(values), line)


def refused(code: str, /, *, line: int | None = None, **values: Value) -> Outcome:
    return Outcome(code, Weight.REFUSED, dict(values), line)
