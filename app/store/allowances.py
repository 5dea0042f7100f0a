"""What this till may spend of a card on its own word, and what of that is used up.

A row of `alone` is written with the fact that spent something no hold stood behind, and goes when the server
has counted that fact: when a member's row comes with the fact in its state. Only syncing brings that, no
clock does. What coupons took off is renewed once its fact is acknowledged and everything was pulled.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, Final

import msgspec

from app.checkout.reserved import Left
from app.ledger.alone import Allowance, alone_of
from app.ledger.facts import AnyFact

Run = Callable[..., Any]
NOBODY: Final = b""
"""Stands for the member of a sale without one: coupons are for anybody."""

_SPENT: Final = "INSERT OR REPLACE INTO alone (fact, member, points_centi, coupons_minor) VALUES (?, ?, ?, ?)"
_COUNTED: Final = (
    "UPDATE alone SET points_centi = 0 WHERE (member = :id OR member IN "
    "(SELECT other FROM alias WHERE member = :id)) AND NOT EXISTS (SELECT 1 FROM envelope e "
    "WHERE e.fact = alone.fact AND (e.epoch, e.seq) > (:epoch, :seq) AND NOT EXISTS "
    "(SELECT 1 FROM envelope later WHERE later.fact = e.fact AND later.epoch > e.epoch))"
)
"""The newest envelope of the fact is in the state that came."""
_SYNCED: Final = (
    "UPDATE alone SET coupons_minor = 0 WHERE EXISTS (SELECT 1 FROM envelope e, head h "
    "WHERE e.fact = alone.fact AND e.origin = h.origin AND e.epoch = h.epoch AND e.seq <= h.acked_seq) "
    "OR NOT EXISTS (SELECT 1 FROM envelope e, head h "
    "WHERE e.fact = alone.fact AND e.origin = h.origin AND e.epoch = h.epoch)"
)
"""Acknowledged in this epoch, or in one before it: what was not moved to this one was acknowledged there."""
_CLEAN: Final = "DELETE FROM alone WHERE points_centi = 0 AND coupons_minor = 0"
_USED: Final = (
    "SELECT coalesce(sum(points_centi), 0), coalesce(sum(coupons_minor), 0) FROM alone "
    "WHERE member = :id OR member IN (SELECT other FROM alias WHERE member = :id)"
)

_allowance: Final = msgspec.json.Decoder(Allowance)


def spend(run: Run, fact: AnyFact, member: bytes | None) -> None:
    """Take down what a fact spends on this till's own word; in its transaction."""
    points_centi, coupons_minor = alone_of(fact)
    if points_centi or coupons_minor:
        run(_SPENT, (fact.id.bytes, member or NOBODY, points_centi, coupons_minor))


def counted(run: Run, member: bytes, applied: tuple[int, int]) -> None:
    """The server has sent a member's state with this till's facts up to `applied` (epoch, seq) in it."""
    run(_COUNTED, {"id": member, "epoch": applied[0], "seq": applied[1]})


def synced(run: Run) -> None:
    """Everything was pulled."""
    run(_SYNCED)
    run(_CLEAN)


class StoredAllowances:
    """Reads, on the caller's connection, what is left."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._enrolled = False

    def left(self, member: uuid.UUID | None) -> Left | None:
        """None while this till was never enrolled: then no other till can spend the same."""
        if not self._is_enrolled():
            return None
        allowed = self.allowance()
        id = member.bytes if member else NOBODY
        points_centi, coupons_minor = self._run(_USED, {"id": id}).fetchone()
        row = self._run("SELECT held_centi FROM member WHERE id = ?", (id,)).fetchone()
        return Left(
            max(allowed.points_centi - points_centi, 0),
            max(allowed.coupons_minor - coupons_minor, 0),
            row[0] if row else 0,
            allowed.unknown_codes,
        )

    def allowance(self) -> Allowance:
        """As head office published it, or as it is where nothing was published."""
        row = self._run("SELECT body FROM listed WHERE list = 'allowance' AND key = 'card'").fetchone()
        try:
            return _allowance.decode(row[0]) if row else Allowance()
        except msgspec.DecodeError:
            # Of a later version: to allow nothing is the safe reading.
            return Allowance(points_centi=0, coupons_minor=0)

    def _is_enrolled(self) -> bool:
        if not self._enrolled:
            row = self._run("SELECT 1 FROM setting WHERE key = 'credentials'").fetchone()
            self._enrolled = row is not None
        return self._enrolled
