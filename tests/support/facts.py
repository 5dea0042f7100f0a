"""Facts for tests: a small shop's sale and its member, with every id from a fixed world."""

from __future__ import annotations

import uuid

from app.checkout.ports import Person, Product, Slip, Work
from app.lanes import FixedWorld
from app.ledger.facts import Discount, MemberEnrolled, SaleCompleted, ShiftOpened, SoldLine, Tender
from app.loyalty.effects import Counted, Lot, PointsEarned, ReceiptCounted, StampsChanged
from hardware.receipt import Columns, Document, PrintJob

START_MS = 1_795_000_000_000
DAY = "2026-11-18"


class Shelf:
    """Makes facts in order: one shift, members, sales of `lines` lines."""

    def __init__(self, seed: int = 0) -> None:
        self.world = FixedWorld(START_MS, seed)
        self.shift = self.world.new_id()
        self.number = 0

    def opened(self) -> Work:
        fact = ShiftOpened(
            id=self.world.new_id(),
            at_ms=self.world.ms,
            shift=self.shift,
            number=1,
            business_day=DAY,
            cashier="Anna",
        )
        return Work(facts=(fact,), at_ms=self.world.ms)

    def enrolled(
        self, name: str = "Łucja Żółkiewska", phone: str = "+48 600 100 200"
    ) -> tuple[uuid.UUID, Work]:
        member = self.world.new_id()
        fact = MemberEnrolled(id=self.world.new_id(), at_ms=self.world.ms, member=member)
        person = Person(member=member, name=name, phone=phone, lang="pl")
        return member, Work(facts=(fact,), people=(person,), at_ms=self.world.ms)

    def sold(self, member: uuid.UUID | None = None, lines: int = 2) -> Work:
        self.world.ms += 1000
        self.number += 1
        id = self.world.new_id()
        sold = tuple(
            SoldLine(
                line=n,
                sku=f"10{n:02}",
                name=f"Towar {n}",
                category="dairy",
                qty_milli=1000,
                price_minor=999,
                gross_minor=999,
                discounts=(Discount("gold", 99),),
                net_minor=900,
                tax="5",
            )
            for n in range(1, lines + 1)
        )
        total = 900 * lines
        effects = (
            PointsEarned(Lot(str(id), "points", total, self.world.ms)),
            StampsChanged("coffee", 1),
            Counted("levels", 20_775, receipts=1, spend_minor=total),
            ReceiptCounted(1, total),
        )
        sale = SaleCompleted(
            id=id,
            at_ms=self.world.ms,
            number=self.number,
            shift=self.shift,
            business_day=DAY,
            cashier="Anna",
            currency="PLN",
            programme="demo@1",
            lines=sold,
            goods_minor=999 * lines,
            discount_minor=99 * lines,
            total_minor=total,
            tenders=(Tender(means="cash", amount_minor=total),),
            member=member,
            effects=effects if member else (),
        )
        paper = Document(tuple(Columns(line.name, "9,99") for line in sold), "pl")
        return Work(facts=(sale,), slips=(Slip("sale", PrintJob(paper, True), id),), at_ms=self.world.ms)


def product(sku: str = "1017", **changes: object) -> Product:
    values: dict[str, object] = {"sku": sku, "name": "Mleko 3,2% 1 l", "price_minor": 649, "tax": "5"}
    return Product(**(values | changes))  # type: ignore[arg-type]
