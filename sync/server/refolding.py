"""Members' lives folded anew: all their facts, read in bulk, in the order of folding."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

import sqlalchemy as sa

from app.ledger.fold import enrolled
from app.loyalty.state import MemberState, apply
from sync.server import overdrafts, schema
from sync.server.impact import FoldedFact, impact_of

MEMBERS: Final = 200
IDS: Final = 1000
"""Members and facts asked for by one statement."""


def folded(
    state: MemberState, facts: Iterable[FoldedFact], fallen: list[overdrafts.Fall] | None = None
) -> MemberState:
    """A state after facts, in their order. `fallen` gets those by which it fell below zero, or further."""
    for fact in facts:
        debt_centi = state.debt_centi
        state = apply(state, fact.impact.effects, fact.at_ms)
        if fact.impact.kind == "member_enrolled":
            state = enrolled(state, fact.at_ms)
        if fallen is not None and state.debt_centi > debt_centi:
            fallen.append(overdrafts.Fall(fact, state.debt_centi - debt_centi, state.debt_centi))
    return state


def all_of(connection: sa.Connection, shard: int, member: uuid.UUID) -> list[FoldedFact]:
    """Every fact in a member's state, in the order of folding."""
    return all_of_many(connection, [(shard, member)])[member]


def all_of_many(
    connection: sa.Connection, members: Sequence[tuple[int, uuid.UUID]]
) -> dict[uuid.UUID, list[FoldedFact]]:
    """Every fact in the states of members, given with their shards; by member, in the order of folding."""
    links, fact = schema.member_fact.c, schema.fact.c
    of_shard: dict[int, dict[uuid.UUID, list[uuid.UUID]]] = defaultdict(lambda: defaultdict(list))
    for start in range(0, len(members), MEMBERS):
        some = members[start : start + MEMBERS]
        query = sa.select(links.member, links.fact_shard, links.fact_id).where(
            links.shard.in_({shard for shard, _ in some}), links.member.in_([member for _, member in some])
        )
        for member, fact_shard, fact_id in connection.execute(query):
            of_shard[fact_shard][fact_id].append(member)
    found: dict[uuid.UUID, list[FoldedFact]] = {member: [] for _, member in members}
    for fact_shard, owners in of_shard.items():
        ids = list(owners)
        for start in range(0, len(ids), IDS):
            rows = connection.execute(
                sa.select(fact.id, fact.at_ms, fact.origin, fact.epoch, fact.seq, fact.body).where(
                    fact.shard == fact_shard, fact.id.in_(ids[start : start + IDS])
                )
            )
            for fact_id, at_ms, origin, epoch, seq, body in rows:
                impact = impact_of(fact_id, body)
                if impact is not None:
                    one = FoldedFact(fact_id, fact_shard, at_ms, origin, epoch, seq, impact)
                    for member in owners[fact_id]:
                        found[member].append(one)
    return {member: sorted(facts, key=lambda one: one.order) for member, facts in found.items()}
