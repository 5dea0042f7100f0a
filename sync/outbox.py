"""The port between sync and the till's database: the fact log read as an outbox. Pure."""

from __future__ import annotations

import uuid
from typing import Protocol

import msgspec

from app.ledger.chain import Head


class Credentials(msgspec.Struct, frozen=True):
    """What enrolment gave the till. `private_key` is a 32-byte Ed25519 seed: it stays at the till.

    `certificate` is the server's signed word that this till, epoch and key are its own; with it a till is
    admitted again by a server that was restored from a backup, and gets a new epoch after a fork.
    """

    till: uuid.UUID
    epoch: int
    store: str
    private_key: bytes
    certificate: str


class Enrolment(msgspec.Struct, frozen=True):
    """An enrolment under way: the new key's 32-byte seed, and the code if it is one of head office.

    It is durable before it is sent: a till that dies before it has the answer asks again with the same key,
    and gets the same answer. With another key, a one-time code would be spent, and an epoch left behind.
    """

    private_key: bytes
    code: str = ""


class Run(msgspec.Struct, frozen=True):
    """Consecutive facts of the current epoch, read in one transaction.

    `bodies[0]` has the sequence number `after_seq + 1`; `prev_hash` is the hash at `after_seq`
    (`chain.GENESIS` at 0). `head` is the end of the chain and `acked_seq` the last acknowledged number, both
    of the current (origin, epoch). `after_seq` is as asked, with two exceptions: if facts after that were
    pruned it is the checkpoint's number, and if more was asked than there is it is `head.seq`.
    """

    head: Head
    acked_seq: int
    after_seq: int
    prev_hash: bytes
    bodies: tuple[bytes, ...]


class Outbox(Protocol):
    """The till's fact log, seen from the sync lane, which is the only caller. Errors may be raised freely:
    the lane reports them and starts again; nothing is sent twice as new because of it."""

    def read(self, after_seq: int | None, limit: int) -> Run:
        """Up to `limit` facts after `after_seq` (None: after the last acknowledged one)."""
        ...

    def set_acked(self, epoch: int, seq: int) -> None:
        """Record that the server holds everything up to `seq`. Ignored for an epoch that is not the
        current one. May go back (a server restored from a backup); never deletes a fact."""
        ...

    def credentials(self) -> Credentials | None:
        """What the last enrolment gave, None before the first."""
        ...

    def enrolment(self) -> Enrolment | None:
        """The enrolment that was begun and has not ended, None if there is none."""
        ...

    def keep_enrolment(self, enrolment: Enrolment | None) -> None:
        """Make an enrolment durable before it is sent; None forgets one that was refused."""
        ...

    def begin_epoch(self, credentials: Credentials) -> None:
        """Store the credentials, forget the enrolment that gave them, and move to their (till, epoch), in one
        transaction.

        If that is the current (origin, epoch), nothing else changes. Otherwise every fact after the
        acknowledged one gets a new envelope, in the same order and with the same body and id, numbered from
        1 with `prev_hash` GENESIS; acknowledged becomes 0, and the next fact continues that chain.
        """
        ...
