"""What the server holds of a sale: its fact, what became of it later, the shop, the words of its programme.

Who bought it is not read, beyond the language that they chose: a link is passed on, and paper names nobody
to whoever finds it either.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa

from app.ledger.facts import SaleCompleted, SaleGivenTo, SaleRefunded, SaleTakenFrom, UnreadableFact, decode
from app.loyalty.compiled import Compiled
from app.loyalty.effects import AnyEffect
from app.loyalty.standing import DAY_MS
from app.loyalty.state import EMPTY, MemberState
from app.values import from_ms
from sync.server import merging, persons, schema
from sync.server.database import Database
from sync.server.impact import LONG_MAX, plausible
from sync.server.programmes import Programmes
from sync.server.receipts.wordings import Wordings
from sync.server.refolding import all_of, folded


class Shop(msgspec.Struct, frozen=True, kw_only=True):
    """A store as its customers know it (`stempel server publish store`)."""

    name: str = ""
    address: str = ""
    lang: str = ""


class Standing(msgspec.Struct, frozen=True):
    """A member's state right after a fact: what the paper of that moment could have said."""

    at_ms: int
    state: MemberState


class Sold(msgspec.Struct, frozen=True, kw_only=True):
    """A sale with all that its page shows.

    `owner` is whether a member has it now, `effects` what it did for them. `standing` is None where there is
    no member, or the server has not folded the sale yet. `names` are the goods' names by SKU and language,
    `lang` the member's language, each empty where nobody said.
    """

    sale: SaleCompleted
    shop: Shop
    programme: Compiled | None = None
    names: Mapping[str, Mapping[str, str]] = {}
    refunds: tuple[SaleRefunded, ...] = ()
    owner: bool = False
    effects: tuple[AnyEffect, ...] = ()
    standing: Standing | None = None
    lang: str = ""

    @property
    def time_zone(self) -> str:
        """The store's, as the till had it; the programme's for sales of older tills, and for a zone that
        nobody here has heard of."""
        if self.sale.basis is not None and _is_zone(self.sale.basis.time_zone):
            return self.sale.basis.time_zone
        return self.programme.programme.time_zone if self.programme is not None else "UTC"


_fact, _listing = schema.fact.c, schema.listing.c
_EVERYWHERE: Final = tuple(range(schema.SHARDS))
"""A sale's id says nothing of the till that made it: each shard is asked by its key."""
_ONE: Final = sa.select(_fact.shard, _fact.origin, _fact.body).where(
    _fact.shard.in_(_EVERYWHERE), _fact.id == sa.bindparam("id"), _fact.kind == "sale_completed"
)
_LATER: Final = (
    sa.select(_fact.body)
    .where(_fact.shard.in_(_EVERYWHERE), schema.sale_named() == sa.bindparam("sale"), schema.LATER)
    .order_by(_fact.at_ms, _fact.origin, _fact.epoch, _fact.seq)
)
_STORE: Final = sa.select(schema.till.c.store).where(
    schema.till.c.shard == sa.bindparam("in_shard"), schema.till.c.id == sa.bindparam("till")
)
_ROWS: Final = (
    sa.select(_listing.key, _listing.body)
    .where(
        _listing.list == sa.bindparam("of_list"),
        _listing.store.in_(sa.bindparam("stores", expanding=True)),
        _listing.key.in_(sa.bindparam("keys", expanding=True)),
        _listing.body.is_not(None),
    )
    .order_by(_listing.store)  # a store's own row comes last, and holds
)


class _Named(msgspec.Struct):
    name: str = ""
    names: dict[str, str] = {}


class _Person(msgspec.Struct):
    lang: str = ""


_shop: Final = msgspec.json.Decoder(Shop)
_named: Final = msgspec.json.Decoder(_Named)
_person: Final = msgspec.json.Decoder(_Person)


def find(db: Database, programmes: Programmes, wordings: Wordings, id: uuid.UUID) -> Sold | None:
    """A sale by its id; None for one that has not come, or that this program is too old to read."""
    with db.read(snapshot=True) as connection:
        row = connection.execute(_ONE, {"id": id}).first()
        sale = _read(row.body) if row is not None else None
        if row is None or not isinstance(sale, SaleCompleted):
            return None
        store = connection.execute(_STORE, {"in_shard": row.shard, "till": row.origin}).scalar() or ""
        later = [_read(body) for body in connection.execute(_LATER, {"sale": str(id)}).scalars()]
        bearer = _bearer(sale, later)
        programme = programmes.in_force(connection, store, sale.at_ms)
        found = Sold(
            sale=sale,
            shop=_shop_of(connection, store),
            names=_names(connection, store, sale),
            refunds=tuple(fact for fact in later if isinstance(fact, SaleRefunded)),
            owner=bearer is not None,
            effects=bearer.effects if bearer is not None else (),
            standing=_standing(connection, bearer) if bearer is not None else None,
            lang=_lang(connection, bearer.member) if bearer is not None and bearer.member else "",
        )
    under = wordings.of(db, sale.basis.programme) if sale.basis is not None else None
    return msgspec.structs.replace(found, programme=under or programme)


def _is_zone(name: str) -> bool:
    try:
        return bool(name) and ZoneInfo(name).key == name
    except (KeyError, ValueError, OSError):
        return False


def _read(body: bytes) -> object:
    try:
        fact = decode(body)
        for around_ms in (-DAY_MS, DAY_MS):  # in every time zone
            from_ms(fact.at_ms + around_ms)
    except (UnreadableFact, RecursionError):
        return None  # of a later version: said where it is folded
    except (ValueError, OverflowError, OSError):
        return None  # of a day that is in no calendar
    return fact if plausible(fact, text_max=LONG_MAX) else None


def _bearer(sale: SaleCompleted, later: Sequence[object]) -> SaleCompleted | SaleGivenTo | None:
    """The fact by which a member has the sale now: itself, or one that gave it to another."""
    bearer: SaleCompleted | SaleGivenTo | None = sale if sale.member is not None else None
    for fact in later:
        if isinstance(fact, SaleGivenTo):
            bearer = fact
        elif isinstance(fact, SaleTakenFrom) and bearer is not None and fact.member == bearer.member:
            bearer = None
    return bearer


def _standing(connection: sa.Connection, bearer: SaleCompleted | SaleGivenTo) -> Standing | None:
    """The member's state as of the fact, whatever came since: a link is no window on a balance."""
    assert bearer.member is not None
    shard = schema.shard_of(bearer.member)
    if merging.aliases(connection, shard, [bearer.member]):
        return None  # two lives are one by now: neither balance is what it was
    facts = all_of(connection, shard, bearer.member)
    place = next((number for number, fact in enumerate(facts, 1) if fact.id == bearer.id), 0)
    return Standing(bearer.at_ms, folded(EMPTY, facts[:place])) if place else None


def _shop_of(connection: sa.Connection, store: str) -> Shop:
    shop = Shop(name=store)
    for row in connection.execute(_ROWS, {"of_list": "store", "stores": [store], "keys": [store]}):
        shop = _shop.decode(row.body)
    return shop


def _names(connection: sa.Connection, store: str, sale: SaleCompleted) -> dict[str, dict[str, str]]:
    """What the catalogue calls the goods in other languages, where it still means the same goods by it."""
    sold = {line.sku: line.name for line in sale.lines if line.sku}
    asked = {"of_list": "product", "stores": ["", store], "keys": sorted(sold)}
    found: dict[str, dict[str, str]] = {}
    for row in connection.execute(_ROWS, asked):
        try:
            product = _named.decode(row.body)
        except msgspec.ValidationError:
            continue  # further fields are head office's own
        found[row.key] = product.names if sold[row.key] in (product.name, *product.names.values()) else {}
    return found


def _lang(connection: sa.Connection, member: uuid.UUID) -> str:
    row = persons.of(connection, schema.shard_of(member), member)
    if row is None or row.data is None:
        return ""
    try:
        return _person.decode(row.data).lang
    except msgspec.DecodeError:
        return ""
