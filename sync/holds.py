"""The wire of spending: holds, allowances, and what head office is told of both. Part of version 1.

A hold reserves one thing for one till: points of a member, one coupon, or value of a gift card. It ends with
the sale's fact that names it, with DELETE, or by the server's clock.
"""

from __future__ import annotations

import uuid
from typing import Annotated, Final, Literal

import msgspec

from sync.protocol import VERSION

POINTS: Final = "points"
COUPON: Final = "coupon"
GIFT_CARD: Final = "gift_card"
Kind = Literal["points", "coupon", "gift_card"]
Subject = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Amount = Annotated[int, msgspec.Meta(ge=1, le=10**12)]


class Hold(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """POST /v1/holds. `id` is the till's (a UUIDv7): asking again with it gives the same answer.

    `of` is the member's id, or the code. `amount` in hundredths of a point, 1 for a coupon, or minor units;
    `part` takes less where there is less.
    """

    v: int = VERSION
    id: uuid.UUID
    kind: Kind
    of: Subject
    amount: Amount
    sale: uuid.UUID | None = None
    part: bool = False


class Held(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to `Hold`: `amount` is this till's to spend for `good_ms` from when it asked.

    `left` is what nobody holds after that: the rest of a gift card, for the customer.
    """

    v: int = VERSION
    id: uuid.UUID
    amount: int
    good_ms: int
    left: int = 0


class TillKey(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A row of the list `till_key`: the key by which a till signs coupons in an epoch. Of a till whose key
    was withdrawn, coupons issued from `revoked_ms` on are not good."""

    till: uuid.UUID
    epoch: int
    public_key: bytes
    revoked_ms: int | None = None


class TillExposure(msgspec.Struct, frozen=True, kw_only=True):
    """What one till may spend of a card without asking. `contact_ms` is when it last synced, None: never."""

    till: uuid.UUID
    store: str
    online: bool
    contact_ms: int | None
    points_centi: int
    coupons_minor: int
    lapsed_centi: int = 0
    lapsed_minor: int = 0
    revoked: bool = False
    """Its key was withdrawn: it sells on, and nothing of it is taken until it is let in again or rescued."""


class Exposure(msgspec.Struct, frozen=True, kw_only=True):
    """GET /v1/exposure: the most that one card can be overdrawn by, in points and in coupons.

    Of now: tills that are out of contact × what each was allowed, and the holds that ran out while their
    till was away. `floor_centi` is the same with every till away, below zero: no balance can fall under it.
    """

    v: int = VERSION
    at_ms: int
    tills: int
    tills_offline: int
    points_centi: int
    coupons_minor: int
    lapsed_centi: int
    lapsed_minor: int
    floor_centi: int
    by_till: list[TillExposure]
    tills_revoked: int = 0
    """Of those that are offline, the ones whose key was withdrawn."""


class Overdraft(msgspec.Struct, frozen=True, kw_only=True):
    """A fact by which a balance fell below zero, or further: by how much, and to what debt."""

    member: uuid.UUID
    fact: uuid.UUID
    till: uuid.UUID
    at_ms: int
    by_centi: int
    debt_centi: int
    debt_now_centi: int


class CodeSpent(msgspec.Struct, frozen=True, kw_only=True):
    """One use of a coupon: what it took off, where and when."""

    fact: uuid.UUID
    till: uuid.UUID
    at_ms: int
    amount_minor: int


class DoubleSpend(msgspec.Struct, frozen=True, kw_only=True):
    """A single-use coupon that was used more than once."""

    code: str
    rule: str
    uses: list[CodeSpent]


class EmptyCard(msgspec.Struct, frozen=True, kw_only=True):
    """A gift card of which more was spent than was on it."""

    code: str
    balance_minor: int


class Overdrafts(msgspec.Struct, frozen=True, kw_only=True):
    """GET /v1/overdrafts: what was spent twice, the latest first; `more` says that `limit` cut a list."""

    v: int = VERSION
    points: list[Overdraft]
    codes: list[DoubleSpend]
    gift_cards: list[EmptyCard]
    more: bool = False
