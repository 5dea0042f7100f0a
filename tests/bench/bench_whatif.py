"""A what-if over the whole Complete Journey year, two programmes at once, on one core.

Beside it, in the same minutes: reading the parquet files alone, a bare loop over the same sales and lines,
and the plain way for a cut of the sales: `evaluate` and `apply` for each sale and programme, one by one.
Seconds are of this process's CPU; where others use the machine, too, the ratios tell more than they do.

    python tests/bench/bench_whatif.py [RUNS]
"""

from __future__ import annotations

import os
import resource
import sys
import time
from statistics import median

import msgspec

import resources
from app.loyalty.basket import Context, Redeem
from app.loyalty.compiled import Compiled
from app.loyalty.engine import evaluate
from app.loyalty.state import EMPTY, MemberState, apply
from app.loyalty.whatif.figures import Assumptions
from app.loyalty.whatif.sales import Sales
from app.store import journey
from app.whatif.case import read_programme, run

CUT = 20_000


def plainly(compiled: Compiled, sales: Sales) -> float:
    """Seconds for the sales one by one."""
    started_s = time.process_time()
    states: dict[int, MemberState] = {}
    for number in range(len(sales)):
        member, at_ms = sales.member[number], sales.at_ms[number]
        context = Context(at_ms=at_ms, sale_id=sales.ids[number], redeem=Redeem("max"))
        decision = evaluate(compiled, states.get(member, EMPTY), sales.basket(number), context)
        states[member] = apply(states.get(member, EMPTY), decision.effects, at_ms)
    return time.process_time() - started_s


def bare(sales: Sales) -> float:
    """Seconds for nothing but going over all sales and lines."""
    started_s = time.process_time()
    gross = sales.gross_minor("half_up")
    spent: dict[int, int] = {}
    for number in range(len(sales)):
        total = 0
        for row in range(sales.start[number], sales.start[number + 1]):
            total += gross[row]
        member = sales.member[number]
        spent[member] = spent.get(member, 0) + total
    return time.process_time() - started_s


def main(runs: int = 1) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    draft, in_force = (
        read_programme(resources.path("programmes", f"what-if-{name}.yaml")) for name in ("draft", "in-force")
    )
    started_s = time.process_time()
    sales = journey.sales()
    read_s = time.process_time() - started_s
    replays_s: list[float] = []
    bares_s: list[float] = []
    for _ in range(runs):
        bares_s.append(bare(sales))
        started_s = time.process_time()
        run(draft, in_force, sales, Assumptions())
        replays_s.append(time.process_time() - started_s)
    replay_s, bare_s = min(replays_s), min(bares_s)
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    cut = sales.first(CUT)
    plain_s = plainly(draft, cut) + plainly(in_force, cut)
    started_s = time.process_time()
    run(draft, in_force, cut, Assumptions(warm_up_days=0))
    cut_s = time.process_time() - started_s
    kinds = len({rule.kind for rule in draft.programme.rules})
    both_s = read_s + replay_s
    print(f"{len(sales)} sales of {sales.lines} lines, two programmes, the draft with {kinds} kinds of rule")
    print(f"{msgspec.json.encode(Assumptions()).decode()}")
    if runs > 1:
        print(f"{runs} runs: best {replay_s:.1f} s, median {median(replays_s):.1f} s; the best counts below")
    print(f"reading {read_s:.1f} s + replay {replay_s:.1f} s = {both_s:.1f} s of CPU on one core")
    print(f"{2 * len(sales) / replay_s:.0f} sales priced and folded a second; peak {peak_mib} MiB")
    print(f"{CUT} sales: replay {cut_s:.2f} s, evaluate and apply one by one {plain_s:.2f} s")
    print(
        f"a bare loop over all sales and lines {bare_s:.2f} s: a replay costs {replay_s / bare_s:.0f} of them"
    )
    print(f"ratio {plain_s / cut_s:.1f}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
