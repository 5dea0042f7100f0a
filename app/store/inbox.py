"""What the server sends, taken into the till's database (`sync.inbox.Inbox`), and persons handed to it.

A page is taken over in transactions of a few milliseconds in the database lane, with a pause after each, so
that a sale's commit never waits behind a bulk pull and the window's thread gets the interpreter. Decoding a
page costs about a millisecond, all of the rest is SQLite's, which lets other threads run.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec

from app.checkout.ports import Person, Product, latest_said
from app.store import allowances, rows, scope
from app.store.connection import DatabaseFile, Driver
from app.store.writer import Writer
from sync import protocol
from sync.inbox import Arrival

_log: Final = logging.getLogger("stempel")

CHUNK_S: Final = 0.005
"""How long a transaction takes rows; its commit comes on top."""
PAUSE_SHARE: Final = 0.25
"""The pause after it, as a share of it: most of it ran in SQLite, without the interpreter's lock."""
FIRST_CHUNK_S: Final = 0.05
"""The same, without a pause, for a till that never had everything: it is being set up, and each page of the
database is written once for many rows."""
CURSOR: Final = "pull.cursor"
AGAIN: Final = "pull.again"
"""There while everything is being pulled again: after a crash it is begun once more."""
FRESH: Final = "pull.fresh_ms"
"""When the server was last asked and had nothing more: members are known as of then."""
FRESH_EVERY_MS: Final = 30_000

_encode: Final = msgspec.json.Encoder().encode
_person: Final = msgspec.json.Decoder(Person)
_product: Final = msgspec.json.Decoder(Product)


class StaffRow(msgspec.Struct, frozen=True):
    """A person of the staff as it is published; `card` is a token ("uid:…", "code:…")."""

    id: str
    name: str
    role: str = "cashier"
    pin: str = ""
    card: str = ""


_staff: Final = msgspec.json.Decoder(StaffRow)


class StoredInbox:
    """For the sync lane alone. `in_lane` runs a job where the writer lives, and waits for it; `pause` lets
    others go first."""

    def __init__(
        self,
        file: DatabaseFile,
        writer: Writer,
        in_lane: Callable[[Callable[[], bool]], bool],
        pause: Callable[[float], None] = time.sleep,
        clock_s: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._sql = file.connect()
        self._run = self._sql.execute
        self._writer = writer
        self._in_lane = in_lane
        self._pause = pause
        self._clock_s = clock_s
        self._fresh_ms = 0
        self._budgets: protocol.Budgets | None = None
        """As they came last."""
        self._came: set[tuple[str, str]] | None = None
        """While everything is pulled again: the rows of lists that came."""
        self._pull = 0
        """The number of the pull that is under way, or of the last: rows that come get it."""

    def close(self) -> None:
        self._sql.close()

    def cursor(self) -> str:
        self._pull = scope.pull_number(self._run)
        if self._setting(AGAIN) is not None:
            self._pull += 1
            if self._came is None:
                self._came = set()
                return ""
        return (self._setting(CURSOR) or b"").decode()

    def _setting(self, key: str) -> bytes | None:
        row = self._run("SELECT value FROM setting WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def _write(self, work: Callable[[Driver], None]) -> None:
        """One short transaction in the database lane."""

        def job() -> bool:
            with self._writer.transaction() as sql:
                work(sql)
            return True

        self._in_lane(job)

    def begin_again(self) -> None:
        """Forget the cursor; see `sync.inbox.Inbox`."""

        def work(sql: Driver) -> None:
            _put_setting(sql, CURSOR, "")
            _put_setting(sql, AGAIN, "1")
            sql.execute("UPDATE person SET handed_ms = NULL")

        self._write(work)
        self._came = set()
        self._pull = scope.pull_number(self._run) + 1

    # -- pages in ----------------------------------------------------------------------------------------

    def apply(self, page: protocol.PullPage, asked_ms: int) -> Arrival:
        """Take a page over, in small transactions, the cursor in the last of them."""
        steps = iter((*page.listed, *page.members, *page.persons))
        waiting = next(steps, None)
        first_time = self._setting(FRESH) is None
        chunk_s = FIRST_CHUNK_S if first_time else CHUNK_S
        while waiting is not None:
            began_s = self._clock_s()
            taker = Taker(self._writer, page.feed_epoch, self._pull)
            self._in_lane(lambda first=waiting, taker=taker: self._chunk(taker, first, steps, chunk_s))
            waiting = taker.left
            if not first_time:
                self._pause((self._clock_s() - began_s) * PAUSE_SHARE)
        before = self._budgets.spent if self._budgets else {}
        counted = page.budgets is not None and page.budgets.spent != before
        self._finish(page, asked_ms)
        members = {row.member for row in page.members} | {row.member for row in page.persons}
        return Arrival(frozenset(members), frozenset(row.list for row in page.listed), counted)

    def _chunk(self, taker: Taker, first: Row, steps: Iterator[Row], chunk_s: float) -> bool:
        until_s = self._clock_s() + chunk_s
        with self._writer.transaction() as sql:
            taker.begin(sql)
            taker.take(first)
            for row in steps:
                if self._clock_s() >= until_s:
                    taker.left = row
                    break
                taker.take(row)
        return taker.left is not None

    def _finish(self, page: protocol.PullPage, asked_ms: int) -> None:
        """Keep the cursor, once all that is before it is durable; and now and then how fresh all of it is."""
        came = self._came
        if came is not None:
            came |= {(row.list, row.key) for row in page.listed if not row.removed}
        fresh_ms = 0 if page.more else asked_ms
        key = page.card_key if page.limited else None
        budgets = page.budgets if page.budgets != self._budgets else None
        moved = page.cursor.encode() != self._setting(CURSOR) or came is not None or budgets is not None
        moved = moved or key != self._setting(scope.CARD_KEY)
        if not moved and abs(fresh_ms - self._fresh_ms) < FRESH_EVERY_MS:
            return

        def work(sql: Driver) -> None:
            _put_setting(sql, CURSOR, page.cursor)
            if budgets is not None:
                self._writer.projections.budgets.take(budgets.spent, budgets.epoch, budgets.seq)
            if key is None:
                sql.execute("DELETE FROM setting WHERE key = ?", (scope.CARD_KEY,))
            else:
                _put_setting(sql, scope.CARD_KEY, key)
            if fresh_ms:
                allowances.synced(sql.execute)
                _put_setting(sql, FRESH, str(fresh_ms))
            if came is not None and not page.more:
                taker = Taker(self._writer, page.feed_epoch, self._pull)
                taker.begin(sql)
                taker.drop_all_but(came)
                sql.execute("DELETE FROM setting WHERE key = ?", (AGAIN,))
                # Members who did not come are nobody's to tell of from now on.
                _put_setting(sql, scope.PULL, str(self._pull))

        self._write(work)
        self._fresh_ms = fresh_ms or self._fresh_ms
        self._budgets = budgets or self._budgets
        if not page.more:
            self._came = None

    # -- persons out -------------------------------------------------------------------------------------

    def persons(self, limit: int) -> Sequence[protocol.PersonRow]:
        found = self._run(
            f"SELECT p.updated_ms, {rows.PERSON} FROM person p "
            "WHERE p.handed_ms IS NULL OR p.handed_ms < p.updated_ms ORDER BY p.n LIMIT ?",
            (limit,),
        ).fetchall()
        people = [(updated_ms, rows.person(row)) for updated_ms, *row in found]
        return [
            protocol.PersonRow(member=one.member, updated_ms=updated_ms, data=msgspec.Raw(_encode(one)))
            for updated_ms, one in people
        ]

    def handed(self, persons: Sequence[protocol.PersonRow]) -> None:
        values = [(row.updated_ms, row.member.bytes, row.updated_ms) for row in persons]
        # What was changed meanwhile is newer than what was handed, and stays to be handed.
        query = "UPDATE person SET handed_ms = ? WHERE member = ? AND coalesce(handed_ms, -1) < ?"

        def work(sql: Driver) -> None:
            sql.executemany(query, values)

        self._write(work)


Row = protocol.Listed | protocol.MemberRow | protocol.PersonRow


class Taker:
    """Rows on their way into the tables, inside one transaction. A row that this version cannot read is
    passed over, with a line in the log: it must not keep the others back."""

    def __init__(self, writer: Writer, feed_epoch: str, pull: int) -> None:
        self._writer = writer
        self._feed_epoch = feed_epoch
        self._pull = pull
        self.left: Row | None = None

    def begin(self, sql: Driver) -> None:
        self._run = sql.execute
        head = self._run("SELECT origin, epoch, acked_seq FROM head").fetchone()
        self._origin, self._epoch, self._acked_seq = uuid.UUID(bytes=head[0]), head[1], head[2]
        self._written_of = self._writer.projections.written_of()

    def take(self, row: Row) -> None:
        match row:
            case protocol.MemberRow():
                self._member(row)
            case protocol.PersonRow():
                self._someone(row)
            case protocol.Listed():
                self._listed(row)

    def _member(self, row: protocol.MemberRow) -> None:
        snapshot = bytes(row.state)
        try:
            rows.decode_state(snapshot)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            _log.error("member %s cannot be read, install a newer till: %s", row.member, error)
            return
        projections = self._writer.projections
        version = f"{self._feed_epoch}:{row.version}" if row.version else ""
        if row.merged_into is not None:
            self._written_of = None
        if (
            self._written_of is not None
            and not row.applied
            and (id := row.member.bytes) not in self._written_of
        ):
            cards = [(card.token, card.linked_ms, card.blocked) for card in row.cards]
            projections.put_bare_snapshot(id, snapshot, row.at_ms, cards, row.held_centi, version, self._pull)
            return
        mark = self._mark(row.applied)
        projections.put_snapshot(
            row.member.bytes, snapshot, row.at_ms, mark, row.held_centi, version, self._pull
        )
        if row.merged_into is not None:
            projections.put_alias(row.member.bytes, row.merged_into.bytes)
        for card in row.cards:
            projections.link(card.token, row.member.bytes, card.linked_ms, blocked=card.blocked, pulled=True)

    def _mark(self, applied: dict[int, int]) -> tuple[int, int]:
        """The last place of this till's own log that is in a state.

        Of the current epoch only what was acknowledged: another number the server can know only from a copy
        of this till's disk. Later epochs are a copy's, too.
        """
        own = {epoch: seq for epoch, seq in applied.items() if epoch <= self._epoch}
        if self._epoch in own:
            own[self._epoch] = min(own[self._epoch], self._acked_seq)
        return max(own.items(), default=(0, 0))

    def _someone(self, row: protocol.PersonRow) -> None:
        if row.erased:
            self._writer.drop_person(row.member)
            self._writer.drop_printed()
            return
        query = "SELECT updated_ms, handed_ms, consents FROM person WHERE member = ?"
        ours = self._run(query, (row.member.bytes,)).fetchone()
        if ours is not None and (ours[1] is None or ours[1] < ours[0]):
            theirs = (row.updated_ms, row.origin.bytes if row.origin else b"")
            if (ours[0], self._origin.bytes) > theirs:
                return  # entered here since: it is on its way to the server
        try:
            person = _person.decode(row.data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            _log.error("person of %s cannot be read, install a newer till: %s", row.member, error)
            return
        if ours is not None:
            # Each purpose by itself: another till's word on one keeps ours on another.
            person = msgspec.structs.replace(
                person, consents=latest_said(rows.consents_of(ours[2]), person.consents)
            )
        self._writer.take_person(msgspec.structs.replace(person, member=row.member), row.updated_ms)

    def drop_all_but(self, came: set[tuple[str, str]]) -> None:
        """Of lists that came whole, drop what did not come."""
        lists = {name for name, _ in came}
        for name, key in self._run("SELECT list, key FROM listed").fetchall():
            if name in lists and (name, key) not in came:
                self._listed(protocol.Listed(list=name, key=key))

    def _listed(self, row: protocol.Listed) -> None:
        if row.removed:
            self._run("DELETE FROM listed WHERE list = ? AND key = ?", (row.list, row.key))
        else:
            # Products have a table of their own; here it says that this one came from the server.
            body = b"" if row.list == "product" else bytes(row.body)
            self._run(
                "INSERT INTO listed (list, key, store, body) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (list, key) DO UPDATE SET store = excluded.store, body = excluded.body",
                (row.list, row.key, row.store, body),
            )
        if row.list == "product":
            self._goods(row)
        elif row.list == "staff":
            self._employee(row)

    def _goods(self, row: protocol.Listed) -> None:
        if row.removed:
            self._writer.drop_product(row.key)
            return
        try:
            self._writer.take_product(_product.decode(row.body))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            _log.error("product %s cannot be read, install a newer till: %s", row.key, error)

    def _employee(self, row: protocol.Listed) -> None:
        self._run("DELETE FROM staff WHERE id = ?", (row.key,))
        if row.removed:
            return
        try:
            one = _staff.decode(row.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            _log.error("staff %s cannot be read, install a newer till: %s", row.key, error)
            return
        self._run(
            "INSERT INTO staff (id, name, role, pin, token) VALUES (?, ?, ?, ?, ?)",
            (one.id, one.name, one.role, one.pin, one.card),
        )


def _put_setting(sql: Driver, key: str, value: str | bytes) -> None:
    sql.execute(
        "INSERT INTO setting (key, value) VALUES (?, ?) "
        "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, value.encode() if isinstance(value, str) else value),
    )
