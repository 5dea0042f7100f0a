"""Fiscal devices."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

import msgspec


class FiscalLine(msgspec.Struct, frozen=True):
    """A line as it goes to the fiscal device: after discounts and points, which are no fiscal tender.

    The lines' `amount_minor` add up to what was paid, to the minor unit. `tax` is the rate's text.
    """

    name: str
    qty_milli: int
    amount_minor: int
    tax: str


class FiscalDocument(msgspec.Struct, frozen=True):
    """A sale, a refund or a correction: `request` is our id for it, `tenders` means and amounts.

    `of` names the fiscal number of the sale that a refund or a correction is about, if it is known.
    """

    request: str
    kind: str
    """`sale`, `refund` or `correction`."""
    lines: tuple[FiscalLine, ...]
    tenders: tuple[tuple[str, int], ...]
    currency: str
    cashier: str
    of: str = ""


class FiscalOutcome(StrEnum):
    REGISTERED = "registered"
    REFUSED = "refused"
    """The device registered nothing; `code` says why, and what is refused now may be taken later."""
    UNKNOWN = "unknown"
    """The device may have registered it: `last_document` tells, never a second request."""


class FiscalResult(msgspec.Struct, frozen=True):
    """`number` is the device's own number of the document, `sign` its fiscal sign where it has one.

    `code`: unreachable, shift_expired, shift_closed, shift_open, memory_full, paper_out, not_supported,
    malformed, error.
    """

    outcome: FiscalOutcome
    number: str = ""
    sign: str = ""
    code: str = ""
    detail: str = ""


class FiscalAbilities(msgspec.Struct, frozen=True):
    """What a driver can do: a Polish device takes no returns, a Russian shift ends after 24 hours."""

    refunds: bool
    corrections: bool
    text: bool
    shift_hours: int | None = None


class FiscalStatus(msgspec.Struct, frozen=True):
    """`online` False with a `code` as in FiscalResult; `shift_opened_ms` is None while no shift is open."""

    online: bool
    shift_opened_ms: int | None = None
    code: str = ""


class FiscalDevice(Protocol):
    """A fiscal printer or register. Calls block up to the driver's deadline, and never raise for what a
    device can do: they are made from the device's lane."""

    @property
    def abilities(self) -> FiscalAbilities: ...

    def status(self) -> FiscalStatus: ...
    def open_shift(self, cashier: str) -> FiscalResult: ...
    def close_shift(self, cashier: str) -> FiscalResult: ...
    def register(self, document: FiscalDocument) -> FiscalResult: ...

    def last_document(self) -> tuple[str, FiscalResult] | None:
        """The request id and result of the last document registered; None if there is none.

        DeviceProblem if the device cannot be asked now, or is still at a document: what it answers is final.
        """
        ...

    def print_text(self, lines: Sequence[str]) -> FiscalResult:
        """A non-fiscal slip on the device's own paper."""
        ...
