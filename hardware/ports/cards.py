"""Card readers: taps, proofs, removals, and writing a card."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

import msgspec


class CardProof(StrEnum):
    """What a tap proves about the card, which decides what it may redeem."""

    COPYABLE = "copyable"
    """A serial number or stored text: easily cloned, so it earns and redeems only up to a small cap."""
    GENUINE = "genuine"
    """The card proved a secret key with a fresh counter (NTAG 424 DNA SUN, Ultralight AES)."""


class ReaderRole(StrEnum):
    """Whose cards a reader is for, by the shop's settings; one they do not name is the customers'."""

    CUSTOMER = "customer"
    STAFF = "staff"
    """Cards that sign a cashier in or approve an act: never a member's, whatever they hold."""


class CardTapped(msgspec.Struct, frozen=True):
    """A card was read whole while it lay on the reader.

    `reader` is the PC/SC reader name, `event` a number that rises with every card laid on a reader (a result
    of an older event is stale), `uid` upper-case hex, `kind` for example "ntag213", `record` the text or URI
    of the card's member record or None, `proof` as above. `flaw` says why a record could not be read though
    the card could ("" if nothing is wrong): the card may still be known by its UID. `counter` is the tap
    counter of a genuine card: the till refuses one that is not above the last it saw of this UID. `role` is
    the reader's.
    """

    reader: str
    event: int
    uid: str
    kind: str
    record: str | None = None
    proof: CardProof = CardProof.COPYABLE
    flaw: str = ""
    counter: int | None = None
    role: ReaderRole = ReaderRole.CUSTOMER


class CardFailed(msgspec.Struct, frozen=True):
    """A card that could not be read; `code`:

    torn (taken away too soon), mute (does not answer the reader), malformed (answers nonsense), unsupported
    (tells no serial number), refused (a proof that is wrong), busy (another program holds the reader),
    timeout (did not answer within the deadline).
    """

    reader: str
    event: int
    code: str
    detail: str = ""
    role: ReaderRole = ReaderRole.CUSTOMER


class CardRemoved(msgspec.Struct, frozen=True):
    reader: str
    event: int


class ReadersChanged(msgspec.Struct, frozen=True):
    """The readers that are there now; empty with `service` False when PC/SC itself is away."""

    readers: tuple[str, ...]
    service: bool


CardEvent = CardTapped | CardFailed | CardRemoved | ReadersChanged


class CardReader(Protocol):
    """All readers of a till together."""

    def start(self, sink: Callable[[CardEvent], None]) -> None: ...
    def stop(self, deadline_s: float = 5.0) -> bool: ...
    def age_s(self) -> float:
        """Seconds since the reader lane last beat: over 3 s, the screen says so."""
        ...


class CardWritten(msgspec.Struct, frozen=True):
    """A member record was written to the card of this event, and read back from it."""

    reader: str
    event: int
    uid: str
    record: str


class CardWriter(Protocol):
    """A CardReader that can issue cards."""

    def write(
        self,
        event: int,
        record: str,
        done: Callable[[CardWritten | CardFailed], None],
        *,
        overwrite: bool = False,
    ) -> None:
        """Write a text or URI as the member record of the card that was tapped as `event`, on no other.

        `done` is called once, on the lane: with CardWritten, or CardFailed whose code is one of reading or
        not_blank (it holds a record, and `overwrite` is not given), read_only, too_long. Nothing of an old
        record is left half written: a card torn away meanwhile holds the old record, none, or the new one.
        """
        ...


class CardReaders(CardReader, CardWriter, Protocol):
    """What a till has: readers that also issue cards."""
