"""Looking back: sales, what came back of them, shifts. One half of the reader."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from app.checkout.ports import Shift
from app.ledger.facts import (
    AnyFact,
    FiscalCorrected,
    SaleCompleted,
    SaleGivenTo,
    SaleRefunded,
    correction_id,
    decode,
)
from app.stats.shift import ShiftFigures, fold
from app.store import rows
from app.store.budgets import Tally, read_spent

EXCEPTIONS: Final = (
    "cash_moved",
    "line_voided",
    "no_sale",
    "pin_failed",
    "privileged",
    "sale_abandoned",
    "sale_refunded",
    "sale_voided",
    "shift_closed",
)
"""Kinds of fact that a manager looks through: rare, so that sales pay nothing for their index."""
_KINDS = ", ".join(f"'{kind}'" for kind in EXCEPTIONS)
_EXCEPTIONS = (
    f"SELECT body FROM fact WHERE kind IN ({_KINDS}) AND at_ms >= ? ORDER BY at_ms DESC, rowid DESC LIMIT ?"
)
_SHIFT = "SELECT id, number, business_day, cashier, opened_ms, float_minor FROM shift"


class PastSales:
    """Lookups about what was sold. Every call sees what is committed when it is made."""

    def __init__(self, run: Callable[..., Any]) -> None:
        self._run = run
        self.tally: Tally | None = None
        """What budgets have given, kept by the writer beside it; None: to be read."""

    def _value(self, statement: str, parameters: tuple[object, ...] = ()) -> Any:
        """The first column of the first row; None without a row."""
        row = self._run(statement, parameters).fetchone()
        return row[0] if row else None

    def fact(self, id: uuid.UUID) -> AnyFact | None:
        body = self._value("SELECT body FROM fact WHERE id = ?", (id.bytes,))
        return None if body is None else decode(body)

    # -- sales -------------------------------------------------------------------------------------------

    def sale(self, id: uuid.UUID) -> SaleCompleted | None:
        fact = self.fact(id)
        return fact if isinstance(fact, SaleCompleted) else None

    def sale_by_number(self, number: int) -> SaleCompleted | None:
        """A sale of this till by the number on its receipt."""
        return self._sale_where("number = ?", (number,))

    def last_sale(self) -> SaleCompleted | None:
        return self._sale_where("number = (SELECT max(number) FROM sale)", ())

    def _sale_where(self, condition: str, parameters: tuple[object, ...]) -> SaleCompleted | None:
        id = self._value(f"SELECT id FROM sale WHERE {condition}", parameters)
        return None if id is None else self.sale(uuid.UUID(bytes=id))

    def recent_sales(self, member: uuid.UUID | None = None, limit: int = 20) -> Sequence[SaleCompleted]:
        """The latest sales first, of one member or of all."""
        whose, ids = self._whose("s", member)
        found = self._run(
            f"SELECT f.body FROM sale s JOIN fact f ON f.id = s.id {whose}ORDER BY s.number DESC LIMIT ?",
            (*ids, limit),
        ).fetchall()
        facts = (decode(body) for (body,) in found)
        return [fact for fact in facts if isinstance(fact, SaleCompleted)]

    def _whose(self, table: str, member: uuid.UUID | None) -> tuple[str, tuple[bytes, ...]]:
        """A condition on a table's member, and what it asks for: a member by every id that they have had."""
        if member is None:
            return "", ()
        kept = self._value("SELECT member FROM alias WHERE other = ?", (member.bytes,)) or member.bytes
        others = self._run("SELECT other FROM alias WHERE member = ?", (kept,)).fetchall()
        ids = (kept, *(other for (other,) in others))
        return f"WHERE {table}.member IN ({', '.join('?' * len(ids))}) ", ids

    def refund(self, id: uuid.UUID) -> SaleRefunded | None:
        fact = self.fact(id)
        return fact if isinstance(fact, SaleRefunded) else None

    def refund_by_number(self, number: int) -> SaleRefunded | None:
        """A refund of this till by the number on its slip."""
        id = self._value("SELECT id FROM refund WHERE number = ?", (number,))
        return None if id is None else self.refund(uuid.UUID(bytes=id))

    def recent_refunds(self, member: uuid.UUID | None = None, limit: int = 20) -> Sequence[SaleRefunded]:
        """The latest refunds first, of one member or of all."""
        whose, ids = self._whose("r", member)
        found = self._run(
            f"SELECT f.body FROM refund r JOIN fact f ON f.id = r.id {whose}ORDER BY r.number DESC LIMIT ?",
            (*ids, limit),
        ).fetchall()
        return _refunds(found)

    def refunds_of(self, sale: uuid.UUID) -> Sequence[SaleRefunded]:
        """What was refunded of a sale so far; few sales come back at all."""
        some = self._value("SELECT 1 FROM returned WHERE sale = ? LIMIT 1", (sale.bytes,))
        if some is None:
            return ()
        select = "SELECT f.body FROM refund r JOIN fact f ON f.id = r.id WHERE r.sale = ? ORDER BY r.number"
        return _refunds(self._run(select, (sale.bytes,)).fetchall())

    def returned(self, sale: uuid.UUID) -> dict[int, int]:
        """How much of each line of a sale came back so far, in thousandths."""
        found = self._run("SELECT line, qty_milli FROM returned WHERE sale = ?", (sale.bytes,))
        return dict(found.fetchall())

    def owner(self, sale: uuid.UUID) -> uuid.UUID | None:
        """Whose a sale is now: it may have been moved."""
        member = self._value("SELECT member FROM sale WHERE id = ?", (sale.bytes,))
        return None if member is None else uuid.UUID(bytes=member)

    def given(self, sale: uuid.UUID) -> SaleGivenTo | None:
        """The fact that gave a sale to whom it belongs now; None for one that stayed where it was."""
        id = self._value("SELECT given FROM sale WHERE id = ?", (sale.bytes,))
        fact = None if id is None else self.fact(uuid.UUID(bytes=id))
        return fact if isinstance(fact, SaleGivenTo) else None

    def corrected(self, sale: uuid.UUID) -> FiscalCorrected | None:
        """What registered a sale afterwards; None for one that was not corrected."""
        fact = self.fact(correction_id(sale))
        return fact if isinstance(fact, FiscalCorrected) else None

    def next_numbers(self) -> tuple[int, int]:
        """The next receipt number (sales and refunds share the series) and the next shift number."""
        row = self._run(
            "SELECT max((SELECT coalesce(max(number), 0) FROM sale), "
            "(SELECT coalesce(max(number), 0) FROM refund)) + 1, "
            "(SELECT coalesce(max(number), 0) + 1 FROM shift)"
        ).fetchone()
        return row[0], row[1]

    def parked(self) -> Sequence[tuple[int, bytes]]:
        found = self._run("SELECT slot, payload FROM basket WHERE slot > 0 ORDER BY slot").fetchall()
        return [(slot, payload) for slot, payload in found]

    def unknown_codes(self) -> Sequence[tuple[str, str, int, int, int]]:
        """Codes that were rung without an article: code, department, price, times, when last (ms)."""
        return self._run(
            "SELECT code, department, price_minor, times, last_ms FROM unknown_code ORDER BY last_ms DESC"
        ).fetchall()

    def exceptions(self, since_ms: int, limit: int) -> list[AnyFact]:
        """What was done by hand or given back since a moment, the latest first."""
        found = self._run(_EXCEPTIONS, (since_ms, limit)).fetchall()
        return [decode(body) for (body,) in found]

    # -- gift cards and codes ----------------------------------------------------------------------------

    def gift_card_minor(self, code: str) -> int | None:
        return self._value("SELECT balance_minor FROM gift_card WHERE code = ?", (code,))

    def code_used(self, code: str, member: uuid.UUID | None) -> tuple[int, int]:
        """How often a code was used here, by anyone and by this member under any of their ids."""
        row = self._run(
            "SELECT coalesce(sum(times), 0), coalesce(sum(CASE WHEN coalesce(a.member, c.member) = "
            "coalesce((SELECT member FROM alias WHERE other = :id), :id) THEN times END), 0) "
            "FROM code_use c LEFT JOIN alias a ON a.other = c.member WHERE c.code = :code",
            {"id": member.bytes if member else None, "code": code},
        ).fetchone()
        return row[0], row[1]

    def spent(self) -> Mapping[str, int]:
        """What budgets and stocks have given so far, by part (`app.ledger.budgets`), as is known here."""
        return read_spent(self._run) if self.tally is None else self.tally.spent

    # -- shifts ------------------------------------------------------------------------------------------

    def open_shift(self) -> Shift | None:
        row = self._run(f"{_SHIFT} WHERE closed_ms IS NULL ORDER BY number DESC LIMIT 1").fetchone()
        return None if row is None else rows.shift(row)

    def last_shift(self) -> Shift | None:
        """The shift closed last."""
        row = self._run(f"{_SHIFT} WHERE closed_ms IS NOT NULL ORDER BY number DESC LIMIT 1").fetchone()
        return None if row is None else rows.shift(row)

    def shift_figures(self, shift: uuid.UUID) -> ShiftFigures:
        """The figures of a shift so far, folded from its facts."""
        return fold(self._shift_facts(shift))

    def _shift_facts(self, shift: uuid.UUID) -> Iterator[AnyFact]:
        """From the fact that opened it to the one that closed it, or to the last written."""
        found = self._run(
            "SELECT kind, body FROM fact WHERE rowid >= "
            "(SELECT f.rowid FROM shift s JOIN fact f ON f.id = s.opened WHERE s.id = ?) ORDER BY rowid",
            (shift.bytes,),
        )
        for kind, body in found:
            yield decode(body)
            if kind == "shift_closed":
                return

    def expected_cash_minor(self, shift: Shift) -> int:
        """What should be in the drawer."""
        return self.shift_figures(shift.id).expected_minor


def _refunds(found: Iterable[tuple[bytes]]) -> list[SaleRefunded]:
    facts = (decode(body) for (body,) in found)
    return [fact for fact in facts if isinstance(fact, SaleRefunded)]
