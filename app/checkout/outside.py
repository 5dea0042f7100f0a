"""What money and law need from outside the till: a payment terminal and a fiscal device.

Both answer later, in the till's own thread, once: whoever joins them to the lanes of real devices sees to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from app.checkout.outcome import Outcome
from hardware.ports import ChargeResult, FiscalAbilities, FiscalDocument, FiscalResult

Charged = Callable[[ChargeResult], None]
Registered = Callable[[FiscalResult], None]


class Terminal(Protocol):
    """A payment terminal. UNKNOWN means that it cannot even be asked now."""

    @property
    def manual(self) -> bool:
        """True if the cashier types the amount and reads the answer."""
        ...

    def pay(self, request: str, amount_minor: int, currency: str, answer: Charged) -> None: ...
    def reverse(self, request: str, of: str, amount_minor: int, currency: str, answer: Charged) -> None: ...
    def ask(self, request: str, answer: Charged) -> None: ...
    def settle(self, answer: Charged) -> None: ...


class Fiscal(Protocol):
    """A fiscal device. UNKNOWN means that it cannot even be asked for its last document now."""

    @property
    def abilities(self) -> FiscalAbilities: ...

    def register(self, document: FiscalDocument, answer: Registered) -> None: ...
    def resolve(self, request: str, answer: Registered) -> None: ...
    def open_shift(self, cashier: str, answer: Registered) -> None: ...
    def close_shift(self, cashier: str, answer: Registered) -> None: ...


def _nobody(_: Outcome) -> None: ...


@dataclass(slots=True)
class Outside:
    """What this till has of it. Devices come after the window: a till that `must_register` sells only once
    its fiscal device is here.

    `waits_for` says which of them was asked and has not answered; `shift` is the fiscal device's own. `heard`
    is told what came of it: no act of the cashier waits for that.
    """

    terminal: Terminal | None = None
    fiscal: Fiscal | None = None
    must_register: bool = False
    waits_for: Literal["", "terminal", "fiscal", "shift"] = ""
    heard: Callable[[Outcome], None] = _nobody

    @property
    def refunds_are_registered(self) -> bool:
        """Whether the fiscal device takes refunds. One that does not (Poland) leaves them to a book."""
        return self.must_register and (self.fiscal is None or self.fiscal.abilities.refunds)

    @property
    def cabled(self) -> Terminal | None:
        """The terminal, if the till can ask it by itself."""
        return self.terminal if self.terminal is not None and not self.terminal.manual else None
