"""What a sale brought the customer beside its goods, in a few words: for whoever stands at either screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from app.checkout.receipt import Receipt
from app.ledger.handed import handed_over
from app.screens.showing import Shower
from app.texts import NBSP


def earned(show: Shower, receipt: Receipt) -> str:
    """The points of a sale and the balance with them; of whom the directory alone knows there is no balance.

    "" where nobody earned.
    """
    points, words = receipt.decision.points, show.words
    if receipt.member is None:
        return ""
    earned = words.counted_points(points.earned_centi)
    if receipt.member.short:
        return words.get("screen.earned_alone", points=earned)
    return words.get("screen.earned", points=earned, balance=words.points(points.balance_after_centi))


def to_hand_over(show: Shower, receipt: Receipt) -> str:
    """The things that go over the counter with the receipt; "" for none."""
    things: Counter[str] = Counter()
    for each in handed_over(receipt.sale.effects):
        things[each.name] += each.pieces
    return ", ".join(_several(show, thing, count) for thing, count in things.items())


def news(show: Shower, receipt: Receipt) -> str:
    """A new level, coupons, gifts for the next time, uses, statuses, badges; "" for none."""
    return " · ".join(_news(show, receipt))


def _news(show: Shower, receipt: Receipt) -> Iterator[str]:
    get, decision = show.words.get, receipt.decision
    for tier in decision.tiers:
        if tier.level_after and tier.level_after != tier.level:
            yield get("panel.news.level", level=show.rule(tier.level_after))
    given: Counter[tuple[str, str]] = Counter()
    for grant in decision.issued:
        given[grant.kind, grant.thing] += grant.uses
    for (kind, thing), count in given.items():
        name, message = _several(show, thing, count), f"panel.news.{kind}"
        yield get(message, name=name) if kind in ("coupon", "reward") else name


def _several(show: Shower, thing: str, count: int) -> str:
    return show.rule(thing) if count == 1 else f"{count}{NBSP}×{NBSP}{show.rule(thing)}"
