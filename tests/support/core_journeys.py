"""The core journeys as steps between which anything may go wrong, and what must be so at the end of each."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from app.ledger import facts
from tests.support.counter import COFFEE, KEY, LATTE, MILK, NOBODY, Counter

Step = Callable[[Counter], Any]


class Journey(NamedTuple):
    """Each step begins where the till rings up, and is done when it returns."""

    steps: tuple[Step, ...]
    done: Callable[[Counter], bool]


def _scan(*codes: str) -> Step:
    return lambda counter: counter.scan(*codes)


def _pay(amount: str) -> Step:
    return lambda counter: counter.pay_cash(amount)


def _card(counter: Counter) -> None:
    counter.press(KEY.Key_F12)
    counter.press(KEY.Key_F9)
    counter.click(counter.panel.yes)


def _park(counter: Counter) -> None:
    counter.press(KEY.Key_F7)
    counter.enter("pram")


def _resume(counter: Counter) -> None:
    counter.press(KEY.Key_Escape)
    counter.press(KEY.Key_F7)
    counter.row()


def _enrol(counter: Counter) -> None:
    counter.press(KEY.Key_F4)
    counter.enter("+48601200300")
    counter.type("Ewa")
    counter.tap(NOBODY)
    counter.button("yes")


def _give_back(counter: Counter) -> None:
    counter.press(KEY.Key_F8)
    counter.row()
    counter.choice("all")
    counter.button("yes")


def _spend(counter: Counter) -> None:
    counter.click(counter.sale.member.cards.spend.button)


def _part(counter: Counter) -> None:
    counter.press(KEY.Key_F12)
    counter.enter("10")
    counter.press(KEY.Key_Escape)


def _close_shift(counter: Counter) -> None:
    counter.press(KEY.Key_Escape)
    counter.tool("shift")
    counter.button("close")
    counter.enter("12")


def _sold(total_minor: int) -> Callable[[Counter], bool]:
    return lambda counter: [sale.total_minor for sale in counter.sales()] == [total_minor]


def _void(counter: Counter) -> None:
    counter.press(KEY.Key_Delete)


def _empty(counter: Counter) -> None:
    counter.tool("clear")


def _copy(counter: Counter) -> None:
    counter.press(KEY.Key_Escape)
    counter.tool("history")
    counter.row()
    counter.button("copy")


def _left_unpaid(counter: Counter) -> list[int]:
    """What was taken out of baskets, by fact."""
    return [
        fact.amount_minor
        for kind in (facts.LineVoided, facts.SaleAbandoned)
        for fact in counter.of_kind(kind)
    ]


CORE: Final = {
    "cash": Journey((_scan(LATTE), _scan(MILK), _pay("20")), _sold(18_49)),
    "member": Journey(
        (lambda c: c.member(), _scan(COFFEE), _spend, _pay("50")),
        lambda c: len(c.sales()) == 1 and c.sales()[0].points_minor > 0,
    ),
    "card": Journey((_scan(COFFEE), _scan(LATTE), _card), _sold(30_90)),
    "parts": Journey((_scan(COFFEE), _part, _card), _sold(18_90)),
    "parked": Journey(
        (_scan(COFFEE), _park, _scan(LATTE), _pay("12"), _resume, _pay("20")),
        lambda c: [sale.total_minor for sale in c.sales()] == [12_00, 18_90],
    ),
    "enrolled": Journey(
        (_scan(LATTE), _enrol, _pay("12")),
        lambda c: len(c.of_kind(facts.MemberEnrolled)) == 4 and c.sales()[0].member is not None,
    ),
    "refunded": Journey(
        (_scan(COFFEE, COFFEE), _pay("50"), _give_back),
        lambda c: [back.total_minor for back in c.of_kind(facts.SaleRefunded)] == [37_80],
    ),
    "voided": Journey(
        (_scan(LATTE), _scan(COFFEE), _void, _pay("20")),
        lambda c: _sold(12_00)(c) and _left_unpaid(c) == [18_90],
    ),
    "emptied": Journey(
        (_scan(LATTE), _empty, _scan(MILK), _pay("20")),
        lambda c: _sold(6_49)(c) and _left_unpaid(c) == [12_00],
    ),
    "copied": Journey(
        (_scan(COFFEE, COFFEE), _pay("50"), _give_back, _copy),
        lambda c: [act.act for act in c.of_kind(facts.Privileged)] == ["reprint"],
    ),
    "closed": Journey(
        (_scan(LATTE), _pay("12"), _close_shift),
        lambda c: [z.counted_minor for z in c.of_kind(facts.ShiftClosed)] == [12_00],
    ),
}


def play(counter: Counter, journey: Journey, *, kill: int | None) -> None:
    """Play it, the till killed before the step of that number; at the end everything is there, once."""
    for number, step in enumerate(journey.steps):
        if number == kill:
            counter.kill()
        step(counter)
    counter.settled()
    assert journey.done(counter), counter.facts()
    counter.printed()
    counter.adds_up()


def some_step(name: str, seed: int) -> int:
    """A step to kill before, the same at every run."""
    return random.Random(f"{name}/{seed}").randrange(len(CORE[name].steps))
