"""Goods by the kilogram come in no pieces, even where the scale shows a whole number of them."""

from __future__ import annotations

from pathlib import Path

import pytest

import resources
from app.loyalty.engine import compile_programme
from app.loyalty.programme import load_programme
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
