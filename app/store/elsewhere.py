"""Whose a card is that this till is not told of: asked of the server, or looked up in the directory.

Either way the member's row is put into the till's database before anybody hears of it, so that a sale to them
survives a restart like any other. Such a row is marked: it is as of when it came, until the sale itself makes
the server tell of them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Final

from app.ledger.short import named, short_state
from app.store import rows, scope
from app.store.database import Database
from app.store.inbox import Taker
from app.store.reader import Reader
from sync.asking import AskLane
from sync.directory import card_key
from sync.found import Found
from sync.shelf import Known, Shelf

_log: Final = logging.getLogger("stempel")


class StoredElsewhere:
    """For the till's thread, which owns the reader; `post` carries answers to it."""

    def __init__(
        self,
        database: Database,
        reader: Reader,
        shelf: Shelf,
        asking: AskLane,
        post: Callable[[Callable[[], None]], None],
    ) -> None:
        self._database = database
        self._reader = reader
        self._shelf = shelf
        self._asking = asking
        self._post = post

    def may_know(self, card: str) -> bool:
        secret = self._secret()
        return bool(secret) and (self._asking.online or self._shelf.find(card_key(secret, card)) is not None)

    def find(self, cards: Sequence[str], answer: Callable[[str], None]) -> None:
        secret = self._secret()
        if not secret:
            return answer("")

        def told(card: str, found: Found | None, sure: bool) -> None:
            if found is not None:
                self._put(lambda: self._told(found), card, answer)
            elif sure:
                self._post(lambda: answer(""))
            else:
                self._look_up(secret, cards, answer)

        if self._asking.online:
            self._asking.ask(cards, told)
        else:
            self._look_up(secret, cards, answer)
        return None

    def _secret(self) -> bytes:
        return self._reader.setting(scope.CARD_KEY) or b""

    def _look_up(self, secret: bytes, cards: Sequence[str], answer: Callable[[str], None]) -> None:
        for card in cards:
            known = self._shelf.find(card_key(secret, card))
            if known is not None:
                return self._put(lambda card=card, known=known: self._listed(card, known), card, answer)
        return self._post(lambda: answer(""))

    def _put(self, write: Callable[[], None], card: str, answer: Callable[[str], None]) -> None:
        """Write in the database lane, then answer; what cannot be written is as nobody's."""

        def failed(error: BaseException) -> None:
            _log.error("the member of a card is not written: %s", error)
            self._post(lambda: answer(""))

        def job() -> None:
            write()
            self._post(lambda: answer(card))

        self._database.lane.submit(job, failed)

    # In the database lane

    def _told(self, found: Found) -> None:
        """As a pull would bring them; only the store's own are kept fresh from now on."""
        writer = self._database.writer
        with writer.transaction() as sql:
            number = scope.pull_number(sql.execute) if found.kept else scope.AWAY
            taker = Taker(writer, found.feed_epoch, number)
            taker.begin(sql)
            taker.take(found.member)
            if found.person is not None:
                taker.take(found.person)

    def _listed(self, card: str, known: Known) -> None:
        """As the directory has them, unless what is here is newer, or the server keeps it fresh."""
        entry, writer = known.entry, self._database.writer
        with writer.transaction() as sql:
            member = writer.projections.canonical(entry.member.bytes)
            query = "SELECT snapshot_ms, pull FROM member WHERE id = ?"
            here = sql.execute(query, (member,)).fetchone()
            fresh = here is not None and here[0] is not None and here[1] >= scope.pull_number(sql.execute)
            if not fresh and (here is None or here[0] is None or here[0] < known.as_of_ms):
                state = short_state(entry.points_centi, entry.level, bought=entry.bought)
                writer.projections.put_snapshot(
                    member, rows.encode_state(state), known.as_of_ms, (0, 0), 0, named(state), scope.AWAY
                )
            # Since when, only the server knows; its word goes before this at once.
            writer.projections.link(card, member, 0, blocked=entry.blocked, pulled=True)
