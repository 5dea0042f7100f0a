"""The use case: programmes from their files, sales from a data set or a till's own log, the replay."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.checkout.ports import NotWritten
from app.loyalty.compiled import Compiled
from app.loyalty.engine import compile_programme
from app.loyalty.programme import load_programme
from app.loyalty.whatif.figures import Assumptions, WhatIf
from app.loyalty.whatif.replay import what_if
from app.loyalty.whatif.sales import Sales
from app.values import ValueProblem, parse_rate

COMPLETE_JOURNEY: Final = "complete-journey"
"""Names the data set as installed, instead of a folder that holds its files."""


@dataclass(frozen=True, slots=True)
class Done:
    """A what-if with the programmes it was about: names of rules and levels are looked up in them."""

    result: WhatIf
    draft: Compiled
    in_force: Compiled


def read_programme(file: Path) -> Compiled:
    """A programme ready to run. ProgrammeProblems names every problem of its file."""
    return compile_programme(load_programme(file))


def read_journey(place: str) -> Sales:
    """The Complete Journey's sales, from a folder of its files or as installed."""
    from app.store import journey

    return journey.sales(None if place == COMPLETE_JOURNEY else Path(place))


def read_till(folder: Path) -> tuple[Sales, Compiled]:
    """A till's own sales, and the programme it sells under."""
    from app.config import load
    from app.rig.programme import open_programme
    from app.store.database import Database
    from app.store.sold import sales

    if not (folder / "till.db").exists():
        raise NotWritten(f"{folder} holds no till: give --data its data folder")
    config = load(folder)
    in_force = open_programme(folder, config)
    database = Database(folder, keystore=config.till.keystore)
    try:
        return sales(database.reader(), config.shop.store), in_force
    finally:
        database.close()


def run(
    draft: Compiled,
    in_force: Compiled,
    sales: Sales,
    assumptions: Assumptions,
    progress: Callable[[int, int], None] | None = None,
) -> Done:
    """Replay. NotWritten where there is nothing to replay; ValueProblem for what does not go together."""
    if not len(sales):
        raise NotWritten("There are no sales to replay")
    if assumptions.share is not None:
        _check_share(assumptions)
    with _no_garbage():
        result = what_if(draft, in_force, sales, assumptions, progress)
    if not result.past.receipts:
        days = assumptions.warm_up_days
        raise NotWritten(f"All sales lie in the warm-up of {days} days: choose a shorter one with --warm-up")
    return Done(result, draft, in_force)


def _check_share(assumptions: Assumptions) -> None:
    if assumptions.redemption != "same-share":
        raise ValueProblem("--share goes with --redemption same-share")
    if not 0 < parse_rate(assumptions.share or "") <= 1:
        raise ValueProblem("--share is above 0% and at most 100%")


@contextmanager
def _no_garbage() -> Iterator[None]:
    """A replay makes no cycles, and looking for them among a year of sales costs an eighth of its time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
