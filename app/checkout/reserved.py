"""What a sale has reserved at the server, and the ports by which a till asks for it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from typing import Literal, Protocol

import msgspec

from app.ledger.facts import Hold

What = Literal["points", "coupon", "gift_card"]
Outcome = Literal["asked", "held", "refused", "silent"]


class OpenHold(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A hold asked for an open sale. `of` is the member's id, or the code; `amount` what was granted.

    Good while the clock is between `asked_ms` and `until_ms`: a clock that was put back ends it, too.
    """

    id: uuid.UUID
    kind: What
    of: str
    wanted: int
    asked_ms: int
    outcome: Outcome = "asked"
    amount: int = 0
    until_ms: int = 0
    refusal: str = ""

    def good(self, at_ms: int) -> bool:
        return self.outcome == "held" and self.asked_ms <= at_ms < self.until_ms

    @property
    def short(self) -> bool:
        """The server has said that there is no more than this."""
        return self.outcome == "refused" or (self.outcome == "held" and self.amount < self.wanted)

    def named(self, at_ms: int) -> Hold:
        """As a sale's fact names it."""
        of = "" if self.kind == "points" else self.of
        return Hold(self.id, self.kind, self.amount if self.good(at_ms) else 0, of)


class Issued(msgspec.Struct, frozen=True):
    """What a signed coupon says of itself, once its signature was checked: its code in the ledger, the rule
    that gave it, and when."""

    code: str
    rule: str
    issued_at_ms: int


class HoldAnswer(Protocol):
    """The server's word, or that there was none in time (`silent`)."""

    @property
    def outcome(self) -> Literal["held", "refused", "silent"]: ...
    @property
    def amount(self) -> int: ...
    @property
    def good_ms(self) -> int: ...
    @property
    def left(self) -> int: ...
    @property
    def code(self) -> str:
        """Why it was refused, as the protocol has it."""
        ...


class Holds(Protocol):
    """The way to the server. `ask` answers once, in the till's thread, within a third of a second."""

    @property
    def online(self) -> bool: ...

    def ask(
        self,
        id: uuid.UUID,
        kind: What,
        of: str,
        amount: int,
        *,
        sale: uuid.UUID,
        part: bool,
        answer: Callable[[HoldAnswer], None],
    ) -> None: ...

    def give_back(self, ids: Iterable[uuid.UUID]) -> None: ...


class NoHolds:
    """A till without a server."""

    @property
    def online(self) -> bool:
        return False

    def ask(self, id: uuid.UUID, *_: object, **__: object) -> None:
        raise RuntimeError("a till that is not online asks for no hold")

    def give_back(self, ids: Iterable[uuid.UUID]) -> None: ...


class LaterHolds:
    """A way to the server that opens after the till: the lane of sync, once it is there."""

    def __init__(self) -> None:
        self.way: Holds = NoHolds()

    @property
    def online(self) -> bool:
        return self.way.online

    def ask(
        self,
        id: uuid.UUID,
        kind: What,
        of: str,
        amount: int,
        *,
        sale: uuid.UUID,
        part: bool,
        answer: Callable[[HoldAnswer], None],
    ) -> None:
        self.way.ask(id, kind, of, amount, sale=sale, part=part, answer=answer)

    def give_back(self, ids: Iterable[uuid.UUID]) -> None:
        self.way.give_back(ids)


class Left(msgspec.Struct, frozen=True):
    """What this till may still spend of a card on its own word, until it syncs: points, and what coupons
    take off. `elsewhere_centi` of the balance is held by other tills."""

    points_centi: int
    coupons_minor: int
    elsewhere_centi: int = 0
    unknown_codes: Literal["refuse", "accept"] = "refuse"


class Allowances(Protocol):
    def left(self, member: uuid.UUID | None) -> Left | None:
        """None for a till that is no other till's neighbour: it was never enrolled."""
        ...


class NoAllowances:
    """The only till of its shop: what it knows is the truth."""

    def left(self, member: uuid.UUID | None) -> Left | None:
        return None
