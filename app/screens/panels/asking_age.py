"""Goods that not everybody may buy: the cashier looks, and says yes or no."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from app.screens import views
from app.screens.forms import BACK, YES
from app.screens.panel import Panel, Screen
from app.values import from_ms, utc_ms


class AskingAge(Panel):
    """Says the last birthday that is old enough, so that nobody has to work it out. Scans go on meanwhile."""

    stays = True

    def __init__(self, screen: Screen, age: int) -> None:
        super().__init__(screen)
        self._age = age

    def goes_on(self) -> bool:
        return bool(self.till.sale.lines) and self.till.sale.age_checked < self._age

    def take(self) -> None:
        """Enter is no answer: somebody has to look."""

    def press(self, key: str) -> None:
        if key == BACK:
            return super().press(key)
        adjusting = self.till.adjusting
        outcome = adjusting.confirm_age() if key == YES else adjusting.refuse_age()
        if not outcome.refused:
            self.screen.close()
        return self.screen.tell(outcome)

    def view(self) -> views.Ask:
        return views.Ask(
            question=self.say("age.question", age=self._age),
            detail=self.say("age.detail", date=self._born_by()),
            yes=self.say("age.yes"),
            no=self.say("age.no"),
            figure=f"{self._age}+",
        )

    def _born_by(self) -> str:
        zone = ZoneInfo(self.till.shop.time_zone)
        today = from_ms(self.screen.world.now_ms()).astimezone(zone).date()
        # Who was born on 29 February is old enough on 1 March of a common year at the latest.
        leap = today.month == 2 and today.day == 29
        born = today.replace(year=today.year - self._age, day=28 if leap else today.day)
        noon = datetime(born.year, born.month, born.day, 12, tzinfo=zone)
        return self.show.words.date(utc_ms(noon), self.till.shop.time_zone)
