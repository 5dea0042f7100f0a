"""Why something is done by hand: one touch on a reason, which goes with the act into its fact."""

from __future__ import annotations

from collections.abc import Callable

from app.screens import views
from app.screens.forms import BACK, Row
from app.screens.panel import Panel, Screen


class Reasoning(Panel):
    """`then` hears the reason chosen, in the words it is kept in: the shop's own language."""

    stays = True

    def __init__(
        self,
        screen: Screen,
        title: str,
        reasons: tuple[str, ...],
        then: Callable[[str], None],
        asker: Panel | None = None,
    ) -> None:
        super().__init__(screen)
        self._title, self._reasons, self._then, self._asker = title, reasons, then, asker

    def pick(self, key: str) -> None:
        self._leave()
        self._then(self.show.of_shop(f"panel.reason.{key}"))

    def press(self, key: str) -> None:
        if key == BACK:
            self._leave()

    def _leave(self) -> None:
        if self._asker is None:
            self.screen.close()
        else:
            self.screen.open(self._asker)

    def goes_on(self) -> bool:
        return self._asker is None or self._asker.goes_on()

    def view(self) -> views.Rows:
        return views.Rows(
            title=self.say("reason.title"),
            detail=self._title,
            rows=tuple(Row(key, self.say(f"reason.{key}")) for key in self._reasons),
            pickable=True,
            presses=(self.back(),),
        )
