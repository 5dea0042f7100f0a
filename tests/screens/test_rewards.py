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
