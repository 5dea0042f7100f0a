"""Selling baskets of the past through the till itself, on the baskets' own clock.

Nothing is a shortcut: every line is rung, every basket priced and kept, every sale paid in cash and written
with its paper and fact. Only the clock and the hand that scans are replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from app.checkout.outcome import Outcome
from app.checkout.ports import Product
from app.checkout.till import Till
from app.checkout.writing import local_day
from app.lanes import FixedWorld
from app.values import QTY_MILLI
from hardware.ports import CardProof


class PastLine(NamedTuple):
    """A line as it was sold: `amount_minor` in all, for `pieces` pieces."""

    sku: str
    name: str
    category: str
    brand: str
    pieces: int
    amount_minor: int


class PastBasket(NamedTuple):
    """A basket of the past; `member` names the customer in the data set, empty for nobody."""

    at_ms: int
    member: str
    lines: tuple[PastLine, ...]


@dataclass(slots=True)
class Replayed:
    """What came of a replay."""

    sales: int = 0
    lines: int = 0
    members: int = 0
    days: list[str] = field(default_factory=lambda: list[str]())


class ReplayProblem(Exception):
    """The till refused an act that a replay never does wrong: a bug."""


def replay(
    till: Till,
    world: FixedWorld,
    baskets: Iterable[PastBasket],
    progress: Callable[[int], None] | None = None,
) -> Replayed:
    """Sell baskets in order of time. The till's journal must write inline, and its world be `world`.

    A shift is opened for each business day; a customer seen first is enrolled with a card of their number.
    """
    done = Replayed()
    known: set[str] = set()
    for basket in baskets:
        world.ms = max(world.ms, basket.at_ms)
        _change_shift(till, world, done)
        if basket.member and basket.member not in known:
            known.add(basket.member)
            done.members += _present(till, basket.member)
        elif basket.member:
            _expect(till.present_card(f"code:{basket.member}", CardProof.COPYABLE))
        for line in basket.lines:
            _expect(_ring(till, line))
        till.pay_cash(till.due_minor, _expect)
        done.sales += 1
        done.lines += len(basket.lines)
        if progress is not None:
            progress(done.sales)
    return done


def _change_shift(till: Till, world: FixedWorld, done: Replayed) -> None:
    day = local_day(world.ms, till.shop.time_zone)
    if till.shift is not None and till.shift.business_day == day:
        return
    if till.shift is not None:
        till.close_shift(0, 0, _expect)
    till.open_shift("replay", answer=_expect)
    done.days.append(day)


def _present(till: Till, member: str) -> int:
    """Enrol a customer, or find them if an earlier replay did; 1 if enrolled."""
    if not till.present_card(f"code:{member}", CardProof.COPYABLE).refused:
        return 0
    till.enrol(f"Household {member}", "", card=f"code:{member}", answer=_expect)
    return 1


def _ring(till: Till, line: PastLine) -> Outcome:
    """Ring a past line so that it costs what it cost, to the minor unit.

    Where the amount does not divide by the pieces (fuel, weights), the line is one piece of that price.
    """
    pieces = line.pieces
    if not 0 < pieces <= 9_999 or line.amount_minor % pieces:
        pieces = 1
    product = Product(
        sku=line.sku,
        name=line.name,
        category=line.category,
        brand=line.brand,
        price_minor=line.amount_minor // pieces,
    )
    return till.ring(product, pieces * QTY_MILLI)


def _expect(outcome: Outcome) -> None:
    if outcome.refused:
        raise ReplayProblem(f"{outcome.code} {outcome.values}")
