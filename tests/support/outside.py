"""Terminal and fiscal device joined to a till in one thread; each doubt is asked about at once."""

from __future__ import annotations

from collections.abc import Callable

from app.checkout.outside import Charged, Registered
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
