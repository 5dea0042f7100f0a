"""What is being bought, and everything about the moment that the engine may know."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

DELIVERY_TAG: Final = "delivery"
DEPOSIT_TAG: Final = "deposit"
GIFT_CARD_TAG: Final = "gift_card"
NO_DISCOUNT_TAG: Final = "no_discount"
WEIGHED_TAG: Final = "weighed"
ENGINES_TAGS: Final = frozenset({DELIVERY_TAG, DEPOSIT_TAG, GIFT_CARD_TAG, NO_DISCOUNT_TAG, WEIGHED_TAG})
"""Those with a meaning to the engine; others mean something to the programme."""


class Line(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One line of the basket. `unit_price_minor` is per piece or per kilogram, tax included."""

    id: str
    """Names the line inside its basket; unique there."""
    sku: str
    category: str
    qty_milli: int
    unit_price_minor: int
    name: str = ""
    brand: str = ""
    tags: tuple[str, ...] = ()
    manual_minor: int = 0
    """What the cashier takes off the whole line, after the programme's discounts and within its floors."""
    tax: str = ""
    """The label or rate under which the line is taxed, carried through unchanged: "23%", "A"."""


class Basket(msgspec.Struct, frozen=True):
    """The lines of one receipt, in one currency. Their order never changes a figure."""

    lines: tuple[Line, ...] = ()


class Code(msgspec.Struct, frozen=True, omit_defaults=True):
    """A code presented at the till; whoever presents it to the engine has checked its signature."""

    code: str
    rule: str = ""
    """The rule that issued it, where the code itself (or the member's state) says so."""
    issued_at_ms: int | None = None
    used: int = 0
    """How often it was used so far by anyone, as far as this till knows."""
    used_by_member: int = 0


class GiftCard(msgspec.Struct, frozen=True):
    """A gift card presented as tender, with the balance that was held for this sale."""

    code: str
    balance_minor: int


class Redeem(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the customer wishes to spend."""

    points_centi: int | Literal["max"] = 0
    gift_cards: tuple[GiftCard, ...] = ()
    rewards: tuple[str, ...] = ()
    """Things chosen from a `reward` catalogue, each as "rule/item"; one entry a piece."""
    entitlements: tuple[str, ...] = ()
    """Rules of kind `entitlement` of which one use is taken, one entry a use."""


class Birthday(msgspec.Struct, frozen=True):
    """Month and day only, from the person table (facts hold no personal data)."""

    month: int
    day: int
    known_since_ms: int


class Context(msgspec.Struct, frozen=True, omit_defaults=True):
    """When, where, and what was presented: all the engine may know beside member and basket."""

    at_ms: int
    store: str = ""
    till: str = ""
    channel: str = "till"
    sale_id: str = ""
    """Names lots, coupons and prize draws of this sale; may be empty while only previewing."""
    codes: tuple[Code, ...] = ()
    redeem: Redeem = Redeem()
    member_id: str = ""
    segments: tuple[str, ...] = ()
    birthday: Birthday | None = None
    time_zone: str = ""
    """The store's time zone where it differs from the programme's."""
    points_limit_centi: int | None = None
    """The most that may be spent here now whatever the balance (an offline allowance); None: no limit."""
    budgets: dict[str, int] = {}
    """What is left of a rule's budget for this till, in minor units; a rule not named is not limited here."""
    paying: bool = True
    """False while only previewing: a prize wheel never draws then."""
