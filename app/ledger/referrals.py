"""What a referrer is owed for a friend becomes a fact of their own: paid once, taken back once.

The friend's sale or enrolment says what is owed (`ReferralDue`), its refund the same below zero. It is
settled by the till that writes the fact, in the same transaction and before it, where that till knows the
referrer; otherwise by the server, once it folds the fact: a settlement of the till's has come before it then.
Ids follow from the lot that is owed, so that settling anything again finds that it was done.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from typing import Final, NamedTuple

from app.ledger.facts import AnyFact, MemberEnrolled, ReferralSettled, effects_of, member_of
from app.loyalty import owed
from app.loyalty.effects import AnyEffect, Lot, ReferralDue
from app.loyalty.state import MemberState

CAPPED: Final = "cap_per_month"


class Due(NamedTuple):
    """A referral to settle: what is owed, by which fact, to whom. `back`: it is to be taken back."""

    of: uuid.UUID
    at_ms: int
    rule: str
    referrer: uuid.UUID
    friend: uuid.UUID
    lot: Lot
    day: int
    cap_per_month: int | None
    back: bool

    @property
    def paid_id(self) -> uuid.UUID:
        """The id of the fact that pays it."""
        return _named("stempel referral paid", self.lot.id)

    @property
    def back_id(self) -> uuid.UUID:
        """The id of the fact that takes it back."""
        return _named("stempel referral back", self.lot.id)

    @property
    def id(self) -> uuid.UUID:
        return self.back_id if self.back else self.paid_id


def dues(fact: AnyFact) -> Iterator[Due]:
    """What a fact leaves to settle; nothing for a referrer that is no member's id."""
    friend = member_of(fact)
    for effect in effects_of(fact):
        if not isinstance(effect, ReferralDue) or not effect.points_centi or friend is None:
            continue
        try:
            referrer = uuid.UUID(effect.referrer)
        except ValueError:
            continue
        lot = effect.lot or _lot(fact, effect, friend)
        yield Due(
            fact.id, fact.at_ms, effect.rule, referrer, friend, lot, effect.day, effect.cap_per_month,
            effect.points_centi < 0,
        )  # fmt: skip


def settled(
    due: Due,
    member: uuid.UUID,
    state: MemberState,
    paid: ReferralSettled | None = None,
    back: ReferralSettled | None = None,
) -> ReferralSettled | None:
    """The fact that settles what is due to a referrer, who goes by `member` now; None if it was settled.

    `state` is the referrer's, `paid` and `back` what is there already: a refund may come before its sale.
    """
    if (back if due.back else paid) is not None:
        return None
    if due.back:
        effects = paid.effects if paid is not None else owed.paid(due.rule, due.lot, due.day)
        return _fact(due, member, owed.taken_back(effects)) if effects else None
    if back is None and owed.reached(state, due.rule, due.cap_per_month, due.day):
        return _fact(due, member, (), CAPPED)
    return _fact(due, member, owed.paid(due.rule, due.lot, due.day))


def _fact(due: Due, member: uuid.UUID, effects: tuple[AnyEffect, ...], reason: str = "") -> ReferralSettled:
    return ReferralSettled(
        id=due.id,
        at_ms=due.at_ms,
        member=member,
        of=due.of,
        rule=due.rule,
        back=due.back,
        reason=reason,
        effects=effects,
    )


def _lot(fact: AnyFact, effect: ReferralDue, friend: uuid.UUID) -> Lot:
    """As the engine makes it today, for a fact older than that."""
    cause = fact.id if isinstance(fact, MemberEnrolled) else getattr(fact, "sale", None) or fact.id
    return Lot(
        f"{cause}:{effect.rule}:{friend}",
        effect.rule,
        abs(effect.points_centi),
        fact.at_ms,
        effect.due_at_ms,
    )


def _named(what: str, lot: str) -> uuid.UUID:
    """A UUID (RFC 9562, version 8) of a content's hash."""
    made = bytearray(hashlib.sha256(f"{what}\n{lot}".encode()).digest()[:16])
    made[6], made[8] = made[6] & 0x0F | 0x80, made[8] & 0x3F | 0x80
    return uuid.UUID(bytes=bytes(made))
