"""Where a member stands: points, stamps, coupons and counters, as data. `app.loyalty.state` folds them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import msgspec

from app.loyalty.effects import Grant, Lot

DAY_MS = 86_400_000


class Card(msgspec.Struct, frozen=True, omit_defaults=True):
    """A stamp card in progress. Two offline tills may fill it twice: `have` can be negative then."""

    have: int
    idle_days: int | None = None
    """The card lapses this many days after the member's last purchase."""


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

    @property
    def idle_days(self) -> int:
        """The longest that anything here outlives the last purchase; 0 where nothing lapses by idleness."""
        return longest_idle((*self.lots, *self.stamps.values())) if self.lots or self.stamps else 0

    def card(self, rule: str) -> int:
        """Stamps on the card of a rule."""
        card = self.stamps.get(rule)
        return card.have if card else 0

    def counted(self, key: str, since_day: int = 0, until_day: int | None = None) -> Bucket:
        """The sum of a counter over the days since..until, both included."""
        return sum_buckets(self.counters.get(key, ()), since_day, until_day)

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


class Standing(Protocol):
    """What rules may ask of a member, whether frozen (`MemberState`) or being lived (`app.loyalty.life`)."""

    @property
    def lots(self) -> tuple[Lot, ...]: ...
    @property
    def debt_centi(self) -> int: ...
    @property
    def counters(self) -> Mapping[str, Sequence[Bucket]]: ...
    @property
    def grants(self) -> tuple[Grant, ...]: ...
    @property
    def receipts(self) -> int: ...
    @property
    def enrolled_at_ms(self) -> int | None: ...
    @property
    def referred_by(self) -> str: ...
    @property
    def balance_centi(self) -> int: ...
    @property
    def idle_days(self) -> int: ...
    def spendable_centi(self, at_ms: int) -> int: ...
    def card(self, rule: str) -> int: ...
    def counted(self, key: str, since_day: int = 0, until_day: int | None = None) -> Bucket: ...
    def held(self, rule: str, at_ms: int) -> tuple[Grant, ...]: ...


def longest_idle(held: Iterable[Lot | Card]) -> int:
    """The longest idle term of lots and cards, in days; 0 where none has one."""
    return max([each.idle_days or 0 for each in held], default=0)


def sum_buckets(buckets: Iterable[Bucket], since_day: int, until_day: int | None) -> Bucket:
    """The sum of the buckets of the days since..until, both included."""
    inside = [b for b in buckets if b.day >= since_day and (until_day is None or b.day <= until_day)]
    return Bucket(
        since_day,
        sum([bucket.receipts for bucket in inside]),
        sum([bucket.spend_minor for bucket in inside]),
        sum([bucket.points_centi for bucket in inside]),
        sum([bucket.units_milli for bucket in inside]),
        sum([bucket.uses for bucket in inside]),
    )


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
