"""Every keystroke of a search among a million members and 100,000 products, in the till's encrypted database.

    python -m tests.bench.bench_search [members [products]]

Names, phone numbers, their last four digits, codes, in Polish and Russian, are typed letter by letter, as
are nonsense and signs. Three times are told: the look-up alone; the presenter's intent until the list is
painted; and, in the same run, the look-up as FTS5 does it by itself, `MATCH` with each word a prefix, on
every tenth keystroke. The clock is this thread's processor time: what is asked for is in the same process,
and other load on the machine must not be told for the index's. The first run makes the shop and keeps it
under the system's temporary folder (tests/bench/crowd.py), which takes some minutes.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from PySide6.QtWidgets import QApplication

from app.checkout.ports import Person, Product
from app.screens.panels.ringing import FOUND_PEOPLE, FOUND_PRODUCTS
from app.store import search
from app.store.connection import DatabaseFile, database_key
from app.store.database import FILE
from app.store.reader import Reader
from tests.bench.crowd import crowd, goods, load_line, people

TARGET_MS = 5.0
PEOPLE, GOODS = 150, 150


def typed_for(person: Person, random: Random) -> Iterator[str]:
    """What a cashier may type to find this member."""
    first, last = person.name.split()
    number = search.digits(person.phone)
    yield first
    yield last
    yield f"{first} {last}"
    yield f"{last} {first[: random.randint(1, 4)]}"
    yield person.phone
    yield number[-9:]
    yield number[-4:]
    yield f"{first.lower()} {number[-4:]}"
    if person.email and random.random() < 0.2:
        yield person.email


def typed_for_goods(product: Product, random: Random) -> Iterator[str]:
    words = product.name.split()
    yield product.name
    yield f"{words[0]} {words[2]}"
    yield product.codes[0]
    yield product.sku
    yield random.choice(list(product.names.values()))


STRANGE = (
    "Nowak Kowalski",
    "Иванов Иван",
    "Anna Piotr",
    "zzzzzzzz",
    "йцукен",
    "%%%%",
    "a_b%c*",
    '"\'";--',
    "ążźć",
)


def keystrokes(wholes: Iterator[str]) -> list[str]:
    """Every text that stands in the field while these are typed, each once."""
    return list(dict.fromkeys(whole[: n + 1] for whole in wholes for n in range(len(whole))))


class Typing:
    """The real presenter and window over the crowd: what a keystroke costs until its list is painted."""

    def __init__(self, reader: Reader, folder: Path) -> None:
        from app.lanes import RealWorld
        from app.screens.sale import SalePresenter
        from app.ui.window import MainWindow
        from tests.support.shop import Desk

        self.window = MainWindow()
        desk = Desk(folder)
        self.presenter = SalePresenter(desk.till, reader, reader, RealWorld(), lang="pl")
        self.window.serve(self.presenter)
        self.window.show()
        self.window.sale.show()
        QApplication.processEvents()

    def __call__(self, text: str) -> None:
        self.window.sale.search.setText(text)
        self.window.repaint()
        QApplication.sendPostedEvents()
        self.window.paint_now()


def plainly(reader: Reader, table: str, limit: int) -> Callable[[str], Any]:
    """The look-up as FTS5 does it by itself."""
    query = f"SELECT rowid FROM {table} WHERE {table} MATCH ? LIMIT ?"

    def find(text: str) -> Any:
        words = " ".join(f'"{typed.word}"*' for typed in search.words_of(text))
        return reader._run(query, (words, limit)).fetchall() if words else ()  # pyright: ignore[reportPrivateUsage]

    return find


def timed(call: Callable[[str], Any], texts: list[str]) -> list[float]:
    """Milliseconds of processor time of each."""
    took: list[float] = []
    for text in texts:
        began_s = time.thread_time()
        call(text)
        took.append((time.thread_time() - began_s) * 1000)
    return took


def show(what: str, took: list[float], texts: list[str], target: str = "") -> None:
    ranked = sorted(zip(took, texts, strict=True), reverse=True)
    p99 = ranked[len(ranked) // 100][0]
    worst = ", ".join(f"{text!r} {ms:.1f}" for ms, text in ranked[:3])
    print(f"  {what:<18} p50 {statistics.median(took):6.2f}   p99 {p99:6.2f} ms   {target}worst {worst}")


def main(members: int = 1_000_000, products: int = 100_000) -> None:
    folder = crowd(members, products, states=False)
    random = Random(5)
    reader = Reader(DatabaseFile(folder / FILE, database_key(folder)))
    some = random.sample(list(people(20_000)), PEOPLE)
    asked = keystrokes(iter([*(text for one in some for text in typed_for(one, random)), *STRANGE]))
    stock = random.sample(list(goods(5_000)), GOODS)
    wanted = keystrokes(iter([*(text for one in stock for text in typed_for_goods(one, random)), *STRANGE]))
    app = QApplication.instance() or QApplication([])
    assert app is not None
    typing = Typing(reader, Path(tempfile.mkdtemp()))
    size = (folder / FILE).stat().st_size
    print(f"{members:,} members, {products:,} products, {size / 1e6:,.0f} MB, encrypted; {load_line()}")
    for what, texts, find, table, limit in (
        ("members", asked, reader.find_people, "person_find", FOUND_PEOPLE),
        ("products", wanted, reader.find_products, "product_find", FOUND_PRODUCTS),
    ):
        random.shuffle(texts)
        print(f"{what}: {len(texts)} keystrokes, processor time")
        ours = timed(lambda text, find=find, limit=limit: find(text, limit), texts)
        show("look-up", ours, texts, f"(target p99 {TARGET_MS} ms) ")
        tenth = texts[::10]
        plain = timed(plainly(reader, table, limit), tenth)
        show("FTS5 by itself", plain, tenth)
        show("until painted", timed(typing, tenth), tenth)
        print(f"  ratio of sums      {sum(plain) / sum(ours[::10]):6.1f} × ours")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
