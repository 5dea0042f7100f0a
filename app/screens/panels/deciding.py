"""Receipts of which nobody knows whether they are on paper: the cashier looks and says."""

from __future__ import annotations

from collections.abc import Callable

from app.checkout.outcome import done
from app.screens import views
from app.screens.forms import BACK, YES
from app.screens.panel import Panel, Screen


class Deciding(Panel):
    """One job after the other; `decided` hears each with whether a copy is wanted."""

    def __init__(self, screen: Screen, jobs: list[int], decided: Callable[[int, bool], None]) -> None:
        super().__init__(screen)
        self._jobs, self._decided = jobs, decided

    def take(self) -> None:
        """Enter is no answer: somebody has to look."""

    def press(self, key: str) -> None:
        """Yes: it is there. No: print a copy."""
        if key == BACK or not self._jobs:
            return super().press(key)
        yes = key == YES
        self._decided(self._jobs.pop(0), not yes)
        if not self._jobs:
            self.screen.close()
        return self.screen.tell(done("paper_there" if yes else "copy_printing"))

    def view(self) -> views.Ask:
        get = self.show.words.get
        return views.Ask(
            question=get("screen.paper_question"),
            detail=get("screen.paper_detail"),
            yes=get("screen.paper_yes"),
            no=get("screen.paper_no"),
        )
