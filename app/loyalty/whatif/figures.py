"""What a what-if finds out, as data: docs/reference/what-if.md gives each field in words."""

from __future__ import annotations

from typing import Literal

import msgspec

from app.loyalty.decision import Decision
from app.loyalty.model import Names

Redemption = Literal["none", "same-share", "maximum"]
AUDIENCES = ("new", "existing", "nobody")
"""A member on their first counted receipt, as a budget's `new_members` means it; any later one; no member."""


class Assumptions(msgspec.Struct, frozen=True, kw_only=True):
    """What nobody can know of the past and the replay therefore takes for granted."""

    redemption: Redemption = "maximum"
    share: str | None = None
    """With `same-share`: the share of each receipt paid in points, where the past knows none ("25%")."""
    coupons: bool = True
    """Whether members present the coupons they hold at each receipt; those of the past are ignored."""
    warm_up_days: int = 28
    """Sales of the first days fill balances, levels and cards, and are in no figure."""


class Cell(msgspec.Struct, kw_only=True):
    """What one rule did for one audience."""

    receipts: int = 0
    discount_minor: int = 0
    earned_centi: int = 0
    earned_minor: int = 0
    """What the points earned are worth when they are spent; 0 where the programme spends none."""
    spent_centi: int = 0
    spent_minor: int = 0
    stamps: int = 0
    issued: int = 0
    """Coupons, rewards, statuses and badges handed over."""

    @property
    def cost_minor(self) -> int:
        """Given away: discounts now, and points by what they will be worth."""
        return self.discount_minor + self.earned_minor


class RuleFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule did in the period."""

    rule: str
    kind: str
    name: Names
    members: int
    """Different members to whom it gave something."""
    new: Cell
    existing: Cell
    nobody: Cell
    all: Cell


class Month(msgspec.Struct, kw_only=True):
    """A calendar month in the programme's time zone, "2017-03"."""

    month: str
    receipts: int = 0
    goods_minor: int = 0
    discount_minor: int = 0
    earned_minor: int = 0
    spent_minor: int = 0


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """A programme over the whole period. goods − discount = total; total − spent = paid in money."""

    receipts: int
    goods_minor: int
    discount_minor: int
    total_minor: int
    spent_minor: int
    due_minor: int
    earned_centi: int
    earned_minor: int
    spent_centi: int
    owed_centi: int
    """Points that members hold at the end, from the warm-up too."""
    owed_minor: int
    stamps: int
    issued: int
    receipts_reached: int
    """Receipts on which some rule gave something."""
    members_reached: int


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two programmes."""

    programme: str
    version: int
    name: Names
    totals: Totals
    rules: tuple[RuleFigures, ...]
    months: tuple[Month, ...]


Way = Literal["cheaper", "dearer", "more_points", "fewer_points", "otherwise", "same"]
WAYS: tuple[Way, ...] = ("cheaper", "dearer", "more_points", "fewer_points", "otherwise", "same")
"""How a receipt differs under the draft: first by its price, then by points earned, then by points spent,
stamps or things issued."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """The receipts that differ in one way."""

    way: Way
    receipts: int
    members: int
    total_minor: int
    """The draft's price less the present one's, over these receipts."""
    earned_centi: int


class Band(msgspec.Struct, frozen=True, kw_only=True):
    """Receipts by how much their price differs, in percent of the present price: over `above`, up to `to`."""

    above: int | None
    to: int | None
    receipts: int


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt that differs, priced under both with the reasons."""

    way: Way
    sale: str
    at_ms: int
    member: str
    draft: Decision
    in_force: Decision


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """The sales that were replayed. `receipts` are those in the figures; the warm-up is counted apart."""

    receipts: int
    lines: int
    members: int
    nobody: int
    """Receipts of no member."""
    warm_up_receipts: int
    from_ms: int
    counted_from_ms: int
    until_ms: int


class WhatIf(msgspec.Struct, frozen=True, kw_only=True):
    """A draft against the programme in force, over the same past sales."""

    currency: str
    time_zone: str
    assumptions: Assumptions
    past: Past
    draft: Side
    in_force: Side
    changes: tuple[Change, ...]
    bands: tuple[Band, ...]
    examples: tuple[Example, ...]
