"""Goods by the kilogram come in no pieces, even where the scale shows a whole number of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

import resources
from app.ledger.facts import SaleCompleted
from app.ledger.original import is_weighed
from app.loyalty.engine import compile_programme
from app.loyalty.programme import load_programme
from app.screens import views
from app.screens.sale import SalePresenter
from app.store.sold import sales
from tests.support.shop import Desk

APPLES, KEFIR = "5901234000185", "5901234000178"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Three for two, on fruit and dairy."""
    desk = Desk(tmp_path / "till").stock()
    rules = resources.path("programmes", "gallery", "bundle.yaml").read_text("utf-8")
    rules = rules.replace("[yoghurt]", "[fruit, dairy]")
    desk.programme = compile_programme(load_programme(rules.encode()))
    desk.till.use(desk.programme)
    return desk


def test_three_kilograms_are_not_three_pieces(desk: Desk) -> None:
    till = desk.till
    till.scan(APPLES)
    till.set_qty(1, 3000)
    assert (till.due_minor, till.decision.discount_minor) == (3 * 2990, 0)
    till.scan(KEFIR)
    till.set_qty(2, 3000)
    assert till.decision.discount_minor == till.sale.lines[1].price_minor, "pieces still are"
    till.pay_cash(till.due_minor, desk.heard.append)
    assert till.last is not None
    apples, kefir = till.last.sale.lines
    assert (apples.tags, kefir.tags) == (("weighed",), ()), "the server knows it, too"


def test_only_what_is_sold_by_the_kilogram_is_weighed(desk: Desk) -> None:
    apples = desk.reader.product_by_code(APPLES)
    assert apples is not None
    assert apples.priced_tags == ("weighed",)
    kefir = desk.reader.product_by_code(KEFIR)
    assert kefir is not None
    assert kefir.priced_tags == kefir.tags == ()


def sell(desk: Desk, apples_milli: int, kefir_milli: int) -> SaleCompleted:
    for code, qty_milli in ((APPLES, apples_milli), (KEFIR, kefir_milli)):
        desk.till.scan(code)
        desk.till.set_qty(desk.till.sale.lines[-1].key, qty_milli)
    desk.till.pay_cash(desk.till.due_minor, desk.heard.append)
    assert desk.till.last is not None
    return desk.till.last.sale


def test_what_was_weighed_comes_back_whole_whatever_it_weighed(desk: Desk) -> None:
    sale = sell(desk, 2000, 2000)
    screen = SalePresenter(desk.till, desk.reader, desk.reader, desk.world, lang="en")
    screen.open_tool("refund")
    screen.pick(sale.id.hex)
    screen.step("1", 1)
    screen.step("2", 1)
    middle = screen.view.middle
    assert isinstance(middle, views.Counts)
    assert [(row.quantity, row.more) for row in middle.rows] == [("2", False), ("1", True)]
    screen.step("1", -1)
    middle = screen.view.middle
    assert isinstance(middle, views.Counts)
    assert middle.rows[0].quantity == "0"


def test_a_what_if_over_the_tills_own_sales_counts_no_kilogram_either(desk: Desk) -> None:
    sell(desk, 3000, 3000)
    past = sales(desk.reader, "")
    assert {goods.sku: goods.tags for goods in past.goods} == {"1018": ("weighed",), "1017": ()}


@pytest.mark.parametrize("apples_milli", [2000, 642])
def test_a_sale_given_to_another_counts_none_though_the_list_has_changed(
    desk: Desk, apples_milli: int
) -> None:
    rules = resources.path("programmes", "gallery", "stamps.yaml").read_text("utf-8")
    programme = compile_programme(load_programme(rules.replace("[coffee]", "[fruit, dairy]").encode()))
    desk.till.use(programme)
    sale = sell(desk, apples_milli, 1000)
    apples = desk.reader.product_by_code(APPLES)
    assert apples is not None
    desk.database.writer.put_products([replace(apples, unit="piece")])
    desk.till.moving.claim(sale.id, desk.member(), desk.heard.append)
    assert desk.heard[-1].code == "sale_claimed"
    member = desk.reader.member(desk.member())
    assert member is not None
    assert member.state.stamps["coffee"].have == 1, "the kefir's"


def test_a_sale_of_before_the_tag_is_known_by_its_fraction(desk: Desk) -> None:
    apples, kefir = sell(desk, 642, 2000).lines
    assert [is_weighed(replace(line, tags=())) for line in (apples, kefir)] == [True, False]
