"""Goods that not everybody may buy, or not at every hour: the cashier is asked, the clock is not."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from app.checkout.basket import OpenSale
from app.checkout.outcome import Outcome, refused
from app.checkout.shop import Restriction, Shop
from app.values import from_ms


def _of(tags: Iterable[str], shop: Shop) -> list[Restriction]:
    return [shop.restrictions[tag] for tag in tags if tag in shop.restrictions]


def age_from(tags: Iterable[str], shop: Shop) -> int:
    """The age from which goods may be bought; 0 for anybody."""
    return max((each.age for each in _of(tags, shop)), default=0)


def age_of(sale: OpenSale, shop: Shop) -> int:
    """The age that the whole basket asks for."""
    return max((age_from(line.tags, shop) for line in sale.lines if line.tags), default=0)


def out_of_hours(tags: Iterable[str], shop: Shop, at_ms: int) -> Outcome | None:
    """Why goods may not be sold at this time of the shop's day; None if they may."""
    for each in _of(tags, shop):
        if each.between is not None:
            start, end = each.between
            now = from_ms(at_ms).astimezone(ZoneInfo(shop.time_zone)).strftime("%H:%M")
            inside = start <= now < end if start <= end else now >= start or now < end
            if inside:
                return refused("not_at_this_hour", start=start, end=end)
    return None
