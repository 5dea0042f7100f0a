"""The port between sync and what the till's database takes from the server: pages, and persons. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Protocol

import msgspec

from sync import protocol


class Arrival(msgspec.Struct, frozen=True):
    """What a page brought: members whose state or person may have changed, lists that may have, and whether
    budgets have."""

    members: frozenset[uuid.UUID] = frozenset()
    lists: frozenset[str] = frozenset()
    budgets: bool = False


class Inbox(Protocol):
    """Seen from the sync lane, which is the only caller. Errors may be raised freely: the lane reports them
    and starts again from the cursor that was kept."""

    def cursor(self) -> str:
        """Where the last whole page ended; "" before the first."""
        ...

    def apply(self, page: protocol.PullPage, asked_ms: int) -> Arrival:
        """Take a page over, in small transactions, the cursor in the last of them.

        Each member's row replaces the one before; this till's own later facts are folded on top, so that
        nothing counts twice or is missing. The same page again, or a part of one, does no harm.
        """
        ...

    def begin_again(self) -> None:
        """The cursor leads nowhere any more (the server was restored, or this till moved to another store):
        what follows is the whole of it, from cursor "".

        Members stay as they are until their rows come. A list that comes with any row replaces the one
        before; one that comes empty leaves it, for a till without products cannot sell. Persons are all to
        be handed again: the server may have lost them.
        """
        ...

    def persons(self, limit: int) -> Sequence[protocol.PersonRow]:
        """Up to `limit` persons that were entered or changed here since the server had them."""
        ...

    def handed(self, persons: Sequence[protocol.PersonRow]) -> None:
        """The server has dealt with these versions; what changed since stays to be handed."""
        ...
