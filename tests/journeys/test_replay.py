"""Four weeks of one store of the Complete Journey data set, sold through the till and synced."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as parquet  # type: ignore[import-untyped]

import resources
from app.replaying import run_replay
from app.store.database import Database
from app.store.journey import folder as data_set
from tests.journeys.test_first_sale import feed
from tests.sync.process import ServerProcess

STORE, WEEKS = 367, 4


def sums_of_the_file() -> tuple[dict[str, int], int]:
    """Cents per day and the number of baskets, summed from the parquet file and nothing else."""
    table = parquet.read_table(
        data_set() / "transactions.parquet", filters=[("store_id", "=", STORE), ("week", "<=", WEEKS)]
    )
    cents: Counter[str] = Counter()
    baskets: set[int] = set()
    moments, dollars = table.column("transaction_timestamp"), table.column("sales_value")
    for moment, value, basket in zip(
        moments.to_pylist(), dollars.to_pylist(), table.column("basket_id").to_pylist(), strict=True
    ):
        cents[moment.date().isoformat()] += int(Decimal(str(value)).quantize(Decimal("0.01")) * 100)
        baskets.add(basket)
    return dict(cents), len(baskets)


def test_goods_per_day_equal_the_data_set_to_the_cent(tmp_path: Path) -> None:
    (tmp_path / "server").mkdir()
    server = ServerProcess(tmp_path / "server")
    try:
        result = run_replay(
            tmp_path / "till",
            resources.path("programmes", "demo.yaml"),
            store=STORE,
            weeks=WEEKS,
            url=server.url,
            enrol_code=server.first_run["enrol_code"],
        )
        facts = feed(server)
    finally:
        server.stop()
    expected, baskets = sums_of_the_file()
    database = Database(tmp_path / "till")
    days = {day.business_day: day.goods_minor for day in database.reader().days()}
    assert database.writer.check()[1] == []
    database.close()
    assert days == expected
    assert result.sales == baskets == 242
    assert result.goods_minor == sum(expected.values())
    assert result.synced == len(facts)
    at_server: Counter[str] = Counter()
    for fact in facts:
        body: dict[str, object] = fact["body"]  # type: ignore[assignment]
        if body["kind"] == "sale_completed":
            at_server[str(body["business_day"])] += int(str(body["goods_minor"]))
    assert dict(at_server) == expected
