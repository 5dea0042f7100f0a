"""What panels have in common: none is modal, and a scan is never lost to one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from app.checkout.ports import Product
from app.screens import views
from app.screens.tools import TOOLS, make, menu
from app.texts import LANGUAGES
from app.ui import scenes

LATTE = scenes.LATTE
OPENED = [tool.key for tool in TOOLS if not tool.place.startswith("acts:")]


@pytest.fixture
def stage() -> Iterator[scenes.Stage]:
    with scenes.Stage("en") as made:
        made.hire()
        made.sale.repaint()
        made.sale.pick("anna")
        for key in "1234":
            made.sale.key(key)
        made.sale.take()
        scenes.selling.selling(made)
        yield made


def test_a_scan_is_rung_up_whatever_is_open(stage: scenes.Stage) -> None:
    for key in OPENED:
        stage.sale.open_tool(key)
        pieces = sum(line.qty_milli for line in stage.till.sale.lines)
        stage.sale.scan(LATTE)
        assert sum(line.qty_milli for line in stage.till.sale.lines) == pieces + 1000, key


def test_escape_leads_back_to_ringing_up(stage: scenes.Stage) -> None:
    for key in OPENED:
        stage.sale.open_tool(key)
        stage.sale.leave()
        assert isinstance(stage.sale.view.middle, views.Favourites), key


def test_every_panel_speaks_every_language(stage: scenes.Stage) -> None:
    """A text that a catalogue lacks is an error where the panel is shown."""
    for lang in LANGUAGES:
        stage.sale.switch_language(lang)
        for key in OPENED:
            stage.sale.open_tool(key)
            assert getattr(stage.sale.view.middle, "title", "x"), key


def test_the_menu_shows_what_the_shop_has(stage: scenes.Stage) -> None:
    assert {"staff", "lock", "open_price"} <= {tool.key for tool in menu(stage.till)}
    with scenes.Stage("en") as other:
        assert {"staff", "lock"}.isdisjoint(tool.key for tool in menu(other.till))


def test_a_gift_card_that_is_sold_asks_for_its_number() -> None:
    """Before its money is taken; the card is scanned, goods are rung up as ever."""
    with scenes.Stage("en") as made:
        made.till.heart.shop = replace(made.till.shop, gift_cards="here")
        made.till.ring(Product(sku="GIFT", name="Gift card", price_minor=50_00, tags=("gift_card",)))
        made.sale.pay()
        assert isinstance(made.sale.view.middle, views.Form)
        made.sale.scan(LATTE)
        assert len(made.till.sale.lines) == 2
        made.sale.pay()
        made.sale.scan("GC-0001")
        assert made.till.sale.lines[0].code == "GC-0001"
        made.sale.pay()
        assert isinstance(made.sale.view.middle, views.Payment)


def test_goods_and_cards_scanned_while_paying_are_no_gift_cards() -> None:
    """Where the server keeps gift cards it was asked about whatever was scanned; goods were not rung."""
    with scenes.Stage("en") as made:
        made.till.heart.shop = replace(made.till.shop, gift_cards="server")
        made.sale.scan(LATTE)
        made.sale.pay()
        made.sale.scan(LATTE)
        made.sale.scan("2900000000018")
        assert [line.qty_milli for line in made.till.sale.lines] == [2000]
        assert made.till.sale.member is not None
        made.hire()
        made.sale.scan("anna")
        assert made.till.people.who is not None, "nor is a badge"


def test_a_product_wins_over_the_form_of_its_code(stage: scenes.Stage) -> None:
    code = "R00018401234567"
    odd = Product(sku="ODD", name="Odd", price_minor=1_00, codes=(code,))
    stage.database.call(lambda: stage.database.writer.put_products([odd]))
    stage.sale.scan(code)
    assert stage.till.sale.lines[-1].sku == "ODD"


def test_a_department_says_its_rate(stage: scenes.Stage) -> None:
    stage.sale.open_tool("open_price")
    middle = stage.sale.view.middle
    assert isinstance(middle, views.Pad)
    assert [choice.text for choice in middle.choices] == [
        "Food\xa0· 5%",
        "Drinks\xa0· 23%",
        "Other\xa0· 23%",
    ]


def test_what_cannot_be_used_now_does_not_open(stage: scenes.Stage) -> None:
    stage.sale.detach()
    assert make("member", stage.sale) is None
