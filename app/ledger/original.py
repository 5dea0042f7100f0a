"""The decision behind a sale, made again from its fact: what a refund is worked out from.

The fact holds all of it that a refund needs; explanations and what only the moment knew are gone. Deposits
are no goods: they come back by themselves, at their price.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

import msgspec

from app.ledger.facts import SaleCompleted, SoldLine
from app.loyalty.basket import WEIGHED_TAG
from app.loyalty.decision import DecidedLine, Decision, Discount, LinePoints, LineStamps, Owed, Points
from app.loyalty.effects import AnyEffect, BudgetSpent
from app.values import QTY_MILLI

DEPOSIT: Final = "deposit"


def is_deposit(line: SoldLine) -> bool:
    """A deposit taken or given back, whether tagged or (an empty bottle) known by its negative price."""
    return line.apart == DEPOSIT or line.net_minor < 0


def is_weighed(line: SoldLine) -> bool:
    """Sold by weight, whatever it weighed; a fact older than the tag is known by its fraction alone."""
    return WEIGHED_TAG in line.tags or line.qty_milli % QTY_MILLI != 0


def decision_of(sale: SaleCompleted) -> Decision:
    """The sale's decision as far as a refund asks for it."""
    programme, _, version = sale.programme.rpartition("@")
    goods = tuple(line for line in sale.lines if not is_deposit(line))
    delivery = tuple(line for line in goods if line.apart == "delivery")
    delivery_minor = sum(line.gross_minor for line in delivery)
    gross_minor = sum(line.gross_minor for line in goods)
    net_minor = sum(line.net_minor for line in goods)
    cards = tuple(Owed(t.reference, t.amount_minor) for t in sale.tenders if t.means == "gift_card")
    return Decision(
        programme=programme,
        version=int(version) if version.isdigit() else 0,
        at_ms=sale.at_ms,
        lines=tuple(_decided(line) for line in goods),
        goods_minor=gross_minor - delivery_minor,
        delivery_minor=delivery_minor,
        delivery_lines=tuple(str(line.line) for line in delivery),
        discount_minor=gross_minor - net_minor,
        total_minor=net_minor,
        gift_cards=cards,
        due_minor=net_minor - sale.points_minor - sum(card.amount_minor for card in cards),
        points=Points(spent_value_minor=sale.points_minor),
        effects=sale.effects,
    )


def moved(original: Decision, effects: Iterable[AnyEffect]) -> Decision:
    """The decision of a sale that was given to another member, by what it did to them: all by value.

    Its prices stand, and so do the budgets that paid for its discounts. The goods were priced in parts
    (`1.0`, `1.1` of line 1): what a part did, its line did.
    """
    theirs = (
        msgspec.structs.replace(effect, line=line.partition(".")[0])
        if (line := getattr(effect, "line", ""))
        else effect
        for effect in effects
    )
    lines = tuple(
        DecidedLine(line.id, line.qty_milli, line.gross_minor, line.net_minor, line.tax, line.discounts)
        for line in original.lines
    )
    return msgspec.structs.replace(original, lines=lines, effects=(*discount_budgets(original), *theirs))


def discount_budgets(decision: Decision) -> tuple[BudgetSpent, ...]:
    """What budgets paid for a sale's discounts, whoever's it is; what they paid in points is not among it."""
    off: Counter[str] = Counter()
    for line in decision.lines:
        for each in line.discounts:
            off[each.rule] += each.amount_minor
    spent = [effect for effect in decision.effects if isinstance(effect, BudgetSpent)]
    # Points are charged before discounts: of two equal amounts of a rule the last is the discount's.
    return tuple({each.rule: each for each in spent if off[each.rule] == each.amount_minor}.values())


def _decided(line: SoldLine) -> DecidedLine:
    return DecidedLine(
        str(line.line),
        line.qty_milli,
        line.gross_minor,
        line.net_minor,
        line.tax,
        tuple(Discount(each.rule, each.amount_minor) for each in line.discounts),
        line.points_minor,
        tuple(LinePoints(each.rule, each.amount_centi) for each in line.earned),
        tuple(LineStamps(each.rule, each.delta) for each in line.stamps),
    )
