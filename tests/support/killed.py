"""What must hold of a till that died in the middle of whatever it did."""

from __future__ import annotations

from collections import Counter
from typing import Any

from app.checkout.basket import Stage
from app.ledger.facts import CashMoved, SaleCompleted, SaleRefunded, SaleTendered, SaleVoided
from tests.support.shop import Desk

Heard = list[tuple[str, dict[str, Any]]]
"""What the till was told is done, as outcomes' codes and values."""


def check(desk: Desk, heard: Heard) -> None:
    facts = desk.facts()
    sales = {fact.id: fact for fact in facts if isinstance(fact, SaleCompleted)}
    refunds = [fact for fact in facts if isinstance(fact, SaleRefunded)]
    by_number = sorted(fact.number for fact in (*sales.values(), *refunds))
    assert by_number == list(range(1, len(by_number) + 1)), "one series, gapless"
    told = {int(values["number"]) for code, values in heard if code in ("sold", "refunded")}
    assert told <= set(by_number), "what was answered is there"
    moved_in = [fact.amount_minor for fact in facts if isinstance(fact, CashMoved)]
    assert not Counter(v["amount_minor"] for code, v in heard if code == "paid_in") - Counter(moved_in)
    for fact in (*sales.values(), *refunds):
        paid = sum(tender.amount_minor for tender in fact.tenders)
        assert fact.total_minor - fact.points_minor == paid + fact.rounding_minor
    back: Counter[tuple[object, int]] = Counter()
    for refund in refunds:
        for line in refund.lines:
            back[refund.sale, line.line] += line.qty_milli
    for (sale, number), qty_milli in back.items():
        line = next(line for line in sales[sale].lines if line.line == number)  # type: ignore[index]
        assert qty_milli <= line.qty_milli, "never more than was sold"
    exchanged = [fact.exchange for fact in refunds if fact.exchange is not None]
    assert all(sale in sales for sale in exchanged), "both or neither"
    _nothing_asked_is_forgotten(desk)
    assert desk.database.writer.check()[1] == []


def _nothing_asked_is_forgotten(desk: Desk) -> None:
    """The last thing asked of the terminal is settled, or the till still asks about it."""
    facts = desk.facts()
    last = max((n for n, fact in enumerate(facts) if isinstance(fact, SaleTendered)), default=None)
    if last is None or desk.till.sale.stage is Stage.TENDERED:
        return
    asked = facts[last]
    assert isinstance(asked, SaleTendered)
    after = facts[last + 1 :]
    voided = any(isinstance(fact, SaleVoided) and fact.sale == asked.sale for fact in after)
    completed = any(isinstance(fact, SaleCompleted) and fact.id == asked.sale for fact in after)
    charged = desk.till.sale.id == asked.sale and any(t.means == "card" for t in desk.till.sale.tenders)
    assert voided or completed or charged
