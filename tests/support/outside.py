"""Terminal and fiscal device joined to a till in one thread; each doubt is asked about at once.

`Counter` is a till on a real store with either, both or none of them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from app.checkout.outcome import Outcome
from app.checkout.outside import Charged, Outside, Registered
from app.ledger.facts import AnyFact, SaleCompleted, decode
from hardware.fiscal.lane import FiscalLane
from hardware.ports import (
    ChargeOutcome,
    FiscalAbilities,
    FiscalDevice,
    FiscalDocument,
    FiscalOutcome,
    FiscalResult,
    PaymentTerminal,
)
from hardware.simulated.fiscal import SimulatedFiscal
from hardware.simulated.terminal import SimulatedTerminal
from tests.support.shop import Desk

LATTE, COFFEE = "5901234000062", "5901234000161"


class Held:
    """Answers that come when they are let go, so that a test can look in between."""

    def __init__(self) -> None:
        self.holding = False
        self._waiting: list[Callable[[], None]] = []

    def come(self, answer: Callable[[], None]) -> None:
        if self.holding:
            self._waiting.append(answer)
        else:
            answer()

    def let_go(self) -> None:
        waiting, self._waiting = self._waiting, []
        for answer in waiting:
            answer()


class DirectTerminal(Held):
    """`app.checkout.outside.Terminal` over a driver, without a lane."""

    def __init__(self, terminal: PaymentTerminal) -> None:
        super().__init__()
        self.driver = terminal

    @property
    def manual(self) -> bool:
        return self.driver.manual

    def pay(self, request: str, amount_minor: int, currency: str, answer: Charged) -> None:
        result = self.driver.pay(request, amount_minor, currency)
        if result.outcome is ChargeOutcome.UNKNOWN:
            result = self.driver.ask(request)
        self.come(lambda: answer(result))

    def reverse(self, request: str, of: str, amount_minor: int, currency: str, answer: Charged) -> None:
        result = self.driver.reverse(request, of, amount_minor, currency)
        if result.outcome is ChargeOutcome.UNKNOWN:
            result = self.driver.ask(request)
        self.come(lambda: answer(result))

    def ask(self, request: str, answer: Charged) -> None:
        result = self.driver.ask(request)
        self.come(lambda: answer(result))

    def settle(self, answer: Charged) -> None:
        result = self.driver.settle()
        self.come(lambda: answer(result))


class DirectFiscal(Held):
    """`app.checkout.outside.Fiscal` over a driver, without a lane."""

    def __init__(self, device: FiscalDevice) -> None:
        super().__init__()
        self.driver = device
        self._lane = FiscalLane(device)

    @property
    def abilities(self) -> FiscalAbilities:
        return self.driver.abilities

    def register(self, document: FiscalDocument, answer: Registered) -> None:
        result = self.driver.register(document)
        if result.outcome is FiscalOutcome.UNKNOWN:
            result = self._look(document.request)
        self.come(lambda: answer(result))

    def resolve(self, request: str, answer: Registered) -> None:
        result = self._look(request)
        self.come(lambda: answer(result))

    def open_shift(self, cashier: str, answer: Registered) -> None:
        result = self.driver.open_shift(cashier)
        self.come(lambda: answer(result))

    def close_shift(self, cashier: str, answer: Registered) -> None:
        result = self.driver.close_shift(cashier)
        self.come(lambda: answer(result))

    def _look(self, request: str) -> FiscalResult:
        # The lane's own judgement of the last document, made here.
        return self._lane._look(request)


class Counter:
    """A till with whatever of terminal and fiscal device a test wants, and all that it heard."""

    def __init__(self, folder: Path, *, fiscal: bool = False, terminal: bool = True) -> None:
        self.pos = SimulatedTerminal()
        self.register = SimulatedFiscal()
        self.fiscal = fiscal
        self.heard: list[Outcome] = []
        self.desk = Desk(folder, outside=Outside(must_register=fiscal))
        self.terminal = DirectTerminal(self.pos)
        self.device = DirectFiscal(self.register)
        self.cabled = terminal
        self.join()
        self.desk.stock()

    def join(self) -> None:
        outside = self.desk.till.outside
        outside.heard = self.heard.append
        outside.terminal = self.terminal if self.cabled else None
        outside.fiscal = self.device if self.fiscal else None

    def restart(self) -> None:
        self.desk.outside = Outside(must_register=self.fiscal)
        self.desk.restart()
        self.heard.clear()
        self.join()
        self.desk.till.resume()

    def facts(self) -> list[AnyFact]:
        return [decode(body) for _, body in self.desk.reader.log()]

    def of(self, kind: type[AnyFact]) -> list[AnyFact]:
        return [fact for fact in self.facts() if isinstance(fact, kind)]

    @property
    def sales(self) -> list[SaleCompleted]:
        return [fact for fact in self.facts() if isinstance(fact, SaleCompleted)]

    def scan(self, *codes: str) -> None:
        for code in codes:
            assert not self.desk.till.scan(code).refused

    def by_card(self, amount_minor: int | None = None) -> Outcome:
        answers: list[Outcome] = []
        self.desk.till.ask_terminal(answers.append, amount_minor)
        return answers[0]

    def in_cash(self, amount_minor: int) -> Outcome:
        answers: list[Outcome] = []
        self.desk.till.pay_cash(amount_minor, answers.append)
        return answers[0]

    @property
    def codes(self) -> list[str]:
        return [outcome.code for outcome in self.heard]

    def all_adds_up(self) -> None:
        """Each sale's card tenders are what the terminal took, each fiscal document a sale, neither twice."""
        charged = {
            tender.request: tender.amount_minor
            for sale in self.sales
            for tender in sale.tenders
            if tender.means == "card"
        }
        assert charged == {key: minor for key, minor in self.pos.charged.items() if "/" not in key}
        if self.fiscal:
            documents = self.register.documents
            assert len({entry.request for entry in documents}) == len(documents)
            assert [entry.number for entry in documents] == [sale.fiscal for sale in self.sales]
            paid = [sum(tender.amount_minor for tender in sale.tenders) for sale in self.sales]
            assert [entry.amount_minor for entry in documents] == paid
