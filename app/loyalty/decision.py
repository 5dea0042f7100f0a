"""What the engine decided: figures by line, by tax and in all, the effects, and why."""

from __future__ import annotations

import msgspec

from app.loyalty.effects import AnyEffect, Grant
from app.loyalty.state import MemberState

Param = str | int
"""A reason's parameter; the name's ending says its unit: `missing_minor`, `stamps`, `qty_milli`."""


class Reason(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a rule in scope applied, or did not. Never prose: `code` and `params` become text elsewhere.

    The codes and their parameters are those of resources/texts/loyalty.en.yaml.
    """

    rule: str
    applied: bool
    code: str
    params: dict[str, Param] = {}


class Offer(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something worth saying to the customer now; a Decision lists the best first."""

    rule: str
    code: str
    params: dict[str, Param] = {}


class Discount(msgspec.Struct, frozen=True, gc=False):
    """A rule's part of a line's discount, in minor units, above zero."""

    rule: str
    amount_minor: int


class LinePoints(msgspec.Struct, frozen=True, gc=False):
    """A rule's part of the points that a line earned."""

    rule: str
    amount_centi: int


class LineStamps(msgspec.Struct, frozen=True, gc=False):
    """A line's part in a stamp card's change: what it earned less what its free units used up."""

    rule: str
    delta: int


class DecidedLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line as priced. net = gross - discounts; paid = net - the parts tendered in points and gift cards."""

    id: str
    qty_milli: int
    gross_minor: int
    net_minor: int
    tax: str = ""
    discounts: tuple[Discount, ...] = ()
    points_minor: int = 0
    """The part of the line's price paid in points."""
    earned: tuple[LinePoints, ...] = ()
    stamps: tuple[LineStamps, ...] = ()


class TaxTotal(msgspec.Struct, frozen=True):
    """Sums of the lines under one tax label."""

    tax: str
    gross_minor: int
    discount_minor: int
    net_minor: int
    points_minor: int


class RulePoints(msgspec.Struct, frozen=True):
    rule: str
    amount_centi: int


class Points(msgspec.Struct, frozen=True, omit_defaults=True):
    """Points of this receipt and the balance around it."""

    earned_centi: int = 0
    by_rule: tuple[RulePoints, ...] = ()
    spent_centi: int = 0
    spent_value_minor: int = 0
    spendable_centi: int = 0
    """The most that may be spent on this receipt, here and now, without a risk to anyone."""
    spendable_value_minor: int = 0
    rewards_centi: int = 0
    """What rewards of this receipt cost, beside what is spent as tender."""
    balance_before_centi: int = 0
    balance_after_centi: int = 0


class StampsView(msgspec.Struct, frozen=True):
    """A stamp card around this receipt; `have_*` count the stamps towards the next free unit or reward."""

    rule: str
    have_before: int
    earned: int
    have_after: int
    size: int
    free_units: int
    cards_filled: int = 0


class TierView(msgspec.Struct, frozen=True, omit_defaults=True):
    """A member's level under one tier rule. `missing` is in the unit named by `basis`."""

    rule: str
    level: str
    """Empty below the lowest level."""
    level_after: str = ""
    next_level: str = ""
    basis: str = ""
    """`spend` (minor units), `points` (hundredths) or `receipts`."""
    missing: int = 0
    """What lacks to the next level after this receipt."""


class Owed(msgspec.Struct, frozen=True):
    """A gift card's part of the payment."""

    code: str
    amount_minor: int


class Decision(msgspec.Struct, frozen=True, omit_defaults=True):
    """The whole answer. total = goods + delivery - discount; due = total - points - gift cards."""

    programme: str
    version: int
    at_ms: int
    lines: tuple[DecidedLine, ...] = ()
    goods_minor: int = 0
    """Goods at their shelf price, without delivery."""
    delivery_minor: int = 0
    delivery_lines: tuple[str, ...] = ()
    discount_minor: int = 0
    total_minor: int = 0
    gift_cards: tuple[Owed, ...] = ()
    due_minor: int = 0
    """What is left to pay in money."""
    taxes: tuple[TaxTotal, ...] = ()
    points: Points = Points()
    stamps: tuple[StampsView, ...] = ()
    tiers: tuple[TierView, ...] = ()
    issued: tuple[Grant, ...] = ()
    effects: tuple[AnyEffect, ...] = ()
    """What to write into the sale's fact; empty without a member, budgets and codes aside."""
    why: tuple[Reason, ...] = ()
    """One per rule in scope, in the programme's order; empty unless asked for."""
    offers: tuple[Offer, ...] = ()
    """Best first; empty unless asked for."""
    refused: tuple[Reason, ...] = ()
    """Asked for and not given: codes, points, rewards, goods that this customer may not buy."""
    state_after: MemberState | None = None
    """The state folded on; None without a member or unless asked for."""
