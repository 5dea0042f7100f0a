"""A payment terminal away from the window: each request with a deadline, each doubt asked about at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.lanes import World
from hardware.asking import AskedDevice
from hardware.ports import ChargeOutcome, ChargeResult, PaymentTerminal

Answer = Callable[[ChargeResult], None]


@dataclass(frozen=True, slots=True)
class TerminalPatience:
    """How long a request may take: a payment as long as a customer looks for a card and a PIN."""

    pay_s: float = 120.0
    ask_s: float = 15.0
    settle_s: float = 120.0


class TerminalLane:
    """One terminal's requests, answered on its lane within their deadlines.

    A payment or reversal whose outcome is unknown is asked about before it is answered, so UNKNOWN means that
    the terminal itself cannot be asked now. With a terminal without a cable it comes at once.
    """

    def __init__(
        self, terminal: PaymentTerminal, patience: TerminalPatience | None = None, world: World | None = None
    ) -> None:
        self._terminal, self._patience = terminal, patience or TerminalPatience()
        self._asked = AskedDevice("terminal", world)

    @property
    def manual(self) -> bool:
        return self._terminal.manual

    def start(self) -> TerminalLane:
        self._asked.start()
        return self

    def stop(self, deadline_s: float = 5.0) -> bool:
        """End; True if no call to the terminal hangs any more."""
        return self._asked.stop(deadline_s)

    def age_s(self) -> float:
        return self._asked.age_s()

    def pay(self, request: str, amount_minor: int, currency: str, answer: Answer) -> None:
        """Ask for money under a request id that was never used before."""
        self._request(
            request, lambda: self._terminal.pay(request, amount_minor, currency), answer, self._patience.pay_s
        )

    def reverse(self, request: str, of: str, amount_minor: int, currency: str, answer: Answer) -> None:
        """Give back all or part of the payment that had the request id `of`."""
        self._request(
            request,
            lambda: self._terminal.reverse(request, of, amount_minor, currency),
            answer,
            self._patience.pay_s,
        )

    def ask(self, request: str, answer: Answer) -> None:
        """What became of a request."""
        # Even a question that was never put leaves the outcome unknown: it is the request's, not its own.
        self._asked.ask(
            lambda: self._terminal.ask(request),
            answer,
            deadline_s=self._patience.ask_s,
            late=_unknown,
            never=_unknown,
        )

    def settle(self, answer: Answer) -> None:
        """End the terminal's day."""
        self._asked.ask(
            self._terminal.settle, answer, deadline_s=self._patience.settle_s, late=_unknown, never=_busy
        )

    def _request(
        self, request: str, call: Callable[[], ChargeResult], answer: Answer, deadline_s: float
    ) -> None:
        def heard(result: ChargeResult) -> None:
            if result.outcome is ChargeOutcome.UNKNOWN and not self.manual:
                self.ask(request, answer)
            else:
                answer(result)

        self._asked.ask(call, heard, deadline_s=deadline_s, late=_unknown, never=_busy)


def _unknown() -> ChargeResult:
    return ChargeResult(ChargeOutcome.UNKNOWN, code="timeout")


def _busy() -> ChargeResult:
    """The terminal never heard of it: an earlier call still hangs."""
    return ChargeResult(ChargeOutcome.DECLINED, code="stalled")
