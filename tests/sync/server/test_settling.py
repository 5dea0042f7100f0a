"""Referrers at the server: paid once whoever settles it, in whatever order things come and come again."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable

import pytest

from app.ledger import facts
from app.ledger.chain import Head
from app.ledger.facts import AnyFact, MemberEnrolled, MembersMerged, PointsAdjusted, ReferralSettled
from app.ledger.referrals import dues, settled
from app.loyalty.effects import Enrolled, Lot, ReferralDue
from app.loyalty.state import EMPTY
from sync.server import members, settling
from tests.sync.rig import NOW_MS, HandTill, Rig
from tests.sync.server.test_members import fold_all, pull_all, state_of

DAY_MS = 86_400_000


@pytest.fixture
def till(rig: Rig) -> HandTill:
    till = HandTill(rig)
    assert till.enrol().status == 200
    return till


class Story:
    """Facts about a referrer and friends, as tills would write them."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.anna = rig.world.new_id()

    def lot(self, friend: uuid.UUID, sale: uuid.UUID) -> Lot:
        return Lot(f"{sale}:r:{friend}", "r", 1_000, NOW_MS)

    def fact(
        self, friend: uuid.UUID, sale: uuid.UUID, *, back: bool = False, cap: int | None = None
    ) -> AnyFact:
        """What a friend's sale owes; or its refund."""
        id, at_ms = (self.rig.world.new_id(), NOW_MS + 1_000) if back else (sale, NOW_MS)
        points = -1_000 if back else 1_000
        due = ReferralDue("r", str(self.anna), points, NOW_MS, cap, self.lot(friend, sale), NOW_MS // DAY_MS)
        return PointsAdjusted(id=id, at_ms=at_ms, member=friend, reason="test", effects=(due,))

    def settled(self, fact: AnyFact) -> ReferralSettled:
        """As a till that knows the referrer settles it."""
        (due,) = dues(fact)
        made = settled(due, self.anna, EMPTY)
        assert made is not None
        return made


def push(till: HandTill, head: Head, *written: AnyFact) -> Head:
    return till.push_ok(head, [facts.encode(fact) for fact in written])[1]


def balance(rig: Rig, till: HandTill, member: uuid.UUID) -> int:
    fold_all(rig)
    assert members.check(rig.db) == []
    rows = pull_all(till)[0]
    return state_of(rows[member]).balance_centi if member in rows else 0


def written(rig: Rig) -> list[ReferralSettled]:
    found = [facts.decode(bytes(one.body)) for one in rig.feed_all()]
    return [fact for fact in found if isinstance(fact, ReferralSettled)]


def test_the_server_pays_whom_the_till_did_not_know(rig: Rig, till: HandTill) -> None:
    story, friend, sale = Story(rig), rig.world.new_id(), rig.world.new_id()
    push(till, till.start, story.fact(friend, sale))
    assert balance(rig, till, story.anna) == 1_000
    (paid,) = written(rig)
    assert (paid.member, paid.of, paid.rule, paid.at_ms) == (story.anna, sale, "r", NOW_MS)


def test_what_the_till_settled_is_settled(rig: Rig, till: HandTill) -> None:
    story, friend, sale = Story(rig), rig.world.new_id(), rig.world.new_id()
    sold = story.fact(friend, sale)
    push(till, till.start, story.settled(sold), sold)
    assert balance(rig, till, story.anna) == 1_000
    assert len(written(rig)) == 1
    mark = pull_all(till)[0][story.anna].applied
    assert mark == {1: 1}, "the till does not fold it on top again"


def test_a_refund_takes_it_back_whether_it_comes_before_or_after_its_sale(rig: Rig, till: HandTill) -> None:
    other = HandTill(rig, bytes(32))
    other.enrol()
    story, friend, sale = Story(rig), rig.world.new_id(), rig.world.new_id()
    push(other, other.start, story.fact(friend, sale, back=True))
    assert balance(rig, till, story.anna) == -1_000
    push(till, till.start, story.fact(friend, sale))
    assert balance(rig, till, story.anna) == 0
    assert [fact.back for fact in written(rig)] == [True, False]


def test_a_refund_before_a_sale_that_its_till_settled(rig: Rig, till: HandTill) -> None:
    other = HandTill(rig, bytes(32))
    other.enrol()
    story, friend, sale = Story(rig), rig.world.new_id(), rig.world.new_id()
    push(other, other.start, story.fact(friend, sale, back=True))
    fold_all(rig)
    sold = story.fact(friend, sale)
    push(till, till.start, story.settled(sold), sold)
    assert balance(rig, till, story.anna) == 0


def test_the_limit_counts_what_was_settled_a_moment_ago(rig: Rig, till: HandTill) -> None:
    story = Story(rig)
    friends = [(rig.world.new_id(), rig.world.new_id()) for _ in range(4)]
    head = push(till, till.start, *(story.fact(friend, sale, cap=2) for friend, sale in friends))
    assert balance(rig, till, story.anna) == 2_000
    assert [fact.reason for fact in written(rig)] == ["", "", "cap_per_month", "cap_per_month"]
    # What was not paid is not taken back; what was, makes room for the next.
    for friend, sale in friends[1:3]:
        head = push(till, head, story.fact(friend, sale, back=True))
    assert balance(rig, till, story.anna) == 1_000
    push(till, head, story.fact(rig.world.new_id(), rig.world.new_id(), cap=2))
    assert balance(rig, till, story.anna) == 2_000


def test_a_rebuild_and_a_fold_broken_off_pay_nothing_twice(
    rig: Rig, till: HandTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    story, friend, sale = Story(rig), rig.world.new_id(), rig.world.new_id()
    push(till, till.start, story.fact(friend, sale))

    def broken(work: Callable[..., int]) -> Callable[..., int]:
        def then_dies(*arguments: object) -> int:
            work(*arguments)
            raise KeyboardInterrupt

        return then_dies

    with monkeypatch.context() as patch:
        patch.setattr(settling, "settle", broken(settling.settle))
        with pytest.raises(KeyboardInterrupt):
            members.fold_new(rig.db)
    assert balance(rig, till, story.anna) == 1_000
    members.rebuild(rig.db)
    assert balance(rig, till, story.anna) == 1_000
    assert len(written(rig)) == 1


def test_a_merged_referrer_is_paid_under_the_id_they_go_by_and_nobody_brings_themselves(
    rig: Rig, till: HandTill
) -> None:
    story, friend, root = Story(rig), rig.world.new_id(), rig.world.new_id()
    new = rig.world.new_id
    merged = MembersMerged(id=new(), at_ms=NOW_MS - 1, member=root, other=story.anna)
    head = push(till, till.start, story.fact(new(), new()), merged, story.fact(new(), new()))
    assert balance(rig, till, root) == 2_000
    assert {fact.member for fact in written(rig)} == {root}
    again = MembersMerged(id=new(), at_ms=NOW_MS, member=root, other=friend)
    push(till, head, again, story.fact(friend, new()))
    assert balance(rig, till, root) == 2_000


def test_an_enrolment_says_who_brought_them(rig: Rig, till: HandTill) -> None:
    story, friend = Story(rig), rig.world.new_id()
    begun = (Enrolled(NOW_MS, str(story.anna)),)
    push(till, till.start, MemberEnrolled(id=friend, at_ms=NOW_MS, member=friend, effects=begun))
    fold_all(rig)
    assert state_of(pull_all(till)[0][friend]).referred_by == str(story.anna)


def test_facts_of_before_the_lot_was_named_pay_as_well(rig: Rig, till: HandTill) -> None:
    story, friend, sale = Story(rig), rig.world.new_id(), rig.world.new_id()
    due = ReferralDue("r", str(story.anna), 1_000, NOW_MS + DAY_MS)
    strange = ReferralDue("r", "nobody's id", 1_000, NOW_MS)
    old = PointsAdjusted(id=sale, at_ms=NOW_MS, member=friend, reason="test", effects=(due, strange))
    push(till, till.start, old)
    assert balance(rig, till, story.anna) == 1_000
    (lot,) = state_of(pull_all(till)[0][story.anna]).lots
    assert (lot.id, lot.spendable_at_ms) == (f"{sale}:r:{friend}", NOW_MS + DAY_MS)


@pytest.mark.parametrize("seed", range(2))
def test_any_order_of_arrival_comes_to_the_same(rig: Rig, seed: int) -> None:
    """Sales and refunds at three tills, some of which know the referrer, pushed in pieces, some twice."""
    draw, story = random.Random(seed), Story(rig)
    tills = [HandTill(rig, bytes([number]) * 32) for number in range(3)]
    for one in tills:
        one.enrol()
    logs: list[list[AnyFact]] = [[], [], []]
    stays = 0
    for _ in range(8):
        friend, sale = rig.world.new_id(), rig.world.new_id()
        sold = story.fact(friend, sale)
        at = draw.randrange(3)
        logs[at] += [story.settled(sold), sold] if draw.random() < 0.5 else [sold]
        if draw.random() < 0.5:
            stays += 1
            continue
        gone = story.fact(friend, sale, back=True)
        to = draw.randrange(3)
        knows = to == at and story.settled(sold) in logs[at]
        logs[to] += [story.settled(gone), gone] if knows else [gone]
    heads = [one.start for one in tills]
    while any(logs):
        at = draw.choice([n for n in range(3) if logs[n]])
        count = draw.randint(1, len(logs[at]))
        some, logs[at] = logs[at][:count], logs[at][count:]
        before = heads[at]
        heads[at] = push(tills[at], before, *some)
        if draw.random() < 0.3:
            push(tills[at], before, *some)
        if draw.random() < 0.6:
            fold_all(rig)
    assert balance(rig, tills[0], story.anna) == 1_000 * stays
    names = [(fact.rule, fact.of, fact.back) for fact in written(rig)]
    assert len(names) == len(set(names))
