"""The demonstration draft over the first weeks of the Complete Journey, and against the engine itself."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from pathlib import Path

import pyarrow.parquet as parquet  # type: ignore[import-untyped]
import pytest

import resources
from app.checkout.ports import NotWritten
from app.loyalty.whatif.figures import Assumptions
from app.loyalty.whatif.replay import what_if
from app.loyalty.whatif.sales import Sales
from app.store import journey
from app.whatif.case import read_programme
from tests.loyalty.test_whatif import assert_equal_to_the_engine

DRAFT, IN_FORCE = (
    read_programme(resources.path("programmes", f"what-if-{name}.yaml")) for name in ("draft", "in-force")
)


@lru_cache
def year() -> Sales:
    return journey.sales()


def test_the_draft_has_kinds_enough() -> None:
    assert len({rule.kind for rule in DRAFT.programme.rules}) >= 8


def test_every_basket_and_cent_of_the_year_is_there() -> None:
    sales = year()
    assert (len(sales), sales.lines, len(sales.members)) == (155_848, 1_469_307, 2_469)
    table = parquet.read_table(journey.folder() / "transactions.parquet", columns=["sales_value"])
    cents = sum(round(value * 100) for value in table.column("sales_value").to_pylist())
    assert sum(sales.gross_minor("half_up")) == cents
    assert list(sales.at_ms) == sorted(sales.at_ms)
    one = sales.basket(0)
    assert [line.id for line in one.lines] == sorted(line.id for line in one.lines)
    assert Decimal(sum(line.unit_price_minor * line.qty_milli for line in one.lines)) == 1000 * sum(
        sales.gross_minor("half_up")[: sales.start[1]]
    )


@pytest.mark.parametrize("redemption", ["none", "maximum"])
@pytest.mark.parametrize("compiled", [DRAFT, IN_FORCE], ids=["draft", "in-force"])
def test_real_sales_are_priced_as_the_engine_prices_them(compiled, redemption) -> None:  # type: ignore[no-untyped-def]
    assert assert_equal_to_the_engine(compiled, year().first(700), Assumptions(redemption=redemption))


def test_two_thousand_sales_have_effects_of_every_kind_that_can() -> None:
    result = what_if(DRAFT, IN_FORCE, year().first(2_000), Assumptions(warm_up_days=2))
    given = {each.rule for each in result.draft.rules if each.all.receipts}
    assert given >= {"soup-3-for-2", "own-brand-pizza", "yogurt-card", "welcome", "come-back", "points"}
    assert result.past.warm_up_receipts > 0
    assert result.draft.totals.goods_minor == result.in_force.totals.goods_minor


def test_a_folder_without_the_files_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(NotWritten, match="does not hold the Complete Journey's parquet files"):
        journey.sales(tmp_path)
