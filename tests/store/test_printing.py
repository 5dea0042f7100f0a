from __future__ import annotations

from app.store.database import Database
from app.store.printing import KEPT, StoredPrintQueue
from hardware.ports import PrintOutcome
from tests.support.facts import Shelf


def queue_of(database: Database, jobs: int) -> StoredPrintQueue:
    shelf = Shelf()
    database.writer.commit(shelf.opened())
    for _ in range(jobs):
        database.writer.commit(shelf.sold())
    return StoredPrintQueue(database.writer, database.call)


def test_a_job_that_was_being_sent_waits_for_the_cashier(database: Database) -> None:
    """The till died while sending: nobody knows what is on paper, so nothing is printed by itself."""
    queue = queue_of(database, 1)
    taken = queue.take()
    assert taken is not None
    assert queue.take() is None
    again = StoredPrintQueue(database.writer, database.call)
    assert again.recover() == [taken.id]
    assert again.take() is None
    again.decide(taken.id, reprint=True)
    copy = again.take()
    assert copy is not None
    assert copy.job.document is not None
    assert copy.job.document.copy
    assert not copy.job.open_drawer
    again.settle(copy.id, PrintOutcome.PRINTED)
    assert again.recover() == []


def test_what_is_on_paper_is_not_printed_again(database: Database) -> None:
    queue = queue_of(database, 1)
    taken = queue.take()
    assert taken is not None
    queue.settle(taken.id, PrintOutcome.UNKNOWN, "stalled")
    queue.decide(taken.id, reprint=False)
    assert queue.take() is None
    queue.decide(taken.id, reprint=True)
    assert queue.take() is None, "decided once"


def test_a_failed_job_is_taken_again_before_those_behind_it(database: Database) -> None:
    queue = queue_of(database, 2)
    first = queue.take()
    assert first is not None
    queue.settle(first.id, PrintOutcome.FAILED, "unreachable")
    again = queue.take()
    assert again is not None
    assert (again.id, again.attempts) == (first.id, 1)


def test_an_unreadable_job_does_not_stop_those_behind_it(database: Database) -> None:
    queue = queue_of(database, 2)
    with database.writer.transaction() as sql:
        sql.execute("UPDATE print_job SET document = x'7b' WHERE id = 1")
    taken = queue.take()
    assert taken is not None
    assert taken.id == 2
    assert queue.recover() == [1, 2], "the second was being sent, the first could not be read"


def test_what_is_printed_is_kept_for_a_while(database: Database) -> None:
    """A receipt may name its customer: the queue is no archive of them."""
    queue = queue_of(database, KEPT + 25)
    kept = queue.take()
    assert kept is not None
    queue.settle(kept.id, PrintOutcome.UNKNOWN, "stalled")
    while (job := queue.take()) is not None:
        queue.settle(job.id, PrintOutcome.PRINTED)
    with database.writer.transaction() as sql:
        left = [id for (id,) in sql.execute("SELECT id FROM print_job ORDER BY id")]
    assert left == [kept.id, *range(26, KEPT + 26)], "nobody decided on the first yet"
