"""Codes, coupons, birthdays, gift cards: what is presented at the till reaches the rules, and is counted."""

from __future__ import annotations

import uuid
from pathlib import Path

import msgspec
import pytest

import resources
from app.checkout.birthdays import birthday_of
from app.checkout.outcome import done
from app.checkout.ports import Person
from app.checkout.receipt import sale_document
from app.ledger.facts import SaleCompleted
from app.loyalty.basket import Birthday
from app.loyalty.engine import compile_programme
from app.loyalty.programme import load_programme
from hardware.receipt import Document, Text, decode_job
from tests.support.facts import product
from tests.support.shop import SHOP, Desk

LUCJA = "04A1B2C3D4E5F6"
BEANS, MILK = "5901234000161", "5901234000178"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "till", shop=msgspec.structs.replace(SHOP, gift_cards="here")).stock()


def under(desk: Desk, name: str, *changes: tuple[str, str]) -> None:
    rules = resources.path("programmes", "gallery", f"{name}.yaml").read_text("utf-8")
    for old, new in changes:
        assert old in rules
        rules = rules.replace(old, new)
    desk.programme = compile_programme(load_programme(rules.encode()))
    desk.till.use(desk.programme)


def pay(desk: Desk) -> SaleCompleted:
    desk.till.pay_cash(max(desk.till.due_minor, 0), desk.heard.append)
    assert desk.heard[-1].code == "sold"
    assert desk.till.last is not None
    return desk.till.last.sale


def test_a_code_is_typed_or_scanned_and_counted(desk: Desk) -> None:
    under(desk, "promo-code")
    till = desk.till
    assert till.scan("WELCOME10").code == "code_waits"
    till.tap(LUCJA)
    till.scan(BEANS)
    assert till.due_minor == 17_01
    assert till.scan("WELCOME10").code == "code_here"
    assert till.coupons.drop("WELCOME10").code == "code_gone"
    assert till.due_minor == 18_90
    assert till.coupons.drop("WELCOME10").code == "no_code"
    assert till.scan("WELCOME10").values == {"saved_minor": 1_89}
    desk.restart()
    till = desk.till
    assert till.coupons.codes == ("WELCOME10",)
    pay(desk)
    till.tap(LUCJA)
    till.scan(BEANS)
    till.scan("WELCOME10")
    assert till.due_minor == 18_90, "once a member"
    assert desk.reader.code_used("WELCOME10", desk.member()) == (1, 1)
    till.clear()
    other = desk.member("uid:04B1B2C3D4E5F6")
    assert desk.reader.code_used("WELCOME10", other) == (1, 0)
    till.care.merge(other, desk.member(), answer=desk.heard.append)
    assert desk.reader.code_used("WELCOME10", other) == (1, 1), "used under the other card"


def test_a_shared_code_is_one_however_it_is_typed(desk: Desk) -> None:
    under(desk, "promo-code", ("total: 1000", "total: 1"))
    till = desk.till
    till.tap(LUCJA)
    till.scan(BEANS)
    assert till.scan("welcome10").values == {"saved_minor": 1_89}
    assert till.scan("Welcome10").code == "code_here"
    pay(desk)
    till.tap("04B1B2C3D4E5F6")
    till.scan(BEANS)
    assert till.scan("WELCOME10").code == "code_waits"
    assert till.scan("welcome10").code == "code_here"
    assert till.due_minor == 18_90


def test_two_coupons_earned_at_once_are_used_one_after_the_other(desk: Desk) -> None:
    text = """  - {id: card, kind: stamps, name: {ru: a, pl: a, en: a}, label: {ru: a, pl: a, en: a},
     size: 2, reward: {amount: 3}}"""
    gallery = resources.path("programmes", "gallery", "promo-code.yaml")
    rules = gallery.read_text("utf-8").partition("rules:\n")[0]
    desk.programme = compile_programme(load_programme(f"{rules}rules:\n{text}\n".encode()))
    desk.till.use(desk.programme)
    till = desk.till
    till.tap(LUCJA)
    for _ in range(4):
        till.scan(BEANS)
    pay(desk)
    for _ in range(2):
        till.tap(LUCJA)
        till.scan(MILK)
        coupon = till.coupons.held()[0].code
        assert till.coupons.present(coupon) == done("code_taken", saved_minor=3_00)
        pay(desk)
    till.tap(LUCJA)
    assert [grant.uses for grant in till.coupons.held()] == [1], "the two have filled another card"


def test_a_code_that_nobody_knows_is_an_unknown_code(desk: Desk) -> None:
    till = desk.till
    till.scan(MILK)
    before = till.sale
    assert till.scan("HALF-PRICE").code == "unknown_code"
    assert (till.sale.codes, till.sale.lines) == ((), before.lines)
    assert till.coupons.present("HALF-PRICE") is None
    assert till.coupons.present(" ") is None
    assert till.undo().code == "undone"
    assert till.sale.lines == (), "trying it left no step to undo"


def test_a_come_back_coupon_is_earned_and_used_once(desk: Desk) -> None:
    under(desk, "come-back")
    till = desk.till
    till.tap(LUCJA)
    till.scan(BEANS)
    pay(desk)
    state = desk.reader.member(desk.member())
    assert state is not None
    coupon = next(grant.code for grant in state.state.grants if grant.rule == "come-back")
    desk.world.ms += 2 * 86_400_000
    till.tap(LUCJA)
    till.scan(BEANS)
    till.scan(BEANS)
    assert till.scan(coupon).code == "code_taken"
    assert till.due_minor == 37_80 - 5_67
    pay(desk)
    till.tap(LUCJA)
    till.scan(BEANS)
    till.scan(BEANS)
    till.scan(coupon)
    assert till.due_minor == 37_80


def of_goods(document: Document | None) -> str:
    """What a coupon says of the goods that it is for."""
    assert document is not None
    (text,) = (block.text for block in document.blocks if isinstance(block, Text) and "0000" in block.text)
    return text


def test_a_coupon_names_its_goods_in_the_language_of_whoever_gets_it(desk: Desk) -> None:
    under(desk, "come-back", ("kind: come_back", 'kind: come_back\n    products: {skus: ["1017", "0000"]}'))
    till = desk.till
    till.tap(LUCJA)
    till.scan(MILK)
    pay(desk)
    with desk.database.writer.transaction() as sql:
        (printed,) = sql.execute("SELECT document FROM print_job").fetchone()
    assert "Mleko 3,2% 1 l, produkt nr 0000" in of_goods(decode_job(printed).document)
    assert till.last is not None
    member = till.last.member
    assert member is not None
    assert member.person is not None
    for lang, said in (
        ("ru", "Молоко 3,2 % 1 л, товар № 0000"),
        ("en", "Milk 3.2% 1 l, product no. 0000"),
    ):
        spoken = msgspec.structs.replace(member, person=msgspec.structs.replace(member.person, lang=lang))
        receipt = msgspec.structs.replace(till.last, member=spoken)
        document = sale_document(receipt, till.shop, desk.programme, desk.reader.product)
        assert said in of_goods(document)


def test_the_best_mix_is_chosen_for_the_customer(desk: Desk) -> None:
    till = desk.till
    assert till.coupons.best_mix().code == "no_member"
    till.tap(LUCJA)
    assert till.coupons.best_mix().code == "nothing_to_pay"
    for _ in range(4):
        till.scan(BEANS)
    plain = till.due_minor
    chosen = till.coupons.best_mix()
    assert chosen.values == {"saved_minor": plain - till.due_minor}
    assert till.sale.redeem == "max"
    assert till.undo().code == "undone"
    assert till.due_minor == plain


# -- birthdays --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1988-11-24", (11, 24)),
        ("02-29", (2, 29)),
        ("--02-29", (2, 29)),
        ("", None),
        ("yesterday", None),
        ("1990-02-30", None),
        ("24.11.1988", (11, 24)),
        ("4.1.", (1, 4)),
        ("29.02", (2, 29)),
        ("24.11.88", None),
        ("11/24/1988", None),
        ("31.4.1990", None),
    ],
)
def test_birthdays_as_people_write_them(text: str, expected: tuple[int, int] | None) -> None:
    person = Person(member=uuid.uuid4(), name="x", birthday=text, birthday_since_ms=7)
    found = birthday_of(person)
    assert found == (None if expected is None else Birthday(*expected, 7))


def test_a_birthday_told_today_earns_nothing_and_one_known_before_does(desk: Desk) -> None:
    under(desk, "birthday")
    till = desk.till
    till.tap(LUCJA)
    for _ in range(3):
        till.scan(BEANS)
    assert till.due_minor == 56_70, "imported a moment ago"
    till.clear()
    desk.world.ms += 8 * 86_400_000 - 5 * 86_400_000
    assert desk.reader.person(desk.member()) is not None
    desk.world.ms += 362 * 86_400_000
    till.tap(LUCJA)
    for _ in range(3):
        till.scan(BEANS)
    assert till.due_minor == 36_70


# -- gift cards -------------------------------------------------------------------------------------------


def test_a_gift_card_is_sold_spent_and_given_back(desk: Desk) -> None:
    under(desk, "gift-card")
    till, card = desk.till, product("GIFT-CARD", tags=("gift_card",), price_minor=50_00)
    till.ring(card)
    assert till.start_payment().code == "gift_card_number"
    assert till.adjusting.number_line(1, "G-1").code == "gift_card_numbered"
    first = pay(desk)
    assert desk.reader.gift_card_minor("G-1") == 50_00
    till.scan(BEANS)
    assert till.present_gift_card("G-2").code == "gift_card_unknown"
    assert till.present_gift_card("G-1").values == {"amount_minor": 18_90, "left_minor": 31_10}
    assert till.present_gift_card("G-1").code == "gift_card_here"
    assert till.due_minor == 0
    till.drop_tender("gift:G-1", desk.heard.append)
    assert till.due_minor == 18_90
    till.tender_cash(10_00, desk.heard.append)
    assert till.present_gift_card("G-1").values["amount_minor"] == 8_90
    sale = pay(desk)
    assert {tender.means for tender in sale.tenders} == {"cash", "gift_card"}
    assert desk.reader.gift_card_minor("G-1") == 41_10
    till.refunds.refund(sale.id, {1: 1000}, "cash", answer=desk.heard.append)
    assert desk.heard[-1].values["amount_minor"] == 10_00
    assert desk.reader.gift_card_minor("G-1") == 50_00
    till.refunds.refund(first.id, {1: 1000}, "cash", answer=desk.heard.append)
    assert desk.reader.gift_card_minor("G-1") == 0
    till.scan(MILK)
    assert till.present_gift_card("G-1").code == "gift_card_empty"


def test_where_other_tills_take_them_too_a_gift_card_is_not_taken_blindly(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "till").stock()
    desk.till.scan(MILK)
    assert desk.till.present_gift_card("G-1").code == "gift_card_unknown"
    desk.close()
