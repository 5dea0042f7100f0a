"""The engine beside Medusa's promotion functions and zen-engine, on the same 500 promotions.

    python -m tests.bench.bench_engine [--alone]

Prints medians and p99 of one run, and ratios; asserts nothing. Installs the two others into a folder
of its own under the system's temporary directory the first time (needs npm and pip).
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.loyalty.basket import Basket, Context
from app.loyalty.engine import Compiled, evaluate
from app.loyalty.state import EMPTY
from tests.bench.engine_load import basket, compiled, promotions

OTHERS = Path(tempfile.gettempdir()) / "stempel-bench-engines"
SIZES = (10, 50, 200)
BASKETS = 20
NOW = Context(at_ms=1_768_474_800_000, sale_id="bench")

ZEN = """
import json, sys, time, zen
load = json.load(sys.stdin)
decision = zen.ZenEngine().create_decision(json.dumps(load["graph"]))
times, matched = [], 0
for n in range(load["repeat"]):
    lines = load["baskets"][n % len(load["baskets"])]
    start = time.perf_counter()
    matched = sum(len(decision.evaluate(line)["result"]) for line in lines)
    times.append((time.perf_counter() - start) * 1e3)
print(json.dumps({"times": times, "adjustments": matched}))
"""


def timed(work: Callable[[int], int], repeat: int) -> tuple[list[float], int]:
    """Milliseconds of each call, and what the last one returned."""
    work(0)
    times: list[float] = []
    made = 0
    for n in range(repeat):
        start = time.perf_counter()
        made = work(n)
        times.append((time.perf_counter() - start) * 1e3)
    return times, made


def ours(engine: Compiled, lines: int, repeat: int, *, explain: bool = False) -> tuple[list[float], int]:
    baskets = [basket(lines, seed) for seed in range(BASKETS)]
    for each in baskets:
        evaluate(engine, EMPTY, each, NOW)  # a till has seen its goods before

    def work(n: int) -> int:
        decision = evaluate(engine, EMPTY, baskets[n % BASKETS], NOW, explain=explain)
        return sum(len(line.discounts) for line in decision.lines)

    return timed(work, repeat)


def plain(each: Basket) -> list[dict[str, Any]]:
    """A basket as the others read it."""
    return [
        {
            "id": line.id,
            "sku": line.sku,
            "category": line.category,
            "quantity": line.qty_milli // 1000,
            "subtotal": line.unit_price_minor * (line.qty_milli // 1000) / 100,
        }
        for line in each.lines
    ]


def install() -> tuple[Path, Path]:
    """Medusa's package folder and a Python that has zen-engine."""
    OTHERS.mkdir(exist_ok=True)
    package = OTHERS / "node_modules" / "@medusajs" / "promotion"
    if not package.exists():
        names = ["@medusajs/promotion", "@medusajs/utils"]
        command = ["npm", "install", *names, "--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
        (OTHERS / "package.json").write_text("{}")
        subprocess.run(command, cwd=OTHERS, check=True, capture_output=True)
    python = OTHERS / "zen" / "bin" / "python"
    if not python.exists():
        venv.create(OTHERS / "zen", with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "zen-engine"], check=True, capture_output=True)
    return package, python


def ask(command: list[str], load: dict[str, Any]) -> tuple[list[float], int]:
    done = subprocess.run(command, input=json.dumps(load), text=True, capture_output=True, check=True)
    answer = json.loads(done.stdout.splitlines()[-1])
    return answer["times"], answer["adjustments"]


def zen_graph() -> dict[str, Any]:
    """The promotions as a decision table of zen-engine: matching alone, every hit collected."""
    inputs = [
        {"id": "c", "name": "category", "field": "category"},
        {"id": "s", "name": "sku", "field": "sku"},
    ]
    rules: list[dict[str, str]] = []
    for n, promotion in enumerate(promotions(500)):
        category, sku = promotion.get("category"), promotion.get("sku")
        if category or sku:
            cells = {"c": f'"{category}"' if category else "", "s": f'"{sku}"' if sku else ""}
            rules.append({"_id": str(n), **cells, "o": f'"p{n}"'})
    table = {
        "hitPolicy": "collect",
        "inputs": inputs,
        "outputs": [{"id": "o", "name": "promotion", "field": "promotion"}],
        "rules": rules,
    }
    position = {"x": 0, "y": 0}
    nodes = [
        {"id": "in", "type": "inputNode", "name": "in", "position": position},
        {"id": "t", "type": "decisionTableNode", "name": "t", "content": table, "position": position},
        {"id": "out", "type": "outputNode", "name": "out", "position": position},
    ]
    edges = [
        {"id": "1", "type": "edge", "sourceId": "in", "targetId": "t"},
        {"id": "2", "type": "edge", "sourceId": "t", "targetId": "out"},
    ]
    return {"nodes": nodes, "edges": edges}


def show(name: str, times: list[float], adjustments: int, against: float | None = None) -> float:
    """One row; the median."""
    median = statistics.median(times)
    p99 = sorted(times)[int(len(times) * 0.99)]
    ratio = f"  {median / against:7.1f} x ours" if against else ""
    print(f"  {name:<22} median {median:9.3f} ms  p99 {p99:9.3f} ms  adjustments {adjustments:5}{ratio}")
    return median


def main() -> None:
    alone = "--alone" in sys.argv
    others = None
    try:
        others = None if alone else install()
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"the engines to compare with could not be installed ({error}); ours alone")
    engine = compiled(500)
    for lines in SIZES:
        print(f"500 promotions, {lines} lines")
        base = show("ours", *ours(engine, lines, 300))
        show("ours, explained", *ours(engine, lines, 40, explain=True), base)
        if others is not None:
            package, python = others
            baskets = [plain(basket(lines, seed)) for seed in range(BASKETS)]
            load = {"promotions": promotions(500), "baskets": baskets, "repeat": 40}
            script = str(Path(__file__).with_name("medusa.cjs"))
            show("medusa", *ask(["node", script, str(package)], load), base)
            show("zen, matching alone", *ask([str(python), "-c", ZEN], {**load, "graph": zen_graph()}), base)
    print("promotions that do not match, 50 lines")
    pairs: list[list[float]] = [[], []]
    engines = [compiled(count, "none", thresholds=False) for count in (50, 500)]
    for _ in range(10):  # in turn, so that both meet the same minute
        for times, each in zip(pairs, engines, strict=True):
            times += ours(each, 50, 60)[0]
    show("500", pairs[1], 0, show("50", pairs[0], 0))
    print("growth with lines, 500 promotions")
    first = show("100", *ours(engine, 100, 60))
    show("1000", *ours(engine, 1000, 20), first)


if __name__ == "__main__":
    main()
