"""Settings that would do nothing where they stand: refused, for whoever wrote them expects something of them.

What holds for rules of any kind is here; what only one kind knows, its own `check` says with `unused`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from app.loyalty.benefit import Expiry, LotExpiry, LotTerms, lapses_within
from app.loyalty.model import Programme, Rule

Problems = Iterator[tuple[str, str, str]]
LAPSED: Final = "the points lapse before they may be spent"


def unused(
    settings: msgspec.Struct, *names: str, because: str, hint: str = "remove it", path: str = ""
) -> Problems:
    """The settings of these names (as in the file) that are given though they do nothing."""
    for field in msgspec.structs.fields(type(settings)):
        if field.encode_name in names and getattr(settings, field.name) != _default(field):
            yield f"{path}{field.encode_name}", because, hint


def _default(field: msgspec.structs.FieldInfo) -> object:
    made: Any = field.default_factory
    return field.default if made is msgspec.NODEFAULT else made()


def unused_of_any_kind(rule: Rule) -> Problems:
    """What every rule may have, where this one gives nothing that it could be about."""
    if not rule.takes_off():
        names = ("group", "priority", "exclusive", "label", "max_discount")
        yield from unused(rule, *names, because="the rule takes nothing off a price, so this does nothing")
    if not rule.spends():
        hint = "remove it; gifts are limited by stock or by codes"
        because = "the rule gives neither money off nor points, so nothing is charged to it"
        yield from unused(rule, "budget", because=because, hint=hint)
    lots = getattr(rule, "lots", None)
    if isinstance(lots, LotTerms):
        if not rule.earns():
            yield from unused(rule, "lots", because="the rule gives no points that could wait or lapse")
        elif lots.expires is not None:
            yield from _endless(lots.expires, "lots.expires")
            if lapses_within(lots.expires, lots.spendable_after_days):
                yield "lots.spendable_after_days", LAPSED, "let them wait less, or last longer"
    expires = getattr(rule, "expires", None)
    if isinstance(expires, Expiry):
        yield from _endless(expires, "expires")


def _endless(expires: Expiry, path: str) -> Problems:
    idle = isinstance(expires, LotExpiry) and expires.idle_days is not None
    if expires.days is None and expires.months is None:
        if expires.to_month_end:
            yield f"{path}.to_month_end", "there is no date to round up", "set days or months"
        elif not idle:
            yield path, "nothing lapses by this", "set days or months, or remove it"


def unused_of_programme(programme: Programme) -> Problems:
    """What the programme as a whole says without effect."""
    for number, floor in enumerate(programme.floors):
        if floor.price is None and not floor.share:
            yield f"floors[{number}]", "it holds no price up", "set price or share"
