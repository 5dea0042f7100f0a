"""A morning at a real till, and its facts as they reach the server: what receipts on the web are shown of."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec

import resources
from app.checkout.imports import read_products
from app.checkout.ports import Member
from app.ledger.facts import AnyFact, SaleCompleted, encode
from app.store.sheets import read_sheet
from sync import protocol
from sync.server import listing
from tests.support.shop import Desk
from tests.sync.rig import Rig
from tests.sync.server.pushing import Pushing, of_store
from tests.sync.server.test_persons import hand

COFFEE, MILK, APPLES, YOGHURT, LATTE = (
    "5901234000161", "5901234000178", "5901234000185", "5901234000192", "5901234000062"
)  # fmt: skip
STORE = "krakow-1"


class Morning(NamedTuple):
    """What happened: a member's purchase, of which a part came back; a stranger's, claimed later; and a
    member's, taken from them."""

    facts: tuple[AnyFact, ...]
    people: tuple[protocol.PersonRow, ...]
    bought: SaleCompleted
    claimed: SaleCompleted
    taken: SaleCompleted
    balance_centi: int
    """The member's, as the paper of `bought` had it."""


@cache
def morning() -> Morning:
    """The same for every test: facts are never changed."""
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder)).stock()
        try:
            return _played(desk)
        finally:
            desk.close()


def _played(desk: Desk) -> Morning:
    till, sales = desk.till, list[SaleCompleted]()

    def sell(*codes: str, uid: str = "", spend: bool = False) -> Desk:
        if uid:
            assert not till.tap(uid).refused
        for code in codes:
            till.scan(code)
        for line in till.sale.lines:
            if line.sku == "1018":
                till.set_qty(line.key, 642)
        if spend:
            till.redeem("max")
        till.pay_cash(till.due_minor + 500, desk.heard.append)
        assert till.last is not None
        sales.append(till.last.sale)
        desk.world.ms += 600_000
        return desk

    gold = "04A1B2C3D4E5F6"
    sell(COFFEE, COFFEE, MILK, APPLES, YOGHURT, YOGHURT, YOGHURT, LATTE, uid=gold, spend=True)
    assert till.last is not None
    balance_centi = till.last.decision.points.balance_after_centi
    coffee, milk, *_ = sales[0].lines
    back = {coffee.line: 1000, milk.line: 1000}
    till.refunds.refund(sales[0].id, back, "cash", answer=desk.heard.append)
    sell(LATTE)
    till.moving.claim(sales[1].id, desk.member(f"uid:{gold}"), desk.heard.append)
    sell(COFFEE, uid=gold)
    till.moving.move(sales[2].id, None, reason="wrong card", answer=desk.heard.append)
    assert not any(outcome.refused for outcome in desk.heard)
    people = tuple(
        protocol.PersonRow(member=person.member, updated_ms=1, data=msgspec.Raw(msgspec.json.encode(person)))
        for person in (member.person for member in _members(desk))
        if person is not None
    )
    bought, claimed, taken = sales
    return Morning(tuple(desk.facts()), people, bought, claimed, taken, balance_centi)


def _members(desk: Desk) -> Iterator[Member]:
    for uid in ("04A1B2C3D4E5F6", "04B1B2C3D4E5F6"):
        found = desk.reader.member(desk.member(f"uid:{uid}"))
        assert found is not None
        yield found


def publish(rig: Rig) -> None:
    """What head office has: the shop's name, the programme, the goods."""
    shop = {"name": "Sklep Poranek", "address": "ul. Kwiatowa 7, Kraków", "lang": "pl"}
    listing.publish_store(rig.db, STORE, msgspec.json.encode(shop))
    listing.publish_programme(rig.db, resources.path("programmes", "demo.yaml").read_bytes())
    goods = read_products(read_sheet(resources.path("demo", "products.csv")), "PLN").products
    listing.publish_rows(rig.db, "product", [msgspec.Raw(msgspec.json.encode(one)) for one in goods])


def served(rig: Rig) -> Pushing:
    """The till of that morning, whose facts the server has."""
    publish(rig)
    till = of_store(rig, STORE, 1)
    hand(till.till, *morning().people)
    till.push(*(encode(fact) for fact in morning().facts))
    return till
