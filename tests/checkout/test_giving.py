"""Given by hand: within the programme's limits, by whom it may be, with a fact, and at once in the basket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.checkout.outcome import Outcome
from app.checkout.rights import Approval, Role, Staff
from app.ledger.entries import entries
from app.ledger.facts import GivenByHand, Privileged
from app.loyalty.by_hand import Chance
from app.loyalty.engine import compile_programme
from app.loyalty.programme import load_programme
from tests.support.shop import Desk

LUCJA = "04A1B2C3D4E5F6"
BEANS = "5901234000161"
RULES = """
stempel: 1
id: hand
version: 7
name: {ru: Руками, pl: Ręcznie, en: By hand}
valid_from: 2026-01-01
currency: PLN
time_zone: Europe/Warsaw
rules:
  - id: review
    kind: activity
    name: {ru: Отзыв, pl: Opinia, en: Review}
    event: review
    points: 5
    limits: {per_day: 1}
  - id: club
    kind: vip
    name: {ru: Клуб, pl: Klub, en: Club}
    percent: 10%
"""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "till").stock()
    desk.programme = compile_programme(load_programme(RULES.encode()))
    desk.till.use(desk.programme)
    yield desk
    desk.close()


def give(desk: Desk, rule: str, approval: Approval | None = None) -> Outcome:
    chance = next((c for c in desk.till.giving.chances() if c.rule == rule), Chance(rule))
    desk.till.giving.give(chance, approval, desk.heard.append)
    return desk.heard[-1]


def test_an_activity_pays_at_the_counter_within_its_limits(desk: Desk) -> None:
    before = desk.points_centi()
    assert desk.till.giving.chances() == ()
    assert give(desk, "review").code == "no_member"
    desk.till.tap(LUCJA)
    assert give(desk, "review") == Outcome("points_given", values={"points_centi": 5_00})
    assert give(desk, "review").code == "not_given"
    assert desk.points_centi() == before + 5_00
    assert desk.till.decision.points.balance_before_centi == before + 5_00
    fact, act = desk.facts()[-2:]
    assert isinstance(fact, GivenByHand)
    assert (fact.rule, fact.programme, fact.cashier, fact.member) == (
        "review", "hand@7", "Anna", desk.member(),
    )  # fmt: skip
    assert [(entry.contra, entry.amount) for entry in entries(fact)] == [("issued", 5_00)]
    assert isinstance(act, Privileged)
    assert (act.act, act.reason, act.subject) == ("give_by_hand", "review", fact.id)


def test_a_status_reprices_the_basket_and_outlives_a_restart(desk: Desk) -> None:
    desk.till.tap(LUCJA)
    desk.till.scan(BEANS)
    full = desk.till.due_minor
    assert give(desk, "club") == Outcome("given", values={"item": "club"})
    assert desk.till.due_minor == full * 9 // 10
    desk.restart()
    desk.till.use(desk.programme)
    assert desk.till.due_minor == full * 9 // 10


def test_a_status_needs_a_manager_and_an_activity_does_not(desk: Desk) -> None:
    roles = {"anna": Role.CASHIER, "dorota": Role.MANAGER}
    desk.reader.staff = lambda: tuple(Staff(id=n, name=n, role=r) for n, r in roles.items())
    desk.till.people.refresh()
    desk.till.heart.who = Staff(id="anna", name="anna")
    desk.till.tap(LUCJA)
    assert give(desk, "review").code == "points_given"
    assert give(desk, "club").code == "needs_approval"
    assert give(desk, "club", Approval("dorota", Role.MANAGER)).code == "given"
    act = desk.facts()[-1]
    assert isinstance(act, Privileged)
    assert act.approved_by == "dorota"
