"""A what-if over the whole Complete Journey year, two programmes at once, on one core.

Beside it, in the same minutes: reading the parquet files alone, and the plain way for a cut of the sales:
`evaluate` and `apply` for each sale and programme, one by one. Seconds are of this process's CPU; where
others use the machine, too, the ratio tells more than they do.
"""

from __future__ import annotations

import os
import resource
import time

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


def main() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    draft, in_force = (
        read_programme(resources.path("programmes", f"what-if-{name}.yaml")) for name in ("draft", "in-force")
    )
    started_s = time.process_time()
    sales = journey.sales()
    read_s = time.process_time() - started_s
    started_s = time.process_time()
    result = run(draft, in_force, sales, Assumptions()).result
    replay_s = time.process_time() - started_s
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    cut = sales.first(CUT)
    plain_s = plainly(draft, cut) + plainly(in_force, cut)
    started_s = time.process_time()
    run(draft, in_force, cut, Assumptions(warm_up_days=0))
    cut_s = time.process_time() - started_s
    kinds = len({rule.kind for rule in draft.programme.rules})
    both_s = read_s + replay_s
    print(f"{len(sales)} sales of {sales.lines} lines, two programmes, the draft with {kinds} kinds of rule")
    print(f"{msgspec.json.encode(result.assumptions).decode()}")
    print(f"reading {read_s:.1f} s + replay {replay_s:.1f} s = {both_s:.1f} s of CPU on one core")
    print(f"{2 * len(sales) / replay_s:.0f} sales priced and folded a second; peak {peak_mib} MiB")
    print(f"{CUT} sales: replay {cut_s:.2f} s, evaluate and apply one by one {plain_s:.2f} s")
    print(f"ratio {plain_s / cut_s:.1f}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
