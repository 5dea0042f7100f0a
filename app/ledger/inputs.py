"""From the moment a sale is priced to its basis, and back to what the engine is asked.

A sale names digests of the programme and of the member's state that it used: whoever has both can tell
whether they are the same. They say nothing about how they are written down.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple, cast
from weakref import WeakKeyDictionary

import msgspec

from app.ledger.basis import ENGINE, Basis, Card, Presented
from app.loyalty.basket import ENGINES_TAGS, Birthday, Code, Context, GiftCard, Redeem
from app.loyalty.engine import Compiled
from app.loyalty.model import Goods
from app.loyalty.state import MemberState

_DIGEST_BYTES: Final = 8


class Known(NamedTuple):
    """A member's state, and where it is from: see `Basis.snapshot` and `Basis.own`."""

    state: MemberState
    snapshot: str = ""
    own: int = 0


def basis_of(compiled: Compiled, context: Context, known: Known | None, sold_ms: int) -> Basis:
    """The basis of a sale that was priced in a context and completed at `sold_ms`."""
    redeem, named = context.redeem, named_by(compiled)
    return Basis(
        engine=ENGINE,
        programme=programme_digest(compiled),
        store=context.store,
        till=context.till,
        time_zone=context.time_zone,
        ago_ms=sold_ms - context.at_ms,
        snapshot=known.snapshot if known else "",
        own=known.own if known else 0,
        state=state_digest(known.state) if known else "",
        redeem=redeem.points_centi,
        limit_centi=context.points_limit_centi,
        gift_cards=tuple(Card(card.code, card.balance_minor) for card in redeem.gift_cards),
        codes=tuple(
            Presented(code.code, code.rule, code.issued_at_ms, code.used, code.used_by_member)
            for code in context.codes
        ),
        segments=tuple(segment for segment in context.segments if segment in named.segments),
        birthday=context.birthday is not None,
        rewards=redeem.rewards,
        uses=redeem.entitlements,
        budgets=context.budgets,
    )


def context_from(
    basis: Basis, *, sale_id: str, member_id: str, sold_ms: int, birthday: Birthday | None = None
) -> Context:
    """The context that a basis tells of."""
    return Context(
        at_ms=sold_ms - basis.ago_ms,
        store=basis.store,
        till=basis.till,
        sale_id=sale_id,
        codes=tuple(
            Code(code.code, code.rule, code.issued_at_ms, code.used, code.used_by_member)
            for code in basis.codes
        ),
        redeem=Redeem(
            basis.redeem,
            tuple(GiftCard(card.code, card.balance_minor) for card in basis.gift_cards),
            basis.rewards,
            basis.uses,
        ),
        member_id=member_id,
        segments=basis.segments,
        birthday=birthday,
        time_zone=basis.time_zone,
        points_limit_centi=basis.limit_centi,
        budgets=basis.budgets,
    )


# Digests

_canonical: Final = msgspec.json.Encoder(order="deterministic").encode


def state_digest(state: MemberState) -> str:
    """Of a member's state, however its fields came about."""
    return _digest(_canonical(state))


def programme_digest(compiled: Compiled) -> str:
    """Of what a programme says; how its file is laid out does not matter."""
    if compiled not in _programmes:
        _programmes[compiled] = _digest("".join(_said(compiled.programme)).encode())
    return _programmes[compiled]


_programmes: WeakKeyDictionary[Compiled, str] = WeakKeyDictionary()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).digest()[:_DIGEST_BYTES].hex()


def _said(item: Any) -> Iterator[str]:
    """An unambiguous text of a value. A field that stands at its default is not in it, so that a later
    version's new field changes no digest."""
    match item:
        case msgspec.Struct():
            yield f"{type(item).__name__}("
            for field in msgspec.structs.fields(item):
                value, factory = getattr(item, field.name), field.default_factory
                usual = field.default if factory is msgspec.NODEFAULT else factory()
                if value != usual:
                    yield f"{field.name}="
                    yield from _said(value)
            yield ")"
        case dict():
            named = cast(dict[str, Any], item)
            yield "{"
            for key in sorted(named):
                yield f"{key!r}:"
                yield from _said(named[key])
            yield "}"
        case tuple() | list():
            yield "["
            for each in cast(list[Any], item):
                yield from _said(each)
            yield "]"
        case _:
            yield f"{item!r},"


# What a programme names


class Named(NamedTuple):
    """All that a programme can ask of goods and people beyond what a sale says of itself."""

    brands: frozenset[str]
    tags: frozenset[str]
    segments: frozenset[str]


NOTHING: Final = Named(frozenset(), frozenset(), frozenset())
_named: WeakKeyDictionary[Compiled, Named] = WeakKeyDictionary()


def named_by(compiled: Compiled) -> Named:
    """What a sale under the programme has to tell of its goods."""
    if compiled not in _named:
        parts = list(_structs(compiled.programme))
        filters = [part for part in parts if isinstance(part, Goods)]
        _named[compiled] = Named(
            frozenset(brand for one in filters for brand in _texts(one, "brands")),
            frozenset(tag for one in filters for tag in _texts(one, "tags")) | ENGINES_TAGS,
            frozenset(segment for part in parts for segment in _texts(part, "segments")),
        )
    return _named[compiled]


def _texts(part: Any, name: str) -> Iterable[str]:
    found = getattr(part, name, ())
    several = cast(list[Any], found) if isinstance(found, tuple | list) else []
    return [each for each in several if isinstance(each, str)]


def _structs(item: Any) -> Iterator[Any]:
    if isinstance(item, msgspec.Struct):
        yield item
        for field in msgspec.structs.fields(item):
            yield from _structs(getattr(item, field.name))
    elif isinstance(item, tuple | list):
        for each in cast(list[Any], item):
            yield from _structs(each)
    elif isinstance(item, dict):
        for each in cast(dict[str, Any], item).values():
            yield from _structs(each)
