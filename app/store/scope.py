"""Which members' rows the server keeps fresh at this till.

In a large chain those are the members whom this till's store has seen. The server says so by leaving the
others out when everything is pulled anew. Each such pull has a number; a row says by which it came, and one
of an earlier pull is kept as it was, and as of when it was: nobody tells of it any more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

Run = Callable[..., Any]

PULL: Final = "pull.number"
"""Of the last pull of everything that came to its end."""
CARD_KEY: Final = "pull.card_key"
"""By which cards are looked up in the directory; there while members are those of the store alone."""
AWAY: Final = -1
"""The number of a row that was asked for, or found in the directory: no pull has brought it yet."""


def pull_number(run: Run) -> int:
    """The number of the pull whose rows are fresh."""
    row = run("SELECT value FROM setting WHERE key = ?", (PULL,)).fetchone()
    return int(row[0]) if row else 0


def card_key(run: Run) -> bytes:
    """Empty while this till is told of every member."""
    row = run("SELECT value FROM setting WHERE key = ?", (CARD_KEY,)).fetchone()
    return row[0] if row else b""
