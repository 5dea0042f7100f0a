"""A shop with as many members and products as a bench asks for, in the till's own encrypted database.

Names are drawn as unevenly as people's are (Zipf): a few first names and surnames are everybody's, thousands
are rare. Half are Polish, half Russian; everyone has a phone, a card and some points, two of three an e-mail
address. People go in by the thousand, as the writer would put them one by one (a test compares), in large
transactions that nothing waits for. Made once and kept under the system's temporary folder.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
import tomllib
import uuid
import zlib
from bisect import bisect
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, Final, TypeVar

from app.checkout.ports import Person, Product
from app.demo import prepare
from app.loyalty.effects import Lot
from app.loyalty.state import Bucket, Card, MemberState
from app.store import rows, schema, search
from app.store.database import LONG_S, Database
from app.store.writer import Writer

T = TypeVar("T")

NOW_MS: Final = 1_790_000_000_000
CHUNK: Final = 50_000

_WORDS: Final = {
    topic: {name: words.split() for name, words in lists.items()}
    for topic, lists in tomllib.loads(Path(__file__).with_name("crowd_words.toml").read_text("utf-8")).items()
}


class Zipf:
    """Draws of a list, its n-th 1/n as often as its first."""

    def __init__(self, values: list[str]) -> None:
        self._values = values
        self._sums = list(itertools.accumulate(1 / n for n in range(1, len(values) + 1)))

    def draw(self, random: Random) -> str:
        return self._values[bisect(self._sums, random.random() * self._sums[-1])]


def _surnames(lang: str, random: Random) -> list[str]:
    """Twenty thousand surnames; the first are the usual ones."""
    words = _WORDS[lang]
    usual, parts, ends = words["surnames"], words["syllables"], words["ends"]
    made = {
        "".join(random.choice(parts) for _ in range(random.randint(1, 3))).capitalize() + random.choice(ends)
        for _ in range(40_000)
    }
    rare = sorted(made - set(usual))
    random.shuffle(rare)
    return [*usual, *rare[:20_000]]


def people(count: int, seed: int = 1) -> Iterator[Person]:
    """So many members, the same for the same seed."""
    random = Random(seed)
    first = {lang: (Zipf(_WORDS[lang]["women"]), Zipf(_WORDS[lang]["men"])) for lang in ("pl", "ru")}
    last = {lang: Zipf(_surnames(lang, random)) for lang in ("pl", "ru")}
    for n in range(count):
        lang = "pl" if random.random() < 0.5 else "ru"
        name = f"{first[lang][random.random() < 0.45].draw(random)} {last[lang].draw(random)}"
        digits = f"{random.randrange(10**9):09}"
        phone = (
            f"+48 {5 + int(digits[0]) % 4}{digits[1:3]} {digits[3:6]} {digits[6:]}"
            if lang == "pl"
            else f"+7 9{digits[:2]} {digits[2:5]}-{digits[5:7]}-{digits[7:]}"
        )
        email = f"{random.choice(('a', 'kot', 'biuro', 'moj'))}{n}@example.{lang}" if n % 3 else ""
        birthday = f"{1950 + n % 55}-{1 + n % 12:02}-{1 + n % 28:02}"
        yield Person(
            member=uuid.UUID(int=random.getrandbits(128), version=4),
            name=name,
            phone=phone,
            email=email,
            birthday=birthday,
            lang=lang,
        )


def card_of(person: Person) -> str:
    """The serial number of a member's card, as a reader tells it."""
    return person.member.hex[:14].upper()


def goods(count: int, seed: int = 1) -> Iterator[Product]:
    """So many products, with names in three languages, a code each and a category."""
    random = Random(seed)
    first, kind, brand = (
        Zipf(_WORDS["goods"]["things"]),
        Zipf(_WORDS["goods"]["kinds"]),
        Zipf(_surnames("pl", random)[:2_000]),
    )
    for n in range(count):
        name = f"{first.draw(random)} {kind.draw(random)} {brand.draw(random)} {random.randint(1, 99) * 10} g"
        yield Product(
            sku=f"A{n:06}",
            name=name,
            names={
                "ru": f"Товар {n} {random.choice(_WORDS['ru']['surnames']).lower()}",
                "en": f"Article {n}",
            },
            category=f"food/{n % 40}",
            brand=name.split()[2],
            price_minor=99 + n % 4900,
            tax="23",
            codes=(f"590{n:09}{n % 10}",),
        )


def _chunks(values: Iterator[T]) -> Iterator[list[T]]:
    while chunk := list(itertools.islice(values, CHUNK)):
        yield chunk


_PERSON: Final = (
    "INSERT INTO person "
    "(n, member, name, phone, email, birthday, lang, updated_ms, birthday_since_ms, handed_ms) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_PERSON_FIND: Final = "INSERT INTO person_find (rowid, folded) VALUES (?, ?)"
_GATHERED_BYTES: Final = 64 << 20
"""So much of the search index is gathered before it is written: a few large runs, as merging leaves them."""
_USUAL: Final = {"hashsize": 1 << 20, "automerge": 4}
"""FTS5's own settings, which the database keeps."""


def put_people(sql: Any, first: int, some: list[Person]) -> None:
    """What `Writer.take_person` writes of people who are not there yet, from row `first`."""
    sql.executemany(
        _PERSON,
        [
            (
                n, one.member.bytes, one.name, one.phone, one.email, one.birthday, one.lang,
                NOW_MS, NOW_MS if one.birthday else 0, NOW_MS,
            )
            for n, one in enumerate(some, first)
        ],
    )  # fmt: skip
    texts = ((n, search.person_text(one.name, one.phone, one.email)) for n, one in enumerate(some, first))
    sql.executemany(_PERSON_FIND, texts)


def _set_find(sql: Any, **settings: int) -> None:
    for table in ("person_find", "product_find"):
        for name, value in settings.items():
            sql.execute(f"INSERT INTO {table} ({table}, rank) VALUES (?, ?)", (name, value))


def _put_state(writer: Writer, person: Person) -> None:
    """As a pulled page brings it: what they have, and their card."""
    id, some = person.member, person.member.int % 9000
    lots = tuple(
        Lot(
            f"{id.hex[:20]}{n}",
            "points",
            500 + some * n,
            NOW_MS - n * 10**9,
            expires_at_ms=NOW_MS + n * 10**10,
        )
        for n in (1, 2, 3)
    )
    counters = {"level": tuple(Bucket(20_600 + n, 1, 10_00 + some) for n in range(5))}
    state = MemberState(lots=lots, stamps={"coffee": Card(some % 9)}, counters=counters, receipts=5)
    writer.projections.put_snapshot(id.bytes, rows.encode_state(state), NOW_MS, (0, 0))
    writer.projections.link(f"uid:{card_of(person)}", id.bytes, NOW_MS, pulled=True)


def fill(folder: Path, members: int, products: int, *, states: bool = True) -> None:
    """Make the demo shop and put the crowd into its database."""
    prepare(folder, lang="pl")
    with (folder / "stempel.toml").open("a", encoding="utf-8") as settings:
        settings.write("\n[reader]\nenabled = false\n")
    database = Database(folder)

    def take() -> None:
        writer = database.writer
        with writer.transaction() as sql:
            pass
        sql.execute("PRAGMA synchronous = OFF")
        sql.execute("PRAGMA cache_size = -1000000")
        for chunk in _chunks(goods(products)):
            writer.put_products(chunk)
        _set_find(sql, hashsize=_GATHERED_BYTES, automerge=0)
        (first,) = sql.execute("SELECT coalesce(max(n), 0) + 1 FROM person").fetchone()
        for chunk in _chunks(people(members)):
            with writer.transaction():
                put_people(sql, first, chunk)
                for person in chunk if states else ():
                    _put_state(writer, person)
            first += len(chunk)
        _set_find(sql, **_USUAL)

    database.call(take, LONG_S)
    database.close()


def crowd(members: int, products: int, *, states: bool = True) -> Path:
    """The folder of such a shop, made at the first call; a bench that writes into it takes a `copy_of` it."""
    # Another shape of the search tables is another shop.
    shape = zlib.crc32(str(schema.FIND_TABLES).encode())
    folder = (
        Path(tempfile.gettempdir())
        / f"stempel-bench-crowd-{members}{'' if states else 'n'}-{products}-{shape:08x}"
    )
    if not (folder / "DONE").exists():
        shutil.rmtree(folder, ignore_errors=True)
        fill(folder, members, products, states=states)
        (folder / "DONE").touch()
    return folder


def copy_of(folder: Path, into: Path) -> Path:
    """A copy to write into; the same blocks on the disk where the file system can."""
    into.mkdir(parents=True, exist_ok=True)
    for file in folder.iterdir():
        if file.is_file() and file.name != "till.lock":
            shutil.copy2(file, into / file.name)
    return into


def load_line() -> str:
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
