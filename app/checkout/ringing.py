"""Ringing up: codes to lines, quantities, undo."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from app.checkout import basket as open_basket
from app.checkout import restricting
from app.checkout.heart import Heart
from app.checkout.outcome import Outcome, done, note, refused
from app.checkout.ports import Product
from app.checkout.voiding import abandoned
from app.values import QTY_MILLI
from hardware.ports import CardProof

PresentCard = Callable[[str, CardProof], Outcome]
"""What a scanned code leads to that is a member's card."""
PresentStaff = Callable[[str, str], Outcome | None]
"""The same for the badges of the staff; None for anything else."""
PresentCode = Callable[[str], Outcome | None]
"""The same for promotional codes and coupons."""


class Ringing:
    """What is in the basket."""

    def __init__(
        self,
        heart: Heart,
        present_card: PresentCard,
        present_staff: PresentStaff,
        present_code: PresentCode,
    ) -> None:
        self._heart: Final = heart
        self._present_card = present_card
        self._present_staff = present_staff
        self._present_code = present_code

    def scan(self, text: str, aim: str | None = None) -> Outcome:
        """A code as read, with its AIM identifier: a product's, or the number printed on a member's card."""
        heart, code = self._heart, text.strip()
        token = f"code:{code}"
        if (entered := self._present_staff(token, "barcode")) is not None:
            return entered
        if (product := heart.catalogue.product_by_code(code)) is not None:
            return self.ring(product)  # whatever else it might be by its form
        if heart.members.holder(token) is not None:
            return self._present_card(token, CardProof.COPYABLE)
        read = heart.read(code, aim)
        if read.payment_card:
            return refused("payment_card")
        for key in read.keys:
            product = heart.catalogue.product_by_code(key)
            if product is not None and 0 in (read.weight_milli, read.price_minor):
                return refused("label_empty", name=product.name_in(heart.shop.lang))
            if product is not None and read.price_minor is not None:
                return self.ring(msgspec.structs.replace(product, price_minor=read.price_minor, unit="piece"))
            if product is not None:
                return self.ring(product, QTY_MILLI if read.weight_milli is None else read.weight_milli)
        if read.member_card:
            # As it is written, in capitals, whatever was typed; nobody's card is refused there.
            return self._present_card(f"code:{read.member_card}", CardProof.COPYABLE)
        if read.receipt:
            return refused("receipt_scanned", receipt=read.receipt)
        if (taken := self._present_code(read.coupon or code)) is not None:
            return taken
        if read.coupon:
            return refused("coupon_scanned", coupon=read.coupon)
        return refused("unknown_code", code=code)

    def ring(self, product: Product, qty_milli: int = QTY_MILLI) -> Outcome:
        """Put a product into the basket."""
        heart = self._heart
        if (stopped := heart.stopped()) is not None:
            return stopped
        if heart.shift is None:
            return refused("no_shift")
        now_ms = heart.world.now_ms()
        if (closed := restricting.out_of_hours(product.tags, heart.shop, now_ms)) is not None:
            return closed
        sale, key = open_basket.add(heart.sale, product, qty_milli)
        if (refusal := heart.change(sale)) is not None:
            return refusal
        age = restricting.age_from(product.tags, heart.shop)
        if age > heart.sale.age_checked:
            return note("ask_age", line=key, age=age)
        return done("rung", line=key, name=product.name_in(heart.shop.lang))

    def ring_sku(self, sku: str, qty_milli: int = QTY_MILLI) -> Outcome:
        """Put a product into the basket by its article number (a favourite, a search hit, an offer)."""
        product = self._heart.catalogue.product(sku)
        return self.ring(product, qty_milli) if product else refused("unknown_code", code=sku)

    def set_qty(self, key: int, qty_milli: int) -> Outcome:
        """Change a line's quantity; zero or less takes it out."""
        heart = self._heart
        line = heart.sale.line(key)
        if (stopped := heart.stopped()) is not None:
            return stopped
        if line is None:
            return refused("no_line")
        if qty_milli > open_basket.QTY_MAX_MILLI:
            return refused("qty_too_large", line=key, most=open_basket.QTY_MAX_MILLI // QTY_MILLI)
        changed = open_basket.set_qty(heart.sale, key, qty_milli)
        if (refusal := heart.change(changed, why="quantity" if qty_milli > 0 else "void")) is not None:
            return refusal
        return done("qty_set" if qty_milli > 0 else "voided", line=key, name=line.name_in(heart.shop.lang))

    def step_qty(self, key: int, pieces: int) -> Outcome:
        """One piece more or fewer."""
        line = self._heart.sale.line(key)
        if line is None:
            return refused("no_line")
        if line.unit != "piece":
            return refused("weighed", line=key)
        return self.set_qty(key, line.qty_milli + pieces * QTY_MILLI)

    def void_line(self, key: int) -> Outcome:
        return self.set_qty(key, 0)

    def undo(self) -> Outcome:
        """Take back the last change of the basket."""
        heart = self._heart
        if (stopped := heart.stopped()) is not None:
            return stopped
        if not heart.past:
            return refused("nothing_to_undo")
        earlier = heart.past.pop()
        if (refusal := heart.put_back(earlier)) is not None:
            heart.past.append(earlier)
            return refusal
        return done("undone")

    def clear(self) -> Outcome:
        """Empty the basket; undo brings it back."""
        heart = self._heart
        if (stopped := heart.stopped()) is not None:
            return stopped
        if heart.sale.tenders or heart.sale.gift_cards:
            return refused("tenders_open")
        heart.change(heart.new_sale(), facts=abandoned(heart.sale, heart.answering), why=None)
        return done("cleared")
