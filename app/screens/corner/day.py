"""Today's figures."""

from __future__ import annotations

from app.screens.corner.page import Page
from app.screens.day import day_view
from app.screens.views import DayView


class Day(Page):
    def body(self) -> DayView:
        corner = self.corner
        return day_view(corner.till, corner.past, corner.world.now_ms(), corner.words)
