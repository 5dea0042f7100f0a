"""Members' cards at the server: which card finds whom, and whether it may redeem.

Every moment is kept as the greatest seen, so facts may come late, twice and in any order. A card that was
linked to another member since is settled at the till, by the later moment of linking.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from sync import protocol
from sync.server import schema
from sync.server.impact import FoldedFact

LINKED = "card_linked"
BLOCKED = "card_blocked"

_card = schema.member_card.c
_CARDS = (
    sa.select(_card.member, _card.token, _card.linked_ms, _card.blocked_ms)
    .where(_card.shard == sa.bindparam("in_shard"), _card.member.in_(sa.bindparam("ids", expanding=True)))
    .order_by(_card.token)
)


def fold(connection: sa.Connection, shard: int, member: uuid.UUID, facts: Iterable[FoldedFact]) -> None:
    """Take what facts say of a member's cards; inside the transaction that folds them."""
    for fact in facts:
        token = fact.impact.card
        if fact.impact.kind in (LINKED, BLOCKED) and isinstance(token, str) and "\0" not in token:
            _take(connection, shard, member, token, fact)


def _take(connection: sa.Connection, shard: int, member: uuid.UUID, token: str, fact: FoldedFact) -> None:
    table = schema.member_card
    ours = (table.c.shard == shard) & (table.c.member == member) & (table.c.token == token)
    row = connection.execute(sa.select(table.c.linked_ms, table.c.blocked_ms).where(ours)).first()
    linked_ms, blocked_ms = row or (0, None)
    if fact.impact.kind == LINKED:
        linked_ms = max(linked_ms, fact.at_ms)
    else:
        blocked_ms = max(blocked_ms or 0, fact.at_ms)
    values: dict[str, Any] = {"linked_ms": linked_ms, "blocked_ms": blocked_ms}
    if row is None:
        connection.execute(sa.insert(table).values(shard=shard, member=member, token=token, **values))
    else:
        connection.execute(sa.update(table).where(ours).values(values))


def of(
    connection: sa.Connection, shard: int, members: Sequence[uuid.UUID]
) -> dict[uuid.UUID, tuple[protocol.CardRow, ...]]:
    """The cards of members, by member."""
    asked = {"in_shard": shard, "ids": list(members)}
    found: dict[uuid.UUID, list[protocol.CardRow]] = defaultdict(list)
    for member, token, linked_ms, blocked_ms in connection.execute(_CARDS, asked):
        blocked = blocked_ms is not None and blocked_ms >= linked_ms
        found[member].append(protocol.CardRow(token, linked_ms, blocked))
    return {member: tuple(rows) for member, rows in found.items()}
