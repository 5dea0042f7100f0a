"""Facts: what happened, written once and never changed.

A fact's body is JSON, encoded once; its exact bytes are stored, hashed and sent verbatim. `id` is a UUIDv7.
The id of a completed sale is the sale's own id, so that a sale can be completed only once. Bodies hold no
personal data: members are random ids, people live in a table that can be erased.

Readers must accept every version ever shipped: new fields get defaults, meanings never change.
"""

from __future__ import annotations

import hashlib
import uuid
from typing import Final

import msgspec

from app.ledger.basis import Basis
from app.ledger.parts import (
    Discount,
    GoodsOut,
    Hold,
    LineEarned,
    LineStamped,
    SoldLine,
    Tender,
)
from app.loyalty.decision import Reason
from app.loyalty.effects import AnyEffect

# Beside its own names, those that callers find here, too.
__all__ = ["Discount", "GoodsOut", "Hold", "LineEarned", "LineStamped", "SoldLine", "Tender"]


class Fact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind"):
    """What every fact has: `id`, `at_ms` when it occurred (UTC), `v` the version of its shape."""

    id: uuid.UUID
    at_ms: int
    v: int = 1


class ShiftOpened(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="shift_opened"):
    """A shift begins: its business day belongs to it, whatever the clock says later."""

    shift: uuid.UUID
    number: int
    business_day: str
    cashier: str
    float_minor: int = 0


class ShiftClosed(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="shift_closed"):
    """The Z: what should be in the drawer, and what was counted (None: nobody counted)."""

    shift: uuid.UUID
    cashier: str
    expected_minor: int
    counted_minor: int | None = None


class SaleTendered(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="sale_tendered"):
    """Durable before anything irreversible outside (card terminal, fiscal device) is asked for.

    Followed by the sale's `sale_completed` or by `sale_voided`; found open at start, it is resolved by
    asking the device or the cashier.
    """

    sale: uuid.UUID
    total_minor: int
    currency: str
    tenders: tuple[Tender, ...]


class SaleVoided(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="sale_voided"):
    sale: uuid.UUID
    reason: str


class SaleCompleted(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="sale_completed"):
    """A sale that happened; `id` is the sale's id.

    goods − discounts = total; total − points_minor = Σ tenders + rounding_minor, which is not zero where the
    smallest coin made cash differ from what was due; cash received beyond is `change_minor`.
    `effects` are what it does to the member, without reference to any programme.
    `card` is the card presented, as "uid:…" or "code:…". `fiscal` is the fiscal device's number of it, where
    there is a device. `holds` are those of the server that it used, or asked for: they end with it.
    `note` stands on the receipt and holds no personal data.
    """

    number: int
    shift: uuid.UUID
    business_day: str
    cashier: str
    currency: str
    programme: str
    lines: tuple[SoldLine, ...]
    goods_minor: int
    discount_minor: int = 0
    total_minor: int
    points_minor: int = 0
    rounding_minor: int = 0
    tenders: tuple[Tender, ...]
    change_minor: int = 0
    member: uuid.UUID | None = None
    card: str = ""
    effects: tuple[AnyEffect, ...] = ()
    fiscal: str = ""
    holds: tuple[Hold, ...] = ()
    basis: Basis | None = None
    """What it was priced from; None in facts older than this field."""
    note: str = ""


class MemberEnrolled(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="member_enrolled"):
    """A member exists from now on. Name and phone are a person's, not a fact's."""

    member: uuid.UUID
    channel: str = "till"
    effects: tuple[AnyEffect, ...] = ()


class CardLinked(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="card_linked"):
    """A card belongs to a member: `card` is "uid:04A1…" for a chip or "code:…" for a printed number."""

    member: uuid.UUID
    card: str


class OpeningBalance(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="opening_balance"):
    """Points brought over from an earlier programme; `source` names the import, so a rerun is known."""

    member: uuid.UUID
    source: str
    effects: tuple[AnyEffect, ...]


class PointsAdjusted(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="points_adjusted"):
    """Points given or taken by hand, with a reason; `corrects` names the fact it mends."""

    member: uuid.UUID
    reason: str
    cashier: str = ""
    corrects: uuid.UUID | None = None
    effects: tuple[AnyEffect, ...]


class SaleRefunded(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="sale_refunded"):
    """Goods that came back. All amounts are positive and say what went back to the customer.

    `sale` is the original's id, None if nobody knows it (a manager decided, `approved_by`). `lines` name the
    original's lines, each with the quantity and amounts of this return; total − points_minor = Σ tenders +
    rounding_minor. `effects` take back what the lines earned and return what was spent on them. `exchange` is
    the sale that the money was put towards, of the same moment.
    """

    number: int
    shift: uuid.UUID
    business_day: str
    cashier: str
    currency: str
    sale: uuid.UUID | None
    lines: tuple[SoldLine, ...]
    goods_minor: int
    discount_minor: int = 0
    total_minor: int
    points_minor: int = 0
    rounding_minor: int = 0
    tenders: tuple[Tender, ...]
    reason: str = ""
    approved_by: str = ""
    exchange: uuid.UUID | None = None
    member: uuid.UUID | None = None
    effects: tuple[AnyEffect, ...] = ()
    fiscal: str = ""


class CashMoved(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="cash_moved"):
    """Pay in (above zero) or pay out (below zero): cash that is no sale, with its reason."""

    shift: uuid.UUID
    cashier: str
    amount_minor: int
    reason: str


class NoSale(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="no_sale"):
    """The drawer was opened without a sale."""

    shift: uuid.UUID
    cashier: str
    reason: str = ""


class SaleTakenFrom(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="sale_taken_from"):
    """A finished sale is no longer this member's; `effects` undo what it did to them."""

    sale: uuid.UUID
    member: uuid.UUID
    reason: str
    cashier: str
    effects: tuple[AnyEffect, ...] = ()


class SaleGivenTo(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="sale_given_to"):
    """A finished sale becomes this member's: a wrong card mended, or a late claim by the receipt's code.

    Prices stand as they were paid; `effects` are what the member earns by it.
    """

    sale: uuid.UUID
    member: uuid.UUID
    reason: str
    cashier: str
    effects: tuple[AnyEffect, ...] = ()


class CardBlocked(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="card_blocked"):
    """A lost card: it still finds its member, and redeems nothing any more."""

    member: uuid.UUID
    card: str
    reason: str = ""
    cashier: str = ""


class MembersMerged(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="members_merged"):
    """Two memberships of one person: `other` is an alias of `member` from now on; late facts follow it."""

    member: uuid.UUID
    other: uuid.UUID
    cashier: str = ""


class ConsentGiven(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="consent_given"):
    """A member agreed to (or, `given` False, withdrew) a purpose, by a text of a version and language."""

    member: uuid.UUID
    purpose: str
    version: str
    lang: str
    given: bool = True
    cashier: str = ""


class LineVoided(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="line_voided"):
    """Goods that were rung and taken out of the open basket, all of a line or a part of it.

    `why` is void, quantity, undo, or age (the customer may not have them). `amount_minor` is price × quantity
    before discounts. Both figures are below zero where undo put back what such a fact had taken out.
    """

    sale: uuid.UUID
    shift: uuid.UUID | None
    cashier: str
    line: int
    sku: str
    name: str
    qty_milli: int
    amount_minor: int
    why: str = "void"


class SaleAbandoned(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="sale_abandoned"):
    """A basket with goods that was emptied at once, or parked and given up with a `reason`.

    `amount_minor` is its goods before discounts. A second fact of the same sale with figures below zero says
    that undo brought the basket back.
    """

    sale: uuid.UUID
    shift: uuid.UUID | None
    cashier: str
    lines: tuple[GoodsOut, ...]
    amount_minor: int
    reason: str = ""
    approved_by: str = ""


class Privileged(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="privileged"):
    """An act that not everybody may do: what, by whom, and who approved it if somebody had to.

    `act` is its name (`price_override`, `discount`, `void_sale`, `refund`, …), `subject` the sale or shift.
    """

    act: str
    cashier: str
    approved_by: str = ""
    reason: str = ""
    subject: uuid.UUID | None = None
    amount_minor: int = 0


class FiscalCorrected(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="fiscal_corrected"):
    """A sale that no fiscal device had registered was registered afterwards, by a correction.

    `fiscal` is the device's number of the correction; its id is `correction_id(sale)`: once for each sale.
    """

    sale: uuid.UUID
    amount_minor: int
    reason: str
    cashier: str
    approved_by: str = ""
    fiscal: str = ""


def correction_id(sale: uuid.UUID) -> uuid.UUID:
    """The id of a sale's correction: the sale's moment and, as the random part, what its id gives."""
    digest = hashlib.sha256(b"stempel correction " + sale.bytes).digest()
    made = bytearray(sale.bytes[:6] + digest[:10])
    made[6], made[8] = made[6] & 0x0F | 0x70, made[8] & 0x3F | 0x80
    return uuid.UUID(bytes=bytes(made))


class SignedIn(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="signed_in"):
    """A cashier took the till; `by` is pin, card or barcode."""

    cashier: str
    by: str = "pin"


class PinFailed(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="pin_failed"):
    """A wrong PIN for a cashier (empty: for nobody known)."""

    cashier: str = ""


class Feedback(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="feedback"):
    """The customer's mark of a sale, 1 to 5."""

    sale: uuid.UUID
    mark: int
    member: uuid.UUID | None = None


class ActivityRecorded(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="activity_recorded"):
    """Something a member did elsewhere: a review, an order in the web shop, a purchase at a `partner`'s.

    `source` is who told it, `amount_minor` the money it was about, in `currency`. `effects` are what the
    programme gave, `why` its reasons; both empty of points where a limit was reached.
    """

    member: uuid.UUID
    event: str
    source: str
    partner: str = ""
    amount_minor: int = 0
    currency: str = ""
    programme: str = ""
    effects: tuple[AnyEffect, ...] = ()
    why: tuple[Reason, ...] = ()


class GivenByHand(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="given_by_hand"):
    """A cashier gave a member what a `rule` of the programme lets be given; `item` says which of its things.

    An activity at the counter, a status, uses of a service, a category picked for the month.
    """

    member: uuid.UUID
    rule: str
    item: str = ""
    cashier: str = ""
    programme: str = ""
    effects: tuple[AnyEffect, ...] = ()


class ReferralSettled(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="referral_settled"):
    """A referrer was paid for a friend, or it was taken back with the friend's purchase (`back`).

    `of` is the fact that it follows from. Without effects nothing was paid, and `reason` says why. The id
    follows from what was owed (`app.ledger.referrals`): once, whoever settles it.
    """

    member: uuid.UUID
    of: uuid.UUID
    rule: str
    back: bool = False
    reason: str = ""
    effects: tuple[AnyEffect, ...] = ()


class WelcomeReversed(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="welcome_reversed"):
    """A welcome that one person got twice, as two members, was taken back; or given again, since the sale
    `of` that gave it came back.

    The id follows from the sale, the rule and how often it happened before (`app.ledger.welcomes`).
    """

    member: uuid.UUID
    of: uuid.UUID
    rule: str
    effects: tuple[AnyEffect, ...] = ()


AnyFact = (
    ShiftOpened
    | ShiftClosed
    | SaleTendered
    | SaleVoided
    | SaleCompleted
    | MemberEnrolled
    | CardLinked
    | OpeningBalance
    | PointsAdjusted
    | SaleRefunded
    | CashMoved
    | NoSale
    | SaleTakenFrom
    | SaleGivenTo
    | CardBlocked
    | MembersMerged
    | ConsentGiven
    | LineVoided
    | SaleAbandoned
    | Privileged
    | FiscalCorrected
    | SignedIn
    | PinFailed
    | Feedback
    | ActivityRecorded
    | GivenByHand
    | ReferralSettled
    | WelcomeReversed
)

_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(AnyFact)


class UnreadableFact(ValueError):
    """Bytes that are no fact this version knows. Never a reason to drop them."""


def encode(fact: AnyFact) -> bytes:
    """The body: its bytes are the fact from now on, never encode it again."""
    return _encoder.encode(fact)


def decode(body: bytes) -> AnyFact:
    """The fact in a body; UnreadableFact says what is wrong with it."""
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableFact(str(error)) from error


class Header(msgspec.Struct, frozen=True):
    """What any fact has, of whatever version or kind: enough to store and route it."""

    id: uuid.UUID
    kind: str
    at_ms: int


_header: Final = msgspec.json.Decoder(Header)


def header(body: bytes) -> Header:
    """The header of a body that may be of an unknown kind; UnreadableFact if even that is not there."""
    try:
        return _header.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableFact(str(error)) from error


def member_of(fact: AnyFact) -> uuid.UUID | None:
    """The member whose state the fact changes, if any."""
    return getattr(fact, "member", None)


def effects_of(fact: AnyFact) -> tuple[AnyEffect, ...]:
    """What the fact does to its member."""
    return getattr(fact, "effects", ())
