"""What leaves the basket before it is paid for: a fact each time, whichever act took it out."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

from app.checkout.basket import OpenLine, OpenSale
from app.ledger.facts import GoodsOut, LineVoided, SaleAbandoned
from app.values import line_gross

Why = Literal["void", "quantity", "undo", "age"]


class Answering(NamedTuple):
    """Who answers for what is taken out, in which shift, when; and where its facts get their ids."""

    cashier: str
    shift: uuid.UUID | None
    at_ms: int
    new_id: Callable[[], uuid.UUID]


def voided(before: OpenSale, after: OpenSale, why: Why, who: Answering) -> Iterator[LineVoided]:
    """A fact for each line of which `after` holds less; undone, also for what came back, below zero."""
    for out in _taken_out(before, after, undone=why == "undo"):
        yield LineVoided(
            id=who.new_id(),
            at_ms=who.at_ms,
            sale=after.id,
            shift=who.shift,
            cashier=who.cashier,
            line=out.line,
            sku=out.sku,
            name=out.name,
            qty_milli=out.qty_milli,
            amount_minor=out.amount_minor,
            why=why,
        )


def abandoned(
    sale: OpenSale, who: Answering, *, reason: str = "", approved_by: str = "", undone: bool = False
) -> tuple[SaleAbandoned, ...]:
    """The fact of a basket given up, or brought back by undo; none for one without goods."""
    if not sale.lines:
        return ()
    sign = -1 if undone else 1
    lines = tuple(_goods(line, sign * line.qty_milli) for line in sale.lines)
    fact = SaleAbandoned(
        id=who.new_id(),
        at_ms=who.at_ms,
        sale=sale.id,
        shift=who.shift,
        cashier=who.cashier,
        lines=lines,
        amount_minor=sum(line.amount_minor for line in lines),
        reason=reason,
        approved_by=approved_by,
    )
    return (fact,)


def _taken_out(before: OpenSale, after: OpenSale, *, undone: bool) -> Iterator[GoodsOut]:
    # Most lines are the very same in both: of two hundred, one or two are compared.
    there, were = set(map(id, after.lines)), set(map(id, before.lines))
    now = {(line.key, line.sku): line for line in after.lines if id(line) not in were}
    for line in before.lines:
        if id(line) in there:
            continue
        left = now.pop((line.key, line.sku), None)
        qty_milli = line.qty_milli - (left.qty_milli if left else 0)
        if qty_milli > 0 or (undone and qty_milli < 0):
            yield _goods(line, qty_milli)
    if undone:
        for line in now.values():
            yield _goods(line, -line.qty_milli)


def _goods(line: OpenLine, qty_milli: int) -> GoodsOut:
    worth_minor = line_gross(line.price_minor, abs(qty_milli))
    return GoodsOut(line.key, line.sku, line.name, qty_milli, worth_minor if qty_milli > 0 else -worth_minor)
