"""What the sync client is told (events) and what it asks for (effects), and the status it shows. Pure."""

from __future__ import annotations

from typing import Literal

import msgspec

from sync import protocol
from sync.outbox import Credentials, Enrolment, Run


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What the screen shows about sync.

    `since_ms` is when the oldest fact the server lacks occurred. `problem` is empty, or a code of the
    protocol's `Problem.code`, or one of: `unreachable` (no network, or no server), `server_error` (it answers
    with errors), `busy`, `nonsense` (what answers is not our server), `outbox` (the till's own database).
    """

    state: Literal["not_enrolled", "offline", "online"] = "offline"
    unsynced: int = 0
    since_ms: int | None = None
    problem: str = ""
    last_contact_ms: int | None = None


# Events: what happened.
class Started(msgspec.Struct, frozen=True):
    """The lane begins: the credentials it found, None for a till that is not enrolled, how far it has
    pulled (see `Inbox.cursor`), and the enrolment that was under way when it ended."""

    credentials: Credentials | None
    cursor: str = ""
    enrolment: Enrolment | None = None


class FactsAvailable(msgspec.Struct, frozen=True):
    """The till committed something. May be said more often than needed."""


class FactsRead(msgspec.Struct, frozen=True):
    """The answer to `ReadFacts`, with its ticket."""

    ticket: int
    run: Run


class PersonsRead(msgspec.Struct, frozen=True):
    """The answer to `ReadPersons`, with its ticket."""

    ticket: int
    persons: tuple[protocol.PersonRow, ...]


class Applied(msgspec.Struct, frozen=True):
    """The page of `Apply` is in the till's database, its cursor with it."""

    ticket: int


class DirectoryKept(msgspec.Struct, frozen=True):
    """The directory is as new as it can be (`done`), or it could not be brought up to date now."""

    done: bool


class Listening(msgspec.Struct, frozen=True):
    """The stream of hints is open."""


class Hinted(msgspec.Struct, frozen=True):
    """The server has something to pull. May be said more often than needed, or not at all."""


class Deaf(msgspec.Struct, frozen=True):
    """The stream of hints has ended, or could not be opened."""


class Replied(msgspec.Struct, frozen=True):
    """An HTTP answer, complete. `retry_after_s` is the Retry-After header if it was a number of seconds."""

    ticket: int
    status: int
    body: bytes
    retry_after_s: float | None = None


class Failed(msgspec.Struct, frozen=True):
    """No answer, or a part of one: the request may or may not have reached the server."""

    ticket: int


class TimerFired(msgspec.Struct, frozen=True):
    """The wait is over."""

    ticket: int


class EnrolWith(msgspec.Struct, frozen=True):
    """The manager typed or scanned a one-time code."""

    code: str


class Hurry(msgspec.Struct, frozen=True):
    """Somebody asks to sync now, or the network came back: do not wait any longer."""


Event = (
    Started
    | FactsAvailable
    | FactsRead
    | PersonsRead
    | Applied
    | Replied
    | Failed
    | TimerFired
    | EnrolWith
    | Hurry
    | Listening
    | Hinted
    | Deaf
    | DirectoryKept
)


# Effects: what is to be done, in order.
class ReadFacts(msgspec.Struct, frozen=True):
    """Read the outbox (see `Outbox.read`) and come back with `FactsRead`."""

    ticket: int
    after_seq: int | None
    limit: int


class Send(msgspec.Struct, frozen=True):
    """Send a request and come back with `Replied` or `Failed`."""

    ticket: int
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


class SetAcked(msgspec.Struct, frozen=True):
    """See `Outbox.set_acked`."""

    epoch: int
    seq: int


class KeepEnrolment(msgspec.Struct, frozen=True):
    """See `Outbox.keep_enrolment`."""

    enrolment: Enrolment | None


class BeginEpoch(msgspec.Struct, frozen=True):
    """See `Outbox.begin_epoch`."""

    credentials: Credentials


class ReadPersons(msgspec.Struct, frozen=True):
    """Read persons that the server lacks (see `Inbox.persons`) and come back with `PersonsRead`."""

    ticket: int
    limit: int


class SetHanded(msgspec.Struct, frozen=True):
    """See `Inbox.handed`."""

    persons: tuple[protocol.PersonRow, ...]


class BeginAgain(msgspec.Struct, frozen=True):
    """See `Inbox.begin_again`."""


class Apply(msgspec.Struct, frozen=True):
    """Put a page into the till's database (see `Inbox.apply`) and come back with `Applied`.

    `asked_ms` is when the page was asked for: what it says is as of then.
    """

    ticket: int
    page: protocol.PullPage
    asked_ms: int


class KeepDirectory(msgspec.Struct, frozen=True):
    """Bring the directory of other stores' members up to date, or drop it where it is not `wanted`; come back
    with `DirectoryKept`. It may take minutes: everything else goes on meanwhile."""

    wanted: bool


class Listen(msgspec.Struct, frozen=True):
    """Open the stream of hints; come back with `Listening`, `Hinted` each time, `Deaf` at the end."""

    target: str
    headers: tuple[tuple[str, str], ...]


class Wait(msgspec.Struct, frozen=True):
    """Come back with `TimerFired` after `seconds`. Replaces an earlier wait."""

    ticket: int
    seconds: float


class Tell(msgspec.Struct, frozen=True):
    """Show the status."""

    status: Status


Effect = (
    ReadFacts
    | Send
    | SetAcked
    | KeepEnrolment
    | BeginEpoch
    | ReadPersons
    | SetHanded
    | BeginAgain
    | Apply
    | KeepDirectory
    | Listen
    | Wait
    | Tell
)
