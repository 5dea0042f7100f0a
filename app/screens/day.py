"""The manager's day: what was sold, what the programme cost and brought, read when it is looked at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Protocol

from app.checkout.ports import NotWritten
from app.checkout.till import Till
from app.checkout.wording import rule_name
from app.checkout.writing import local_day
from app.screens import views
from app.stats.day import DayFigures
from app.texts import Texts
from app.values import utc_ms


class FiguresSource(Protocol):
    """Where the figures come from: the till's own projections."""

    def day(self, business_day: str) -> DayFigures: ...


def day_view(till: Till, source: FiguresSource, now_ms: int, words: Texts) -> views.DayView:
    """Figures of the open shift's business day, or of today without one.

    A database that cannot be read is said, not raised.
    """
    zone = till.shop.time_zone
    day = till.shift.business_day if till.shift else local_day(now_ms, zone)
    title = words.get("screen.day.title", date=_day_text(words, day))
    as_of = words.get("screen.day.as_of", time=words.time(now_ms, zone))
    try:
        figures = source.day(day)
    except (OSError, NotWritten) as error:
        problem = words.get("screen.day.unreadable", reason=str(error))
        return views.DayView(title, as_of, problem=problem)
    return _figures(till, words, title, as_of, figures)


def _figures(till: Till, words: Texts, title: str, as_of: str, figures: DayFigures) -> views.DayView:
    get, currency = words.get, figures.currency or till.shop.currency

    def money(minor: int) -> str:
        return words.money(minor, currency)

    receipts = get("screen.day.receipts", n=figures.sales)
    average = get("screen.day.average", money=money(figures.average_minor))
    share = _percent(words, figures.member_total_minor, figures.total_minor)
    headline = (
        views.DayRow(get("screen.day.sales"), money(figures.total_minor), f"{receipts} · {average}"),
        views.DayRow(
            get("screen.day.with_member"),
            _percent(words, figures.member_sales, figures.sales),
            get("screen.day.share", percent=share),
        ),
        views.DayRow(get("screen.day.enrolled"), str(figures.enrolled)),
    )
    rows = [
        views.DayRow(get("screen.day.goods"), money(figures.goods_minor)),
        views.DayRow(get("screen.day.discounts"), money(-figures.discount_minor)),
        *_came_back(words, figures, money),
        views.DayRow(get("screen.day.points_paid"), money(figures.points_paid_minor)),
        views.DayRow(get("screen.day.earned"), words.points(figures.earned_centi)),
        views.DayRow(get("screen.day.spent"), words.points(figures.spent_centi)),
    ]
    for means, taken in sorted(figures.tenders.items()):
        name = get("screen.day.tender", means=get(f"tender.{means}"))
        rows.append(views.DayRow(name, money(taken)))
    by_size = sorted(figures.rules.items(), key=lambda item: (-item[1], item[0]))
    for rule, off in by_size:
        name = get("screen.day.rule", rule=rule_name(till.programme, rule, words.lang))
        rows.append(views.DayRow(name, money(-off)))
    return views.DayView(title, as_of, headline, tuple(rows))


def _came_back(words: Texts, figures: DayFigures, money: Callable[[int], str]) -> tuple[views.DayRow, ...]:
    """What was given back, on a day on which anything was: the tenders below are less that."""
    if not figures.refunds:
        return ()
    return (
        views.DayRow(words.get("screen.day.refunds", n=figures.refunds), money(-figures.refunded_minor)),
        views.DayRow(words.get("screen.day.net"), money(figures.net_minor)),
    )


def _percent(words: Texts, part: int, whole: int) -> str:
    """A share in whole percent, half up; a dash where there is nothing to share."""
    return words.percent(words.scaled((200 * part + whole) // (2 * whole), 0)) if whole else "–"


def _day_text(words: Texts, iso: str) -> str:
    midnight = datetime.combine(date.fromisoformat(iso), time(), UTC)
    return words.date(utc_ms(midnight), "UTC")
