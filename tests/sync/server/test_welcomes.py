"""Welcomes of one person who was two members: one is taken back at the server, once, in any order."""

from __future__ import annotations

import random
import uuid

import pytest

from app.ledger import facts
from app.ledger.chain import Head
from app.ledger.facts import (
    AnyFact,
    MemberEnrolled,
    MembersMerged,
    SaleGivenTo,
    SaleTakenFrom,
    WelcomeReversed,
)
from app.loyalty.effects import Counted, Lot, PointsEarned, PointsTakenBack
from sync.server import listing, members
from tests.sync.rig import NOW_MS, HandTill, Rig
from tests.sync.server.test_members import fold_all, pull_all, state_of

POINTS = 50_00
PROGRAMME = b"""
stempel: 1
id: hello
version: 1
valid_from: 2026-01-01
currency: PLN
time_zone: Europe/Warsaw
name: {ru: H, pl: H, en: H}
rules:
  - {id: hello, kind: welcome, name: {ru: H, pl: H, en: H}, give: {points: 50}}
"""


class Story:
    """Facts of one person under several ids, as tills would write them."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        listing.publish_programme(rig.db, PROGRAMME)

    def welcomed(self, member: uuid.UUID, sale: uuid.UUID, at_ms: int = NOW_MS) -> AnyFact:
        lot = Lot(f"{sale}:hello", "hello", POINTS, at_ms)
        effects = (PointsEarned(lot), Counted("hello", 0, uses=1))
        id = self.rig.world.new_id()
        return SaleGivenTo(
            id=id, at_ms=at_ms, sale=sale, member=member, reason="", cashier="", effects=effects
        )

    def back(self, member: uuid.UUID, sale: uuid.UUID) -> AnyFact:
        effects = (PointsTakenBack("hello", f"{sale}:hello", POINTS), Counted("hello", 0, uses=-1))
        id = self.rig.world.new_id()
        return SaleTakenFrom(
            id=id, at_ms=NOW_MS + 5_000, sale=sale, member=member, reason="", cashier="", effects=effects
        )

    def merged(self, member: uuid.UUID, other: uuid.UUID) -> AnyFact:
        return MembersMerged(id=self.rig.world.new_id(), at_ms=NOW_MS + 1_000, member=member, other=other)

    def enrolled(self, member: uuid.UUID) -> AnyFact:
        return MemberEnrolled(id=self.rig.world.new_id(), at_ms=NOW_MS - 1, member=member)


@pytest.fixture
def till(rig: Rig) -> HandTill:
    till = HandTill(rig)
    assert till.enrol().status == 200
    return till


def push(till: HandTill, head: Head, *written: AnyFact) -> Head:
    return till.push_ok(head, [facts.encode(fact) for fact in written])[1]


def shown(rig: Rig, till: HandTill, member: uuid.UUID) -> tuple[int, int]:
    """Points and welcomes of a member."""
    fold_all(rig)
    assert members.check(rig.db) == []
    state = state_of(pull_all(till)[0][member])
    return state.balance_centi, state.counted("hello").uses


def reversed_(rig: Rig) -> list[WelcomeReversed]:
    found = [facts.decode(bytes(one.body)) for one in rig.feed_all()]
    return [fact for fact in found if isinstance(fact, WelcomeReversed)]


def test_a_merge_takes_the_later_welcome_back_once(rig: Rig, till: HandTill) -> None:
    story, new = Story(rig), rig.world.new_id
    ann, twin, first, later = new(), new(), new(), new()
    head = push(
        till, till.start, story.welcomed(twin, later, NOW_MS + 10), story.welcomed(ann, first)
    )  # fmt: skip
    assert shown(rig, till, twin) == (POINTS, 1)
    head = push(till, head, story.merged(ann, twin))
    assert shown(rig, till, ann) == (POINTS, 1)
    (made,) = reversed_(rig)
    assert (made.member, made.of) == (ann, later)
    members.rebuild(rig.db)
    assert shown(rig, till, ann) == (POINTS, 1)
    # The sale that is left comes back: the other welcome was theirs all the time.
    push(till, head, story.back(ann, first))
    assert shown(rig, till, ann) == (POINTS, 1)
    assert len(reversed_(rig)) == 2
    members.rebuild(rig.db)
    assert shown(rig, till, ann) == (POINTS, 1)
    assert len(reversed_(rig)) == 2


def test_a_welcome_that_comes_after_the_merge_is_noticed(rig: Rig, till: HandTill) -> None:
    other = HandTill(rig, bytes(32))
    other.enrol()
    story, new = Story(rig), rig.world.new_id
    ann, twin = new(), new()
    push(
        till,
        till.start,
        story.welcomed(ann, new()),
        story.enrolled(twin),
        story.merged(ann, twin),
    )
    assert shown(rig, till, ann) == (POINTS, 1)
    push(other, other.start, story.welcomed(twin, new(), NOW_MS - 50))
    assert shown(rig, till, ann) == (POINTS, 1)
    assert len(reversed_(rig)) == 1


def test_what_the_merging_till_took_back_is_taken_back(rig: Rig, till: HandTill) -> None:
    from app.ledger.welcomes import reversals

    story, new = Story(rig), rig.world.new_id
    ann, twin = new(), new()
    known = [story.welcomed(ann, new()), story.welcomed(twin, new(), NOW_MS + 10)]
    merge = story.merged(ann, twin)
    push(till, till.start, *known, *reversals([*known, merge], {"hello"}), merge)
    assert shown(rig, till, ann) == (POINTS, 1)
    assert len(reversed_(rig)) == 1


@pytest.mark.parametrize("seed", range(2))
def test_any_order_of_arrival_leaves_one(rig: Rig, seed: int) -> None:
    draw, story, new = random.Random(seed), Story(rig), rig.world.new_id
    tills = [HandTill(rig, bytes([number]) * 32) for number in range(3)]
    for one in tills:
        one.enrol()
    ids, sales = [new() for _ in range(4)], [new() for _ in range(4)]
    logs: list[list[AnyFact]] = [[], [], []]
    for number, (member, sale) in enumerate(zip(ids, sales, strict=True)):
        draw.choice(logs).append(story.welcomed(member, sale, NOW_MS + draw.randrange(100)))
        if number:
            draw.choice(logs).append(story.merged(ids[draw.randrange(number)], member))
        if draw.random() < 0.3 and number < 3:
            draw.choice(logs).append(story.back(member, sale))
    heads = [one.start for one in tills]
    while any(logs):
        at = draw.choice([number for number in range(3) if logs[number]])
        some, logs[at] = logs[at][:1], logs[at][1:]
        before = heads[at]
        heads[at] = push(tills[at], before, *some)
        if draw.random() < 0.3:
            push(tills[at], before, *some)
        if draw.random() < 0.6:
            fold_all(rig)
    fold_all(rig)
    rows = {member: state_of(row) for member, row in pull_all(tills[0])[0].items()}
    assert sum(state.balance_centi for state in rows.values()) == POINTS
    assert sum(state.counted("hello").uses for state in rows.values()) == 1
