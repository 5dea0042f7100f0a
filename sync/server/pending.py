"""Members of one shard with everything that the server itself has recorded of them, folded or not."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

import msgspec
import sqlalchemy as sa

from app.loyalty.effects import AnyEffect
from app.loyalty.state import MemberState, apply
from sync.server import own, schema
from sync.server.impact import Impact, impact_of
from sync.server.tills import Secrets

KINDS: Final = ("activity_recorded", "referral_settled")
"""Facts of the server's own that limits are counted from."""


class States:
    """Limits are counted from these states: the shard's lock is held, so no other fact slips in between."""

    def __init__(self, connection: sa.Connection, keys: Secrets, shard: int) -> None:
        self._connection = connection
        self._shard = shard
        self._states: dict[uuid.UUID, MemberState] = {}
        self._pending: dict[uuid.UUID, list[tuple[uuid.UUID, int, Impact]]] = defaultdict(list)
        fact, folded = schema.fact.c, schema.folded.c
        reached = connection.execute(sa.select(folded.pos).where(folded.shard == shard)).scalar_one()
        rows = connection.execute(
            sa.select(fact.id, fact.at_ms, fact.body)
            .where(fact.shard == shard, fact.pos > reached, fact.kind.in_(KINDS))
            .where(fact.origin == own.origin_of(keys.origin_seed, shard))
            .order_by(fact.pos)
        )
        for fact_id, at_ms, body in rows:
            impact = impact_of(fact_id, body)
            if impact is not None and impact.member is not None:
                self._pending[impact.member].append((fact_id, at_ms, impact))

    def of(self, member: uuid.UUID) -> MemberState:
        """A member's state; that of a new member for one who is not known yet."""
        found = self._states.get(member)
        if found is None:
            found = self._states[member] = self._read(member)
        return found

    def add(self, member: uuid.UUID, effects: Iterable[AnyEffect], at_ms: int) -> None:
        """Something is recorded of a member in this transaction."""
        self._states[member] = apply(self.of(member), effects, at_ms)

    def _read(self, member: uuid.UUID) -> MemberState:
        pending = self._pending[member]
        table, link = schema.member.c, schema.member_fact.c
        ids = [fact_id for fact_id, _, _ in pending]
        # One statement sees one moment: the state, and which of the facts are in it.
        rows = self._connection.execute(
            sa.select(table.state, link.fact_id)
            .select_from(
                schema.member.outerjoin(
                    schema.member_fact,
                    (link.shard == table.shard) & (link.member == table.id) & link.fact_id.in_(ids),
                )
            )
            .where(table.shard == self._shard, table.id == member)
        ).all()
        state = msgspec.json.decode(rows[0].state, type=MemberState) if rows else MemberState()
        there = {row.fact_id for row in rows}
        for fact_id, at_ms, impact in pending:
            if fact_id not in there:
                state = apply(state, impact.effects, at_ms)
        return state
