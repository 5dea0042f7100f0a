"""A till that works at random until it is killed, and says what it was told is done: FOLDER SEED."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from random import Random

from app.checkout.basket import Manual, Stage
from app.checkout.outcome import Outcome
from app.lanes import FixedWorld
from tests.support.shop import NOON_MS, Desk

CODES = ("5901234000161", "5901234000178", "5901234000062", "5901234000185")
UIDS = ("04A1B2C3D4E5F6", "04B1B2C3D4E5F6")


class Busy:
    def __init__(self, folder: Path, seed: int) -> None:
        self.rng = Random(seed)
        self.desk = Desk(folder, world=FixedWorld(NOON_MS + seed * 3_600_000, seed))
        self.till = self.desk.till

    def heard(self, outcome: Outcome) -> None:
        """Durable from here on: whoever reads this may rely on it."""
        sys.stdout.write(json.dumps([outcome.code, outcome.values]) + "\n")
        sys.stdout.flush()

    def work(self) -> None:
        acts = (
            self.sell,
            self.sell,
            self.refund,
            self.park,
            self.resume,
            self.drawer,
            self.exchange,
            self.move,
        )
        while True:
            self.desk.world.ms += 1000
            if self.till.sale.stage is Stage.TENDERED:
                self.till.settle_terminal(charged=self.rng.random() < 0.8, answer=self.heard)
            self.rng.choice(acts)()

    def ring(self) -> None:
        if self.rng.random() < 0.5:
            self.till.tap(self.rng.choice(UIDS))
        for _ in range(self.rng.randint(1, 4)):
            self.till.scan(self.rng.choice(CODES))
        if self.rng.random() < 0.3:
            self.till.redeem("max")
        if self.rng.random() < 0.2:
            self.till.adjusting.discount_sale(Manual(percent_centi=5_00, reason="test"))

    def pay(self) -> None:
        if self.rng.random() < 0.4 and self.till.due_minor > 2:
            part = self.rng.randint(1, self.till.due_minor - 1)
            if self.rng.random() < 0.5:
                self.till.tender_cash(part, self.heard)
            else:
                self.till.ask_terminal(self.heard, part)
                self.till.settle_terminal(charged=self.rng.random() < 0.7, answer=self.heard)
        self.till.pay_cash(max(0, self.till.due_minor), self.heard)

    def sell(self) -> None:
        self.ring()
        self.pay()

    def some_return(self) -> tuple[int, dict[int, int]] | None:
        sales = self.till.refunds.latest(limit=5)
        if not sales:
            return None
        at = self.rng.randrange(len(sales))
        whole = self.till.refunds.returnable(sales[at]).whole
        return (at, {k: self.rng.randint(1, v // 1000) * 1000 for k, v in whole.items()}) if whole else None

    def refund(self) -> None:
        if (found := self.some_return()) is not None:
            sale = self.till.refunds.latest(limit=5)[found[0]]
            self.till.refunds.refund(sale.id, found[1], self.rng.choice(["cash", "card"]), answer=self.heard)

    def exchange(self) -> None:
        if (found := self.some_return()) is not None:
            self.ring()
            self.till.exchanges.exchange(self.till.refunds.latest(limit=5)[found[0]].id, found[1])
            self.pay()

    def park(self) -> None:
        self.ring()
        self.till.parking.park(str(self.rng.randint(0, 999)), self.heard)

    def resume(self) -> None:
        for parked in self.till.parking.list[:1]:
            self.till.parking.resume(parked.slot, self.heard)
            self.pay()

    def drawer(self) -> None:
        self.till.drawer.pay_in(self.rng.randint(1, 50_00), reason="test", answer=self.heard)

    def move(self) -> None:
        for sale in self.till.refunds.latest(limit=1):
            to = self.desk.member(f"uid:{self.rng.choice(UIDS)}")
            self.till.moving.move(sale.id, to, reason="test", answer=self.heard)


if __name__ == "__main__":
    Busy(Path(sys.argv[1]), int(sys.argv[2])).work()
