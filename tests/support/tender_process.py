"""A till that kills itself (SIGKILL) at a named step of a sale, over the real store: run as a process.

`python -m tests.support.tender_process FOLDER BOOKS STEP MEANS`: sells one latte, for cash or by card.
Terminal and fiscal device keep their books in BOOKS, since they outlive a till.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from app.checkout.outside import Outside
from app.checkout.ports import Done, Inline, Work
from app.lanes import FixedWorld
from app.ledger.facts import SaleCompleted, SaleTendered
from hardware.ports import ChargeResult, FiscalDocument, FiscalResult
from hardware.simulated.fiscal import SimulatedFiscal
from hardware.simulated.terminal import SimulatedTerminal
from tests.support.outside import DirectFiscal, DirectTerminal
from tests.support.shop import NOON_MS, Desk

LATTE = "5901234000062"
STEPS = {
    "cash": (
        "before_tendered", "tendered", "fiscal_asked", "fiscal_done", "before_completed", "completed",
    ),
    "card": (
        "before_tendered", "tendered", "terminal_asked", "terminal_done", "fiscal_asked", "fiscal_done",
        "before_completed", "completed",
    ),
}  # fmt: skip


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Dying(Inline):
    """A journal that dies before or after the write of a kind of fact."""

    step = ""

    def write(self, work: Work, done: Done) -> None:
        kinds = {type(fact) for fact in work.facts}
        if self.step == "before_tendered" and SaleTendered in kinds:
            die()
        if self.step == "before_completed" and SaleCompleted in kinds:
            die()

        def after(error: BaseException | None) -> None:
            if error is None and self.step == "tendered" and SaleTendered in kinds:
                die()
            if error is None and self.step == "completed" and SaleCompleted in kinds:
                die()
            done(error)

        super().write(work, after)


class DyingTerminal(SimulatedTerminal):
    step = ""

    def pay(self, request: str, amount_minor: int, currency: str) -> ChargeResult:
        if self.step == "terminal_asked":
            die()
        result = super().pay(request, amount_minor, currency)
        if self.step == "terminal_done":
            die()
        return result


class DyingFiscal(SimulatedFiscal):
    step = ""

    def register(self, document: FiscalDocument) -> FiscalResult:
        if self.step == "fiscal_asked":
            die()
        result = super().register(document)
        if self.step == "fiscal_done":
            die()
        return result


def open_till(folder: Path, books: Path) -> tuple[Desk, DyingTerminal, DyingFiscal, list[str]]:
    """The shop's till with its devices, and what was heard of them when it had asked what was open."""
    # Ids of two processes must differ, as those of a real world do.
    desk = Desk(folder, world=FixedWorld(NOON_MS, seed=os.getpid()), outside=Outside(must_register=True))
    terminal = DyingTerminal(books / "terminal.json")
    fiscal = DyingFiscal(file=books / "fiscal.json", world=desk.world)
    heard: list[str] = []
    desk.till.outside.terminal, desk.till.outside.fiscal = DirectTerminal(terminal), DirectFiscal(fiscal)
    desk.till.outside.heard = lambda outcome: heard.append(outcome.code)
    desk.till.resume()
    return desk, terminal, fiscal, heard


def main() -> None:
    folder, books, step, means = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]
    desk, terminal, fiscal, _ = open_till(folder, books)
    journal = Dying(desk.database.write)
    desk.till.heart.journal = journal
    terminal.step = fiscal.step = journal.step = step
    desk.till.scan(LATTE)
    if means == "card":
        desk.till.ask_terminal()
    else:
        desk.till.pay_cash(20_00)
    raise SystemExit(f"it was to die at {step}, and did not")


if __name__ == "__main__":
    main()
