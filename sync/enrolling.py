"""The part of the sync client that enrols the till: by a code, or again by its certificate. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import msgspec

from sync import protocol
from sync.events import BeginEpoch
from sync.outbox import Credentials
from sync.session import SLOW_S, Session


class Enrolling(msgspec.Struct, frozen=True):
    """An enrolment under way: the new key's seed, and the code if it is one from head office."""

    private_key: bytes
    code: str = ""


class Enroller:
    """Who the till is. `done` goes on once that is known."""

    def __init__(self, session: Session, *, done: Callable[[], None]) -> None:
        self._session = session
        self._done = done
        self._readmitted = False
        self._origin: uuid.UUID | None = None
        self.under_way: Enrolling | None = None

    def by_code(self, code: str) -> None:
        self.enrol(Enrolling(self._session.random_bytes(32), code))

    def new_epoch(self) -> None:
        """The server holds another history under our numbers: go on under a new epoch."""
        self.enrol(Enrolling(self._session.random_bytes(32)))

    def known_again(self) -> None:
        """The server answered a till that it knows."""
        self._readmitted = False

    def readmit(self) -> bool:
        """Show the certificate to a server that forgot this till; False if that was done just now."""
        ours = self._session.credentials
        if self._readmitted or ours is None:
            return False
        self._readmitted = True
        self.enrol(Enrolling(ours.private_key))
        return True

    def origin_is(self, origin: uuid.UUID) -> None:
        """Who this till takes itself for: the outbox has said so."""
        unknown, self._origin = self._origin is None, origin
        if unknown and self.under_way is not None:
            self.enrol(self.under_way)

    def enrol(self, enrolling: Enrolling) -> None:
        """By code, as head office gave it; or by certificate, signed with the key it names."""
        self.under_way = enrolling
        by_code = bool(enrolling.code)
        if by_code and self._origin is None:
            self._session.phase = "stopped"  # until the outbox has said who this till takes itself for
            return
        signer = None if by_code else self._session.credentials
        message = protocol.Enrol(
            public_key=protocol.public_key_of(enrolling.private_key),
            code=enrolling.code,
            certificate=signer.certificate if signer else "",
            till=signer.till if signer else self._origin,
        )
        self._session.send("enrolling", "POST", "/v1/enrol", protocol.pack(message), signer)

    def enrolled(self, body: bytes) -> None:
        enrolled, enrolling = protocol.decode(body, protocol.Enrolled), self.under_way
        assert enrolling is not None
        ours = self._session.credentials
        if not enrolling.code and ours is not None:
            known = enrolling.private_key == ours.private_key
            right_epoch = enrolled.epoch == ours.epoch if known else enrolled.epoch > ours.epoch
            if enrolled.till != ours.till or not right_epoch:
                raise protocol.WireProblem("nonsense", "the enrolment of another till")
        self._session.credentials = Credentials(
            till=enrolled.till,
            epoch=enrolled.epoch,
            store=enrolled.store,
            private_key=enrolling.private_key,
            certificate=enrolled.certificate,
        )
        self.under_way = None
        self._session.contact()
        self._session.emit(BeginEpoch(self._session.credentials))
        self._done()

    def refused(self, problem: protocol.Problem) -> None:
        assert self.under_way is not None
        by_code = bool(self.under_way.code)
        self.under_way = None
        if by_code and self._session.credentials is None:
            self._session.phase = "stopped"
            self._session.update(problem=problem.code)
        else:
            self._session.retry(problem.code, at_least_s=SLOW_S, online=True)
