"""Tools that are done at once and open nothing."""

from __future__ import annotations

from app.screens.panel import Screen


def clear(screen: Screen) -> None:
    """Empty the basket; undo brings it back."""
    screen.close()
    screen.tell(screen.till.clear())


def lock(screen: Screen) -> None:
    """Leave the till: somebody has to sign in before anything is sold."""
    screen.tell(screen.till.people.lock())
