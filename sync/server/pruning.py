"""What is removed from a list leaves a tombstone, so that tills hear of it; after a month it goes for good.

A till whose cursor is from before a tombstone that went begins again (410 `cursor_expired`) and gets the
lists whole. Erased persons are another matter: their tombstones stay, or a till that was away for longer
would bring them back.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from sync.server import schema
from sync.server.database import Database

KEEP_MS: Final = 30 * 86_400_000
"""As long as tills keep what they have sent: who was away for longer begins again anyway."""

_row, _head = schema.listing.c, schema.list_head.c


def prune(db: Database, now_ms: int, keep_ms: int = KEEP_MS) -> int:
    """Drop tombstones that are old enough; returns how many. What it sees first, it dates."""
    gone = 0
    for name in schema.LISTS:
        with db.write() as connection:
            # The list's row lock: nobody reads a head while what is below it goes.
            connection.execute(sa.select(_head.head).where(_head.list == name).with_for_update())
            removed = (_row.list == name) & _row.body.is_(None)
            dated = sa.update(schema.listing).where(removed, _row.removed_ms.is_(None))
            connection.execute(dated.values(removed_ms=now_ms))
            old = removed & (_row.removed_ms <= now_ms - keep_ms)
            last = connection.execute(sa.select(sa.func.max(_row.version)).where(old)).scalar()
            if last is None:
                continue
            gone += connection.execute(sa.delete(schema.listing).where(old)).rowcount
            further = sa.update(schema.list_head).where(
                _head.list == name, sa.func.coalesce(_head.pruned, 0) < last
            )
            connection.execute(further.values(pruned=last))
    return gone
