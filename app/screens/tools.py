"""The panels that are opened by name: which there are, their keys, and where each is imported from.

A panel is imported when it is first opened, so that a new one costs the start nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Final, NamedTuple

from app.screens.panel import Panel, Screen


class ToolSpec(NamedTuple):
    """`shortcut` opens it from anywhere; a tool without `icon` is not in the menu."""

    key: str
    place: str
    """Module below app.screens.panels, and its class."""
    shortcut: str = ""
    icon: str = ""


TOOLS: Final = (ToolSpec("enrol", "enrolling:Enrolling"),)
SHORTCUTS: Final = tuple((tool.key, tool.shortcut) for tool in TOOLS if tool.shortcut)
_BY_KEY: Final = {tool.key: tool for tool in TOOLS}


def make(key: str, screen: Screen) -> Panel:
    """A panel of this name, ready to be opened."""
    module, _, name = _BY_KEY[key].place.partition(":")
    return getattr(import_module(f"app.screens.panels.{module}"), name)(screen)
