"""What a till pulls, page by page: members and persons beside the lists."""

from __future__ import annotations

import uuid
from typing import Final

import msgspec

from sync.protocol.common import VERSION
from sync.protocol.lists import Listed, nothing

PERSONS_MAX: Final = 500
"""Persons a server takes in one message."""


class CardRow(msgspec.Struct, frozen=True, array_like=True):
    """A card of a member: its token ("uid:…", "code:…"), when it was linked, whether it may redeem."""

    token: str
    linked_ms: int
    blocked: bool = False


class MemberRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A member as the server folds them: `state` is `app.loyalty.state.MemberState`, as of `at_ms`.

    `applied` says, for each epoch of the asking till, the last of its own facts that is in the state: what
    the till has beyond (by the newest envelope of each fact) it folds on top, and nothing counts twice.
    `merged_into`: the member is another now, and has nothing under this id.
    """

    member: uuid.UUID
    at_ms: int
    state: msgspec.Raw
    applied: dict[int, int]
    cards: tuple[CardRow, ...] = ()
    merged_into: uuid.UUID | None = None
    held_centi: int = 0
    """Points that other tills hold of the balance."""
    version: int = 0
    """Names this state among all that the server made of the member."""


class PersonRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who a member is: `data` is a JSON object, of which the server reads name and phone alone;
    null: erased.

    Of two versions the later by (`updated_ms`, `origin`) holds; `origin` is the till that wrote it.
    """

    member: uuid.UUID
    updated_ms: int
    origin: uuid.UUID | None = None
    data: msgspec.Raw = msgspec.field(default_factory=nothing)

    @property
    def erased(self) -> bool:
        return bytes(self.data) == b"null"


class Persons(msgspec.Struct, frozen=True, kw_only=True):
    """POST /v1/tills/{till}/persons: persons that were entered or changed at the till."""

    v: int = VERSION
    persons: list[PersonRow]


class PersonsKept(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to `Persons`: `kept` were newer than what the server had. All of them are dealt with."""

    v: int = VERSION
    kept: int
    server_time_ms: int


class Budgets(msgspec.Struct, frozen=True, omit_defaults=True):
    """What budgets and stocks have given, by part (`app.ledger.budgets`), as far as facts were counted: of
    the asking till's own those up to `seq` of `epoch`, and of earlier epochs all."""

    spent: dict[str, int] = {}
    epoch: int = 0
    seq: int = 0


class PullPage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """GET /v1/pull: what changed after the cursor; a later row replaces an earlier one.

    `listed` come first, so that a bare till can sell while its members still arrive.
    """

    v: int = VERSION
    feed_epoch: str
    cursor: str
    more: bool
    members: list[MemberRow] = []
    persons: list[PersonRow] = []
    listed: list[Listed] = []
    budgets: Budgets | None = None
    """With the last page; a server that does not count them sends none."""
    limited: bool = False
    """Members are those of the till's store alone: others stand in the directory, and are asked for."""
    card_key: bytes = b""
    """By which cards are looked up in the directory (`sync.directory`), while members are limited."""
