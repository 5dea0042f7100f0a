"""What a till spent on its own word: points and coupons that no hold of the server stood behind.

Allowances bound it, and only syncing renews them (decision 0091).
"""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal, NamedTuple

import msgspec

from app.ledger.facts import AnyFact, SaleCompleted
from app.loyalty.effects import CodeUsed, PointsSpent

_ISSUED: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}:.+", re.ASCII)
Amount = Annotated[int, msgspec.Meta(ge=0, le=10**12)]


class Allowance(msgspec.Struct, frozen=True, kw_only=True):
    """What a till may let one card spend between two syncs without asking the server; head office sets it.

    `points_centi` in points, `coupons_minor` as what single-use coupons take off. `unknown_codes`: what
    becomes of a coupon signed by a till whose key is not here yet.
    """

    points_centi: Amount = 100_00
    coupons_minor: Amount = 50_00
    unknown_codes: Literal["refuse", "accept"] = "refuse"


class Alone(NamedTuple):
    """Spent without a hold: points in hundredths, and what single-use coupons took off in minor units."""

    points_centi: int = 0
    coupons_minor: int = 0


def single_use(code: str) -> bool:
    """Whether a code is a coupon that a sale issued ("sale:rule"): it may be used once, anywhere."""
    return _ISSUED.fullmatch(code) is not None


def alone_of(fact: AnyFact) -> Alone:
    """What a fact spent beyond the holds that it names."""
    if not isinstance(fact, SaleCompleted):
        return Alone()
    spent = sum(effect.amount_centi for effect in fact.effects if isinstance(effect, PointsSpent))
    held = sum(hold.amount for hold in fact.holds if hold.kind == "points")
    kept = {hold.of for hold in fact.holds if hold.kind == "coupon" and hold.amount}
    rules = {
        effect.rule
        for effect in fact.effects
        if isinstance(effect, CodeUsed) and single_use(effect.code) and effect.code not in kept
    }
    return Alone(max(spent - held, 0), off_minor(fact, rules))


def off_minor(fact: SaleCompleted, rules: set[str]) -> int:
    """What rules took off a sale."""
    return sum(off.amount_minor for line in fact.lines for off in line.discounts if off.rule in rules)
