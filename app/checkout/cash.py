"""Cash: what the smallest coin makes of a sum."""

from __future__ import annotations

from typing import Final

from app.checkout.shop import Shop
from app.values import div_round

STEPS_MINOR: Final = {
    "AUD": 5, "CAD": 5, "CHF": 5, "CZK": 100, "DKK": 50, "HUF": 500, "NOK": 100, "NZD": 10, "SEK": 100,
}  # fmt: skip
"""The smallest coin where it is not the minor unit, as each central bank has it. A shop's setting overrides:
countries of the euro differ among themselves."""


def step_minor(shop: Shop) -> int:
    """What cash sums are multiples of."""
    return shop.cash_step_minor or STEPS_MINOR.get(shop.currency, 1)


def rounded_minor(amount_minor: int, shop: Shop) -> int:
    """A sum as it is paid in cash: the nearest multiple, halves away from zero."""
    step = step_minor(shop)
    return amount_minor if step == 1 else div_round(amount_minor, step) * step
