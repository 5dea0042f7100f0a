"""Pairs for `complement` rules, computed from a shop's own receipts.

Lift (Brin, Motwani, Ullman and Tsur, 1997): how much more often two things are bought together than they
would be by chance, P(a and b) / (P(a) P(b)). Above 1 they go together.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from itertools import combinations, permutations

import msgspec

GOODS_MAX = 40
"""Different goods of one receipt that are looked at: a weekly shop pairs everything with everything."""


class LiftPair(msgspec.Struct, frozen=True):
    """Who buys the one often buys the other."""

    bought: str
    offer: str
    together: int
    """Receipts with both."""
    lift: Fraction
    confidence: Fraction
    """The share of receipts with `bought` that have `offer` too."""


def lift_pairs(
    receipts: Iterable[Iterable[str]], *, least_together: int = 20, least_lift: Fraction = Fraction(3, 2)
) -> list[LiftPair]:
    """Pairs of goods (SKUs or categories) that go together, the surest first.

    Each receipt counts a thing once. Pairs seen on fewer than `least_together` receipts say nothing.
    """
    seen: Counter[str] = Counter()
    both: Counter[tuple[str, str]] = Counter()
    total = 0
    for receipt in receipts:
        goods = sorted(set(receipt))[:GOODS_MAX]
        total += 1
        seen.update(goods)
        both.update(combinations(goods, 2))
    found: list[LiftPair] = []
    for pair, together in both.items():
        if together < least_together:
            continue
        lift = Fraction(together * total, seen[pair[0]] * seen[pair[1]])
        if lift >= least_lift:
            found += [
                LiftPair(a, b, together, lift, Fraction(together, seen[a])) for a, b in permutations(pair)
            ]
    return sorted(found, key=lambda pair: (-pair.confidence, -pair.lift, pair.bought, pair.offer))


def as_rule(pairs: Iterable[LiftPair], by: str) -> str:
    """A `complement` rule with these pairs, as lines for a programme file; `by` is `categories` or `skus`.

    It only mentions the offer: what to take off, and from whom, is the shop's to decide.
    """
    lines = [
        "  - id: goes-with-it",
        "    kind: complement",
        "    name: {ru: К покупке, pl: Do kompletu, en: Goes with it}",
        "    pairs:",
    ]
    for pair in pairs:
        share = round(100 * pair.confidence)
        tenths = round(10 * pair.lift)
        lines += [
            f"      # {pair.together} receipts, {share} % of those with the first, "
            f"{tenths // 10}.{tenths % 10} times chance",
            f"      - bought: {{{by}: [{_quoted(pair.bought)}]}}",
            f"        offer: {{{by}: [{_quoted(pair.offer)}]}}",
        ]
    return "\n".join(lines)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
