"""The durable print queue (`hardware.ports.PrintQueue`) over the till's database.

Reads and writes in the database lane, since that lane is the only writer; called from the print lane, which
may wait. A job becomes `unknown` when nobody can say whether it is on paper, and is then left to the cashier.
Paper may name a customer: of what is printed the newest is kept (`KEPT`), and none of it once somebody is
erased.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec

from app.store.writer import Writer
from hardware.ports import PrintOutcome, QueuedJob
from hardware.receipt import PrintJob, as_copy, decode_job, encode_job

_TAKE: Final = (
    "UPDATE print_job SET state = 'sending', attempts = attempts + 1 WHERE id = "
    "(SELECT min(id) FROM print_job WHERE state IN ('queued', 'failed')) "
    "RETURNING id, document, created_ms, attempts - 1"
)

KEPT: Final = 100
"""So many of the newest jobs stay when they are printed: for `stempel receipt`, and to look into a fault."""

# A few at a time: it is done between a sale and the next.
_PRUNE: Final = (
    "DELETE FROM print_job WHERE id IN (SELECT id FROM print_job WHERE id <= ? AND state = 'printed' "
    "ORDER BY id LIMIT 10)"
)

_UNREADABLE: Final = "UPDATE print_job SET state = 'unknown', detail = 'unreadable' WHERE id = ?"


def last_paper(sql: Any) -> PrintJob | None:
    """The newest job of the queue that holds paper, whatever became of it; None if there is none."""
    for (document,) in sql.execute("SELECT document FROM print_job ORDER BY id DESC LIMIT ?", (KEPT,)):
        with suppress(msgspec.DecodeError):  # of a version this one cannot read
            job = decode_job(document)
            if job.document is not None:
                return job
    return None


class StoredPrintQueue:
    """`call` runs a job where the writer lives, and waits for it."""

    def __init__(self, writer: Writer, call: Callable[[Callable[[], object]], object]) -> None:
        self._writer = writer
        self._call = call

    def recover(self) -> Sequence[int]:
        found: list[int] = []

        def job() -> None:
            with self._writer.transaction() as sql:
                sql.execute(
                    "UPDATE print_job SET state = 'unknown', detail = 'restarted' WHERE state = 'sending'"
                )
                rows = sql.execute("SELECT id FROM print_job WHERE state = 'unknown' ORDER BY id")
                found.extend(row[0] for row in rows)

        self._call(job)
        return found

    def take(self) -> QueuedJob | None:
        taken: list[QueuedJob] = []

        def job() -> None:
            with self._writer.transaction() as sql:
                while (row := sql.execute(_TAKE).fetchone()) is not None:
                    try:
                        taken.append(QueuedJob(row[0], decode_job(row[1]), row[2], row[3]))
                        return
                    except msgspec.DecodeError:
                        # Of a version this one cannot read: the cashier is told, those behind it come out.
                        sql.execute(_UNREADABLE, (row[0],))

        self._call(job)
        return taken[0] if taken else None

    def settle(self, job_id: int, outcome: PrintOutcome, detail: str = "") -> None:
        def job() -> None:
            with self._writer.transaction() as sql:
                sql.execute(
                    "UPDATE print_job SET state = ?, detail = ? WHERE id = ?", (str(outcome), detail, job_id)
                )
                sql.execute(_PRUNE, (job_id - KEPT,))

        self._call(job)

    def decide(self, job_id: int, *, reprint: bool) -> None:
        """The cashier's word on an unknown job: it is on paper, or it is printed again, marked as a copy."""
        self._call(lambda: self.decide_here(job_id, reprint=reprint))

    def decide_here(self, job_id: int, *, reprint: bool) -> None:
        """The same, in the database lane already."""
        with self._writer.transaction() as sql:
            query = "SELECT document FROM print_job WHERE id = ? AND state = 'unknown'"
            row = sql.execute(query, (job_id,)).fetchone()
            if row is None:
                return
            document = row[0]
            state = "queued" if reprint else "printed"
            if reprint:
                document = encode_job(as_copy(decode_job(document)))
            sql.execute(
                "UPDATE print_job SET state = ?, document = ?, detail = 'decided' WHERE id = ?",
                (state, document, job_id),
            )
