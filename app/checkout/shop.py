"""What a till knows of the shop it stands in."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

TimeOfDay = Annotated[str, msgspec.Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class Department(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an unknown barcode is rung under: `limit_minor` is the most without approval."""

    id: str
    names: dict[str, str] = {}
    category: str = ""
    tax: str = ""
    limit_minor: int | None = None


class Consent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a customer is asked to agree to: the text by language, and the version it is kept under."""

    purpose: str
    version: str
    texts: dict[str, str]
    required: bool = False
    """Without it there is no membership."""


class Restriction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Goods of a tag: from which `age`, and not `between` two times of day ("22:00", "08:00")."""

    age: int = 0
    between: tuple[TimeOfDay, TimeOfDay] | None = None


def _grown_up() -> dict[str, Restriction]:
    return {"age18": Restriction(age=18)}


class Shop(msgspec.Struct, frozen=True, kw_only=True):
    """Settings that sales and receipts need. `lang` is the shop's own language, for whoever has none.

    `redeem_cap_centi` is the most points that a card which can be copied may pay with in one sale.
    `refund_limit_minor` is the most a cashier gives back alone; None: any sum of a sale that is there.
    `discount_limit_centi` is the discount that a cashier may give alone, in hundredths of a percent,
    `goodwill_limit_centi` the most points. `gift_cards` are taken `here` only where no other till sells or
    takes them: what is left on one is then this till's to say; where several do, `server` says it, online.
    `restrictions` are by product tag. `cash_step_minor` is the smallest coin (5 where 0.05 is), the
    currency's own unless given.
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
    discount_limit_centi: int = 10_00
    goodwill_limit_centi: int = 100_00
    claim_days: int = 14
    training: bool = False
    """This till practises: its paper says so, its drawer stays shut. `stempel till --training` sets it."""
    gift_cards: Literal["off", "here", "server"] = "off"
    consents: tuple[Consent, ...] = ()
    departments: tuple[Department, ...] = ()
    restrictions: dict[str, Restriction] = msgspec.field(default_factory=_grown_up)
    footer: dict[str, str] = {}
