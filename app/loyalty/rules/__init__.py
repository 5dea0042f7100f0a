"""The kinds of rule. A new kind is one new file and its line here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Final

from app.loyalty.plan import Kind

_WHERE: Final = MappingProxyType(
    {
        "points": "points:KIND",
        "cashback": "cashback:KIND",
        "stamps": "stamps:KIND",
        "nth_purchase": "nth_purchase:KIND",
        "tier": "tier:KIND",
        "vip": "vip:KIND",
        "welcome": "welcome:KIND",
        "come_back": "come_back:KIND",
        "promo_code": "promo_code:KIND",
        "referral": "referral:KIND",
        "free_delivery": "free_delivery:KIND",
        "challenge": "challenge:KIND",
        "tenure": "yearly:TENURE",
        "birthday": "yearly:BIRTHDAY",
        "bundle": "bundle:KIND",
        "threshold": "threshold:KIND",
        "price": "price:KIND",
        "complement": "complement:KIND",
        "activity": "activity:KIND",
        "reward": "reward:KIND",
        "entitlement": "entitlement:KIND",
        "partner": "partner:KIND",
        "gift_card": "gift_card:KIND",
        "access": "access:KIND",
    }
)


class _Kinds(Mapping[str, Kind]):
    """Imports a kind when it is asked for: a programme has few of them, and a till starts every morning."""

    def __init__(self) -> None:
        self._known: dict[str, Kind] = {}

    def __getitem__(self, name: str) -> Kind:
        kind = self._known.get(name)
        if kind is None:
            module, _, attribute = _WHERE[name].partition(":")
            kind = self._known[name] = getattr(import_module(f"{__name__}.{module}"), attribute)
        return kind

    def __contains__(self, name: object) -> bool:
        return name in _WHERE

    def __iter__(self) -> Iterator[str]:
        return iter(_WHERE)

    def __len__(self) -> int:
        return len(_WHERE)


KINDS: Final[Mapping[str, Kind]] = _Kinds()
"""Kinds by their name in the file, in the order of the reference."""
