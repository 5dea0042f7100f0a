"""One card on N tills: holds never double, and what is overdrawn is never above the published figure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from app.store import allowances
from sync.server import exposure, holding
from tests.sync.one_card import OneCard
from tests.sync.simulator import CALM, Faults


@contextmanager
def world(seed: int, tills: int, allowance_centi: int, faults: Faults | None = None) -> Iterator[OneCard]:
    sim = OneCard(seed, tills, allowance_centi, faults or Faults())
    try:
        yield sim
    except AssertionError as error:
        raise AssertionError(f"seed {seed}: {error}") from error
    finally:
        sim.close()


def everywhere_at_once(seed: int) -> None:
    """Any faults, any number of tills: never below the floor."""
    with world(seed, tills=2 + seed % 3, allowance_centi=50_00) as sim:
        sim.open(400_00)
        sim.trade(12)
        sim.calm()
        sim.check()
        sim.check_card()


def only_by_holds(seed: int) -> None:
    """Without an allowance nobody spends alone: not a point too much, and never more held than there is."""
    with world(seed, tills=3, allowance_centi=0, faults=Faults(crash=0.3)) as sim:
        sim.open(400_00)
        for _ in range(12):
            sim.trade(1)
            assert sim.held_centi() <= max(sim.state().balance_centi, 0), "held twice"
        sim.calm()
        sim.check()
        assert sim.state().debt_centi <= sim.worst_centi


def some_cut_off(seed: int) -> int:
    """K of N tills are away, the others have a good network: what is overdrawn then is at most K times the
    allowance, the figure that was read before anything happened. Returns the debt."""
    away = 1 + seed % 3
    with world(seed, tills=away + 2, allowance_centi=50_00, faults=CALM) as sim:
        sim.slowest_ms = 100
        sim.open(100_00 + 50_00 * (seed % 2))
        for till in sim.cards_at[:away]:
            till.cut = True
        sim.run(exposure.AWAY_MS / 1000 + 60)
        figure = sim.figure()
        assert (figure.tills_offline, figure.points_centi) == (away, away * 50_00)
        for _ in range(8):
            for till in sim.cards_at:
                if till.begin(sim.member):
                    till.ask_for("max")
            sim.run(1)
            for till in sim.cards_at:
                till.pay()
            sim.run(5)
        for till in sim.cards_at:
            till.cut = False
        sim.calm()
        sim.check()
        debt = sim.state().debt_centi
        assert debt <= figure.points_centi, f"{debt} overdrawn, {figure.points_centi} were published"
        return debt


def test_never_below_the_published_floor() -> None:
    for seed in range(40_000, 40_004):
        everywhere_at_once(seed)


def test_holds_alone_never_overdraw() -> None:
    for seed in range(50_000, 50_003):
        only_by_holds(seed)


def test_what_is_overdrawn_is_at_most_the_figure_that_was_read() -> None:
    debts = [some_cut_off(seed) for seed in range(60_000, 60_003)]
    assert max(debts) >= 50_00, "the card was overdrawn: the figure is not idle"


# Controls: a fault planted in the code must turn a run red.


def test_a_hold_that_others_do_not_count_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    free = holding._free
    monkeypatch.setattr(holding, "_free", lambda *a: free(*a) + 10_000_00)
    assert noticed(only_by_holds, range(50_000, 50_003))


def test_an_allowance_that_a_clock_renews_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowances, "_USED", "SELECT 0, 0 WHERE :id IS NOT NULL")
    assert noticed(some_cut_off, range(60_000, 60_003))


def noticed(run: object, seeds: range) -> bool:
    for seed in seeds:
        try:
            run(seed)  # type: ignore[operator]
        except AssertionError:
            return True
    return False
