"""Paper on which every name that anybody may choose is one and the same, and what a printer is told."""

from __future__ import annotations

from typing import Final

import msgspec

from app.checkout.paper.member import enrolment_slip, points_statement
from app.checkout.paper.refund import refund_document
from app.checkout.paper.shift import cash_slip, x_report, z_report
from app.checkout.ports import Person
from app.checkout.receipt import sale_document
from app.checkout.shop import Shop
from app.ledger.facts import SoldLine
from app.stats.shift import fold
from hardware.printers.commands import Command, commands
from hardware.receipt import Document
from tests.checkout.paper_samples import (
    AT_MS,
    coupon_slip,
    grant,
    id_,
    member,
    moved,
    programme,
    receipt,
    refund,
    sale,
    shift_facts,
)

PLAIN_PAGES: Final = {"text", "LF", "ESC a", "ESC E", "GS !", "GS v 0"}
"""What a line of text may turn into: itself, its style, or a picture of it."""


def named(kind: str, name: str) -> Document:
    """A document in which every name that a shop, a till or a customer chooses is `name`."""
    lang = "pl"
    shop = Shop(name=name, address=name, currency="PLN", time_zone="Europe/Warsaw", lang=lang, till=name,
                footer={lang: name})  # fmt: skip
    person = Person(member=id_(9), name=name, phone=name, lang=lang)
    holder = msgspec.structs.replace(member(lang), person=person)

    def lines(sold: tuple[SoldLine, ...]) -> tuple[SoldLine, ...]:
        return tuple(msgspec.structs.replace(line, name=name) for line in sold)

    match kind:
        case "sale":
            base = receipt(lang)
            sold = msgspec.structs.replace(base.sale, cashier=name, lines=lines(base.sale.lines))
            rung = tuple(msgspec.structs.replace(line, name=name) for line in base.basket.lines)
            basket = msgspec.structs.replace(base.basket, lines=rung)
            return sale_document(
                msgspec.structs.replace(base, sale=sold, basket=basket, member=holder), shop, programme()
            )
        case "refund":
            back = msgspec.structs.replace(
                refund(lang),
                cashier=name,
                reason=name or "-",
                approved_by=name or "-",
                lines=lines(refund(lang).lines),
            )
            return refund_document(back, shop, programme(), sold=sale(lang), member=holder)
        case "x":
            figures = msgspec.structs.replace(
                fold(shift_facts(lang, closed=False)), cashier=name, rules={name: 5}, privileged={name: 1}
            )
            return x_report(figures, shop, programme(), at_ms=AT_MS, cashier=name)
        case "z":
            figures = msgspec.structs.replace(
                fold(shift_facts(lang)), cashier=name, closed_by=name, taxes={name: 5}, rules={name: 5}
            )
            return z_report(figures, shop, programme())
        case "statement":
            return points_statement(holder, shop, programme(), at_ms=AT_MS)
        case "coupon":
            held = msgspec.structs.replace(grant(), rule=name)
            return coupon_slip(lang, shop, held)
        case "cash":
            said = msgspec.structs.replace(moved(lang), cashier=name, reason=name or "-")
            return cash_slip(said, shop, programme())
        case _:
            return enrolment_slip(person, shop, programme(), at_ms=AT_MS, card="2912345678902", cashier=name)


def skeleton(stream: bytes) -> list[Command]:
    """The commands that no line of text makes: in the same order whatever the names are."""
    return [command for command in commands(stream) if command.name not in PLAIN_PAGES]
