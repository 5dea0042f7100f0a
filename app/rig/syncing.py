"""The sync lane of a till in use: what goes out to the server, and what the pages that come change."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.checkout.reserved import LaterHolds
from app.checkout.till import Till
from app.config import ServerSection
from app.loyalty.engine import Compiled
from app.store.database import Database, Post
from app.store.programmes import ProgrammeLane
from app.store.reader import Reader
from app.store.scope import CARD_KEY

if TYPE_CHECKING:
    from app.store.inbox import StoredInbox
    from app.store.outbox import FactOutbox
    from sync.events import Status
    from sync.inbox import Arrival
    from sync.shelf import Shelf
    from sync.worker import SyncWorker

_log: Final = logging.getLogger("stempel")


class Syncing:
    """Made with the till, started when its server is known; `stop` before the database is closed."""

    def __init__(
        self,
        till: Till,
        database: Database,
        reader: Reader,
        programmes: ProgrammeLane,
        holds: LaterHolds,
        folder: Path,
        post: Post,
    ) -> None:
        self._till, self._database, self._reader, self._programmes = till, database, reader, programmes
        self._holds, self._folder, self._post = holds, folder, post
        self.on_change: Callable[[], None] = lambda: None
        self.worker: SyncWorker | None = None
        self.shelf: Shelf | None = None
        self._outbox: FactOutbox | None = None
        self._inbox: StoredInbox | None = None

    def start(
        self,
        server: ServerSection,
        on_status: Callable[[Status], None],
        on_change: Callable[[], None] | None = None,
    ) -> None:
        """Start the sync lane if there is a server; the status is posted at every change.

        `on_change` is called, in the till's thread, when what came changes the sale in hand.
        """
        self.on_change = on_change or self.on_change
        if not self._programmes.lane.alive:
            self._programmes.start()
        if not server.url or self.worker is not None:
            return
        from app.store.elsewhere import StoredElsewhere
        from sync.shelf import Shelf
        from sync.worker import SyncWorker

        shelf = self.shelf = Shelf(self._folder / "directory")
        if self._reader.setting(CARD_KEY) is None:
            shelf.clear()  # this till is told of every member
        outbox, inbox = self._outbox, self._inbox = self._database.outbox(), self._database.inbox()
        worker = self.worker = SyncWorker(
            server.url,
            outbox,
            inbox,
            on_status=lambda status: self._post(lambda: on_status(status)),
            on_arrival=self.arrived,
            on_crash=lambda error: _log.error("the sync lane starts again", exc_info=error),
            post=self._post,
            shelf=shelf,
        ).start()
        self._holds.way = worker.holds
        heart = self._till.heart
        heart.elsewhere = StoredElsewhere(self._database, self._reader, shelf, worker.asking, self._post)
        heart.holding.changed = self.on_change
        if outbox.credentials() is None and server.enrol_code:
            worker.enrol(server.enrol_code)
        self._database.after_write.append(worker.facts_available)

    def stop(self) -> bool:
        """End the lanes. False if one did not end in time."""
        ended = [self.worker.stop()] if self.worker is not None else []
        if self._programmes.lane.alive:
            ended.append(self._programmes.stop())
        return all(ended)

    def close(self) -> None:
        """Let go of the database, once it is closed."""
        for port in (self._outbox, self._inbox):
            if port is not None:
                port.close()

    # -- what came -----------------------------------------------------------------------------------------

    def arrived(self, arrival: Arrival) -> None:
        """In the sync lane: a page is in the database."""
        if "programme" in arrival.lists:
            self._programmes.look()
        if "staff" in arrival.lists:
            self._post(self.staff_changed)
        if arrival.members or arrival.budgets:
            self._post(lambda: self._refresh(arrival))

    def switch(self, programme: Compiled) -> None:
        """In the programme's lane: another one is in force."""

        def use() -> None:
            self._till.use(programme)
            self.on_change()

        self._post(lambda: self._till.when_free(use))

    def staff_changed(self) -> None:
        """The list of staff is another: head office sent one, or it was changed here."""
        self._till.people.refresh()
        self.on_change()

    def _refresh(self, arrival: Arrival) -> None:
        """In the till's thread. A member whose merge came shows under another id than the sale's."""
        member, shown = self._till.sale.member, self._till.member
        if member is not None and ({member, shown.id if shown else member} & arrival.members):
            self._till.when_free(self._refresh_member)
        elif arrival.budgets:
            self._till.when_free(self._budgets_changed)

    def _refresh_member(self) -> None:
        self._till.refresh_member()
        self.on_change()

    def _budgets_changed(self) -> None:
        self._till.heart.refresh_price()
        self.on_change()
