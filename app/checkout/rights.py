"""Who may do what: roles, and the acts that not everybody may do.

A shop without a list of staff has no roles: there everybody may do everything, and every privileged act still
leaves its fact.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

import msgspec


class Role(StrEnum):
    CASHIER = "cashier"
    SENIOR = "senior"
    MANAGER = "manager"

    @property
    def rank(self) -> int:
        return list(Role).index(self)


class Staff(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who works here: `pin` is a hash, `token` a card or barcode ("uid:…", "code:…"), or empty."""

    id: str
    name: str
    role: Role = Role.CASHIER
    pin: str = ""
    token: str = ""


class Approval(msgspec.Struct, frozen=True):
    """A manager's or senior's yes to one act, given by their PIN or card just now."""

    by: str
    role: Role


class Need(NamedTuple):
    """The role an act needs within its limit, and above it."""

    within: Role
    above: Role = Role.MANAGER


NEEDS: Final = {
    "price_override": Need(Role.CASHIER),
    "discount": Need(Role.CASHIER),
    "open_price": Need(Role.CASHIER, Role.SENIOR),
    "refund": Need(Role.CASHIER),
    "refund_without_sale": Need(Role.MANAGER),
    "pay_in": Need(Role.CASHIER),
    "pay_out": Need(Role.SENIOR),
    "no_sale": Need(Role.CASHIER),
    "drop_parked": Need(Role.SENIOR),
    "goodwill": Need(Role.CASHIER),
    "give_by_hand": Need(Role.CASHIER),
    "move_sale": Need(Role.SENIOR),
    "late_claim": Need(Role.CASHIER),
    "merge": Need(Role.SENIOR),
    "merge_proposed": Need(Role.CASHIER),
    "replace_card": Need(Role.CASHIER),
    "reprint": Need(Role.CASHIER),
    "fiscal_correction": Need(Role.MANAGER),
}
"""By act; an act that is not here needs nobody."""


def needed(act: str, *, above: bool = False) -> Role:
    """The role that an act needs."""
    need = NEEDS.get(act, Need(Role.CASHIER, Role.CASHIER))
    return need.above if above else need.within
