"""What is folded from facts so that screens need not: members, cards, sales, shifts, days.

All of it can be dropped and rebuilt from the log; `stempel rebuild --check` proves both equal.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from app.ledger.chain import Envelope
from app.ledger.facts import (
    AnyFact,
    CardLinked,
    MemberEnrolled,
    SaleCompleted,
    ShiftClosed,
    ShiftOpened,
    UnreadableFact,
    decode,
    member_of,
)
from app.ledger.fold import fold
from app.loyalty.state import EMPTY
from app.stats.day import DayFigures, add
from app.store import rows
from app.store.connection import Driver

_encode: Final = msgspec.json.Encoder().encode
_figures: Final = msgspec.json.Decoder(DayFigures)

_MEMBER: Final = (
    "INSERT INTO member (id, state, as_of_ms) VALUES (?, ?, ?) "
    "ON CONFLICT (id) DO UPDATE SET state = excluded.state, as_of_ms = excluded.as_of_ms"
)
_DAY: Final = (
    "INSERT INTO day (business_day, figures) VALUES (?, ?) "
    "ON CONFLICT (business_day) DO UPDATE SET figures = excluded.figures"
)
_CARD: Final = (
    "INSERT INTO card (token, member) VALUES (?, ?) "
    "ON CONFLICT (token) DO UPDATE SET member = excluded.member"
)
_SALE: Final = (
    "INSERT INTO sale (id, number, business_day, at_ms, member, total_minor) VALUES (?, ?, ?, ?, ?, ?)"
)
_SHIFT: Final = (
    "INSERT INTO shift (id, number, business_day, cashier, opened_ms, float_minor) VALUES (?, ?, ?, ?, ?, ?)"
)
_DUMPS: Final = {
    "member": "SELECT id, state, as_of_ms FROM member ORDER BY id",
    "card": "SELECT token, member FROM card ORDER BY token",
    "sale": "SELECT * FROM sale ORDER BY id",
    "shift": "SELECT * FROM shift ORDER BY id",
    "day": "SELECT * FROM day ORDER BY business_day",
}


class Projections:
    """Applies facts to the projected tables, inside the caller's transaction."""

    def __init__(self, sql: Driver) -> None:
        self._run = sql.execute
        # The day being sold in is read once and then only written.
        self._day: DayFigures | None = None
        self._open_day: str | None = None
        self._known = False

    def forget(self) -> None:
        """Drop what is kept in memory: the transaction it belonged to did not happen."""
        self._day, self._open_day, self._known = None, None, False

    def apply(self, fact: AnyFact) -> None:
        """Fold one fact into everything it touches."""
        self._fold_member(fact)
        match fact:
            case SaleCompleted():
                member = fact.member.bytes if fact.member else None
                values = (fact.number, fact.business_day, fact.at_ms, member, fact.total_minor)
                self._run(_SALE, (fact.id.bytes, *values))
            case CardLinked():
                self._run(_CARD, (fact.card, fact.member.bytes))
            case ShiftOpened():
                values = (fact.number, fact.business_day, fact.cashier, fact.at_ms, fact.float_minor)
                self._run(_SHIFT, (fact.shift.bytes, *values))
                self._open_day, self._known = fact.business_day, True
            case ShiftClosed():
                self._run("UPDATE shift SET closed_ms = ? WHERE id = ?", (fact.at_ms, fact.shift.bytes))
            case _:
                pass
        self._add_to_day(fact)

    def _fold_member(self, fact: AnyFact) -> None:
        member = member_of(fact)
        if member is None or isinstance(fact, CardLinked):
            return
        stored = self._run("SELECT state FROM member WHERE id = ?", (member.bytes,)).fetchone()
        state = fold(rows.decode_state(stored[0]) if stored else EMPTY, fact)
        self._run(_MEMBER, (member.bytes, rows.encode_state(state), fact.at_ms))

    def _add_to_day(self, fact: AnyFact) -> None:
        if isinstance(fact, SaleCompleted):
            business_day = fact.business_day
        elif isinstance(fact, MemberEnrolled):
            business_day = self._shift_day()
        else:
            return
        if business_day is None:
            return
        if self._day is None or self._day.business_day != business_day:
            row = self._run("SELECT figures FROM day WHERE business_day = ?", (business_day,)).fetchone()
            self._day = _figures.decode(row[0]) if row else DayFigures(business_day=business_day)
        self._day = add(self._day, fact)
        self._run(_DAY, (business_day, _encode(self._day)))

    def _shift_day(self) -> str | None:
        """The business day of the shift opened last."""
        if not self._known:
            query = "SELECT business_day FROM shift ORDER BY number DESC LIMIT 1"
            row = self._run(query).fetchone()
            self._open_day, self._known = row[0] if row else None, True
        return self._open_day

    def rebuild(self, facts: Iterable[tuple[Envelope, bytes]]) -> int:
        """Fold the whole log anew over what the server sent; how many facts were folded.

        A fact that this version cannot read stays in the log and is passed over.
        """
        self.forget()
        for table in ("sale", "shift", "day", "card"):
            self._run(f"DELETE FROM {table}")
        self._run("DELETE FROM member WHERE snapshot IS NULL")
        self._run("UPDATE member SET state = snapshot, as_of_ms = snapshot_ms")
        applied = {
            row[0]: (row[1], row[2]) for row in self._run("SELECT id, applied_epoch, applied_seq FROM member")
        }
        count = 0
        for envelope, body in facts:
            try:
                fact = decode(body)
            except UnreadableFact:
                continue
            count += 1
            member: uuid.UUID | None = member_of(fact)
            if member is not None and (envelope.epoch, envelope.seq) <= applied.get(member.bytes, (0, 0)):
                continue
            self.apply(fact)
        self.forget()
        return count

    def dump(self) -> dict[str, list[Any]]:
        """Every projected row, for comparing."""
        return {table: [tuple(row) for row in self._run(query)] for table, query in _DUMPS.items()}
