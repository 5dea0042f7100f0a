"""What the customer sees, over a real till: the basket, what is to pay, thanks, and two lines of it."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from app.checkout.ports import Member
from app.ledger.short import named, short_state
from app.screens import views
from app.screens.customer import THANKS_MS, CustomerPresenter, CustomerStage, CustomerView
from hardware.ports import CardTapped, DisplayText
from tests.screens.conftest import Screen

GOLD, RUSSIAN = "04A1B2C3D4E5F6", "04B1B2C3D4E5F6"
COFFEE, MILK, LATTE = "5901234000161", "5901234000178", "5901234000062"


class Follower:
    """A customer's presenter that follows the cashier's, with everything that it told."""

    def __init__(self, screen: Screen, **settings: str) -> None:
        self.seen: list[CustomerView] = []
        self.read: list[DisplayText] = []
        self.marks: list[tuple[uuid.UUID, int]] = []
        self.presenter = CustomerPresenter(
            screen.desk.till,
            screen.desk.world,
            rated=lambda sale, mark: self.marks.append((sale, mark)),
            publish=self.seen.append,
            pole=self.read.append,
            **settings,
        )
        screen.presenter.publish = self.presenter.follow

    @property
    def view(self) -> CustomerView:
        return self.presenter.view


@pytest.fixture
def customer(screen: Screen) -> Follower:
    return Follower(screen, receipt_url="https://poranek.example/p/{sale}")


def tap(screen: Screen, uid: str) -> None:
    screen.presenter.card(CardTapped("Reader", 1, uid, "ntag213"))


def pay(screen: Screen, given: str) -> None:
    screen.presenter.pay()
    for key in given:
        screen.presenter.key(key)
    screen.presenter.take()


def test_between_customers_it_says_whose_shop_this_is(customer: Follower) -> None:
    assert customer.view.stage is CustomerStage.IDLE
    assert customer.view.shop == "Sklep Poranek"
    assert customer.view.greeting == "Dzień dobry!"


def test_a_scan_is_a_line_in_the_shops_language_and_on_the_pole(screen: Screen, customer: Follower) -> None:
    screen.presenter.scan(COFFEE)
    assert customer.view.stage is CustomerStage.BASKET
    assert [line.name for line in customer.view.lines] == ["Kawa ziarnista 250 g"]
    assert customer.read[-1] == DisplayText("Kawa ziarnista 250 g", "Razem", "18,90", "18,90 zł")


def test_a_member_is_spoken_to_in_their_own_language(screen: Screen, customer: Follower) -> None:
    screen.presenter.scan(COFFEE)
    tap(screen, RUSSIAN)
    assert customer.view.labels.total == "Итого"
    assert customer.view.member is not None
    assert customer.view.member.balance


def test_a_name_before_a_queue_is_a_word_and_an_initial(screen: Screen, customer: Follower) -> None:
    tap(screen, GOLD)
    assert customer.view.member is not None
    assert customer.view.member.name == "Łucja Ż."
    assert customer.view.stage is CustomerStage.BASKET
    assert customer.read[-1].bottom_end == customer.view.member.balance


def test_paying_says_what_is_to_pay(screen: Screen, customer: Follower) -> None:
    screen.presenter.scan(LATTE)
    screen.presenter.pay()
    assert customer.view.stage is CustomerStage.PAYING
    assert customer.read[-1] == DisplayText("Do zapłaty", "", "12,00 zł")
    screen.presenter.pay_by_card()
    assert customer.view.stage is CustomerStage.PAYING


def test_thanks_with_the_change_and_a_code_until_the_next_scan(screen: Screen, customer: Follower) -> None:
    tap(screen, GOLD)
    screen.presenter.scan(COFFEE)
    pay(screen, "50")
    thanks, last = customer.view.thanks, screen.desk.till.last
    assert thanks is not None
    assert last is not None
    assert thanks.change == "Reszta 32,99\xa0zł"
    assert thanks.earned.startswith("Naliczono")
    assert thanks.code == f"https://poranek.example/p/{last.sale.id.hex}"
    assert customer.read[-1] == DisplayText("Dziękujemy!", "Reszta 32,99\xa0zł")
    screen.presenter.leave()
    assert customer.view.stage is CustomerStage.THANKS
    screen.presenter.scan(MILK)
    assert customer.view.stage is CustomerStage.BASKET


def test_thanks_end_by_themselves(screen: Screen, customer: Follower) -> None:
    screen.presenter.scan(LATTE)
    pay(screen, "12")
    assert customer.view.thanks is not None
    assert customer.view.thanks.change == ""
    screen.desk.world.ms += THANKS_MS + 1
    screen.presenter.tick()
    assert customer.view.stage is CustomerStage.IDLE


def test_a_sale_is_marked_once(screen: Screen, customer: Follower) -> None:
    customer.presenter.rate(5)
    screen.presenter.scan(LATTE)
    pay(screen, "12")
    customer.presenter.rate(0)
    customer.presenter.rate(4)
    customer.presenter.rate(1)
    assert screen.desk.till.last is not None
    assert customer.marks == [(screen.desk.till.last.sale.id, 4)]
    assert customer.view.thanks is not None
    assert (customer.view.thanks.mark, customer.view.thanks.asked) == (4, "Dziękujemy za ocenę!")
    screen.presenter.scan(LATTE)
    pay(screen, "12")
    assert customer.view.thanks.mark == 0


def test_without_a_hook_nobody_is_asked(screen: Screen) -> None:
    presenter = CustomerPresenter(screen.desk.till, screen.desk.world)
    screen.presenter.publish = presenter.follow
    screen.presenter.scan(LATTE)
    pay(screen, "12")
    assert presenter.view.thanks is not None
    assert (presenter.view.thanks.marks, presenter.view.thanks.asked) == ((), "")


def test_what_did_not_change_is_not_told_again(screen: Screen, customer: Follower) -> None:
    screen.presenter.scan(LATTE)
    seen, read = len(customer.seen), len(customer.read)
    for _ in range(5):
        screen.presenter.tick()
    assert (len(customer.seen), len(customer.read)) == (seen, read)


class InShort:
    """Members as a till knows those of the directory: a level and points, which are no balance."""

    def __init__(self, members: Any) -> None:
        self._members = members

    def __getattr__(self, name: str) -> Any:
        return getattr(self._members, name)

    def member(self, id: uuid.UUID) -> Member:
        state = short_state(421_00, {}, bought=True)
        return Member(id=id, state=state, as_of_ms=0, snapshot=named(state))


def test_of_whom_the_directory_alone_knows_no_balance_is_told(screen: Screen, customer: Follower) -> None:
    heart: Any = screen.desk.till.heart
    heart.members = InShort(heart.members)
    tap(screen, GOLD)
    screen.presenter.scan(LATTE)
    shown = screen.presenter.view.member
    assert shown is not None
    assert (shown.balance, shown.balance_of) == ("421", "points to spend offline")
    pay(screen, "50")
    paid, thanks = screen.presenter.view.middle, customer.view.thanks
    assert isinstance(paid, views.Paid)
    assert thanks is not None
    assert (paid.earned, thanks.earned) == (
        "12\N{NO-BREAK SPACE}points earned",
        "Naliczono 12\N{NO-BREAK SPACE}punktów",
    )
