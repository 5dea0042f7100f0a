"""A terminal that stands beside the till without a cable."""

from __future__ import annotations

from typing import Final

from hardware.ports import ChargeOutcome, ChargeResult

_ASK: Final = ChargeResult(ChargeOutcome.UNKNOWN, code="manual")


class ManualTerminal:
    """The cashier types the amount and reads the answer: every outcome is theirs to tell."""

    manual = True

    def pay(self, request: str, amount_minor: int, currency: str) -> ChargeResult:
        return _ASK

    def reverse(self, request: str, of: str, amount_minor: int, currency: str) -> ChargeResult:
        return _ASK

    def ask(self, request: str) -> ChargeResult:
        return _ASK

    def settle(self) -> ChargeResult:
        return _ASK
