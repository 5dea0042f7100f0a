"""The part of the sync client that enrols the till: by a code, or again by its certificate. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from sync import protocol
from sync.events import BeginEpoch, KeepEnrolment
from sync.outbox import Credentials, Enrolment
from sync.session import SLOW_S, Session


class Enroller:
    """Who the till is. `done` goes on once that is known."""

    def __init__(self, session: Session, *, done: Callable[[], None]) -> None:
        self._session = session
        self._done = done
        self._readmitted = False
        self._origin: uuid.UUID | None = None
        self._kept: Enrolment | None = None
        self.under_way: Enrolment | None = None

    def start(self, kept: Enrolment | None) -> None:
        """The lane begins anew: `kept` is what the till's disk says was under way."""
        self._kept = kept
        self.under_way = kept or self.under_way

    def by_code(self, code: str) -> None:
        """Enrol with a code that somebody gives: with the key that was made for another one, if that may have
        reached the server already. It knows the till by that key then."""
        begun, known = self.under_way, self._session.credentials is not None
        again = begun is not None and bool(begun.code) and not known
        key = begun.private_key if begun is not None and again else self._session.random_bytes(32)
        self._session.update(problem="")  # whoever gave it waits for what becomes of this one
        self.enrol(Enrolment(key, code))

    def new_epoch(self) -> None:
        """The server holds another history under our numbers: go on under a new epoch."""
        self.enrol(Enrolment(self._session.random_bytes(32)))

    def known_again(self) -> None:
        """The server answered a till that it knows."""
        self._readmitted = False

    def readmit(self) -> bool:
        """Show the certificate to a server that forgot this till; False if that was done just now."""
        ours = self._session.credentials
        if self._readmitted or ours is None:
            return False
        self._readmitted = True
        self.enrol(Enrolment(ours.private_key))
        return True

    def origin_is(self, origin: uuid.UUID) -> None:
        """Who this till takes itself for: the outbox has said so."""
        unknown, self._origin = self._origin is None, origin
        if unknown and self.under_way is not None and self.under_way.code:
            self.enrol(self.under_way)

    def enrol(self, enrolling: Enrolment) -> None:
        """By code, as head office gave it; or by certificate, signed with the key it names."""
        self.under_way = enrolling
        ours = self._session.credentials
        known_key = ours is not None and ours.private_key == enrolling.private_key
        if enrolling != self._kept and not known_key:
            self._keep(enrolling)
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
        self.under_way = self._kept = None
        self._session.contact()
        self._session.emit(BeginEpoch(self._session.credentials))
        self._done()

    def refused(self, problem: protocol.Problem) -> None:
        assert self.under_way is not None
        by_code = bool(self.under_way.code)
        self.under_way = None
        if self._kept is not None:
            self._keep(None)
        if by_code and self._session.credentials is None:
            self._session.phase = "stopped"
            self._session.update(problem=problem.code)
        else:
            self._session.retry(problem.code, at_least_s=SLOW_S, online=True)

    def _keep(self, enrolling: Enrolment | None) -> None:
        """Before the request goes out: a key that only this process knew would be lost with it."""
        self._kept = enrolling
        self._session.emit(KeepEnrolment(enrolling))
