"""Members' cards at the server: which card finds whom, and whether it may redeem.

Every moment is kept as the greatest seen, so facts may come late, twice and in any order. A card that was
linked to another member since is settled at the till, by the later moment of linking.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
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
_RANGE = (
    sa.select(_card.member, _card.token, _card.linked_ms, _card.blocked_ms)
    .join(schema.member, (schema.member.c.shard == _card.shard) & (schema.member.c.id == _card.member))
    .where(
        schema.member.c.shard == sa.bindparam("in_shard"),
        schema.member.c.version > sa.bindparam("after"),
        schema.member.c.version <= sa.bindparam("last"),
    )
    .order_by(_card.member, _card.token)
)

_CHANGE = (
    sa.update(schema.member_card)
    .where(
        _card.shard == sa.bindparam("in_shard"),
        _card.member == sa.bindparam("in_member"),
        _card.token == sa.bindparam("in_token"),
    )
    .values(linked_ms=sa.bindparam("new_linked_ms"), blocked_ms=sa.bindparam("new_blocked_ms"))
)


def fold(connection: sa.Connection, shard: int, facts: Iterable[FoldedFact]) -> None:
    """Take what facts say of their members' cards; inside the transaction that folds them."""
    moments: dict[tuple[uuid.UUID, str], tuple[int, int | None]] = {}
    for fact in facts:
        token, member = fact.impact.card, fact.impact.member
        if fact.impact.kind not in (LINKED, BLOCKED) or not isinstance(token, str) or "\0" in token:
            continue
        assert member is not None
        linked_ms, blocked_ms = moments.get((member, token), (0, None))
        if fact.impact.kind == LINKED:
            linked_ms = max(linked_ms, fact.at_ms)
        else:
            blocked_ms = max(blocked_ms or 0, fact.at_ms)
        moments[member, token] = linked_ms, blocked_ms
    if moments:
        _take(connection, shard, moments)


def _take(
    connection: sa.Connection, shard: int, moments: Mapping[tuple[uuid.UUID, str], tuple[int, int | None]]
) -> None:
    table = schema.member_card
    asked = {"in_shard": shard, "ids": list({member for member, _ in moments})}
    known = {(row.member, row.token): row for row in connection.execute(_CARDS, asked)}
    added: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    for (member, token), (linked_ms, blocked_ms) in moments.items():
        row = known.get((member, token))
        if row is None:
            values = {"shard": shard, "member": member, "token": token}
            added.append({**values, "linked_ms": linked_ms, "blocked_ms": blocked_ms})
            continue
        blocks = [ms for ms in (row.blocked_ms, blocked_ms) if ms is not None]
        values = {"new_linked_ms": max(row.linked_ms, linked_ms), "new_blocked_ms": max(blocks, default=None)}
        changed.append({"in_shard": shard, "in_member": member, "in_token": token, **values})
    if added:
        connection.execute(sa.insert(table), added)
    if changed:
        connection.execute(_CHANGE, changed)


def of_range(
    connection: sa.Connection, shard: int, after: int, last: int
) -> dict[uuid.UUID, tuple[protocol.CardRow, ...]]:
    """The cards of members, by member; these by their versions, for there may be thousands."""
    asked = {"in_shard": shard, "after": after, "last": last}
    found: dict[uuid.UUID, list[protocol.CardRow]] = defaultdict(list)
    for member, token, linked_ms, blocked_ms in connection.execute(_RANGE, asked):
        blocked = blocked_ms is not None and blocked_ms >= linked_ms
        found[member].append(protocol.CardRow(token, linked_ms, blocked))
    return {member: tuple(rows) for member, rows in found.items()}


def holder(connection: sa.Connection, token: str) -> uuid.UUID | None:
    """Whose a card is: of two members that it was linked to, the later one's."""
    query = (
        sa.select(_card.member, _card.linked_ms)
        .where(_card.token == token)
        .order_by(_card.linked_ms.desc(), _card.member.desc())
    )
    return connection.execute(query.limit(1)).scalar()
