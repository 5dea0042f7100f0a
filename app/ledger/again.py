"""A sale priced again from its fact, and what came out otherwise than it was recorded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from app.ledger.basis import Basis
from app.ledger.facts import SaleCompleted, SoldLine
from app.ledger.inputs import context_from
from app.loyalty.basket import Basket, Birthday, Context, Line
from app.loyalty.decision import DecidedLine, Decision
from app.loyalty.effects import PointsEarned, PointsSpent
from app.loyalty.engine import Compiled, evaluate
from app.loyalty.manual import MANUAL
from app.loyalty.state import MemberState

_encode: Final = msgspec.json.Encoder(order="deterministic").encode


class Difference(msgspec.Struct, frozen=True):
    """A figure that came out otherwise: `what` names it, `line` is 0 for the whole sale. `expected` and
    `recorded` are as JSON has them."""

    what: str
    line: int
    expected: Any
    recorded: Any


def basket_of(sale: SaleCompleted) -> Basket:
    """The goods of a sale as the engine saw them, the cashier's own discounts included."""
    return Basket(tuple(_line(line) for line in sale.lines))


def context_of(sale: SaleCompleted, basis: Basis, birthday: Birthday | None = None) -> Context:
    """The context that a sale was priced in."""
    member = str(sale.member) if sale.member else ""
    return context_from(basis, sale_id=str(sale.id), member_id=member, sold_ms=sale.at_ms, birthday=birthday)


def price_again(
    sale: SaleCompleted, compiled: Compiled, state: MemberState | None, context: Context
) -> Decision:
    """What the engine makes of a sale from a state."""
    return evaluate(compiled, state, basket_of(sale), context)


def differences(sale: SaleCompleted, decision: Decision) -> Iterator[Difference]:
    """Where a sale is not what was decided; nothing for one that is."""
    wholes = (
        ("goods_minor", decision.goods_minor + decision.delivery_minor, sale.goods_minor),
        ("discount_minor", decision.discount_minor, sale.discount_minor),
        ("total_minor", decision.total_minor, sale.total_minor),
        ("points_minor", decision.points.spent_value_minor, sale.points_minor),
        ("gift_cards", _gift_cards(decision), _gift_cards_of(sale)),
        ("effects", _plain(decision.effects), _plain(sale.effects)),
    )
    for what, expected, recorded in wholes:
        if expected != recorded:
            yield Difference(what, 0, expected, recorded)
    decided = {line.id: line for line in decision.lines}
    for line in sale.lines:
        found = decided.get(str(line.line))
        if found is None:
            yield Difference("line", line.line, None, line.sku)
        else:
            yield from _of_line(line, found)


def given_minor(sale: SaleCompleted, decision: Decision) -> int:
    """How much less was asked in money for a sale than was decided: above zero, the shop gave too much."""
    return decision.total_minor - decision.points.spent_value_minor - (sale.total_minor - sale.points_minor)


def given_centi(sale: SaleCompleted, decision: Decision) -> int:
    """How many points more a sale left with the member than was decided."""
    return _points_centi(sale.effects) - _points_centi(decision.effects)


def _line(line: SoldLine) -> Line:
    apart = (line.apart,) if line.apart else ()
    return Line(
        id=str(line.line),
        sku=line.sku,
        category=line.category,
        qty_milli=line.qty_milli,
        unit_price_minor=line.price_minor,
        name=line.name,
        brand=line.brand,
        tags=(*apart, *line.tags),
        manual_minor=sum(off.amount_minor for off in line.discounts if off.rule == MANUAL),
        tax=line.tax,
    )


def _of_line(line: SoldLine, decided: DecidedLine) -> Iterator[Difference]:
    figures = (
        ("gross_minor", decided.gross_minor, line.gross_minor),
        ("net_minor", decided.net_minor, line.net_minor),
        ("points_minor", decided.points_minor, line.points_minor),
        (
            "discounts",
            [[off.rule, off.amount_minor] for off in decided.discounts],
            [[off.rule, off.amount_minor] for off in line.discounts],
        ),
        (
            "earned",
            [[each.rule, each.amount_centi] for each in decided.earned],
            [[each.rule, each.amount_centi] for each in line.earned],
        ),
        (
            "stamps",
            [[each.rule, each.delta] for each in decided.stamps],
            [[each.rule, each.delta] for each in line.stamps],
        ),
    )
    for what, expected, recorded in figures:
        if expected != recorded:
            yield Difference(what, line.line, expected, recorded)


def _gift_cards(decision: Decision) -> list[list[Any]]:
    return [[owed.code, owed.amount_minor] for owed in decision.gift_cards]


def _gift_cards_of(sale: SaleCompleted) -> list[list[Any]]:
    return [[paid.reference, paid.amount_minor] for paid in sale.tenders if paid.means == "gift_card"]


def _plain(effects: Any) -> Any:
    return msgspec.json.decode(_encode(effects))


def _points_centi(effects: Any) -> int:
    earned = sum(each.lot.amount_centi for each in effects if isinstance(each, PointsEarned))
    return earned - sum(each.amount_centi for each in effects if isinstance(each, PointsSpent))
