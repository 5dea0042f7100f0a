"""The keys and what they do."""

from __future__ import annotations

from typing import Final

from app.screens import views
from app.screens.forms import Row
from app.screens.panel import Panel

KEYS: Final = (
    "F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8", "F9", "F10", "F11", "F12", "Del", "Enter", "Esc", "Tab",
)  # fmt: skip


class Help(Panel):
    """Every key that works on this screen; it stays open while goods are rung up."""

    stays = True

    def view(self) -> views.Rows:
        rows = [Row(key, self.say(f"help.{key}"), figure=key) for key in KEYS]
        rows.append(Row("digits", self.say("help.digits"), figure=self.say("help.digits_key")))
        return views.Rows(self.say("help.title"), rows=tuple(rows), presses=(self.back(),))
