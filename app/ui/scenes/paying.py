"""Taking money, and giving back what a card has paid already."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from app.ui.scenes.selling import selling
from app.ui.scenes.stage import Stage
from hardware.ports import ChargeResult
from hardware.simulated.terminal import Mood, SimulatedTerminal


def paying(stage: Stage) -> None:
    selling(stage)
    stage.sale.spend_points(True)
    stage.sale.pay()
    for key in "100":
        stage.sale.key(key)


def paying_in_parts(stage: Stage) -> None:
    """Points, a part in cash, a part by card, and the rest being typed."""
    selling(stage)
    stage.sale.spend_points(True)
    stage.sale.pay()
    stage.type("20")
    stage.sale.take()
    stage.type("30,5")
    stage.sale.pay_by_card()
    stage.sale.answer(True)
    stage.type("5")


def charging(stage: Stage) -> None:
    selling(stage)
    stage.sale.pay()
    stage.sale.pay_by_card()


def waiting(stage: Stage) -> None:
    """The terminal on a cable is at it."""
    terminal = stage.till.outside.terminal = Cabled()
    terminal.silent = True
    charging(stage)


def giving_back(stage: Stage) -> None:
    """The part that a card paid is taken back: the terminal beside the till has to give it back first."""
    paying_in_parts(stage)
    stage.sale.pick(_card(stage))


class Cabled:
    """A terminal on a cable that answers at once, or never."""

    manual = False

    def __init__(self) -> None:
        self.driver = SimulatedTerminal()
        self.silent = False

    def pay(
        self, request: str, amount_minor: int, currency: str, answer: Callable[[ChargeResult], None]
    ) -> None:
        if not self.silent:
            answer(self.driver.pay(request, amount_minor, currency))

    def reverse(
        self, request: str, of: str, amount_minor: int, currency: str, answer: Callable[[ChargeResult], None]
    ) -> None:
        if not self.silent:
            answer(self.driver.reverse(request, of, amount_minor, currency))

    def ask(self, request: str, answer: Callable[[ChargeResult], None]) -> None:
        answer(self.driver.ask(request))

    def settle(self, answer: Callable[[ChargeResult], None]) -> None:
        answer(self.driver.settle())


def in_doubt(stage: Stage) -> None:
    """A terminal on a cable was cut off while it gave a card's part back, and cannot be asked."""
    terminal = stage.till.outside.terminal = Cabled()
    selling(stage)
    stage.sale.pay()
    stage.type("30,5")
    stage.sale.pay_by_card()
    terminal.driver.mood, terminal.driver.answers = Mood.CUT_AFTER, False
    stage.sale.pick(_card(stage))
    stage.sale.pick(_card(stage))


def _card(stage: Stage) -> str:
    return next(each.key for each in stage.till.tenders if each.means == "card")


def paid(stage: Stage) -> None:
    paying(stage)
    stage.sale.take()


SCENES: Final[dict[str, Callable[[Stage], None]]] = {
    "paying": paying,
    "paying-in-parts": paying_in_parts,
    "charging": charging,
    "waiting": waiting,
    "giving-back": giving_back,
    "in-doubt": in_doubt,
    "paid": paid,
}
