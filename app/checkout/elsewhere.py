"""Members whom this till is not told of: in a large chain, all but those whom its store has seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

Found = Callable[[str], None]
"""Hears which of the cards is somebody's: their row is here now. Empty if none is, or nobody can tell."""


class Elsewhere(Protocol):
    """The way to the server's word on a card, and to the directory where there is none."""

    def may_know(self, card: str) -> bool:
        """Whether it is worth asking whose a card is; at once."""
        ...

    def find(self, cards: Sequence[str], answer: Found) -> None:
        """Look for the holder of the first card that is anybody's. Answers once, in the till's thread, within
        about two seconds; nothing waits for it."""
        ...


class NoElsewhere:
    """A till that is told of every member, or of nobody but its own."""

    def may_know(self, card: str) -> bool:
        return False

    def find(self, cards: Sequence[str], answer: Found) -> None:
        answer("")
