"""Enrolment, by code and by certificate, against a server that a test scripts."""

from __future__ import annotations

import uuid

from app.lanes import FixedWorld
from sync import protocol
from sync.client import Client
from sync.events import (
    EnrolWith,
    FactsRead,
    Failed,
    KeepEnrolment,
    ReadFacts,
    Send,
    Started,
)
from tests.sync.desk import KEY, NOW_MS, TILL, Desk
from tests.sync.memory import MemoryOutbox


def test_a_server_that_forgot_the_till_readmits_it_by_its_own_key_once() -> None:
    desk = Desk(facts=1)
    desk.problem(401, "unknown_till")
    request = protocol.decode(protocol.unpack(desk.sent[-1].body), protocol.Enrol)
    assert request.public_key == protocol.public_key_of(KEY)
    desk.answer(200, protocol.Enrolled(till=TILL, epoch=1, store="shop", certificate="new", server_time_ms=1))
    desk.problem(401, "unknown_till")
    assert (desk.status.problem, desk.targets()) == ("unknown_till", ["state", "enrol", "state"])


def test_enrolment_by_code_proposes_the_tills_own_id_and_repeats_the_same_key() -> None:
    desk = Desk(facts=2, enrolled=False)
    assert (desk.status.state, desk.status.unsynced, desk.sent) == ("not_enrolled", 2, [])
    desk.step(EnrolWith("ABCD"))
    desk.step(Failed(desk.sent[-1].ticket))
    assert (desk.status.state, desk.status.problem) == ("not_enrolled", "unreachable")
    desk.timer()
    first, second = (protocol.decode(protocol.unpack(send.body), protocol.Enrol) for send in desk.sent)
    assert first == second
    assert (first.till, first.code) == (TILL, "ABCD")
    desk.answer(200, protocol.Enrolled(till=TILL, epoch=1, store="s", certificate="c", server_time_ms=1))
    assert desk.status.state == "online"
    desk.state(0)
    assert len(desk.last_push().facts) == 2


def test_a_code_given_before_the_till_knows_its_own_id_waits_for_it() -> None:
    outbox, world = MemoryOutbox(TILL), FixedWorld(NOW_MS)
    client = Client(world.random_bytes)
    (read, *_) = client.step(Started(None), NOW_MS)
    assert isinstance(read, ReadFacts)
    assert not [effect for effect in client.step(EnrolWith("ABCD"), NOW_MS) if isinstance(effect, Send)]
    effects = client.step(FactsRead(read.ticket, outbox.read(None, 1)), NOW_MS)
    (send,) = (effect for effect in effects if isinstance(effect, Send))
    assert protocol.decode(protocol.unpack(send.body), protocol.Enrol).till == TILL


def test_a_code_that_is_refused_is_said_and_not_tried_again() -> None:
    desk = Desk(enrolled=False)
    desk.step(EnrolWith("WRONG"))
    desk.problem(403, "bad_code")
    assert (desk.status.state, desk.status.problem, desk.waits) == ("not_enrolled", "bad_code", [])
    desk.step(EnrolWith("RIGHT"))
    assert len(desk.sent) == 2


def test_another_code_is_refused_anew() -> None:
    desk = Desk(enrolled=False)
    for _ in range(2):  # whoever watches sees the second refusal as well
        desk.step(EnrolWith("AAAA"))
        assert desk.status.problem == ""
        desk.problem(403, "code_used")
        assert desk.status.problem == "code_used"


def test_an_enrolment_for_another_till_is_not_taken_over() -> None:
    desk = Desk(facts=1)
    desk.problem(409, "fork")
    assert desk.targets()[-1] == "state", "409 to a question is no fork"
    desk = Desk(facts=1)
    desk.state(0)
    desk.problem(409, "fork")
    for till, epoch in ((uuid.uuid4(), 2), (TILL, 1)):
        desk.answer(
            200, protocol.Enrolled(till=till, epoch=epoch, store="s", certificate="c", server_time_ms=1)
        )
        assert desk.status.problem == "nonsense"
        saved = desk.outbox.credentials()
        assert saved is not None
        assert (saved.till, saved.epoch) == (TILL, 1)
        desk.timer()


def test_a_new_key_is_durable_before_it_is_sent() -> None:
    client, outbox = Client(FixedWorld(NOW_MS).random_bytes), MemoryOutbox(TILL)
    (read, *_) = client.step(Started(None), NOW_MS)
    assert isinstance(read, ReadFacts)
    client.step(FactsRead(read.ticket, outbox.read(None, 1)), NOW_MS)
    kept, sent, *_ = client.step(EnrolWith("ABCD"), NOW_MS)
    assert isinstance(kept, KeepEnrolment)
    assert isinstance(sent, Send)
    assert kept.enrolment is not None
    request = protocol.decode(protocol.unpack(sent.body), protocol.Enrol)
    assert request.public_key == protocol.public_key_of(kept.enrolment.private_key)


def process_of(desk: Desk, seed: int) -> Desk:
    """The till's process, killed and started again on the same disk."""
    again = Desk.__new__(Desk)
    again.__dict__.update(desk.__dict__)
    again.sent, again.world = [], FixedWorld(NOW_MS, seed=seed)
    again.client = Client(again.world.random_bytes)
    again.step(Started(desk.outbox.credentials(), "", desk.outbox.enrolment()))
    return again


def test_a_till_killed_in_its_enrolment_asks_again_with_the_same_key() -> None:
    first = Desk(facts=2, enrolled=False)
    first.step(EnrolWith("ABCD"))
    second = process_of(first, seed=2)
    assert second.sent[-1].body == first.sent[-1].body, "whoever was told the code need not tell it again"
    second.step(EnrolWith("EFGH"))
    one, other = (protocol.decode(protocol.unpack(send.body), protocol.Enrol) for send in second.sent)
    assert (one.code, other.code) == ("ABCD", "EFGH")
    assert one.public_key == other.public_key, "the server may know the till by this key already"
    assert second.outbox.begun is not None
    second.answer(200, protocol.Enrolled(till=TILL, epoch=1, store="s", certificate="c", server_time_ms=1))
    assert second.outbox.begun is None
    assert second.status.state == "online"


def test_a_till_killed_while_it_raises_its_epoch_raises_it_once() -> None:
    first = Desk(facts=2)
    first.state(0)
    first.problem(409, "fork", seq=1)
    second = process_of(first, seed=3)
    assert second.targets() == ["enrol"]
    assert second.sent[0].body == first.sent[-1].body


def test_an_enrolment_that_was_refused_is_forgotten() -> None:
    desk = Desk(enrolled=False)
    desk.step(EnrolWith("WRONG"))
    assert desk.outbox.begun is not None
    desk.problem(403, "bad_code")
    assert desk.outbox.begun is None
    assert process_of(desk, seed=2).sent == []


def test_a_readmission_by_the_known_key_needs_nothing_kept() -> None:
    desk = Desk(facts=1)
    desk.problem(401, "unknown_till")
    assert desk.targets()[-1] == "enrol"
    assert desk.outbox.begun is None
