"""Writing: one transaction for all that an act changes. One writer a till, in the database lane."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from app.checkout.ports import Person, Product, Slip, Work
from app.checkout.rights import Staff
from app.ledger.chain import Head, seal
from app.ledger.entries import entries
from app.ledger.facts import AnyFact, effects_of, encode, member_of
from app.store import allowances, rows, search
from app.store.connection import DatabaseFile, Driver, StoreProblem, sqlcipher, transaction
from app.store.projections import Projections
from app.store.reader import log
from hardware.receipt import encode_job

_FACT: Final = "INSERT INTO fact (id, kind, at_ms, member, body) VALUES (?, ?, ?, ?, ?)"
_ENVELOPE: Final = (
    "INSERT INTO envelope (origin, epoch, seq, fact, prev_hash, hash) VALUES (?, ?, ?, ?, ?, ?)"
)
_ENTRY: Final = "INSERT INTO entry (fact, n, member, account, contra, amount) VALUES (?, ?, ?, ?, ?, ?)"
_PAGES_KIB: Final = 4_000
"""The upper levels of its tables and indexes; what lies below is another member's at every sale."""
_HEAD: Final = "UPDATE head SET seq = ?, hash = ?"
_JOB: Final = "INSERT INTO print_job (fact, title, document, state, created_ms) VALUES (?, ?, ?, 'queued', ?)"
_BASKET: Final = (
    "INSERT INTO basket (slot, payload, at_ms) VALUES (?, ?, ?) "
    "ON CONFLICT (slot) DO UPDATE SET payload = excluded.payload, at_ms = excluded.at_ms"
)

_UNKNOWN: Final = (
    "INSERT INTO unknown_code (code, department, price_minor, times, last_ms) VALUES (?, ?, ?, 1, ?) "
    "ON CONFLICT (code) DO UPDATE SET department = excluded.department, "
    "price_minor = excluded.price_minor, times = times + 1, last_ms = excluded.last_ms"
)
_PERSON: Final = (
    "INSERT INTO person (member, name, phone, email, birthday, lang, updated_ms, birthday_since_ms, pin, "
    "segments, consents) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (member) DO UPDATE SET "
    "name = excluded.name, phone = excluded.phone, email = excluded.email, birthday = excluded.birthday, "
    "lang = excluded.lang, updated_ms = max(excluded.updated_ms, person.updated_ms + 1), "
    "birthday_since_ms = CASE WHEN person.birthday = excluded.birthday "
    "THEN person.birthday_since_ms ELSE excluded.birthday_since_ms END, "
    "pin = excluded.pin, segments = excluded.segments, "
    "consents = json_patch(person.consents, excluded.consents) RETURNING n"
)
_TAP_COUNTER: Final = (
    "INSERT INTO tap_counter (uid, counter, at_ms) VALUES (?, ?, ?) ON CONFLICT (uid) DO UPDATE "
    "SET counter = excluded.counter, at_ms = excluded.at_ms WHERE excluded.counter > tap_counter.counter"
)


ENROLMENT: Final = "enrolment"
"""The setting that holds an enrolment under way."""


class Writer:
    """The till's one writing connection. Not thread-safe: whoever owns it calls it from one lane.

    An error leaves the database, and the head and projections kept in memory, as they were before.
    """

    def __init__(self, file: DatabaseFile, origin: Callable[[], uuid.UUID] = uuid.uuid4) -> None:
        self._sql = file.connect()
        self._run = self._sql.execute
        self._run(f"PRAGMA cache_size = -{_PAGES_KIB}")
        self._projections = Projections(self._sql)
        self._head = self._load_head(origin)

    def close(self) -> None:
        self._sql.close()

    @property
    def head(self) -> Head:
        """The end of this till's chain."""
        return self._head

    def _load_head(self, origin: Callable[[], uuid.UUID]) -> Head:
        query = "SELECT origin, epoch, seq, hash FROM head"
        row = self._run(query).fetchone()
        if row is None:
            # Epoch 0 is the till’s own, before any server enrolled it.
            first = Head(origin(), epoch=0)
            self._run(
                "INSERT INTO head (one, origin, epoch, seq, hash, acked_seq) VALUES (1, ?, 0, 0, ?, 0)",
                (first.origin.bytes, first.hash),
            )
            return first
        return Head(uuid.UUID(bytes=row[0]), row[1], row[2], row[3])

    # -- what happened -----------------------------------------------------------------------------------

    def commit(self, work: Work) -> None:
        """Write all of `work`, durably, or nothing. StoreProblem says what the till can do about it."""
        with self._all_or_nothing():
            self._append(work.facts)
            for slip in work.slips:
                self._queue(slip, work.at_ms)
            for person in work.people:
                self._put_person(person, work.at_ms)
            for other, member in work.renamed:
                self._rename(other, member)
            for member in work.forget:
                self.drop_person(member)
            for uid, counter in work.tap_counters:
                self._run(_TAP_COUNTER, (uid, counter, work.at_ms))
            for code, department, price_minor in work.unknown:
                self._run(_UNKNOWN, (code, department, price_minor, work.at_ms))
            for slot, payload in work.parked:
                self._put_basket(slot, payload, work.at_ms)
            if not work.keep_basket:
                self._put_basket(0, work.basket, work.at_ms)

    def _append(self, facts: Iterable[AnyFact]) -> None:
        head = self._head
        for fact in facts:
            body = encode(fact)
            id, member = fact.id.bytes, member_of(fact)
            kind = type(fact).__struct_config__.tag
            self._run(_FACT, (id, kind, fact.at_ms, member and member.bytes, body))
            head = self._seal(head, id, body)
            if member is not None and effects_of(fact):
                lines = [
                    (id, n, member.bytes, line.account, line.contra, line.amount)
                    for n, line in enumerate(entries(fact))
                ]
                self._sql.executemany(_ENTRY, lines)
            self._projections.apply(fact)
            allowances.spend(self._run, fact, member and self._projections.canonical(member.bytes))
        if head is not self._head:
            self._run(_HEAD, (head.seq, head.hash))
            self._head = head

    def _seal(self, head: Head, id: bytes, body: bytes) -> Head:
        envelope, head = seal(head, body)
        place = (envelope.origin.bytes, envelope.epoch, envelope.seq)
        self._run(_ENVELOPE, (*place, id, envelope.prev_hash, envelope.hash))
        return head

    def _queue(self, slip: Slip, at_ms: int) -> None:
        fact = slip.fact.bytes if slip.fact else None
        self._run(_JOB, (fact, slip.title, encode_job(slip.job), at_ms))

    def _put_basket(self, slot: int, payload: bytes | None, at_ms: int) -> None:
        if payload is None:
            self._run("DELETE FROM basket WHERE slot = ?", (slot,))
        else:
            self._run(_BASKET, (slot, payload, at_ms))

    # -- people and products -----------------------------------------------------------------------------

    def _put_person(self, person: Person, at_ms: int) -> None:
        since_ms = (person.birthday_since_ms or at_ms) if person.birthday else 0
        values = (person.name, person.phone, person.email, person.birthday, person.lang, at_ms)
        known = (person.pin, "\n".join(person.segments), rows.consents_value(person.consents))
        n = self._run(_PERSON, (person.member.bytes, *values, since_ms, *known)).fetchone()[0]
        folded = search.person_text(person.name, person.phone, person.email)
        self._run("INSERT OR REPLACE INTO person_find (rowid, folded) VALUES (?, ?)", (n, folded))

    def _rename(self, other: uuid.UUID, member: uuid.UUID) -> None:
        """As it was written then: where the server knows the member by something later, that holds."""
        self._run(
            "UPDATE OR IGNORE person SET member = ?, handed_ms = NULL WHERE member = ?",
            (member.bytes, other.bytes),
        )

    def put_products(self, products: Iterable[Product]) -> int:
        """Insert or replace by article number, codes and search index included; how many were written.

        A code moves to the product that names it last; codes a product no longer names are dropped.
        """
        count = 0
        with self._all_or_nothing():
            for item in products:
                self._put_product(item)
                count += 1
        return count

    def _put_product(self, item: Product) -> None:
        n = self._run(
            "INSERT INTO product (sku, name, names, category, brand, tags, price_minor, tax, unit, "
            "favourite) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (sku) DO UPDATE SET name = excluded.name, "
            "names = excluded.names, category = excluded.category, brand = excluded.brand, "
            "tags = excluded.tags, price_minor = excluded.price_minor, tax = excluded.tax, "
            "unit = excluded.unit, favourite = excluded.favourite RETURNING n",
            rows.product_values(item),
        ).fetchone()[0]
        self._run("DELETE FROM product_code WHERE product = ?", (n,))
        if item.codes:
            self._sql.executemany(
                "INSERT INTO product_code (code, product) VALUES (?, ?) "
                "ON CONFLICT (code) DO UPDATE SET product = excluded.product",
                [(code, n) for code in item.codes],
            )
        folded = search.product_text(item.name, item.names, item.sku, item.category, item.codes)
        self._run("INSERT OR REPLACE INTO product_find (rowid, folded) VALUES (?, ?)", (n, folded))

    def put_staff(self, people: Iterable[Staff], *, whole: bool = False) -> None:
        """Insert or replace staff by id; `whole`: whoever is not named works here no more."""
        with self._all_or_nothing():
            if whole:
                self._run("DELETE FROM staff")
            for one in people:
                self._run(
                    "INSERT OR REPLACE INTO staff (id, name, role, pin, token) VALUES (?, ?, ?, ?, ?)",
                    (one.id, one.name, one.role.value, one.pin, one.token),
                )

    def put_setting(self, key: str, value: bytes) -> None:
        with self._all_or_nothing():
            self._put(key, value)

    def _put(self, key: str, value: bytes) -> None:
        self._run(
            "INSERT INTO setting (key, value) VALUES (?, ?) "
            "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (key, value),
        )

    # -- from the server, inside `transaction` -----------------------------------------------------------

    @property
    def projections(self) -> Projections:
        """What is folded from facts."""
        return self._projections

    def take_product(self, item: Product) -> None:
        """As `put_products` does, for one."""
        self._put_product(item)

    def drop_product(self, sku: str) -> None:
        """The product is no longer sold; sales that name it stay."""
        row = self._run("SELECT n FROM product WHERE sku = ?", (sku,)).fetchone()
        if row is not None:
            self._run("DELETE FROM product_code WHERE product = ?", row)
            self._run("DELETE FROM product_find WHERE rowid = ?", row)
            self._run("DELETE FROM product WHERE n = ?", row)

    def take_person(self, person: Person, updated_ms: int) -> None:
        """A person as the server knows them."""
        self._put_person(person, updated_ms)
        stamps = (updated_ms, updated_ms, person.member.bytes)
        self._run("UPDATE person SET updated_ms = ?, handed_ms = ? WHERE member = ?", stamps)

    def drop_person(self, member: uuid.UUID) -> None:
        """Forget who a member is; their points stay, and name nobody."""
        row = self._run("SELECT n FROM person WHERE member = ?", (member.bytes,)).fetchone()
        if row is not None:
            self._run("DELETE FROM person_find WHERE rowid = ?", row)
            self._run("DELETE FROM person WHERE n = ?", row)

    def drop_printed(self) -> None:
        """Forget what is on paper: somebody whom it may name wants to be forgotten."""
        self._run("DELETE FROM print_job WHERE state = 'printed'")

    # -- sync --------------------------------------------------------------------------------------------

    def set_acked(self, epoch: int, seq: int) -> None:
        """The server holds everything up to `seq` of the current epoch; any other epoch is ignored."""
        with self._all_or_nothing():
            self._run("UPDATE head SET acked_seq = min(?, seq) WHERE epoch = ?", (seq, epoch))

    def keep_enrolment(self, enrolment: bytes | None) -> None:
        """Make an enrolment durable before it is sent, or forget it."""
        with self._all_or_nothing():
            if enrolment is None:
                self._run("DELETE FROM setting WHERE key = ?", (ENROLMENT,))
            else:
                self._put(ENROLMENT, enrolment)

    def begin_epoch(self, origin: uuid.UUID, epoch: int, credentials: bytes) -> None:
        """Store credentials and move the chain to (origin, epoch), in one transaction.

        Unless that is where it is, every unacknowledged fact gets a further envelope there, in the same
        order, numbered from 1; the envelopes it had stay as they were.
        """
        with self._all_or_nothing():
            self._put("credentials", credentials)
            self._run("DELETE FROM setting WHERE key = ?", (ENROLMENT,))
            old = self._head
            if (old.origin, old.epoch) == (origin, epoch):
                return
            pending = self._run(
                "SELECT f.id, f.body FROM envelope e JOIN fact f ON f.id = e.fact WHERE e.origin = ? "
                "AND e.epoch = ? AND e.seq > (SELECT acked_seq FROM head) ORDER BY e.seq",
                (old.origin.bytes, old.epoch),
            ).fetchall()
            head = Head(origin, epoch)
            for id, body in pending:
                head = self._seal(head, id, body)
            # What a snapshot holds of these facts it now holds under their new numbers.
            acked_seq = self._run("SELECT acked_seq FROM head").fetchone()[0]
            self._run(
                "UPDATE member SET applied_epoch = ?, applied_seq = applied_seq - ? "
                "WHERE applied_epoch = ? AND applied_seq > ?",
                (epoch, acked_seq, old.epoch, acked_seq),
            )
            self._run(
                "UPDATE head SET origin = ?, epoch = ?, seq = ?, hash = ?, acked_seq = 0",
                (origin.bytes, epoch, head.seq, head.hash),
            )
            self._head = head

    # -- rebuild -----------------------------------------------------------------------------------------

    def rebuild(self) -> int:
        """Drop every projection and fold all facts anew; how many facts were folded."""
        with self._all_or_nothing():
            return self._projections.rebuild(log(self._run))

    def check(self) -> tuple[int, list[str]]:
        """Fold all facts anew and compare, changing nothing: facts folded, and the tables that differ."""
        differing: list[str] = []
        with self._all_or_nothing(keep=False):
            before = self._projections.dump()
            count = self._projections.rebuild(log(self._run))
            after = self._projections.dump()
            differing = [table for table in before if before[table] != after[table]]
        return count, differing

    @contextmanager
    def transaction(self) -> Iterator[Driver]:
        """One transaction for a table that stands on its own (the print queue)."""
        with self._all_or_nothing():
            yield self._sql

    @contextmanager
    def _all_or_nothing(self, *, keep: bool = True) -> Iterator[None]:
        """A transaction that also puts the writer's memory back, and tells environment errors from bugs."""
        head, budgets = self._head, self._projections.budgets
        try:
            with transaction(self._sql, keep=keep):
                yield
                budgets.ending()
            (budgets.committed if keep else budgets.forget)()
        except BaseException as failed:
            self._head = head
            self._projections.forget()
            problem = _environment(failed)
            if problem is None:
                raise
            raise problem from failed


def _environment(error: BaseException) -> StoreProblem | None:
    """A full or broken disk is nobody's bug; a broken constraint is."""
    if not isinstance(error, sqlcipher.OperationalError):
        return None
    text = str(error)
    if "full" in text:
        return StoreProblem("The disk is full: free some space and press again; nothing was lost")
    if "I/O" in text or "readonly" in text or "unable to open" in text:
        return StoreProblem(f"The disk does not take writes ({text}): check it, then press again")
    if "locked" in text:
        return StoreProblem("Another program holds the till's database: close it, then press again")
    return None
