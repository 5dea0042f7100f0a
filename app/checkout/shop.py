"""What a till knows of the shop it stands in."""

from __future__ import annotations

import msgspec


class Shop(msgspec.Struct, frozen=True, kw_only=True):
    """Settings that sales and receipts need. `lang` is the shop's own language, for whoever has none.

    `redeem_cap_centi` is the most points that a card which can be copied may pay with in one sale.
    `refund_limit_minor` is the most a cashier gives back alone; None: any sum of a sale that is there.
    `cash_step_minor` is the smallest coin (5 where 0.05 is), the currency's own unless given.
    """

    name: str
    currency: str
    time_zone: str
    address: str = ""
    tax_id: str = ""
    store: str = "1"
    till: str = "1"
    lang: str = "en"
    redeem_cap_centi: int | None = 600_00
    cash_step_minor: int | None = None
    refund_limit_minor: int | None = None
    footer: dict[str, str] = {}
