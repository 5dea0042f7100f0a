"""What is done rarely, on large tiles: found without having learnt it, opened by one digit."""

from __future__ import annotations

from app.screens import views
from app.screens.forms import Tool
from app.screens.panel import Panel
from app.screens.tools import menu


class More(Panel):
    """The menu: a tile for each tool that can be used now; those that cannot keep their place, faint."""

    def pick(self, key: str) -> None:
        self.screen.open_tool(key)

    def view(self) -> views.Tools:
        return views.Tools(
            title=self.say("more.title"),
            tools=tuple(
                Tool(
                    key=tool.key,
                    text=self.say(f"tool.{tool.key}"),
                    icon=tool.icon,
                    hint=tool.shortcut or (str(place) if place < 10 else ""),
                    enabled=tool.usable(self.till),
                )
                for place, tool in enumerate(menu(self.till), start=1)
            ),
            presses=(self.back(),),
        )
