"""What a sale does to its member: small deltas, written verbatim into the sale's fact.

No effect needs the programme to be understood, and each is a delta, never a result: facts of two
offline tills, folded late and in any order of arrival, still add up. `app.loyalty.state.apply` folds them.
"""

from __future__ import annotations

from typing import Final

import msgspec

PURCHASES: Final = "#purchases"
"""The counter of the days on which a member bought anything. It belongs to no rule: what lapses by idleness,
whatever rule gave it, asks this one."""


class Effect(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="do"):
    """The base of all effects; on the wire `do` says which it is."""


class Lot(msgspec.Struct, frozen=True, omit_defaults=True):
    """Points that were earned together and expire together."""

    id: str
    rule: str
    amount_centi: int
    earned_at_ms: int
    spendable_at_ms: int = 0
    expires_at_ms: int | None = None
    idle_days: int | None = None
    """Expires this many days after the member's last purchase, or after being earned if that is later."""


class Grant(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something a member holds: a coupon, a reward to collect, uses of a service, a status, a badge."""

    code: str
    rule: str
    kind: str
    """`coupon`, `reward`, `uses`, `status` or `badge`."""
    issued_at_ms: int
    uses: int = 1
    starts_at_ms: int = 0
    expires_at_ms: int | None = None
    item: str = ""
    """Which thing of the rule it is for, where the rule knows several."""

    @property
    def thing(self) -> str:
        """The id it is called by: a gift's own, else its rule's; there `item` only tells several apart."""
        return self.item if self.kind == "reward" and self.item else self.rule


class Enrolled(Effect, frozen=True, tag="enrolled"):
    """The membership begins; of two enrolments (merged cards) the earlier one counts."""

    at_ms: int
    referred_by: str = ""
    """The member id of who brought them."""


class PointsEarned(Effect, frozen=True, tag="earned"):
    """A new lot of points; pays back a negative balance first."""

    lot: Lot


class PointsSpent(Effect, frozen=True, tag="spent"):
    """Points paid with: `taken` says from which lots, soonest to expire first.

    Where a named lot has less by the time of the fold (another till was there first), the rest is
    taken from the other lots in the same order, and what no lot holds becomes a negative balance.
    """

    rule: str
    amount_centi: int
    taken: tuple[Lot, ...] = ()
    tender: bool = True
    """False for points that bought a reward: a refund of goods gives them back only when whole."""


class PointsReturned(Effect, frozen=True, tag="returned"):
    """Spent points given back by a refund, to the lots they came from, with their old terms."""

    rule: str
    lots: tuple[Lot, ...]


class PointsTakenBack(Effect, frozen=True, tag="taken_back"):
    """Earned points withdrawn by a refund: from their lot first, then from others, then below zero."""

    rule: str
    lot: str
    amount_centi: int


class StampsChanged(Effect, frozen=True, tag="stamps"):
    """Stamps added to or (a full card, a refund) taken from a card."""

    rule: str
    delta: int
    idle_days: int | None = None


class Counted(Effect, frozen=True, tag="counted"):
    """Figures that a rule needs later (windows, limits, levels), by local day.

    `key` is the rule's id, or "id#what" where it counts several things; PURCHASES is no rule's. Day 0 is
    "ever": one bucket for a whole life. `keep_days` says how long a dated bucket matters; None: for ever.
    """

    key: str
    day: int
    """Days since 1970-01-01 in the store's time zone; 0 for a count that no window ever needs."""
    receipts: int = 0
    spend_minor: int = 0
    points_centi: int = 0
    units_milli: int = 0
    uses: int = 0
    keep_days: int | None = None


class ReceiptCounted(Effect, frozen=True, tag="receipt"):
    """A purchase of the member's life, or -1 when it was refunded whole."""

    receipts: int
    spend_minor: int


class Granted(Effect, frozen=True, tag="granted"):
    """The member now holds something; the same code again adds its uses."""

    grant: Grant
    line: str = ""
    """The line that sold it, if one did: returning that line takes it away."""


class GrantUsed(Effect, frozen=True, tag="used"):
    """Uses taken off something held; may arrive before the grant itself, then it waits as a negative."""

    grant: Grant
    """As it was held, so that a refund can restore it; `uses` is how many were used."""
    restore: bool = True
    """Whether a full refund gives it back."""


class ReferralDue(Effect, frozen=True, tag="referral"):
    """The referrer is owed points for this sale, which become a fact of theirs; below zero, its refund.

    `app.ledger.referrals` makes that fact. The lot names the sale, the rule and the friend, so that it is
    paid once and taken back once, whoever does it.
    """

    rule: str
    referrer: str
    points_centi: int
    due_at_ms: int
    cap_per_month: int | None = None
    """How many of these a referrer may be paid for in one month; whoever pays checks it."""
    lot: Lot | None = None
    """What they get, and on which terms; None in facts older than this field."""
    day: int = 0
    """The local day that the month is counted by."""


class PartnerSettled(Effect, frozen=True, tag="partner"):
    """Points earned or spent on a partner's account, for settlement; does not change the member."""

    rule: str
    partner: str
    points_centi: int


class CodeUsed(Effect, frozen=True, tag="code"):
    """A promotional code or a coupon was used, by whomever: what limits in total are counted from."""

    rule: str
    code: str
    times: int = 1


class GiftCardSold(Effect, frozen=True, tag="gift_sold"):
    """A gift card was sold or topped up on a line; negative when that is refunded."""

    rule: str
    line: str
    amount_minor: int


class BudgetSpent(Effect, frozen=True, tag="budget"):
    """What a rule with a budget gave here; `new_member` says from which part of it."""

    rule: str
    amount_minor: int
    new_member: bool = False


AnyEffect = (
    Enrolled
    | PointsEarned
    | PointsSpent
    | PointsReturned
    | PointsTakenBack
    | StampsChanged
    | Counted
    | ReceiptCounted
    | Granted
    | GrantUsed
    | ReferralDue
    | PartnerSettled
    | CodeUsed
    | GiftCardSold
    | BudgetSpent
)
