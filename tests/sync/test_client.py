"""The client against a server that a test scripts: every answer in the protocol's table, and nonsense."""

from __future__ import annotations

import pytest

from app.ledger.basis import ENGINE
from app.ledger.chain import GENESIS
from sync import protocol
from sync.client import Client
from sync.events import (
    FactsAvailable,
    Failed,
    Hurry,
    Replied,
    SetAcked,
    Started,
    TimerFired,
)
from sync.pulling import IDLE_S
from sync.pushing import BATCH_BYTES_MAX, BATCH_MAX, PAUSE_S, SELLING_MS
from sync.session import SLOW_S
from tests.sync.desk import KEY, NOW_MS, TILL, Desk
from tests.sync.memory import body_of


def test_a_start_asks_first_and_pushes_what_is_missing() -> None:
    desk = Desk(facts=3)
    assert (desk.status.state, desk.status.unsynced) == ("offline", 3)
    desk.state(1)
    push = desk.last_push()
    assert (push.first_seq, push.last_seq, len(push.facts)) == (2, 3, 2)
    assert [bytes(raw) for raw in push.facts] == desk.outbox.bodies[1:]
    desk.pushed(3)
    assert desk.outbox.acked == (1, 3)
    assert (desk.status.state, desk.status.unsynced, desk.status.since_ms) == ("online", 0, None)
    assert IDLE_S <= desk.waits[-1].seconds <= IDLE_S * 1.5
    assert desk.targets() == ["state", "facts"]


def test_a_new_fact_goes_out_at_once_when_idle() -> None:
    desk = Desk()
    desk.state(0)
    desk.outbox.append(body_of(desk.world))
    desk.step(FactsAvailable())
    assert desk.targets() == ["state", "facts"]
    assert (desk.status.unsynced, desk.status.since_ms) == (1, NOW_MS)


def test_a_backlog_goes_out_in_pauses_while_somebody_sells() -> None:
    desk = Desk(facts=BATCH_MAX * 4)
    desk.state(0)
    desk.pushed(BATCH_MAX)
    assert (desk.last_push().first_seq, desk.waits) == (BATCH_MAX + 1, []), "nobody sells: as fast as it goes"
    desk.outbox.append(body_of(desk.world))
    desk.step(FactsAvailable())
    desk.pushed(BATCH_MAX * 2)
    assert desk.acked[-1].seq == BATCH_MAX * 2
    assert PAUSE_S * BATCH_MAX <= desk.waits[-1].seconds <= PAUSE_S * BATCH_MAX * 1.5
    sent = len(desk.sent)
    desk.outbox.append(body_of(desk.world))
    desk.step(FactsAvailable())
    assert (len(desk.sent), desk.status.unsynced) == (sent, BATCH_MAX * 2 + 2), (
        "a sale does not end the pause"
    )
    desk.timer()
    assert desk.last_push().first_seq == BATCH_MAX * 2 + 1
    desk.pushed(BATCH_MAX * 3)
    sent = len(desk.sent)
    desk.step(Hurry())
    assert len(desk.sent) == sent + 1, "whoever asks for it has it at once"
    desk.state(BATCH_MAX * 3)
    waits = len(desk.waits)
    desk.pushed(BATCH_MAX * 4)
    assert (len(desk.waits), desk.last_push().last_seq) == (waits, BATCH_MAX * 4 + 2), "and all of it"
    desk.outbox.append(body_of(desk.world))
    desk.step(FactsAvailable())
    desk.pushed(BATCH_MAX * 4 + 2)
    assert (len(desk.waits), desk.last_push().last_seq) == (waits, BATCH_MAX * 4 + 3), "no backlog, no pause"
    desk.pushed(BATCH_MAX * 4 + 3)
    assert desk.status.unsynced == 0


def test_a_backlog_goes_out_at_once_some_time_after_a_sale() -> None:
    desk = Desk(facts=BATCH_MAX * 3)
    desk.step(FactsAvailable())
    desk.state(0)
    desk.world.ms += SELLING_MS - 1
    desk.pushed(BATCH_MAX)
    assert len(desk.waits) == 1
    desk.timer()
    desk.world.ms += 1
    desk.pushed(BATCH_MAX * 2)
    assert (len(desk.waits), desk.last_push().last_seq) == (1, BATCH_MAX * 3)


def test_requests_are_signed_for_what_they_are() -> None:
    desk = Desk(facts=1)
    desk.state(0)
    for send in desk.sent:
        headers = dict(send.headers)
        signed = protocol.parse_authorization(headers["Authorization"])
        assert (signed.till, signed.epoch) == (TILL, 1)
        assert signed.verify(protocol.public_key_of(KEY), send.method, send.target, send.body)
        assert not signed.verify(protocol.public_key_of(KEY), send.method, send.target, send.body + b"x")


def test_unreachable_backs_off_further_each_time_and_counts_on() -> None:
    desk = Desk(facts=1)
    for _ in range(10):
        desk.step(Failed(desk.sent[-1].ticket))
        assert (desk.status.state, desk.status.problem) == ("offline", "unreachable")
        desk.timer()
    waits = [wait.seconds for wait in desk.waits]
    assert all(1.0 * 2**n <= seconds <= 1.5 * 2**n for n, seconds in enumerate(waits[:6]))
    assert 60 <= waits[-1] <= 90
    desk.step(Failed(desk.sent[-1].ticket))
    sent = len(desk.sent)
    desk.outbox.append(body_of(desk.world))
    desk.step(FactsAvailable())
    assert (len(desk.sent), desk.status.unsynced, desk.status.since_ms) == (sent, 2, NOW_MS)
    desk.step(Hurry())
    assert len(desk.sent) == sent + 1


def test_answers_to_given_up_requests_and_old_timers_are_ignored() -> None:
    desk = Desk(facts=1)
    first = desk.sent[-1]
    desk.step(Failed(first.ticket))
    sent, waits = len(desk.sent), len(desk.waits)
    desk.step(Replied(first.ticket, 200, b"{}"))
    desk.step(Failed(first.ticket))
    desk.step(TimerFired(-1))
    assert (len(desk.sent), len(desk.waits)) == (sent, waits)
    desk.timer()
    stale = desk.waits[-1].ticket
    desk.step(TimerFired(stale))
    assert len(desk.sent) == sent + 1


def test_what_answers_something_else_acknowledges_nothing() -> None:
    desk = Desk(facts=2)
    desk.state(0)
    desk.state(2)
    assert desk.acked == [SetAcked(1, 2)], "of our own history it is as good as an acknowledgement"
    desk.outbox.append(body_of(desk.world))
    desk.step(FactsAvailable())
    elsewhere = protocol.TillState(epoch=1, acked_seq=14, hash=bytes(32), feed_epoch="f", server_time_ms=1)
    desk.answer(200, elsewhere)
    assert (desk.status.problem, desk.status.unsynced, len(desk.acked)) == ("nonsense", 1, 1)
    desk.timer()
    desk.state(2)
    desk.pushed(3)
    assert desk.acked[-1] == SetAcked(1, 3)


def test_a_server_older_than_the_hash_is_believed() -> None:
    desk = Desk(facts=2)
    desk.state(0)
    desk.answer(200, protocol.Pushed(epoch=1, acked_seq=2, feed_epoch="f", server_time_ms=1))
    assert desk.acked == [SetAcked(1, 2)]


@pytest.mark.parametrize(
    ("status", "body", "problem"),
    [
        (500, b"oops", "server_error"),
        (502, b"<html>", "server_error"),
        (200, b"<html>Welcome to Wi-Fi</html>", "nonsense"),
        (200, b"", "nonsense"),
        (200, b'{"epoch":1}', "nonsense"),
        (302, b"", "nonsense"),
        (404, b"not here", "nonsense"),
        (409, b"[]", "nonsense"),
        (200, b"\xff" * 100, "nonsense"),
    ],
)
def test_errors_and_nonsense_change_nothing_and_are_said(status: int, body: bytes, problem: str) -> None:
    desk = Desk(facts=2)
    desk.answer(status, body)
    assert (desk.status.state, desk.status.problem, desk.acked) == ("offline", problem, [])
    desk.timer()
    desk.state(0)
    desk.answer(status, body)
    assert (desk.status.problem, desk.acked, desk.status.unsynced) == (problem, [], 2)
    desk.timer()
    assert desk.targets() == ["state", "state", "facts", "state"], "after a doubt it asks"


@pytest.mark.parametrize("seq", [-1, 0])
def test_an_acknowledgement_of_what_was_not_sent_is_not_believed(seq: int) -> None:
    desk = Desk(facts=2)
    desk.state(0)
    desk.pushed(seq)
    assert (desk.acked, desk.status.problem) == ([], "nonsense")


def test_the_state_of_another_epoch_is_not_believed() -> None:
    desk = Desk(facts=2)
    desk.state(1, epoch=2)
    assert (desk.acked, desk.status.problem) == ([], "nonsense")


def test_too_large_is_halved_down_to_one_and_grows_again() -> None:
    desk = Desk(facts=8)
    desk.state(0)
    for size in (8, 4, 2, 1):
        assert len(desk.last_push().facts) == size
        if size > 1:
            desk.problem(413, "too_large")
    desk.pushed(1)
    assert len(desk.last_push().facts) == 2
    desk.pushed(3)
    assert len(desk.last_push().facts) == 4


def test_a_single_fact_too_large_for_the_server_is_said_and_kept() -> None:
    desk = Desk(facts=1)
    desk.state(0)
    desk.problem(413, "too_large")
    assert (desk.status.problem, desk.status.unsynced) == ("too_large", 1)
    assert desk.waits[-1].seconds >= SLOW_S


def test_large_bodies_make_small_batches() -> None:
    desk = Desk()
    for _ in range(3):
        desk.outbox.append(body_of(desk.world, text="x" * (BATCH_BYTES_MAX // 2 + 1)))
    desk.state(0)
    assert len(desk.last_push().facts) == 1


@pytest.mark.parametrize("status", [429, 503])
def test_pressure_is_honoured_with_jitter(status: int) -> None:
    desk = Desk(facts=1)
    desk.state(0)
    desk.problem(status, "busy", 17)
    assert 17 <= desk.waits[-1].seconds <= 17 * 1.5
    assert (desk.status.state, desk.status.problem) == ("online", "busy")
    desk.timer()
    desk.answer(status, b"", 10**9)
    assert desk.waits[-1].seconds <= 3600 * 1.5


def test_the_server_may_slow_a_till_down() -> None:
    desk = Desk(facts=2)
    desk.state(0)
    desk.pushed(1, backoff_ms=5000)
    assert 5 <= desk.waits[-1].seconds <= 7.5
    assert len(desk.sent) == 2


@pytest.mark.parametrize(
    ("status", "code"), [(401, "revoked"), (426, "too_old"), (401, "bad_signature"), (400, "malformed")]
)
def test_what_only_a_person_can_change_is_said_and_selling_goes_on(status: int, code: str) -> None:
    desk = Desk(facts=1)
    desk.problem(status, code)
    assert (desk.status.problem, desk.status.unsynced) == (code, 1)
    assert desk.waits[-1].seconds >= SLOW_S
    desk.outbox.append(body_of(desk.world))
    desk.step(FactsAvailable())
    assert desk.status.unsynced == 2
    assert desk.acked == []


def test_a_gap_makes_it_ask_and_go_back() -> None:
    desk = Desk(facts=5)
    desk.state(4)
    assert desk.outbox.acked == (1, 4)
    desk.problem(409, "gap")
    desk.state(2)
    assert (desk.last_push().first_seq, desk.outbox.acked) == (3, (1, 2)), "a restored server knows less"
    desk.problem(409, "gap")
    assert desk.status.problem == "gap", "one that contradicts itself is not asked in a circle"


def test_columns_that_a_server_does_not_read_go_as_plain_facts() -> None:
    desk = Desk(facts=200)
    desk.state(0, push_v=2)
    assert protocol.unpack(desk.sent[-1].body)[:1] != b"{", "the server said that it reads columns"
    desk.problem(400, "other_bytes")
    push = protocol.decode(protocol.unpack(desk.sent[-1].body), protocol.Push)
    assert (push.first_seq, push.last_seq) == (1, 200), "at once, and plain from now on"
    desk.problem(400, "malformed")
    assert desk.status.problem == "malformed", "a push that is refused plain, too, is not sent in a circle"


def enrolled_again(desk: Desk, epoch: int = 2) -> protocol.Enrol:
    """Answer the enrolment under way; returns what was asked."""
    assert desk.targets()[-1] == "enrol"
    request = protocol.decode(protocol.unpack(desk.sent[-1].body), protocol.Enrol)
    answer = protocol.Enrolled(till=TILL, epoch=epoch, store="shop", certificate="new", server_time_ms=1)
    desk.answer(200, answer)
    return request


def test_a_fork_begins_a_new_epoch_with_a_new_key_and_only_what_differs() -> None:
    desk = Desk(facts=6)
    desk.state(2)
    bodies = list(desk.outbox.bodies)
    desk.problem(409, "fork", seq=5)
    signed = protocol.parse_authorization(dict(desk.sent[-1].headers)["Authorization"])
    assert signed.verify(protocol.public_key_of(KEY), "POST", "/v1/enrol", desk.sent[-1].body)
    assert desk.outbox.acked == (1, 4), "3 and 4 were compared and are there"
    request = enrolled_again(desk)
    assert (request.certificate, request.till) == ("certificate", TILL)
    assert request.public_key != protocol.public_key_of(KEY)
    saved = desk.outbox.credentials()
    assert saved is not None
    assert (saved.epoch, saved.certificate) == (2, "new")
    assert protocol.public_key_of(saved.private_key) == request.public_key
    desk.state(0, epoch=2)
    push = desk.last_push()
    assert (push.epoch, push.first_seq, push.prev_hash) == (2, 1, GENESIS)
    assert [bytes(raw) for raw in push.facts] == bodies[4:]


def test_a_fork_before_what_was_sent_is_looked_for_further_back() -> None:
    desk = Desk()
    desk.client = Client(desk.world.random_bytes, batch_max=3)
    for _ in range(9):
        desk.outbox.append(body_of(desk.world))
    desk.outbox.set_acked(1, 8)
    desk.step(Started(desk.outbox.credentials()))
    desk.state(8)
    assert desk.last_push().first_seq == 9
    for first, parted in ((9, 8), (6, 5), (3, 4)):
        assert desk.last_push().first_seq == first
        desk.problem(409, "fork", seq=parted)
    assert desk.outbox.acked == (1, 3)
    enrolled_again(desk)
    assert desk.outbox.head.seq == 6


def told(desk: Desk, seq: int, digest: bytes) -> None:
    message = protocol.TillState(epoch=1, acked_seq=seq, hash=digest, feed_epoch="f", server_time_ms=1)
    desk.answer(200, message)


def test_a_server_that_knows_more_than_we_have_is_told_what_we_have_first() -> None:
    """A disk put back to an older copy: what it holds is compared, then a new epoch begins."""
    desk = Desk(facts=4)
    told(desk, 9, bytes(32))
    assert desk.last_push().first_seq == 1
    desk.pushed(9)
    assert desk.outbox.acked == (1, 4), "not more than was sent"
    enrolled_again(desk)
    assert desk.outbox.head.seq == 0, "all of it is there"


def test_a_server_with_another_history_is_asked_where_it_parts() -> None:
    desk = Desk(facts=4)
    desk.outbox.set_acked(1, 1)
    told(desk, 3, b"x" * 32)
    assert (desk.last_push().first_seq, desk.acked) == (2, [])
    desk.problem(409, "fork", seq=3)
    assert desk.outbox.acked == (1, 2)
    enrolled_again(desk)
    assert desk.outbox.head.seq == 2


def test_an_emptied_till_that_the_server_knows_begins_a_new_epoch() -> None:
    desk = Desk()
    told(desk, 3, b"x" * 32)
    enrolled_again(desk)
    assert desk.outbox.head.epoch == 2


def test_a_server_that_lost_facts_this_till_has_pruned_gets_all_that_is_left() -> None:
    desk = Desk(facts=6)
    desk.outbox.set_acked(1, 5)
    desk.outbox.pruned_seq = 3
    desk.state(0)
    assert desk.targets()[-1] == "enrol"
    desk.answer(200, protocol.Enrolled(till=TILL, epoch=2, store="shop", certificate="new", server_time_ms=1))
    desk.state(0, epoch=2)
    assert [bytes(raw) for raw in desk.last_push().facts] == desk.outbox.bodies[3:]


def test_the_status_is_told_only_when_it_changes() -> None:
    desk = Desk(facts=1)
    for _ in range(3):
        desk.step(FactsAvailable())
    assert len(desk.told) == len(set(map(repr, desk.told)))


def test_each_push_tells_the_tills_program_and_engine() -> None:
    desk = Desk(facts=1)
    desk.client, desk.sent = Client(desk.world.random_bytes, program="9.9"), []
    desk.step(Started(desk.outbox.credentials(), ""))
    desk.state(0)
    push = desk.last_push()
    assert (push.program, push.engine) == ("9.9", ENGINE)
