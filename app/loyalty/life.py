"""A member's state being lived: it reads as a frozen `MemberState` does, and takes effects in place.

`app.loyalty.state.apply` lives one fact; a replay lives a year and freezes nothing in between. Nothing is
worked out twice: `due_ms` says before which moment the date alone can change nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from app.loyalty.counting import NEVER, NOTHING, Days
from app.loyalty.effects import (
    PURCHASES,
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
from app.loyalty.standing import (
    DAY_MS,
    EMPTY,
    Bucket,
    Card,
    MemberState,
    longest_idle,
    lot_order,
)

_replace: Final = msgspec.structs.replace


class Life:
    """The mutable twin of MemberState."""

    __slots__ = (
        "_grants", "_held_due_ms", "_lots", "changed", "counters", "debt_centi", "due_ms",
        "enrolled_at_ms", "grants_by_code", "held_centi", "idles", "lots_by_id", "receipts", "referred_by",
        "spend_minor", "stamps", "tidy",
    )  # fmt: skip

    def __init__(self, state: MemberState = EMPTY) -> None:
        self.lots_by_id = {lot.id: lot for lot in state.lots}
        self.held_centi = sum([lot.amount_centi for lot in state.lots])
        self.debt_centi = state.debt_centi
        self.stamps = dict(state.stamps)
        self.counters = {key: Days(buckets) for key, buckets in state.counters.items()}
        self.grants_by_code = {grant.code: grant for grant in state.grants}
        self.receipts = state.receipts
        self.spend_minor = state.spend_minor
        self.enrolled_at_ms = state.enrolled_at_ms
        self.referred_by = state.referred_by
        self._lots: tuple[Lot, ...] | None = state.lots
        self._grants: tuple[Grant, ...] | None = state.grants
        self.due_ms = 0
        """Before this moment the date alone changes nothing."""
        self._held_due_ms = 0
        """The same of lots, stamps and grants alone: buckets of counters lapse every few days."""
        self.tidy = False
        """Nothing is kept that amounts to nothing: no spent lot, no used coupon, no empty card."""
        self.idles = state.idle_days > 0
        """Something may lapse because nothing is bought."""
        self.changed = False
        """The date alone has changed something."""

    # -- reading, as MemberState -------------------------------------------------------------------------

    @property
    def lots(self) -> tuple[Lot, ...]:
        lots = self._lots
        if lots is None:
            found = [lot for lot in self.lots_by_id.values() if lot.amount_centi]
            found.sort(key=lot_order)
            lots = self._lots = tuple(found)
        return lots

    @property
    def grants(self) -> tuple[Grant, ...]:
        grants = self._grants
        if grants is None:
            grants = self._grants = tuple([g for _, g in sorted(self.grants_by_code.items()) if g.uses])
        return grants

    @property
    def balance_centi(self) -> int:
        return self.held_centi - self.debt_centi

    @property
    def idle_days(self) -> int:
        if not self.idles:
            return 0
        return longest_idle([*self.lots_by_id.values(), *self.stamps.values()])

    def spendable_centi(self, at_ms: int) -> int:
        lots = self.lots_by_id.values()
        return sum([lot.amount_centi for lot in lots if lot.spendable_at_ms <= at_ms])

    def card(self, rule: str) -> int:
        card = self.stamps.get(rule)
        return card.have if card else 0

    def counted(self, key: str, since_day: int = 0, until_day: int | None = None) -> Bucket:
        days = self.counters.get(key)
        return days.sum(since_day, until_day) if days else NOTHING

    def held(self, rule: str, at_ms: int) -> tuple[Grant, ...]:
        if not self.grants_by_code:
            return ()
        return tuple(
            [
                grant
                for grant in self.grants
                if grant.rule == rule
                and grant.uses > 0
                and grant.starts_at_ms <= at_ms
                and (grant.expires_at_ms is None or at_ms < grant.expires_at_ms)
            ]
        )

    # -- living ------------------------------------------------------------------------------------------

    def live(self, effects: Iterable[AnyEffect], at_ms: int) -> None:
        """Take the effects of a fact that happened at `at_ms`."""
        if at_ms >= self.due_ms or not self.tidy:
            self.advance(at_ms)
        for effect in effects:
            if isinstance(effect, PointsEarned):
                self.add(effect.lot)
            elif isinstance(effect, Counted):
                self.count(effect)
            else:
                take = _TAKE.get(type(effect))
                if take is not None:
                    take(self, effect)
        if at_ms >= self.due_ms or not self.tidy:
            self.advance(at_ms)

    def advance(self, at_ms: int) -> None:
        """Live to a later moment with no purchase in between: lots, cards, grants and buckets expire."""
        if not self.tidy:
            self._sweep()
        if at_ms >= self.due_ms:
            if at_ms >= self._held_due_ms:
                due = self._expire_lots(at_ms) if self.lots_by_id else NEVER
                due = min(due, self._expire_stamps(at_ms)) if self.stamps else due
                due = min(due, self._expire_grants(at_ms)) if self.grants_by_code else due
                self._held_due_ms = due
            counted_due_ms = self._expire_counters(at_ms // DAY_MS)
            self.due_ms = min(self._held_due_ms, counted_due_ms)

    def _due(self, at_ms: int) -> None:
        """Something held may lapse at a moment."""
        if at_ms < self._held_due_ms:
            self._held_due_ms = at_ms
        if at_ms < self.due_ms:
            self.due_ms = at_ms

    def frozen(self) -> MemberState:
        """The state as it is now."""
        return MemberState(
            lots=self.lots,
            debt_centi=self.debt_centi,
            stamps={rule: card for rule, card in sorted(self.stamps.items()) if card.have},
            counters={key: tuple(self.counters[key]) for key in sorted(self.counters) if self.counters[key]},
            grants=self.grants,
            receipts=self.receipts,
            spend_minor=self.spend_minor,
            enrolled_at_ms=self.enrolled_at_ms,
            referred_by=self.referred_by,
        )

    # -- what the date does ------------------------------------------------------------------------------

    def _sweep(self) -> None:
        """Forget what amounts to nothing any more."""
        self.tidy = True
        for lot in [lot for lot in self.lots_by_id.values() if not lot.amount_centi]:
            del self.lots_by_id[lot.id]
            self._lots = None
            self.changed = True
        for code in [code for code, grant in self.grants_by_code.items() if not grant.uses]:
            del self.grants_by_code[code]
            self._grants = None
            self.changed = True
        for rule in [rule for rule, card in self.stamps.items() if not card.have]:
            del self.stamps[rule]
            self.changed = True

    def _expire_lots(self, at_ms: int) -> int:
        due = NEVER
        bought = self._bought_day()
        gone: list[Lot] = []
        for lot in self.lots_by_id.values():
            end = NEVER if lot.expires_at_ms is None else lot.expires_at_ms
            if lot.idle_days is not None:
                since = max(bought, lot.earned_at_ms // DAY_MS)
                end = min(end, (since + lot.idle_days + 1) * DAY_MS)
            if at_ms >= end:
                gone.append(lot)
            elif end < due:
                due = end
        for lot in gone:
            del self.lots_by_id[lot.id]
            self.held_centi -= lot.amount_centi
            self._lots = None
            self.changed = True
        return due

    def _bought_day(self) -> int:
        """The day of the last purchase, 0 if none is known. Derived, so that a refund steps it back."""
        return max([b.day for b in self.counters.get(PURCHASES, ()) if b.receipts > 0], default=0)

    def _expire_stamps(self, at_ms: int) -> int:
        due = NEVER
        bought = self._bought_day()
        for rule, card in list(self.stamps.items()):
            idle = card.idle_days if bought else None  # a card without any purchase waits for the first
            end = NEVER if idle is None else (bought + idle + 1) * DAY_MS
            if at_ms >= end:
                del self.stamps[rule]
                self.changed = True
            else:
                due = min(due, end)
        return due

    def _expire_grants(self, at_ms: int) -> int:
        due = NEVER
        for code, grant in list(self.grants_by_code.items()):
            end = NEVER if grant.expires_at_ms is None else grant.expires_at_ms
            if at_ms >= end:
                del self.grants_by_code[code]
                self._grants = None
                self.changed = True
            else:
                due = min(due, end)
        return due

    def _expire_counters(self, today: int) -> int:
        """Without buckets past their use; a moment before which none of the others is."""
        counters = self.counters
        first = min([days.end() for days in counters.values()], default=NEVER)
        if first <= today:
            for key, days in [(key, days) for key, days in counters.items() if days.end() <= today]:
                self.changed |= days.drop_past(today)
                if not days:
                    del counters[key]
                if key == PURCHASES and self.idles:
                    self._held_due_ms = 0  # the days that are left may be idle already
            first = min([days.end() for days in counters.values()], default=NEVER)
        return first * DAY_MS if first < NEVER else NEVER

    # -- what effects do ---------------------------------------------------------------------------------

    def enrol(self, effect: Enrolled) -> None:
        if self.enrolled_at_ms is None or effect.at_ms < self.enrolled_at_ms:
            self.enrolled_at_ms = effect.at_ms
            self.referred_by = effect.referred_by or self.referred_by

    def give_back(self, effect: PointsReturned) -> None:
        for lot in effect.lots:
            self.add(lot)

    def spend(self, effect: PointsSpent) -> None:
        left = effect.amount_centi
        for lot in effect.taken:
            left -= self._remove(lot.id, lot.amount_centi)
        self._remove_any(left)

    def take_back(self, effect: PointsTakenBack) -> None:
        self._remove_any(effect.amount_centi - self._remove(effect.lot, effect.amount_centi))

    def stamp(self, effect: StampsChanged) -> None:
        card = self.stamps.get(effect.rule)
        have = (card.have if card else 0) + effect.delta
        self.stamps[effect.rule] = Card(have, effect.idle_days)
        if not have:
            self.tidy = False
        if effect.idle_days is not None:
            self.idles = True
            self._due(0)

    def count_receipt(self, effect: ReceiptCounted) -> None:
        self.receipts += effect.receipts
        self.spend_minor += effect.spend_minor

    def take_grant(self, effect: Granted) -> None:
        self._hold(effect.grant, effect.grant.uses)

    def use_grant(self, effect: GrantUsed) -> None:
        self._hold(effect.grant, -effect.grant.uses)

    def add(self, lot: Lot) -> None:
        repaid = min(self.debt_centi, lot.amount_centi)
        self.debt_centi -= repaid
        held = self.lots_by_id.get(lot.id)
        added = lot.amount_centi - repaid
        self.held_centi += added
        if held is not None:
            lot = _replace(held, amount_centi=held.amount_centi + added)
        elif repaid:
            lot = _replace(lot, amount_centi=added)
        self.lots_by_id[lot.id] = lot
        self._lots = None
        if not lot.amount_centi:
            self.tidy = False
        if lot.idle_days is not None:
            self.idles = True
            self._due(0)
        elif lot.expires_at_ms is not None and lot.expires_at_ms < self._held_due_ms:
            self._due(lot.expires_at_ms)

    def _remove(self, lot_id: str, amount_centi: int) -> int:
        held = self.lots_by_id.get(lot_id)
        part = min(held.amount_centi, amount_centi) if held else 0
        if held and part:
            self.lots_by_id[lot_id] = _replace(held, amount_centi=held.amount_centi - part)
            self.held_centi -= part
            self._lots = None
            if part == held.amount_centi:
                self.tidy = False
        return part

    def _remove_any(self, amount_centi: int) -> None:
        if not amount_centi:
            return
        for lot in sorted(self.lots_by_id.values(), key=lot_order):
            if amount_centi <= 0:
                return
            amount_centi -= self._remove(lot.id, amount_centi)
        self.debt_centi += amount_centi

    def count(self, effect: Counted) -> None:
        key = effect.key
        days = self.counters.get(key)
        if days is None:
            days = self.counters[key] = Days()
        bought = bool(days) and days[-1].receipts > 0
        end_ms = days.take(effect) * DAY_MS
        if key == PURCHASES and self.idles and not (bought and effect.receipts >= 0):
            self._due(0)  # what lapses by idleness may lapse earlier now
        if end_ms < self.due_ms:
            self.due_ms = end_ms

    def _hold(self, grant: Grant, uses: int) -> None:
        held = self.grants_by_code.get(grant.code)
        held = _replace(held or grant, uses=(held.uses if held else 0) + uses)
        self.grants_by_code[grant.code] = held
        self._grants = None
        if not held.uses:
            self.tidy = False
        elif held.expires_at_ms is not None and held.expires_at_ms < self._held_due_ms:
            self._due(held.expires_at_ms)


_TAKE: Final[dict[type[AnyEffect], Callable[[Life, Any], None]]] = {
    Enrolled: Life.enrol,
    PointsSpent: Life.spend,
    PointsReturned: Life.give_back,
    PointsTakenBack: Life.take_back,
    StampsChanged: Life.stamp,
    ReceiptCounted: Life.count_receipt,
    Granted: Life.take_grant,
    GrantUsed: Life.use_grant,
}
"""What is neither here nor told apart in `live` is settled elsewhere: a referrer, a partner, a budget."""
