from __future__ import annotations

import uuid

from app.ledger.chain import GENESIS, Head, verify
from app.store.database import Database
from sync.outbox import Credentials, Enrolment
from tests.support.facts import Shelf

TILL = uuid.UUID("019a0000-0000-7000-8000-000000000001")


def credentials(epoch: int, till: uuid.UUID = TILL) -> Credentials:
    return Credentials(till, epoch, "12", b"k" * 32, "certificate")


def test_reads_on_from_what_was_acknowledged(database: Database) -> None:
    shelf, outbox = Shelf(), database.outbox()
    database.writer.commit(shelf.opened())
    for _ in range(4):
        database.writer.commit(shelf.sold())
    whole = outbox.read(None, 100)
    assert (whole.after_seq, whole.prev_hash, len(whole.bodies)) == (0, GENESIS, 5)
    database.call(lambda: database.writer.set_acked(whole.head.epoch, 3))
    rest = outbox.read(None, 1)
    assert (rest.acked_seq, rest.after_seq, rest.bodies) == (3, 3, (whole.bodies[3],))
    start = Head(rest.head.origin, rest.head.epoch)
    assert verify(start, list(whole.bodies[:3])).hash == rest.prev_hash
    assert outbox.read(99, 10).after_seq == 5, "more than there is means the end"
    assert database.reader().unsynced()[0] == 2
    outbox.set_acked(rest.head.epoch + 1, 5)
    assert database.reader().unsynced()[0] == 2, "another epoch's word is ignored"
    outbox.set_acked(rest.head.epoch, 1)
    assert database.reader().unsynced()[0] == 4, "a restored server may know less"
    outbox.close()


def test_enrolling_moves_the_unacknowledged_suffix_to_the_new_chain(database: Database) -> None:
    shelf, outbox = Shelf(), database.outbox()
    database.writer.commit(shelf.opened())
    for _ in range(3):
        database.writer.commit(shelf.sold())
    assert outbox.credentials() is None
    outbox.begin_epoch(credentials(1))
    first = outbox.read(None, 10)
    assert (first.head.origin, first.head.epoch, first.head.seq) == (TILL, 1, 4)
    assert verify(Head(TILL, 1), list(first.bodies)) == first.head
    outbox.set_acked(1, 2)
    outbox.begin_epoch(credentials(2))
    second = outbox.read(None, 10)
    assert second.bodies == first.bodies[2:], "ids and bytes are kept, acknowledged facts stay behind"
    assert verify(Head(TILL, 2), list(second.bodies)) == second.head
    assert outbox.credentials() == credentials(2)
    outbox.begin_epoch(credentials(2))
    assert outbox.read(None, 10) == second, "the same epoch again changes nothing"
    database.writer.commit(shelf.sold())
    assert outbox.read(None, 10).head.seq == 3
    assert database.writer.check() == (5, []), "each fact counts once, however many envelopes it has"
    outbox.close()


def test_an_enrolment_under_way_outlives_the_process_and_ends_with_its_epoch(database: Database) -> None:
    outbox, begun = database.outbox(), Enrolment(b"s" * 32, "ABCD")
    assert outbox.enrolment() is None
    outbox.keep_enrolment(begun)
    outbox.close()
    outbox = database.outbox()
    assert outbox.enrolment() == begun
    outbox.begin_epoch(credentials(1))
    assert outbox.enrolment() is None
    outbox.keep_enrolment(begun)
    outbox.keep_enrolment(None)
    assert outbox.enrolment() is None
    outbox.close()
