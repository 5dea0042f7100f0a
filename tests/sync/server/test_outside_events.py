"""Events from outside: priced by the programme in force, counted once, in the feed and in every pull."""

from __future__ import annotations

import random
import uuid
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.ledger import facts
from app.ledger.chain import GENESIS, link_hash
from app.loyalty.state import DAY_MS
from sync import protocol
from sync.server import admin, members, outside_events, own, schema
from sync.server.outside_events import EventResult, EventResults, OutsideEvent, Taker
from tests.loyalty.support import HEAD, NAME
from tests.sync.rig import NOW_MS, Answer, HandTill, Rig
from tests.sync.server.test_members import fold_all, pull_all, state_of

RULES = """
rules:
  - {id: review, kind: activity, NAME, event: review, points: 5, limits: {per_day: 1, per_week: 2, ever: 3}}
  - {id: shop, kind: activity, NAME, event: web-order, percent: 10%}
  - {id: fuel, kind: partner, NAME, partner: fuel, points: 1, per: 10.00, products: {brands: [fuel]}}
"""
PROGRAMME = (HEAD + RULES.replace("NAME", NAME)).encode()
HOUR_MS = 3_600_000
ONE = pytest.mark.parametrize("db", ["sqlite"], indirect=True)
"""Where no database differs."""


def publish(rig: Rig, source: bytes = PROGRAMME, store: str = "") -> None:
    answer = rig.call(
        "PUT", f"/v1/programmes?store={store}", source, [("Authorization", f"Bearer {rig.token}")]
    )
    assert answer.status == 200, answer.body


@pytest.fixture
def till(rig: Rig) -> HandTill:
    till = HandTill(rig)
    assert till.enrol().status == 200
    publish(rig)
    return till


def member_of(rig: Rig, till: HandTill, count: int = 1) -> list[uuid.UUID]:
    ids = [rig.world.new_id() for _ in range(count)]
    bodies = [
        facts.encode(facts.MemberEnrolled(id=rig.world.new_id(), at_ms=NOW_MS, member=member))
        for member in ids
    ]
    seq, digest = till.state().acked_seq, till.state().hash
    till.push_ok(msgspec.structs.replace(till.start, seq=seq, hash=digest), bodies)
    fold_all(rig)
    return ids


def event(member: uuid.UUID, key: str = "1", name: str = "review", **more: Any) -> dict[str, Any]:
    return {"key": key, "member": str(member), "name": name, **more}


def send(rig: Rig, body: object, token: str = "", **headers: str) -> Answer:
    data = body if isinstance(body, bytes) else msgspec.json.encode(body)
    given = [("Authorization", f"Bearer {token or rig.token}"), ("Content-Type", "application/json")]
    return rig.call(
        "POST", "/v1/events", data, [*given, *((k.replace("_", "-"), v) for k, v in headers.items())]
    )


def told(answer: Answer) -> EventResult:
    assert answer.status == 200, answer.body
    return answer.read(EventResult)


def balance(till: HandTill, member: uuid.UUID) -> int:
    return state_of(pull_all(till)[0][member]).balance_centi


def test_a_review_earns_points_that_every_till_pulls(rig: Rig, till: HandTill) -> None:
    (ann,) = member_of(rig, till)
    result = told(send(rig, event(ann)))
    assert (result.earned_centi, result.programme, result.member) == (500, "test@1", ann)
    assert [(why.rule, why.applied, why.code) for why in result.why] == [("review", True, "points_earned")]
    fold_all(rig)
    assert balance(till, ann) == 500
    other = HandTill(rig, bytes(32))
    other.enrol()
    assert balance(other, ann) == 500
    assert members.check(rig.db) == []


def test_the_fact_is_in_the_feed_as_the_servers_own_linked_and_gapless(rig: Rig, till: HandTill) -> None:
    people = member_of(rig, till, 6)
    for turn in range(2):
        for number, member in enumerate(people):
            told(send(rig, event(member, f"{turn}/{number}", "web-order", amount_minor=1000, currency="PLN")))
    ours = [fact for fact in rig.feed_all() if fact.origin != till.credentials.till]
    assert len(ours) == 12
    by_origin: dict[uuid.UUID, list[protocol.FeedFact]] = {}
    for fact in ours:
        assert schema.shard_of(fact.origin) == fact.shard
        body = facts.decode(bytes(fact.body))
        assert isinstance(body, facts.ActivityRecorded)
        assert (body.event, body.source, schema.shard_of(body.member)) == ("web-order", "tests", fact.shard)
        by_origin.setdefault(fact.origin, []).append(fact)
    envelope = schema.envelope.c
    for origin, theirs in by_origin.items():
        assert [(fact.epoch, fact.seq) for fact in theirs] == [(1, n + 1) for n in range(len(theirs))]
        digest = GENESIS
        for fact in theirs:
            digest = link_hash(digest, origin, 1, fact.seq, bytes(fact.body))
        with rig.db.read() as connection:
            query = sa.select(envelope.hash).where(envelope.origin == origin).order_by(envelope.seq.desc())
            assert bytes(connection.execute(query).scalars().first() or b"") == digest


def test_the_same_key_gives_the_same_answer_and_another_event_under_it_is_refused(
    rig: Rig, till: HandTill
) -> None:
    ann, bob = member_of(rig, till, 2)
    first = send(rig, event(ann, "k", at_ms=NOW_MS))
    rig.world.ms = NOW_MS + 40 * DAY_MS
    publish(rig, PROGRAMME.replace(b"points: 5", b"points: 50").replace(b"version: 1", b"version: 2"))
    again = send(rig, event(ann, "k", at_ms=NOW_MS))
    assert (again.status, again.body) == (200, first.body), "whatever the time and the programme since"
    for other in (event(bob, "k", at_ms=NOW_MS), event(ann, "k", "web-order"), event(ann, "k")):
        answer = send(rig, other)
        assert (answer.status, answer.problem.code) == (409, "key_reused")
    fold_all(rig)
    assert (balance(till, ann), balance(till, bob)) == (500, 0)
    token = admin.create_office_token(rig.db, "another partner", NOW_MS, ["events"])
    assert told(send(rig, event(bob, "k"), token)).earned_centi == 5000, "keys are each source's own"


@pytest.mark.parametrize("folding", [True, False])
def test_limits_hold_whether_or_not_the_events_before_are_folded(
    rig: Rig, till: HandTill, folding: bool
) -> None:
    (ann,) = member_of(rig, till)
    earned: list[tuple[int, str]] = []
    for number, day in enumerate((0, 0, 1, 2, 7, 14)):
        rig.world.ms = NOW_MS - NOW_MS % (7 * DAY_MS) + 4 * DAY_MS + 12 * HOUR_MS + day * DAY_MS  # a Monday
        result = told(send(rig, event(ann, str(number))))
        earned.append((result.earned_centi, result.why[0].code))
        if folding:
            fold_all(rig)
    yes = (500, "points_earned")
    assert earned == [yes, (0, "limit_per_day"), yes, (0, "limit_per_week"), yes, (0, "limit_ever")]
    fold_all(rig)
    assert balance(till, ann) == 1500
    assert members.check(rig.db) == []


def test_a_batch_is_answered_event_by_event(rig: Rig, till: HandTill) -> None:
    ann, bob = member_of(rig, till, 2)
    nobody = uuid.UUID(int=7)
    batch = [
        event(ann, "a"),
        event(nobody, "b"),
        event(bob, "c", "unheard-of"),
        event(ann, "d"),
        event(bob, "e", "web-order", amount_minor=2_500, currency="PLN"),
        event(bob, "f", "web-order", amount_minor=2_500, currency="EUR"),
        event(bob, "g", "", partner="fuel", amount_minor=5_000, currency="PLN"),
        event(ann, "a"),
        event(ann, "a", "web-order"),
    ]
    answer = send(rig, {"events": batch})
    assert answer.status == 200, answer.body
    results = answer.read(EventResults).events
    assert [result.key for result in results] == [one["key"] for one in batch]
    assert [(result.status, result.code, result.earned_centi) for result in results] == [
        (200, "", 500),
        (404, "unknown_member", 0),
        (422, "unknown_event", 0),
        (200, "", 0),
        (200, "", 250),
        (422, "other_currency", 0),
        (200, "", 500),
        (200, "", 500),
        (409, "key_reused", 0),
    ]
    assert results[0].fact == results[7].fact
    assert send(rig, {"events": batch}).body == answer.body, "and again the same"
    fold_all(rig)
    assert (balance(till, ann), balance(till, bob)) == (500, 750)
    assert told(send(rig, event(ann, "b"))).status == 200, "a refused event leaves its key free"


@ONE
def test_an_event_of_a_merged_member_counts_for_whom_they_are_now(rig: Rig, till: HandTill) -> None:
    ann, anna = member_of(rig, till, 2)
    told(send(rig, event(anna, "before")))
    merged = facts.MembersMerged(id=rig.world.new_id(), at_ms=NOW_MS + 1, member=ann, other=anna)
    state = till.state()
    head = msgspec.structs.replace(till.start, seq=state.acked_seq, hash=state.hash)
    till.push_ok(head, [facts.encode(merged)])
    fold_all(rig)
    result = told(send(rig, event(anna, "after", "web-order", amount_minor=1000, currency="PLN")))
    assert result.member == ann
    fold_all(rig)
    assert balance(till, ann) == 600
    assert told(send(rig, event(anna, "before"))).earned_centi == 500
    assert members.check(rig.db) == []


@ONE
def test_what_cannot_be_an_event_is_told_so(rig: Rig, till: HandTill) -> None:
    (ann,) = member_of(rig, till)
    for nonsense in (
        b"", b"{", b"[]", b"null", b'"x"', b"\xff", b"{}", b'{"events": []}', b'{"events": {}}',
        msgspec.json.encode({**event(ann), "member": "x"}),
        msgspec.json.encode(event(ann, "")),
        msgspec.json.encode(event(ann, "a\0")),
        msgspec.json.encode(event(ann, amount_minor=-1)),
        msgspec.json.encode(event(ann, amount_minor=1.5)),
        msgspec.json.encode({"events": [event(ann)] * 501}),
    ):  # fmt: skip
        answer = send(rig, nonsense)
        assert (answer.status, answer.problem.code) == (400, "malformed"), (nonsense[:60], answer)
    for at_ms in (0, NOW_MS - 32 * DAY_MS, NOW_MS + HOUR_MS):
        answer = send(rig, event(ann, at_ms=at_ms))
        assert (answer.status, answer.problem.code) == (422, "bad_time")
    assert send(rig, event(uuid.UUID(int=1))).status == 404
    assert rig.feed_all()[-1].origin == till.credentials.till, "nothing was recorded"


@ONE
def test_bodies_in_other_types_and_codings_are_refused(rig: Rig, till: HandTill) -> None:
    (ann,) = member_of(rig, till)
    packed = protocol.compress(msgspec.json.encode(event(ann)))
    assert told(send(rig, packed, Content_Encoding="zstd")).earned_centi == 500
    assert send(rig, packed, Content_Encoding="br").problem.code == "content_encoding"
    headers = [("Authorization", f"Bearer {rig.token}"), ("Content-Type", "text/plain")]
    answer = rig.call("POST", "/v1/events", msgspec.json.encode(event(ann)), headers)
    assert (answer.status, answer.problem.code) == (415, "media_type")
    bomb = protocol.compress(b'{"key": "' + b"x" * (protocol.PLAIN_MAX + 1) + b'"}')
    assert send(rig, bomb, Content_Encoding="zstd").status == 413


@ONE
def test_without_a_programme_nothing_is_recorded(rig: Rig) -> None:
    till = HandTill(rig)
    till.enrol()
    (ann,) = member_of(rig, till)
    assert send(rig, event(ann)).problem.code == "no_programme"
    publish(rig, PROGRAMME, "shop 1")
    assert send(rig, event(ann)).problem.code == "no_programme", "it is one store's own"
    assert told(send(rig, event(ann, store="shop 1"))).earned_centi == 500


@ONE
def test_a_token_for_events_is_for_nothing_else(rig: Rig, till: HandTill) -> None:
    (ann,) = member_of(rig, till)
    token = admin.create_office_token(rig.db, "web shop", NOW_MS, ["events"])
    assert told(send(rig, event(ann), token)).earned_centi == 500
    refused = rig.call("GET", "/v1/feed", headers=[("Authorization", f"Bearer {token}")])
    assert (refused.status, refused.problem.code) == (403, "wrong_scope")
    with pytest.raises(ValueError, match="no scope is called everything"):
        admin.create_office_token(rig.db, "x", NOW_MS, ["everything"])
    admin.revoke_office_tokens(rig.db, "web shop", NOW_MS)
    assert send(rig, event(ann, "2"), token).status == 401


def test_a_request_cut_between_its_steps_is_finished_by_sending_it_again(
    rig: Rig, till: HandTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob = member_of(rig, till, 2)
    batch = {"events": [event(ann, "1"), event(bob, "2")]}
    record, calls = Taker._record, iter([False, True])

    def dying(self: Taker, *arguments: Any) -> None:
        if next(calls, False):
            raise KeyboardInterrupt
        record(self, *arguments)

    monkeypatch.setattr(Taker, "_record", dying)
    with pytest.raises(KeyboardInterrupt):
        send(rig, batch)
    rig.world.ms = NOW_MS + HOUR_MS
    results = send(rig, batch).read(EventResults).events
    assert [result.earned_centi for result in results] == [500, 500]
    fold_all(rig)
    assert (balance(till, ann), balance(till, bob)) == (500, 500)


@ONE
def test_after_a_restore_the_servers_own_facts_go_on_in_a_new_epoch(rig: Rig, till: HandTill) -> None:
    (ann,) = member_of(rig, till)
    told(send(rig, event(ann, "1")))
    admin.after_restore(rig.db)
    rig.restart()
    told(send(rig, event(ann, "2", "web-order", amount_minor=100, currency="PLN")))
    ours = [fact for fact in rig.feed_all() if fact.origin != till.credentials.till]
    assert [(fact.epoch, fact.seq) for fact in ours] == [(1, 1), (2, 1)]
    assert len({fact.origin for fact in ours}) == 1


def test_every_shard_has_an_origin_of_its_own() -> None:
    origins = [own.origin_of(b"seed", shard) for shard in range(schema.SHARDS)]
    assert [schema.shard_of(origin) for origin in origins] == list(range(schema.SHARDS))
    assert {origin.version for origin in origins} == {8}
    assert own.origin_of(b"other", 0) != origins[0]


@ONE
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_in_any_order_and_any_number_of_times_each_event_counts_once(rig: Rig, seed: int) -> None:
    dice = random.Random(seed)
    mark = str(dice.random())
    till = HandTill(rig, dice.randbytes(32))
    till.enrol()
    publish(rig)
    people = member_of(rig, till, 3)
    money = [dice.randrange(1, 10**6) * 10 for _ in range(8)]
    events = [
        event(dice.choice(people), f"{mark}{n}", "web-order", amount_minor=minor, currency="PLN")
        for n, minor in enumerate(money)
    ]
    sent = events * 2
    dice.shuffle(sent)
    while sent:
        count = dice.randint(2, 8)
        answer = send(rig, {"events": sent[:count]})
        assert {result.status for result in answer.read(EventResults).events} == {200}
        del sent[:count]
        if dice.random() < 0.4:
            fold_all(rig)
    fold_all(rig)
    for member in people:
        due = sum(e["amount_minor"] // 10 for e in events if e["member"] == str(member))
        assert balance(till, member) == due


def test_keys_are_claimed_by_content_not_by_spelling() -> None:
    plain = b'{"key":"1","member":"019a0000-0000-7000-8000-000000000000","name":"review"}'
    spelt = b'{ "name":"review", "amount_minor":0, "key":"1","member":"019A0000-0000-7000-8000-000000000000"}'
    one, two = (msgspec.json.decode(text, type=OutsideEvent) for text in (plain, spelt))
    assert outside_events._digest(one) == outside_events._digest(two)
