"""Gifts and rewards on the screen: what waits is offered first, and taken with − and +."""

from __future__ import annotations

from pathlib import Path

import pytest

import resources
from app.checkout.ports import Work
from app.ledger.facts import PointsAdjusted
from app.loyalty.effects import Grant, Granted
from app.loyalty.engine import compile_programme
from app.loyalty.programme import load_programme
from app.screens import views
from app.screens.customer import CustomerPresenter
from app.screens.forms import Row
from app.texts import LANGUAGES
from tests.screens.conftest import Screen

LUCJA = "04A1B2C3D4E5F6"


def counts(screen: Screen) -> views.Counts:
    middle = screen.view.middle
    assert isinstance(middle, views.Counts)
    return middle


@pytest.fixture
def shop(screen: Screen) -> Screen:
    catalogue = resources.path("programmes", "gallery", "reward.yaml")
    assert isinstance(catalogue, Path)
    desk = screen.desk
    gift = Grant("old:birthday", "birthday", "reward", desk.world.ms, 1, item="mug")
    desk.database.write(
        Work(
            facts=(
                PointsAdjusted(
                    id=desk.world.new_id(),
                    at_ms=desk.world.ms,
                    member=desk.member(),
                    reason="test",
                    cashier="Anna",
                    effects=(Granted(gift),),
                ),
            )
        )
    )
    desk.till.use(compile_programme(load_programme(catalogue)))
    screen.presenter.repaint()
    return screen


def test_a_gift_that_waits_is_offered_and_leads_to_the_rewards(shop: Screen) -> None:
    sale = shop.presenter
    shop.desk.till.tap(LUCJA)
    sale.repaint()
    assert shop.view.member is not None
    first = shop.view.member.offers[0]
    assert (first.key, first.detail, first.opens) == ("rewards", "Mug", "rewards")
    sale.take_offer("rewards")
    gift, mug, massage = counts(shop).rows
    assert (gift.title, gift.quantity, gift.less, gift.more) == ("Mug", "0", False, True)
    assert (mug.figure, mug.more) == ("500", True)
    assert massage.detail
    sale.step(gift.key, 1)
    sale.step(mug.key, 1)
    assert [row.quantity for row in counts(shop).rows] == ["1", "1", "0"]
    assert next(row.figure for row in counts(shop).sums) == "\N{MINUS SIGN}500"
    assert shop.view.total.payable
    sale.step(mug.key, -1)
    assert counts(shop).sums == ()
    sale.take()
    assert not isinstance(shop.view.middle, views.Counts)


def test_once_paid_both_screens_say_what_goes_over_the_counter(shop: Screen) -> None:
    sale, desk = shop.presenter, shop.desk
    desk.till.tap(LUCJA)
    sale.open_tool("rewards")
    for key in ("old:birthday", "catalogue/mug"):
        sale.step(key, 1)
    sale.pay()
    sale.give(0)
    paid = shop.view.middle
    assert isinstance(paid, views.Paid)
    assert paid.hand == "Hand over: 2\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}Mug"
    seen = CustomerPresenter(desk.till, desk.world, lang="en", rated=lambda sale, mark: None).view
    assert seen.thanks is not None
    assert seen.thanks.news == "You receive: 2\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}Mug"


@pytest.mark.parametrize(
    ("programme", "said"),
    [
        ("come-back", "coupon: Come back"),
        ("entitlement", "6\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}Consultations"),
    ],
)
def test_what_a_sale_brought_for_later_is_said_too(shop: Screen, programme: str, said: str) -> None:
    sale, desk = shop.presenter, shop.desk
    rules = resources.path("programmes", "gallery", f"{programme}.yaml").read_text("utf-8")
    desk.till.use(compile_programme(load_programme(rules.replace("laptop", "coffee-beans").encode())))
    desk.till.tap(LUCJA)
    for _ in range(2):
        sale.scan("5901234000161")
    sale.pay()
    sale.give(100_00)
    paid = shop.view.middle
    assert isinstance(paid, views.Paid)
    assert paid.news == said


def test_it_closes_with_the_member_and_is_in_the_menu_only_where_there_is_something(shop: Screen) -> None:
    sale = shop.presenter
    sale.open_tool("more")
    tool = {tool.key: tool for tool in _tools(shop).tools}["rewards"]
    assert not tool.enabled
    shop.desk.till.tap(LUCJA)
    sale.open_tool("rewards")
    assert counts(shop).rows
    sale.detach()
    assert not isinstance(shop.view.middle, views.Counts)


def test_a_coupon_that_is_held_is_used_and_taken_off_again(shop: Screen) -> None:
    sale, desk = shop.presenter, shop.desk
    back = resources.path("programmes", "gallery", "come-back.yaml")
    desk.till.use(compile_programme(load_programme(back)))
    desk.sell("5901234000161", "5901234000161", "5901234000161")
    desk.world.ms += 86_400_000
    desk.till.tap(LUCJA)
    sale.scan("5901234000161")
    sale.scan("5901234000161")
    full = desk.till.due_minor
    sale.open_tool("rewards")
    coupon = counts(shop).rows[0]
    assert (coupon.quantity, coupon.less, coupon.more) == ("0", False, True)
    sale.step(coupon.key, 1)
    assert desk.till.due_minor < full
    assert (counts(shop).rows[0].quantity, counts(shop).rows[0].more) == ("1", False)
    sale.step(coupon.key, -1)
    assert desk.till.due_minor == full


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_row_has_words(shop: Screen, lang: str) -> None:
    sale = shop.presenter
    shop.desk.till.tap(LUCJA)
    sale.open_tool("rewards")
    sale.switch_language(lang)
    assert all(row.title and "{" not in row.title + row.detail for row in counts(shop).rows)


def _tools(screen: Screen) -> views.Tools:
    middle = screen.view.middle
    assert isinstance(middle, views.Tools)
    return middle


def test_what_is_given_by_hand_is_asked_once_and_then_refused_with_a_reason(shop: Screen) -> None:
    sale = shop.presenter
    shop.desk.till.tap(LUCJA)
    sale.open_tool("member")
    assert not next(tool for tool in _tools(shop).tools if tool.key == "by_hand").enabled
    mixed = load_programme(resources.path("programmes", "gallery", "whole-mixed.yaml"))
    shop.desk.till.use(compile_programme(mixed))
    sale.pick("by_hand")
    review, game = _rows(shop)
    assert (review.figure, review.detail, game.detail) == ("+5", "", "")
    sale.pick(review.key)
    assert isinstance(shop.view.middle, views.Ask)
    sale.press("back")
    sale.pick(review.key)
    sale.press("yes")
    assert shop.view.notice.text == "Given: 5\N{NO-BREAK SPACE}points"
    sale.pick("by_hand")
    _, review = _rows(shop)  # what cannot be given now stands last
    assert (review.figure, bool(review.detail)) == ("", True)
    sale.pick(review.key)
    assert isinstance(shop.view.middle, views.Rows)


def _rows(screen: Screen) -> tuple[Row, ...]:
    middle = screen.view.middle
    assert isinstance(middle, views.Rows)
    return middle.rows
