"""Coupons and gift cards at the server: what facts used and put there, by the shard of the code.

An idempotent projection like members, in transactions of its own; the same fact again changes nothing. The
fact that uses a code ends the hold on it, in the same transaction.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa
import structlog

from app.ledger.alone import single_use
from app.ledger.facts import Hold, SoldLine, Tender
from app.loyalty.effects import AnyEffect, CodeUsed
from sync import holds
from sync.server import holding, schema
from sync.server.database import Database
from sync.server.impact import plausible

log = structlog.get_logger("stempel.spending")

SOLD: Final = "sale_completed"
REFUNDED: Final = "sale_refunded"
_SIGNS: Final = (b"gift_card", b'"code"', b'"holds"')
"""One of them is in every sale that uses a code, or names a hold: of a coupon that gave nothing, too."""


class Spent(msgspec.Struct, frozen=True):
    """A sale or refund, as far as codes and gift cards go."""

    lines: tuple[SoldLine, ...] = ()
    tenders: tuple[Tender, ...] = ()
    effects: tuple[AnyEffect, ...] = ()
    holds: tuple[Hold, ...] = ()


_spent: Final = msgspec.json.Decoder(Spent)


class _Moves:
    """What one fact does to one code."""

    def __init__(self) -> None:
        self.uses: list[tuple[str, int, int]] = []
        self.gift_minor = 0
        self.moved = False
        self.holds: list[Hold] = []


def fold(db: Database, rows: Iterable[Any]) -> None:
    """Take what facts say; each row has id, kind, at_ms, origin and body."""
    by_shard: dict[int, list[tuple[Any, str, _Moves]]] = defaultdict(list)
    for row in rows:
        # Most sales use no code: their bytes tell, faster than decoding them.
        if row.kind in (SOLD, REFUNDED) and any(sign in row.body for sign in _SIGNS):
            for code, moves in _moves(row).items():
                by_shard[schema.shard_of_code(code)].append((row, code, moves))
    for shard, found in sorted(by_shard.items()):
        _fold_shard(db, shard, found)


def _moves(row: Any) -> dict[str, _Moves]:
    try:
        spent = _spent.decode(row.body)
    except (msgspec.DecodeError, RecursionError) as error:
        log.warning(
            "codes not folded: start a newer program, then rebuild", fact=str(row.id), error=str(error)
        )
        return {}
    if not plausible(spent):
        log.warning("codes not folded: a figure or a text is out of all bounds", fact=str(row.id))
        return {}
    found: dict[str, _Moves] = defaultdict(_Moves)
    sign = 1 if row.kind == SOLD else -1
    for line in spent.lines:
        if line.apart == "gift_card" and line.code:
            found[line.code].gift_minor += sign * line.net_minor
            found[line.code].moved = True
    for tender in spent.tenders:
        if tender.means == "gift_card":
            found[tender.reference].gift_minor -= sign * tender.amount_minor
            found[tender.reference].moved = True
    for effect in spent.effects:
        if isinstance(effect, CodeUsed) and single_use(effect.code):
            off = (o.amount_minor for line in spent.lines for o in line.discounts if o.rule == effect.rule)
            found[effect.code].uses.append((effect.rule, effect.times, sum(off) if sign > 0 else 0))
    for hold in spent.holds:
        if hold.kind != holds.POINTS:
            found[hold.of].holds.append(hold)
    return {code: moves for code, moves in found.items() if code}


def _fold_shard(db: Database, shard: int, found: Sequence[tuple[Any, str, _Moves]]) -> None:
    with db.write() as connection:
        db.lock_shard(connection, shard, schema.member_head)
        for row, code, moves in found:
            if moves.moved and not _known(connection, schema.gift_card_move, shard, code, row.id):
                move = (shard, code, row.id, moves.gift_minor, row.at_ms, row.origin)
                db.insert(connection, schema.gift_card_move, [move])
            if moves.uses and not _known(connection, schema.code_use, shard, code, row.id):
                rule, times, minor = moves.uses[0][0], sum(u[1] for u in moves.uses), moves.uses[0][2]
                use = (shard, code, row.id, rule, times, minor, row.at_ms, row.origin)
                db.insert(connection, schema.code_use, [use])
            for hold in moves.holds:
                holding.end(connection, shard, hold, code, row.origin, row.at_ms)


def _known(connection: sa.Connection, table: sa.Table, shard: int, code: str, fact_id: uuid.UUID) -> bool:
    query = sa.select(table.c.shard).where(
        table.c.shard == shard, table.c.code == code, table.c.fact_id == fact_id
    )
    return connection.execute(query).first() is not None
