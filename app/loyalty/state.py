"""A member's loyalty state: a fold of effects, independent of any programme.

`apply` folds effects, `advance` does what the date alone does (expiry). Both are total: effects that
come late, twice as many as expected, or before what they refer to never raise and never lose a point.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from app.loyalty.effects import (
    AnyEffect,
    Counted,
    Enrolled,
    Grant,
    Granted,
    GrantUsed,
    Lot,
    PointsEarned,
    PointsReturned,
    PointsSpent,
    PointsTakenBack,
    ReceiptCounted,
    StampsChanged,
)

DAY_MS = 86_400_000


class Card(msgspec.Struct, frozen=True, omit_defaults=True):
    """A stamp card in progress. Two offline tills may fill it twice: `have` can be negative then."""

    have: int
    idle_days: int | None = None
    """The card lapses this many days after the last counted receipt of its rule."""


class Bucket(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a rule counted on one local day (days since 1970-01-01; 0 means ever)."""

    day: int
    receipts: int = 0
    spend_minor: int = 0
    points_centi: int = 0
    units_milli: int = 0
    uses: int = 0
    keep_days: int | None = None


class MemberState(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything about a member that rules may depend on. Treat its dicts as frozen."""

    lots: tuple[Lot, ...] = ()
    """In order of spending: soonest to expire first, then oldest. Empty while there is a debt."""
    debt_centi: int = 0
    """A negative balance, as a positive number; repaid by the next earning."""
    stamps: dict[str, Card] = {}
    counters: dict[str, tuple[Bucket, ...]] = {}
    grants: tuple[Grant, ...] = ()
    receipts: int = 0
    spend_minor: int = 0
    enrolled_at_ms: int | None = None
    referred_by: str = ""

    @property
    def balance_centi(self) -> int:
        """All points, spendable or not yet; negative when overdrawn."""
        return sum(lot.amount_centi for lot in self.lots) - self.debt_centi

    def spendable_centi(self, at_ms: int) -> int:
        """Points that may be spent at a moment: past their waiting time, not expired."""
        return sum(lot.amount_centi for lot in self.lots if lot.spendable_at_ms <= at_ms)

    def card(self, rule: str) -> int:
        """Stamps on the card of a rule."""
        card = self.stamps.get(rule)
        return card.have if card else 0

    def counted(self, key: str, since_day: int = 0, until_day: int | None = None) -> Bucket:
        """The sum of a counter over the days since..until, both included."""
        receipts = spend = points = units = uses = 0
        for bucket in self.counters.get(key, ()):
            if bucket.day >= since_day and (until_day is None or bucket.day <= until_day):
                receipts += bucket.receipts
                spend += bucket.spend_minor
                points += bucket.points_centi
                units += bucket.units_milli
                uses += bucket.uses
        return Bucket(since_day, receipts, spend, points, units, uses)

    def held(self, rule: str, at_ms: int) -> tuple[Grant, ...]:
        """What the member holds of a rule and may use at a moment."""
        return tuple(
            grant
            for grant in self.grants
            if grant.rule == rule
            and grant.uses > 0
            and grant.starts_at_ms <= at_ms
            and (grant.expires_at_ms is None or at_ms < grant.expires_at_ms)
        )


EMPTY = MemberState()
"""A new member."""


def apply(state: MemberState, effects: Iterable[AnyEffect], at_ms: int) -> MemberState:
    """The state after a fact that happened at `at_ms`."""
    fold = _Fold(advance(state, at_ms))
    for effect in effects:
        fold.take(effect)
    return advance(fold.done(), at_ms)


def advance(state: MemberState, at_ms: int) -> MemberState:
    """The state at a later moment with no purchase in between: lots, cards, grants and buckets expire."""
    today = at_ms // DAY_MS
    lots = tuple(lot for lot in state.lots if not _lot_expired(lot, state, at_ms, today))
    stamps = {
        rule: card
        for rule, card in state.stamps.items()
        if card.have and not _idle(state, rule, card.idle_days, today)
    }
    grants = tuple(g for g in state.grants if g.uses and (g.expires_at_ms is None or at_ms < g.expires_at_ms))
    counters = _kept_counters(state.counters, today)
    if (
        len(lots) == len(state.lots)
        and len(stamps) == len(state.stamps)
        and len(grants) == len(state.grants)
        and counters is state.counters
    ):
        return state
    return msgspec.structs.replace(state, lots=lots, stamps=stamps, grants=grants, counters=counters)


def _lot_expired(lot: Lot, state: MemberState, at_ms: int, today: int) -> bool:
    if lot.expires_at_ms is not None and at_ms >= lot.expires_at_ms:
        return True
    return _idle(state, lot.rule, lot.idle_days, today)


def _idle(state: MemberState, rule: str, idle_days: int | None, today: int) -> bool:
    """Whether a rule has counted no receipt for so long. Derived, so that a refund steps it back."""
    if idle_days is None:
        return False
    days = [b.day for b in state.counters.get(rule, ()) if b.receipts > 0 and b.day]
    return bool(days) and today > max(days) + idle_days


def _kept_counters(counters: dict[str, tuple[Bucket, ...]], today: int) -> dict[str, tuple[Bucket, ...]]:
    """Without buckets past their use; a day of slack, since local days run up to a day off UTC's."""
    if not any(_bucket_old(b, today) for buckets in counters.values() for b in buckets):
        return counters
    kept = {key: tuple(b for b in buckets if not _bucket_old(b, today)) for key, buckets in counters.items()}
    return {key: buckets for key, buckets in kept.items() if buckets}


def _bucket_old(bucket: Bucket, today: int) -> bool:
    return bucket.keep_days is not None and bucket.day + bucket.keep_days + 1 < today


def lot_order(lot: Lot) -> tuple[int, int, int, str]:
    """Spending order: soonest to expire, then oldest; those that never expire last."""
    return (lot.expires_at_ms is None, lot.expires_at_ms or 0, lot.earned_at_ms, lot.id)


def take_from(lots: Iterable[Lot], amount_centi: int) -> tuple[Lot, ...]:
    """The parts of lots, in their order, that make up an amount (less where they hold less)."""
    taken: list[Lot] = []
    for lot in lots:
        part = min(lot.amount_centi, amount_centi)
        if part > 0:
            taken.append(msgspec.structs.replace(lot, amount_centi=part))
            amount_centi -= part
    return tuple(taken)


class _Fold:
    """A state being changed: the mutable twin of MemberState for the length of one fact."""

    def __init__(self, state: MemberState) -> None:
        self.lots = {lot.id: lot for lot in state.lots}
        self.debt_centi = state.debt_centi
        self.stamps = dict(state.stamps)
        self.counters = dict(state.counters)
        self.grants = {grant.code: grant for grant in state.grants}
        self.receipts = state.receipts
        self.spend_minor = state.spend_minor
        self.enrolled_at_ms = state.enrolled_at_ms
        self.referred_by = state.referred_by

    def done(self) -> MemberState:
        return MemberState(
            lots=tuple(sorted((lot for lot in self.lots.values() if lot.amount_centi), key=lot_order)),
            debt_centi=self.debt_centi,
            stamps={rule: card for rule, card in sorted(self.stamps.items()) if card.have},
            counters={key: self.counters[key] for key in sorted(self.counters) if self.counters[key]},
            grants=tuple(g for _, g in sorted(self.grants.items()) if g.uses),
            receipts=self.receipts,
            spend_minor=self.spend_minor,
            enrolled_at_ms=self.enrolled_at_ms,
            referred_by=self.referred_by,
        )

    def take(self, effect: AnyEffect) -> None:
        match effect:
            case Enrolled():
                self._enrol(effect)
            case PointsEarned(lot):
                self._add(lot)
            case PointsReturned(_, lots):
                for lot in lots:
                    self._add(lot)
            case PointsSpent(_, amount, taken):
                left = amount - sum(self._remove(lot.id, lot.amount_centi) for lot in taken)
                self._remove_any(left)
            case PointsTakenBack(_, lot_id, amount):
                self._remove_any(amount - self._remove(lot_id, amount))
            case StampsChanged(rule, delta, idle_days):
                card = self.stamps.get(rule)
                self.stamps[rule] = Card((card.have if card else 0) + delta, idle_days)
            case Counted():
                self._count(effect)
            case ReceiptCounted(receipts, spend_minor):
                self.receipts += receipts
                self.spend_minor += spend_minor
            case Granted(grant):
                self._grant(grant, grant.uses)
            case GrantUsed(grant):
                self._grant(grant, -grant.uses)
            case _:
                pass  # settled elsewhere: a referrer, a partner, a budget

    def _enrol(self, effect: Enrolled) -> None:
        if self.enrolled_at_ms is None or effect.at_ms < self.enrolled_at_ms:
            self.enrolled_at_ms = effect.at_ms
            self.referred_by = effect.referred_by or self.referred_by

    def _add(self, lot: Lot) -> None:
        repaid = min(self.debt_centi, lot.amount_centi)
        self.debt_centi -= repaid
        held = self.lots.get(lot.id)
        amount = lot.amount_centi - repaid + (held.amount_centi if held else 0)
        self.lots[lot.id] = msgspec.structs.replace(held or lot, amount_centi=amount)

    def _remove(self, lot_id: str, amount_centi: int) -> int:
        held = self.lots.get(lot_id)
        part = min(held.amount_centi, amount_centi) if held else 0
        if held and part:
            self.lots[lot_id] = msgspec.structs.replace(held, amount_centi=held.amount_centi - part)
        return part

    def _remove_any(self, amount_centi: int) -> None:
        for lot in sorted(self.lots.values(), key=lot_order):
            if amount_centi <= 0:
                return
            amount_centi -= self._remove(lot.id, amount_centi)
        self.debt_centi += amount_centi

    def _count(self, effect: Counted) -> None:
        buckets = {b.day: b for b in self.counters.get(effect.key, ())}
        old = buckets.pop(effect.day, None) or Bucket(effect.day, keep_days=effect.keep_days)
        new = Bucket(
            effect.day,
            old.receipts + effect.receipts,
            old.spend_minor + effect.spend_minor,
            old.points_centi + effect.points_centi,
            old.units_milli + effect.units_milli,
            old.uses + effect.uses,
            effect.keep_days,
        )
        if new.receipts or new.spend_minor or new.points_centi or new.units_milli or new.uses:
            buckets[effect.day] = new
        self.counters[effect.key] = tuple(buckets[day] for day in sorted(buckets))

    def _grant(self, grant: Grant, uses: int) -> None:
        held = self.grants.get(grant.code)
        self.grants[grant.code] = msgspec.structs.replace(
            held or grant, uses=(held.uses if held else 0) + uses
        )
