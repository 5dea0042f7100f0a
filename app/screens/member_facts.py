"""What is worth knowing of a member at a glance: the next level, coupons, a birthday, the last visit."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from app.checkout.ports import Member
from app.loyalty.decision import Decision, TierView
from app.screens.views import Known
from app.values import from_ms

if TYPE_CHECKING:
    from app.screens.showing import Shower

NEAR_DAYS: Final = 7
"""A birthday is mentioned this many days before and after."""
_LEAP: Final = 2000
"""A year that has 29 February, to read a birthday without its year."""


def known(show: Shower, member: Member, decision: Decision, last_ms: int | None) -> tuple[Known, ...]:
    """The lines under a member's balance, most useful first."""
    lines = [line for tier in decision.tiers if (line := _next_level(show, tier))]
    if (coupons := _coupons(show, member, decision.at_ms)) is not None:
        lines.append(coupons)
    if member.person is not None and (birthday := _birthday(show, member.person.birthday, decision.at_ms)):
        lines.append(birthday)
    if last_ms is not None:
        day = show.words.date(last_ms, show.till.shop.time_zone)
        lines.append(Known("history", show.words.get("panel.known.last", date=day)))
    return tuple(lines)


def _next_level(show: Shower, tier: TierView) -> Known | None:
    if not tier.next_level or tier.missing <= 0:
        return None
    words, level = show.words, show.rule(tier.next_level)
    match tier.basis:
        case "spend":
            missing = show.money(tier.missing)
        case "points":
            missing = words.counted_points(tier.missing)
        case _:
            missing = words.get("panel.known.receipts", n=tier.missing)
    return Known("star", words.get("panel.known.level", missing=missing, level=level))


def _coupons(show: Shower, member: Member, at_ms: int) -> Known | None:
    held = [
        grant
        for grant in member.state.grants
        if grant.kind == "coupon" and grant in member.state.held(grant.rule, at_ms)
    ]
    if not held:
        return None
    names = ", ".join(dict.fromkeys(show.rule(grant.rule) for grant in held))
    return Known("ticket-percent", show.words.get("panel.known.coupons", n=len(held), names=names))


def _birthday(show: Shower, birthday: str, at_ms: int) -> Known | None:
    """A birthday that is near; written YYYY-MM-DD, or --MM-DD where the year is nobody's business."""
    try:
        born = date.fromisoformat(birthday.replace("--", f"{_LEAP}-", 1))
    except ValueError:
        return None
    today = from_ms(at_ms).astimezone(ZoneInfo(show.till.shop.time_zone)).date()
    away = min((_in(born, year) - today for year in range(today.year - 1, today.year + 2)), key=abs)
    if abs(away.days) > NEAR_DAYS:
        return None
    said = {0: "today", 1: "tomorrow", -1: "yesterday"}.get(away.days, "ahead" if away.days > 0 else "past")
    return Known("cake", show.words.get(f"panel.known.birthday_{said}", n=abs(away.days)))


def _in(born: date, year: int) -> date:
    try:
        return born.replace(year=year)
    except ValueError:
        return date(year, 3, 1)
