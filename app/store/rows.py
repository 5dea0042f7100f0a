"""Rows to values and back, one place for each table that use cases see."""

from __future__ import annotations

import uuid
from typing import Any, Final, cast

import msgspec

from app.checkout.ports import Agreed, Person, Product, Shift, Unit
from app.loyalty.state import MemberState

_state: Final = msgspec.json.Decoder(MemberState)
_encode: Final = msgspec.json.Encoder().encode
_names: Final = msgspec.json.Decoder(dict[str, str])
_consents: Final = msgspec.json.Decoder(dict[str, Agreed])

PRODUCT: Final = (
    "p.sku, p.name, p.names, p.category, p.brand, p.tags, p.price_minor, p.tax, p.unit, p.favourite"
)
PERSON: Final = (
    "p.member, p.name, p.phone, p.email, p.birthday, p.lang, p.birthday_since_ms, p.pin, p.segments, "
    "p.consents"
)


def product(row: Any) -> Product:
    """From the columns of `PRODUCT`; codes are not read back, nobody sells by listing them."""
    sku, name, names, category, brand, tags, price_minor, tax, unit, favourite = row
    return Product(
        sku=sku,
        name=name,
        names=_names.decode(names) if names != "{}" else {},
        category=category,
        brand=brand,
        tags=tuple(tags.split("\n")) if tags else (),
        price_minor=price_minor,
        tax=tax,
        unit=cast(Unit, unit),
        favourite=favourite,
    )


def product_values(item: Product) -> tuple[object, ...]:
    """For the columns of `PRODUCT`, in order."""
    names = _encode(item.names).decode()
    tags = "\n".join(item.tags)
    head = (item.sku, item.name, names, item.category, item.brand, tags)
    return (*head, item.price_minor, item.tax, item.unit, item.favourite)


def person(row: Any) -> Person:
    """From the columns of `PERSON`."""
    member, name, phone, email, birthday, lang, since_ms, pin, segments, consents = row
    return Person(
        member=uuid.UUID(bytes=member),
        name=name,
        phone=phone,
        email=email,
        birthday=birthday,
        lang=lang,
        birthday_since_ms=since_ms,
        pin=pin,
        segments=tuple(segments.split("\n")) if segments else (),
        consents=consents_of(consents),
    )


def consents_of(value: str) -> dict[str, Agreed]:
    """From the column of that name."""
    return _consents.decode(value) if value != "{}" else {}


def consents_value(consents: dict[str, Agreed]) -> str:
    """For the column of that name."""
    return _encode(consents).decode() if consents else "{}"


def shift(row: Any) -> Shift:
    """From id, number, business_day, cashier, opened_ms, float_minor."""
    id, number, business_day, cashier, opened_ms, float_minor = row
    return Shift(
        id=uuid.UUID(bytes=id),
        number=number,
        business_day=business_day,
        cashier=cashier,
        opened_ms=opened_ms,
        float_minor=float_minor,
    )


def decode_state(blob: bytes) -> MemberState:
    return _state.decode(blob)


def encode_state(state: MemberState) -> bytes:
    return _encode(state)
