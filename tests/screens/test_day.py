"""The manager's day, from real sales."""

from __future__ import annotations

from app.screens.day import day_view
from app.screens.views import DayRow, DayView
from app.stats.day import DayFigures
from app.store.database import Database
from app.texts import texts
from tests.screens.conftest import Screen


class Broken:
    """A database that cannot be read, which no real one here can be made to be."""

    def day(self, business_day: str) -> DayFigures:
        raise OSError("disk I/O error")


def day(screen: Screen, lang: str = "en") -> DayView:
    desk = screen.desk
    return day_view(desk.till, desk.reader, desk.world.now_ms(), texts(lang))


def rows(view: DayView) -> dict[str, str]:
    return {row.name: row.figure for row in view.rows}


def test_a_day_without_sales(screen: Screen) -> None:
    view = day(screen)
    assert view.headline[0] == DayRow("Sales", "0.00\xa0zł", "0 receipts · 0.00\xa0zł on average")
    assert view.headline[1].figure == "–"


def test_sales_members_points_and_discounts(screen: Screen) -> None:
    desk = screen.desk
    desk.sell("5901234000161", "5901234000161", cash_minor=100_00)
    desk.sell("5901234000178", uid="")
    view = day(screen)
    assert view.headline[0] == DayRow("Sales", "40.51\xa0zł", "2 receipts · 20.25\xa0zł on average")
    assert view.headline[1] == DayRow("Sales with a member", "50%", "84% of the takings")
    assert view.headline[2] == DayRow("New members", "0"), "those imported joined elsewhere"
    assert rows(view) == {
        "Goods at shelf prices": "44.29\xa0zł",
        "Discounts": "−3.78\xa0zł",
        "Paid with points": "0.00\xa0zł",
        "Points issued": "34",
        "Points redeemed": "0",
        "Cash taken": "40.51\xa0zł",
        "Discount: Tier": "−3.78\xa0zł",
    }


def test_what_came_back_is_told_and_what_is_left(screen: Screen) -> None:
    desk = screen.desk
    desk.sell("5901234000161", uid="")
    desk.sell("5901234000178", uid="")
    assert desk.till.last is not None
    desk.till.refunds.refund(desk.till.last.sale.id, {1: 1000})
    assert rows(day(screen)) | {"1 refund": "−6.49\xa0zł", "After refunds": "18.90\xa0zł"} == rows(
        day(screen)
    )
    assert rows(day(screen))["Cash taken"] == "18.90\xa0zł"
    assert "1 возврат" in rows(day(screen, "ru"))
    assert "1 zwrot" in rows(day(screen, "pl"))


def test_in_polish_with_its_plural(screen: Screen) -> None:
    for _ in range(2):
        screen.desk.sell("5901234000178", uid="")
    view = day(screen, "pl")
    assert view.headline[0].detail == "2 paragony · średnio 6,49\xa0zł"


def test_figures_that_cannot_be_read_say_so(screen: Screen) -> None:
    desk = screen.desk
    spoilt = Database(desk.folder / "spoilt").reader()
    spoilt.close()
    assert day_view(desk.till, spoilt, desk.world.now_ms(), texts("en")).problem
    view = day_view(desk.till, Broken(), desk.world.now_ms(), texts("en"))
    assert "disk I/O error" in view.problem
    assert view.headline == ()
