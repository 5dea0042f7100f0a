"""One document of every kind, of a small shop, in three languages: what tests read and people look at."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import cache
from typing import Final

import msgspec

import resources
from app.checkout.basket import OpenLine, OpenSale
from app.checkout.paper.copy import copy_document
from app.checkout.paper.member import ConsentText, enrolment_slip, movements, points_statement
from app.checkout.paper.refund import refund_document
from app.checkout.paper.shift import cash_slip, x_report, z_report
from app.checkout.ports import Member, Person
from app.checkout.receipt import Receipt, sale_document
from app.checkout.shop import Shop
from app.ledger.facts import (
    AnyFact,
    CashMoved,
    Discount,
    GoodsOut,
    LineVoided,
    MemberEnrolled,
    NoSale,
    Privileged,
    SaleAbandoned,
    SaleCompleted,
    SaleRefunded,
    SaleVoided,
    ShiftClosed,
    ShiftOpened,
    SoldLine,
    Tender,
)
from app.loyalty.decision import DecidedLine, Decision, Points, StampsView, TierView
from app.loyalty.decision import Discount as Decided
from app.loyalty.effects import (
    Grant,
    Lot,
    PointsEarned,
    PointsReturned,
    PointsSpent,
    PointsTakenBack,
    StampsChanged,
)
from app.loyalty.engine import Compiled, compile_programme
from app.loyalty.programme import load_programme
from app.loyalty.state import Card, MemberState
from app.stats.shift import fold
from hardware.receipt import Cut, Document

AT_MS: Final = 1_795_259_100_000
"""2026-11-21 12:05 in Warsaw."""
DAY_MS: Final = 86_400_000
SHOPS: Final = {
    "ru": Shop(name="Пекарня «Утро»", address="Казань, ул. Баумана, 24", currency="RUB",
               time_zone="Europe/Moscow", lang="ru", till="2"),
    "pl": Shop(name="Sklep Poranek", address="ul. Kwiatowa 7, Kraków", currency="PLN",
               time_zone="Europe/Warsaw", lang="pl", till="2"),
    "en": Shop(name="Morning Shop", address="12 Market Street, Cork", currency="EUR",
               time_zone="Europe/Dublin", lang="en", till="2"),
}  # fmt: skip
PEOPLE: Final = {"ru": "Ёлкина Мария", "pl": "Łucja Żółkiewska", "en": "Nora O’Brien"}
CASHIERS: Final = {"ru": ("Анна", "Тимур"), "pl": ("Anna", "Grażyna"), "en": ("Anna", "Fiona")}
GOODS: Final = {
    "ru": ("Молоко деревенское 3,4–4,5 % 930 мл", "Капучино 0,3 л", "Сыр российский, весовой"),
    "pl": ("Mleko świeże pełne 3,2% 1 l", "Cappuccino 0,3 l", "Żółty ser gouda, na wagę"),
    "en": ("Whole organic milk 1 l", "Cappuccino 0.3 l", "Farmhouse cheddar, by weight"),
}
REASONS: Final = {
    "ru": ("Скисло", "Инкассация", "Размен"),
    "pl": ("Skwaśniało", "Do sejfu", "Drobne"),
    "en": ("Gone sour", "To the safe", "Change"),
}
CONSENTS: Final = {
    "ru": (
        "Согласие на обработку персональных данных для участия в программе.",
        "Согласие на новости по SMS.",
    ),
    "pl": ("Zgoda na przetwarzanie danych w celu udziału w programie.", "Zgoda na wiadomości SMS."),
    "en": ("Processing of my data for taking part in the programme.", "News by text message."),
}
"""Short stand-ins: a shop's own texts come from its settings."""
TAXES: Final = {"ru": ("10", "20"), "pl": ("5", "23"), "en": ("0", "23")}


COME_BACK: Final = """
  - id: come-back
    kind: come_back
    name: {ru: Возвращайтесь, pl: Wróć do nas, en: Come back}
    min_receipt: 20.00
    steps: [{days: 7, percent: 15%}, {days: 14, percent: 10%}, {days: 30, percent: 5%}]
"""


@cache
def programme() -> Compiled:
    demo = resources.path("programmes", "demo.yaml").read_bytes()
    return compile_programme(load_programme(demo + COME_BACK.encode()))


def id_(number: int) -> uuid.UUID:
    return uuid.UUID(int=number)


def member(lang: str, name: str = "") -> Member:
    """A member with lots of three kinds, a stamp card and a coupon."""
    lots = (
        Lot("a", "points", 120_00, AT_MS - 300 * DAY_MS, expires_at_ms=AT_MS + 40 * DAY_MS),
        Lot("b", "points", 1_064_50, AT_MS - 30 * DAY_MS, expires_at_ms=AT_MS + 335 * DAY_MS),
        Lot("c", "cashback", 100_00, AT_MS - DAY_MS),
        Lot("d", "points", 12_50, AT_MS, spendable_at_ms=AT_MS + DAY_MS, expires_at_ms=AT_MS + 365 * DAY_MS),
    )
    state = MemberState(lots=lots, stamps={"coffee-card": Card(4)}, grants=(grant(),), receipts=12)
    person = Person(member=id_(9), name=name or PEOPLE[lang], phone="+48 600 100 200", lang=lang)
    return Member(id=id_(9), state=state, as_of_ms=AT_MS, person=person)


def grant() -> Grant:
    return Grant("K7F2-93QD", "come-back", "coupon", AT_MS, expires_at_ms=AT_MS + 14 * DAY_MS)


def lines(lang: str) -> tuple[SoldLine, ...]:
    low, high = TAXES[lang]
    milk, coffee, cheese = GOODS[lang]
    return (
        SoldLine(line=1, sku="1", name=milk, qty_milli=2000, price_minor=4_99, gross_minor=9_98,
                 discounts=(Discount("fresh-10", 1_00),), net_minor=8_98, tax=low),
        SoldLine(line=2, sku="2", name=coffee, qty_milli=1000, price_minor=14_00, gross_minor=14_00,
                 net_minor=14_00, tax=high, points_minor=1_03),
        SoldLine(line=3, sku="3", name=cheese, qty_milli=642, price_minor=29_90, gross_minor=19_20,
                 net_minor=19_20, tax=low),
    )  # fmt: skip


def sale(lang: str, number: int = 184, means: str = "cash", by: uuid.UUID | None = None) -> SaleCompleted:
    sold = lines(lang)
    if by is None:
        sold = tuple(msgspec.structs.replace(line, points_minor=0) for line in sold)
    in_points = 1_03 if by else 0
    return SaleCompleted(
        id=id_(number), at_ms=AT_MS, number=number, shift=id_(1), business_day="2026-11-21",
        cashier=CASHIERS[lang][0], currency=SHOPS[lang].currency, programme="demo@1", lines=sold,
        goods_minor=43_18, discount_minor=1_00, total_minor=42_18, points_minor=in_points,
        tenders=(Tender(means=means, amount_minor=42_18 - in_points),),
        change_minor=7_82 + in_points if means == "cash" else 0, member=by,
        effects=(
            PointsSpent("points", 103_00), PointsEarned(Lot(f"l{number}", "points", 41_00, AT_MS)),
            StampsChanged("coffee-card", 1),
        ) if by else (),
    )  # fmt: skip


def refund(lang: str) -> SaleRefunded:
    back = msgspec.structs.replace(lines(lang)[0], qty_milli=1000, gross_minor=4_99, net_minor=4_49,
                                   discounts=(Discount("fresh-10", 50),))  # fmt: skip
    coffee = msgspec.structs.replace(lines(lang)[1])
    return SaleRefunded(
        id=id_(500), at_ms=AT_MS + DAY_MS, number=232, shift=id_(1), business_day="2026-11-22",
        cashier=CASHIERS[lang][0], currency=SHOPS[lang].currency, sale=id_(184), lines=(back, coffee),
        goods_minor=18_99, discount_minor=50, total_minor=18_49, points_minor=1_03,
        tenders=(Tender(means="cash", amount_minor=17_46),), reason=REASONS[lang][0],
        approved_by=CASHIERS[lang][1], member=id_(9),
        effects=(
            PointsReturned("points", (Lot("a", "points", 103_00, AT_MS),)),
            PointsTakenBack("points", "l184", 17_00), StampsChanged("coffee-card", -1),
        ),
    )  # fmt: skip


def shift_facts(lang: str, *, closed: bool = True) -> list[AnyFact]:
    """A shift with everything in it that a shift can have."""
    first, second = CASHIERS[lang]
    facts: list[AnyFact] = [
        ShiftOpened(id=id_(2), at_ms=AT_MS - 4 * 3_600_000, shift=id_(1), number=12,
                    business_day="2026-11-21", cashier=first, float_minor=200_00),
        MemberEnrolled(id=id_(3), at_ms=AT_MS, member=id_(9),
                       effects=(PointsEarned(Lot("w", "cashback", 100_00, AT_MS)),)),
    ]  # fmt: skip
    for number in range(184, 232):
        means = ("cash", "card", "card", "gift_card")[number % 4]
        facts.append(sale(lang, number, means, id_(9) if number % 3 else None))
    facts += [
        refund(lang),
        CashMoved(id=id_(600), at_ms=AT_MS, shift=id_(1), cashier=first, amount_minor=-300_00,
                  reason=REASONS[lang][1]),
        CashMoved(id=id_(601), at_ms=AT_MS, shift=id_(1), cashier=first, amount_minor=50_00,
                  reason=REASONS[lang][2]),
        NoSale(id=id_(602), at_ms=AT_MS, shift=id_(1), cashier=first),
        SaleVoided(id=id_(603), at_ms=AT_MS, sale=id_(999), reason="not_charged"),
        LineVoided(id=id_(607), at_ms=AT_MS, sale=id_(184), shift=id_(1), cashier=first, line=1, sku="1006",
                   name="Latte", qty_milli=1000, amount_minor=12_00),
        LineVoided(id=id_(608), at_ms=AT_MS, sale=id_(185), shift=id_(1), cashier=first, line=2, sku="1017",
                   name="Milk", qty_milli=3000, amount_minor=19_47, why="quantity"),
        SaleAbandoned(id=id_(609), at_ms=AT_MS, sale=id_(998), shift=id_(1), cashier=second,
                      lines=(GoodsOut(1, "1016", "Coffee", 1000, 18_90),), amount_minor=18_90),
        Privileged(id=id_(604), at_ms=AT_MS, act="refund", cashier=first, approved_by=second),
        Privileged(id=id_(605), at_ms=AT_MS, act="price_override", cashier=first, approved_by=second),
    ]  # fmt: skip
    if closed:
        expected = fold(facts).expected_minor
        facts.append(ShiftClosed(id=id_(606), at_ms=AT_MS + 8 * 3_600_000, shift=id_(1), cashier=second,
                                 expected_minor=expected, counted_minor=expected - 5_00))  # fmt: skip
    return facts


def receipt(lang: str) -> Receipt:
    sold = sale(lang, by=id_(9))
    decided = tuple(
        DecidedLine(id=str(line.line), qty_milli=line.qty_milli, gross_minor=line.gross_minor,
                    net_minor=line.net_minor,
                    discounts=tuple(Decided(d.rule, d.amount_minor) for d in line.discounts))
        for line in sold.lines
    )  # fmt: skip
    decision = Decision("demo", 1, AT_MS, decided, points=Points(
        earned_centi=41_00, spent_centi=103_00, spent_value_minor=1_03, balance_after_centi=1_297_00),
        tiers=(TierView("tier", "silver", "silver", "gold", "spend", 310_50),),
        stamps=(StampsView("coffee-card", 3, 1, 4, 10, 0),), issued=(grant(),))  # fmt: skip
    rung = tuple(OpenLine(key=line.line, sku=line.sku, name=line.name, qty_milli=line.qty_milli,
                          price_minor=line.price_minor) for line in sold.lines)  # fmt: skip
    basket = OpenSale(id=sold.id, opened_ms=AT_MS, lines=rung, member=id_(9))
    return Receipt(sale=sold, basket=basket, decision=decision, member=member(lang))


def coupon_slip(lang: str, shop: Shop, given: Grant) -> Document:
    """The slip behind the receipt of a sale that gave a coupon."""
    sold = receipt(lang)
    decision = msgspec.structs.replace(sold.decision, issued=(given,))
    whole = sale_document(msgspec.structs.replace(sold, decision=decision), shop, programme())
    return Document(whole.blocks[whole.blocks.index(Cut()) + 1 :], language=whole.language)


def moved(lang: str) -> CashMoved:
    return CashMoved(id=id_(600), at_ms=AT_MS, shift=id_(1), cashier=CASHIERS[lang][0], amount_minor=-300_00,
                     reason=REASONS[lang][1])  # fmt: skip


def _enrolment(lang: str) -> Document:
    consents = tuple(
        ConsentText(text=text, version="2026-09", given=given)
        for text, given in zip(CONSENTS[lang], (True, False), strict=True)
    )
    person = member(lang).person
    assert person is not None
    return enrolment_slip(person, SHOPS[lang], programme(), at_ms=AT_MS, card="2912345678902",
                          consents=consents, cashier=CASHIERS[lang][0])  # fmt: skip


KINDS: Final[dict[str, Callable[[str], Document]]] = {
    "sale": lambda lang: sale_document(receipt(lang), SHOPS[lang], programme()),
    "copy": lambda lang: copy_document(sale(lang, by=id_(9)), SHOPS[lang], programme(), member=member(lang)),
    "refund": lambda lang: refund_document(
        refund(lang), SHOPS[lang], programme(), sold=sale(lang), member=member(lang)
    ),
    "refund-copy": lambda lang: refund_document(
        refund(lang), SHOPS[lang], programme(), sold=sale(lang), member=member(lang), copy=True
    ),
    "x": lambda lang: x_report(
        fold(shift_facts(lang, closed=False)), SHOPS[lang], programme(), at_ms=AT_MS,
        cashier=CASHIERS[lang][0],
    ),
    "z": lambda lang: z_report(fold(shift_facts(lang)), SHOPS[lang], programme()),
    "cash": lambda lang: cash_slip(moved(lang), SHOPS[lang], programme()),
    "statement": lambda lang: points_statement(
        member(lang), SHOPS[lang], programme(), at_ms=AT_MS,
        moved=movements([sale(lang, by=id_(9)), refund(lang)])[::-1],
    ),
    "coupon": lambda lang: coupon_slip(lang, SHOPS[lang], grant()),
    "enrolment": _enrolment,
}  # fmt: skip
