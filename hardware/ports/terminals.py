"""Card terminals."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

import msgspec


class ChargeOutcome(StrEnum):
    """What became of a request to a payment terminal."""

    APPROVED = "approved"
    DECLINED = "declined"
    """No money moved: by the bank, the customer, or before the terminal was reached."""
    UNKNOWN = "unknown"
    """Money may have moved. Only `ask`, or the cashier looking at the terminal's slip, leads on."""


class ChargeResult(msgspec.Struct, frozen=True):
    """`reference` is the terminal's own (authorisation code, RRN); `code` says why not, for texts."""

    outcome: ChargeOutcome
    reference: str = ""
    code: str = ""
    detail: str = ""


class PaymentTerminal(Protocol):
    """A card terminal. Every request carries an id of ours, so that it can be asked about afterwards.

    Calls block up to the driver's deadline and never raise for what a terminal can do: they are made from
    the terminal's lane. The manual driver, a terminal that stands beside the till without a cable, answers
    UNKNOWN at once: the cashier is asked.
    """

    @property
    def manual(self) -> bool:
        """True if nothing connects it to the till: the cashier types the amount and reads the answer."""
        ...

    def pay(self, request: str, amount_minor: int, currency: str) -> ChargeResult: ...

    def reverse(self, request: str, of: str, amount_minor: int, currency: str) -> ChargeResult:
        """Give back all or part of the payment that had the request id `of`."""
        ...

    def ask(self, request: str) -> ChargeResult:
        """What became of a request: UNKNOWN only if the terminal cannot be reached, or is still at it.

        DECLINED with the code "unheard" for one that never came to it.
        """
        ...

    def settle(self) -> ChargeResult:
        """End the terminal's day; `reference` is its report's number."""
        ...
