"""The part of the sync client that pulls what the server has, and hands persons over. Pure.

It runs only while the server has every fact of this till that was there when it began: a page then says of
each fact under its newest envelope whether it is in a state, and nothing can count twice. Persons go last:
a till that has handed any has a cursor, and hears from it when the server has lost them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import quote

from app.lanes import Backoff
from sync import protocol
from sync.events import Apply, BeginAgain, KeepDirectory, Listen, PersonsRead, ReadPersons, SetHanded
from sync.outbox import Credentials
from sync.session import SLOW_S, Session

IDLE_S: Final = 60.0
"""How often a till that hears hints pulls all the same, and asks the server how it is."""
POLL_S: Final = 5.0
"""How often a till that hears no hints pulls."""
PAGE: Final = 1000
"""Rows in a page."""
PERSONS: Final = 100
"""Persons handed over at once."""
RESETS_MAX: Final = 3
"""Times in a row that the server may ask for a new beginning before that is nonsense."""
DIRECTORY_S: Final = 6 * 3600.0
"""How often a till asks what changed in the directory, while it is told of its store's members alone."""


class Puller:
    """Pages in, persons out. `done` goes on once there is nothing more; `changed` when facts wait; `lost`
    when the server is not what it was."""

    def __init__(
        self,
        session: Session,
        *,
        done: Callable[[], None],
        changed: Callable[[], None],
        lost: Callable[[], None],
    ) -> None:
        self._session = session
        self._done = done
        self._changed = changed
        self._lost = lost
        self._cursor = ""
        self._due_ms = 0
        self._barred_ms = {"posting": 0, "pulling": 0}
        self._resets = 0
        self._asked_ms = 0
        self._handing: tuple[protocol.PersonRow, ...] = ()
        self._page: protocol.PullPage | None = None
        self._hinted = False
        self._listening = False
        self._listen_from_ms = 0
        self._deaf = 0
        self._backoff = Backoff(1.0, IDLE_S)
        self._directory: bool = False
        """Whether a directory was last wanted."""
        self._directory_due_ms = 0
        self._fetching = False
        self.facts_wait = False
        """A fact came while a page was on its way: it goes first."""

    def start(self, cursor: str) -> None:
        """The lane begins anew."""
        self._cursor, self._due_ms = cursor, 0
        self._barred_ms = {"posting": 0, "pulling": 0}
        self._hinted = self._listening = self.facts_wait = False
        self._listen_from_ms = 0
        self._directory = self._fetching = False
        self._directory_due_ms = 0

    @property
    def wait_s(self) -> float:
        """How long an idle till waits for the next pull."""
        return max(min((self._due_ms - self._session.now_ms) / 1000, IDLE_S), 0.5)

    # Hints

    def heard(self, *, listening: bool) -> None:
        """The stream of hints began or ended."""
        self._listening = listening
        if listening:
            self._hinted = True  # what came before it began was not heard
            return
        self._deaf += 1
        self._listen_from_ms = self._session.now_ms + int(self._backoff.wait_s(self._deaf) * 1000)
        self._due_ms = min(self._due_ms, self._session.now_ms + int(POLL_S * 1000))

    def hinted(self) -> None:
        self._hinted, self._deaf = True, 0

    def _listen(self, ours: Credentials) -> None:
        if self._listening or not self._session.due(self._listen_from_ms, IDLE_S):
            return
        self._listening = True
        target = "/v1/stream"
        self._session.emit(Listen(target, tuple(self._session.signature("GET", target, b"", ours))))

    def begin(self) -> None:
        """Everything this till has is at the server: pull what is due, then hand over persons."""
        self.facts_wait = False
        ours = self._session.credentials
        due = self._hinted or self._session.due(self._due_ms, IDLE_S)
        if ours is not None and due and not self._barred("pulling"):
            self._pull(ours)
        else:
            self._hand()

    def _barred(self, phase: str) -> bool:
        return not self._session.due(self._barred_ms[phase], SLOW_S)

    # Persons out

    def _hand(self) -> None:
        if self.facts_wait or self._barred("posting"):
            self._done()
        else:
            self._session.emit(ReadPersons(self._session.enter("handing"), PERSONS))

    def persons_read(self, event: PersonsRead) -> None:
        """What was read to be handed over."""
        ours = self._session.credentials
        self._handing = event.persons
        if event.persons and ours is not None:
            message = protocol.Persons(persons=list(event.persons))
            target = f"/v1/tills/{ours.till}/persons"
            self._session.send("posting", "POST", target, protocol.pack(message), ours)
        else:
            self._done()

    def persons_kept(self, body: bytes) -> None:
        protocol.decode(body, protocol.PersonsKept)
        self._session.contact()
        self._session.emit(SetHanded(self._handing))
        self._hand()

    # Pages in

    def _pull(self, ours: Credentials) -> None:
        self._hinted = False
        self._asked_ms = self._session.now_ms
        query = f"v={protocol.VERSION}&limit={PAGE}&cursor={quote(self._cursor)}"
        self._session.send("pulling", "GET", f"/v1/pull?{query}", b"", ours)

    def pulled(self, body: bytes) -> None:
        page = protocol.decode(body, protocol.PullPage)
        if page.more and page.cursor == self._cursor:
            raise protocol.WireProblem("nonsense", "a page that leads nowhere")
        self._session.standing = ""
        self._session.contact()
        self._page = page
        self._session.emit(Apply(self._session.enter("applying"), page, self._asked_ms))

    def applied(self) -> None:
        page, ours = self._page, self._session.credentials
        if page is None or ours is None:
            return
        self._page, self._cursor, self._resets = None, page.cursor, 0
        if page.limited or not page.more:
            # A bare till has all of it to fetch: beside the pages, and not behind them.
            self._keep_directory(wanted=page.limited)
        if page.more:
            self._due_ms = self._session.now_ms
        else:
            self._listen(ours)
            every_s = IDLE_S if self._listening else POLL_S
            self._due_ms = self._session.now_ms + int(every_s * 1000)
        if self.facts_wait:
            self._changed()
        elif page.more or self._hinted:
            self._pull(ours)
        else:
            self._hand()

    # The directory

    def _keep_directory(self, *, wanted: bool) -> None:
        """Members of other stores are in the directory, where not all of them are pulled."""
        due = wanted and self._session.due(self._directory_due_ms, DIRECTORY_S)
        if not self._fetching and (due or wanted != self._directory):
            self._directory, self._fetching = wanted, True
            self._session.emit(KeepDirectory(wanted))

    def directory_kept(self, *, done: bool) -> None:
        self._fetching = False
        wait_s = DIRECTORY_S if done else SLOW_S
        self._directory_due_ms = self._session.now_ms + int(wait_s * 1000)

    def refused(self, status: int, problem: protocol.Problem) -> bool:
        """Take a refusal that concerns pulling alone; False for all others."""
        if status == 410 or problem.code == "bad_cursor":
            self._resets += 1
            if self._resets > RESETS_MAX or self._session.credentials is None:
                return False
            self._cursor, self._hinted = "", True
            self._session.emit(BeginAgain())
            self._lost()  # put back from a backup, it may lack facts that it acknowledged
            return True
        if status == 426 or problem.code in ("not_found", "method_not_allowed", "too_large"):
            # Pushes go on. A server that lacks the path is older than this till: nothing to complain of.
            phase = self._session.phase
            self._barred_ms[phase] = self._session.now_ms + int(SLOW_S * 1000)
            self._session.standing = problem.code if status == 426 else ""
            self._session.contact()
            self._hand()
            return True
        return False
