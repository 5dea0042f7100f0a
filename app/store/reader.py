"""Reading, on a connection of its own: what screens and use cases look up."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Any, Final

import msgspec

from app.checkout.ports import CardHolder, Member, Person, Product
from app.checkout.rights import Role, Staff
from app.ledger.chain import Envelope, Head
from app.ledger.facts import AnyFact, PinFailed, Privileged, SaleRefunded, SignedIn, decode
from app.stats.day import DayFigures
from app.store import rows
from app.store.allowances import StoredAllowances
from app.store.connection import DatabaseFile, StoreProblem, sqlcipher
from app.store.keys import StoredKeys
from app.store.past import PastSales
from app.store.scope import pull_number
from app.store.search import PEOPLE, PRODUCTS, FindTable, Texts, WordIndex, person_text, product_text
from app.store.twins import twin_of

_PRODUCT_AT: Final = f"SELECT {rows.PRODUCT} FROM product p WHERE p.n = ?"
_PERSON_AT: Final = f"SELECT {rows.PERSON} FROM person p WHERE p.n = ?"
_PERSON_TEXTS: Final = (
    "SELECT n, name, phone, email FROM person WHERE n IN (SELECT value FROM json_each(?)) ORDER BY n"
)
_PRODUCT_TEXTS: Final = (
    "SELECT n, name, names, sku, category, "
    "(SELECT group_concat(c.code, char(10)) FROM product_code c WHERE c.product = p.n) "
    "FROM product p WHERE n IN (SELECT value FROM json_each(?)) ORDER BY n"
)
_figures: Final = msgspec.json.Decoder(DayFigures)
_PAGES_KIB: Final = 4_000
_SEARCH_KIB: Final = 32_000
"""What is kept of the database's pages, and at most for searching: in a large shop each key typed would
decrypt the same ones again. In a small one they would be receipts of days ago."""
_LOG_END: Final = 500
"""As many facts from the end of the log are looked through for wrong PINs."""


class Reader(PastSales):
    """Lookups for one thread. Every call sees what is committed when it is made."""

    def __init__(self, file: DatabaseFile) -> None:
        self._sql = file.connect()
        super().__init__(self._sql.execute)
        self._run("PRAGMA query_only = ON")
        self._pages_kib = _PAGES_KIB
        self._run(f"PRAGMA cache_size = -{_PAGES_KIB}")

    def close(self) -> None:
        self._sql.close()

    @property
    def allowances(self) -> StoredAllowances:
        """What this till may spend on its own word, for the same thread."""
        return StoredAllowances(self._run)

    @property
    def keys(self) -> StoredKeys:
        """The keys of tills, for the same thread."""
        return StoredKeys(self._run)

    # -- products ----------------------------------------------------------------------------------------

    def product_by_code(self, code: str) -> Product | None:
        row = self._run(
            f"SELECT {rows.PRODUCT} FROM product_code c JOIN product p ON p.n = c.product WHERE c.code = ?",
            (code,),
        ).fetchone()
        return None if row is None else rows.product(row)

    def product(self, sku: str) -> Product | None:
        row = self._run(f"SELECT {rows.PRODUCT} FROM product p WHERE p.sku = ?", (sku,)).fetchone()
        return None if row is None else rows.product(row)

    def all_products(self) -> Iterator[Product]:
        """The whole catalogue, codes included."""
        found = self._run(
            f"SELECT (SELECT group_concat(c.code, char(10)) FROM product_code c WHERE c.product = p.n), "
            f"{rows.PRODUCT} FROM product p ORDER BY p.n"
        )
        for codes, *row in found:
            yield msgspec.structs.replace(rows.product(row), codes=tuple(codes.split("\n")) if codes else ())

    def find_products(self, text: str, limit: int = 15) -> Sequence[Product]:
        """Products matching every word typed, by name; an exact code or article number comes first."""
        found = [self._row(_PRODUCT_AT, n) for n in self._products.find(text, limit)]
        items = [rows.product(row) for row in found if row is not None]
        exact = self.product_by_code(text.strip()) or self.product(text.strip())
        rest = [item for item in items if exact is None or item.sku != exact.sku]
        return [*([exact] if exact else []), *rest][:limit]

    def favourites(self, limit: int = 15) -> Sequence[Product]:
        found = self._run(
            f"SELECT {rows.PRODUCT} FROM product p "
            "WHERE p.favourite IS NOT NULL ORDER BY p.favourite, p.n LIMIT ?",
            (limit,),
        ).fetchall()
        return [rows.product(row) for row in found]

    def count(self, table: str) -> int:
        """Rows of a table whose name the caller wrote, never the user."""
        return self._run(f"SELECT count(*) FROM {table}").fetchone()[0]

    def count_jobs(self, state: str) -> int:
        """Print jobs in a state: queued, sending, unknown, failed, printed."""
        return self._run("SELECT count(*) FROM print_job WHERE state = ?", (state,)).fetchone()[0]

    # -- members -----------------------------------------------------------------------------------------

    def member(self, id: uuid.UUID) -> Member | None:
        """A member as known here; an id that was merged into another finds that one."""
        row = self._run(
            "SELECT m.state, m.as_of_ms, m.id, m.snapshot IS NOT NULL, m.snapshot_version, m.own, m.pull "
            "FROM member m "
            "WHERE m.id = coalesce((SELECT member FROM alias WHERE other = ?), ?)",
            (id.bytes, id.bytes),
        ).fetchone()
        if row is None:
            return None
        id = uuid.UUID(bytes=row[2])
        told = row[3] and row[6] >= pull_number(self._run)
        as_of_ms = max(row[1], self._fresh_ms()) if told else row[1]
        return Member(
            id=id,
            state=rows.decode_state(row[0]),
            as_of_ms=as_of_ms,
            person=self.person(id),
            snapshot=row[4],
            own=row[5],
        )

    def _fresh_ms(self) -> int:
        """When the server last had nothing more: what it sent of members held then."""
        stored = self.setting("pull.fresh_ms")
        return int(stored) if stored else 0

    def person(self, id: uuid.UUID) -> Person | None:
        row = self._run(f"SELECT {rows.PERSON} FROM person p WHERE p.member = ?", (id.bytes,)).fetchone()
        return None if row is None else rows.person(row)

    def holder(self, card: str) -> CardHolder | None:
        row = self._run(
            "SELECT c.member, c.blocked, m.pull, m.snapshot IS NOT NULL FROM card c "
            "LEFT JOIN member m ON m.id = c.member WHERE c.token = ?",
            (card,),
        ).fetchone()
        if row is None:
            return None
        away = bool(row[3]) and row[2] < pull_number(self._run)
        return CardHolder(uuid.UUID(bytes=row[0]), bool(row[1]), away)

    def cards(self, member: uuid.UUID) -> Sequence[str]:
        """The cards that find a member and are not blocked, the latest first."""
        found = self._run(
            "SELECT token FROM card WHERE member = ? AND NOT blocked ORDER BY rowid DESC", (member.bytes,)
        )
        return [token for (token,) in found.fetchall()]

    def twin(self, member: uuid.UUID) -> uuid.UUID | None:
        """Whom the server proposes to merge with a member."""
        return twin_of(self._run, member)

    def tap_counter(self, uid: str) -> int | None:
        return self._value("SELECT counter FROM tap_counter WHERE uid = ?", (uid,))

    def history(self, member: uuid.UUID, limit: int = 50) -> Sequence[AnyFact]:
        found = self._run(
            "SELECT body FROM fact WHERE member = :id "
            "OR member IN (SELECT other FROM alias WHERE member = :id) ORDER BY rowid DESC LIMIT :limit",
            {"id": member.bytes, "limit": limit},
        ).fetchall()
        return [decode(body) for (body,) in found]

    def find_people(self, text: str, limit: int = 8) -> Sequence[Person]:
        found = [self._row(_PERSON_AT, n) for n in self._people.find(text, limit)]
        return [rows.person(row) for row in found if row is not None]

    @cached_property
    def _people(self) -> WordIndex:
        return self._index(PEOPLE, self._person_texts)

    @cached_property
    def _products(self) -> WordIndex:
        return self._index(PRODUCTS, self._product_texts)

    def _index(self, table: FindTable, texts: Texts) -> WordIndex:
        """Made with the first search: it needs a table of its own, though a temporary one."""
        self._run("PRAGMA query_only = OFF")
        index = WordIndex(self._run, table, texts)
        self._run("PRAGMA query_only = ON")
        last = self._run(f"SELECT max(rowid) FROM {table.name}").fetchone()[0] or 0
        self._pages_kib = max(self._pages_kib, min(_PAGES_KIB + last // 3, _SEARCH_KIB))
        self._run(f"PRAGMA cache_size = -{self._pages_kib}")
        return index

    def _person_texts(self, rows: Sequence[int]) -> Iterator[tuple[int, str]]:
        for n, *person in self._run(_PERSON_TEXTS, (json.dumps(rows),)):
            yield n, person_text(*person)

    def _product_texts(self, rows: Sequence[int]) -> Iterator[tuple[int, str]]:
        for n, name, names, sku, category, codes in self._run(_PRODUCT_TEXTS, (json.dumps(rows),)):
            codes = tuple(codes.split("\n")) if codes else ()
            yield n, product_text(name, json.loads(names), sku, category, codes)

    def _row(self, query: str, n: int) -> Any:
        return self._run(query, (n,)).fetchone()

    # -- staff -------------------------------------------------------------------------------------------

    def staff(self) -> Sequence[Staff]:
        found = self._run("SELECT id, name, role, pin, token FROM staff ORDER BY name, id").fetchall()
        known = {role.value: role for role in Role}
        return [
            Staff(id=id, name=name, role=known.get(role, Role.CASHIER), pin=pin, token=token)
            for id, name, role, pin, token in found
        ]

    def failed_pins(self, since_ms: int) -> Mapping[str, tuple[int, int]]:
        """Folded from the end of the log: who proved themselves since starts from nothing."""
        found = self._run(
            "SELECT body FROM (SELECT rowid AS n, kind, at_ms, body FROM fact ORDER BY rowid DESC LIMIT ?) "
            "WHERE kind IN ('pin_failed', 'signed_in', 'privileged', 'sale_refunded') AND at_ms >= ? "
            "ORDER BY n",
            (_LOG_END, since_ms),
        )
        failed: dict[str, tuple[int, int]] = {}
        for (body,) in found:
            match decode(body):
                case PinFailed(cashier=id, at_ms=at_ms) if id:
                    failed[id] = failed.get(id, (0, 0))[0] + 1, at_ms
                case SignedIn(cashier=id) | Privileged(approved_by=id) | SaleRefunded(approved_by=id):
                    failed.pop(id, None)
                case _:
                    pass
        return failed

    # -- figures, basket, settings ---------------------------------------------------------------------------

    def day(self, business_day: str | date) -> DayFigures:
        """The figures of a business day; all zero when nothing was sold."""
        query = "SELECT figures FROM day WHERE business_day = ?"
        try:
            blob = self._value(query, (str(business_day),))
        except sqlcipher.DatabaseError as error:
            raise StoreProblem(str(error)) from error
        return DayFigures(business_day=str(business_day)) if blob is None else _figures.decode(blob)

    def days(self) -> list[DayFigures]:
        found = self._run("SELECT figures FROM day ORDER BY business_day")
        return [_figures.decode(blob) for (blob,) in found]

    def basket(self, slot: int = 0) -> bytes | None:
        """The open basket as it was last kept."""
        return self._value("SELECT payload FROM basket WHERE slot = ?", (slot,))

    def listed(self, name: str) -> Sequence[tuple[str, str, bytes]]:
        """Rows of a list of head office: key, the store it is for (empty: all), body (JSON)."""
        query = "SELECT key, store, body FROM listed WHERE list = ? ORDER BY key"
        return [tuple(row) for row in self._run(query, (name,))]

    def setting(self, key: str) -> bytes | None:
        return self._value("SELECT value FROM setting WHERE key = ?", (key,))

    # -- the log -----------------------------------------------------------------------------------------

    def head(self) -> Head | None:
        """The end of this till's chain; None before the till has an origin."""
        row = self._run("SELECT origin, epoch, seq, hash FROM head").fetchone()
        return None if row is None else Head(uuid.UUID(bytes=row[0]), row[1], row[2], row[3])

    def unsynced(self) -> tuple[int, int | None]:
        """How many facts the server has not acknowledged, and when the oldest of them occurred (ms)."""
        row = self._run(
            "SELECT h.seq - h.acked_seq, (SELECT f.at_ms FROM envelope e JOIN fact f ON f.id = e.fact "
            "WHERE e.origin = h.origin AND e.epoch = h.epoch AND e.seq = h.acked_seq + 1) FROM head h"
        ).fetchone()
        return (0, None) if row is None else (row[0], row[1])

    def log(self) -> Iterator[tuple[Envelope, bytes]]:
        """The whole log in order, oldest epoch first."""
        return log(self._run)


def log(run: Callable[..., Iterable[Any]]) -> Iterator[tuple[Envelope, bytes]]:
    """Every fact once, as it was written, with the newest of its envelopes and its exact bytes."""
    found = run(
        "SELECT e.origin, e.epoch, e.seq, e.prev_hash, e.hash, f.body FROM envelope e "
        "JOIN fact f ON f.id = e.fact WHERE NOT EXISTS "
        "(SELECT 1 FROM envelope later WHERE later.fact = e.fact AND later.epoch > e.epoch) "
        "ORDER BY f.rowid"
    )
    for origin, epoch, seq, prev_hash, hash, body in found:
        yield Envelope(uuid.UUID(bytes=origin), epoch, seq, prev_hash, hash), body
