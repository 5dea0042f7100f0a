"""The fact log as sync's outbox (`sync.outbox.Outbox`): reads on its own connection, writes in the
database lane, since the writer alone knows the head of the chain."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Final

import msgspec

from app.ledger.chain import GENESIS, Head
from app.store.connection import DatabaseFile, transaction
from app.store.writer import ENROLMENT, Writer
from sync.outbox import Credentials, Enrolment, Run

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Credentials).decode
_decode_enrolment: Final = msgspec.json.Decoder(Enrolment).decode


class FactOutbox:
    """For the sync lane alone. `in_lane` runs a job where the writer lives, and waits for it."""

    def __init__(
        self, file: DatabaseFile, writer: Writer, in_lane: Callable[[Callable[[], None]], None]
    ) -> None:
        self._sql = file.connect()
        self._run = self._sql.execute
        self._writer = writer
        self._in_lane = in_lane

    def close(self) -> None:
        self._sql.close()

    def read(self, after_seq: int | None, limit: int) -> Run:
        """Up to `limit` facts after `after_seq` (None: after the last acknowledged one)."""
        with transaction(self._sql, reading=True):
            row = self._run("SELECT origin, epoch, seq, hash, acked_seq FROM head").fetchone()
            head = Head(uuid.UUID(bytes=row[0]), row[1], row[2], row[3])
            acked_seq: int = row[4]
            after = min(acked_seq if after_seq is None else after_seq, head.seq)
            chain = (row[0], row[1])
            before = self._run(
                "SELECT hash FROM envelope WHERE origin = ? AND epoch = ? AND seq = ?", (*chain, after)
            ).fetchone()
            bodies = self._run(
                "SELECT f.body FROM envelope e JOIN fact f ON f.id = e.fact "
                "WHERE e.origin = ? AND e.epoch = ? AND e.seq > ? ORDER BY e.seq LIMIT ?",
                (*chain, after, limit),
            )
            prev_hash = before[0] if before else GENESIS
            return Run(head, acked_seq, after, prev_hash, tuple(row[0] for row in bodies))

    def set_acked(self, epoch: int, seq: int) -> None:
        self._in_lane(lambda: self._writer.set_acked(epoch, seq))

    def credentials(self) -> Credentials | None:
        stored = self._setting("credentials")
        return None if stored is None else _decode(stored)

    def enrolment(self) -> Enrolment | None:
        stored = self._setting(ENROLMENT)
        return None if stored is None else _decode_enrolment(stored)

    def keep_enrolment(self, enrolment: Enrolment | None) -> None:
        blob = None if enrolment is None else _encode(enrolment)
        self._in_lane(lambda: self._writer.keep_enrolment(blob))

    def _setting(self, key: str) -> bytes | None:
        row = self._run("SELECT value FROM setting WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def begin_epoch(self, credentials: Credentials) -> None:
        blob = _encode(credentials)
        self._in_lane(lambda: self._writer.begin_epoch(credentials.till, credentials.epoch, blob))
