"""The kinds of rule. A new kind is one new file and its line here."""

from __future__ import annotations

from app.loyalty.plan import Kind
from app.loyalty.rules import bundle, cashback, points, price, stamps, threshold, tier

KINDS: dict[str, Kind] = {
    "points": points.KIND,
    "cashback": cashback.KIND,
    "stamps": stamps.KIND,
    "tier": tier.KIND,
    "price": price.KIND,
    "bundle": bundle.KIND,
    "threshold": threshold.KIND,
}
