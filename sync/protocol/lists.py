"""Lists that head office publishes, and what their rows hold."""

from __future__ import annotations

import uuid
from typing import Annotated, Final, Literal

import msgspec

from sync.protocol.common import VERSION

NOTHING: Final = msgspec.Raw(b"null")


def nothing() -> msgspec.Raw:
    return NOTHING


class Listed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One row of a list: `programme`, `product`, `staff` and `store`, which head office publishes,
    `allowance`, `till_key`, or `merge` (members that may be one person).

    `store` is empty for a row that holds for all stores. `body` null: the row is no more. A till ignores
    lists it does not know.
    """

    list: str
    key: str
    store: str = ""
    body: msgspec.Raw = msgspec.field(default_factory=nothing)

    @property
    def removed(self) -> bool:
        return bytes(self.body) == b"null"


class ProgrammeBody(msgspec.Struct, frozen=True, kw_only=True):
    """A published programme: `source` is its file, verbatim; in force from `valid_from_ms` on."""

    id: str
    version: int
    valid_from_ms: int
    source: str


class ProductBody(msgspec.Struct, frozen=True, kw_only=True):
    """The least a product has; further fields (names, codes, tax, …) pass through as they are."""

    sku: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    price_minor: Annotated[int, msgspec.Meta(ge=0, le=10**15)]
    favourite: Annotated[int, msgspec.Meta(ge=0, le=10**6)] | None = None


class StaffBody(msgspec.Struct, frozen=True, kw_only=True):
    """The least a person of the staff has; further fields (card, lang, …) pass through as they are.

    `pin` is a salted hash in the PHC string format, never the PIN itself.
    """

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    role: Literal["cashier", "senior", "manager"] = "cashier"
    pin: Annotated[str, msgspec.Meta(max_length=400, pattern=r"^(\$[^\s]+)?$")] = ""


class StoreBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a store is called by its customers: the head of its receipts on the web. `lang` is for whoever's
    browser names none of ours."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    address: Annotated[str, msgspec.Meta(max_length=300)] = ""
    lang: Literal["", "ru", "pl", "en"] = ""


class MergeBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Two members with one phone number, whom the server proposes to merge; `dismissed`: they are two."""

    members: tuple[uuid.UUID, uuid.UUID]
    dismissed: bool = False


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a list that was published: rows by what became of them."""

    v: int = VERSION
    added: int = 0
    changed: int = 0
    removed: int = 0
    same: int = 0
