from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.checkout.ports import Person, Work
from app.lanes import FixedWorld
from app.store import schema, search
from app.store.connection import DatabaseFile, Driver, database_key, sqlcipher
from app.store.database import FILE, Database
from app.store.reader import Reader
from tests.bench.crowd import NOW_MS, people, put_people
from tests.support.facts import product

TABLES = (search.PRODUCTS, search.PEOPLE)


def filled(texts: list[str], table: search.FindTable) -> search.WordIndex:
    """An index of these rows, in memory."""
    memory: Driver = sqlcipher.connect(":memory:", isolation_level=None)
    memory.execute(schema.FIND_TABLES[TABLES.index(table)])
    folded = {n: search.fold(text) for n, text in enumerate(texts)}
    memory.executemany(f"INSERT INTO {table.name} (rowid, folded) VALUES (?, ?)", folded.items())
    return search.WordIndex(memory.execute, table, lambda rows: [(n, folded[n]) for n in sorted(rows)])


PEOPLE = {
    "Łukasz Żółw": "+48 600-100-200",
    "Алёна Ёлкина": "8 (916) 555-12-34",
    "Zoë Brontë": "",
}


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("luk", "Łukasz Żółw"),
        ("ŁUK zol", "Łukasz Żółw"),
        ("zolw lukasz", "Łukasz Żółw"),
        ("600 100", "Łukasz Żółw"),
        ("0200", "Łukasz Żółw"),
        ("+48 600-100-200", "Łukasz Żółw"),
        ("елк", "Алёна Ёлкина"),
        ("алена", "Алёна Ёлкина"),
        ("1234", "Алёна Ёлкина"),
        ("zoe bro", "Zoë Brontë"),
    ],
)
def test_people_are_found_as_they_are_typed(database: Database, typed: str, found: str) -> None:
    world = FixedWorld(1)
    people = tuple(Person(member=world.new_id(), name=name, phone=phone) for name, phone in PEOPLE.items())
    database.writer.commit(Work(people=people))
    assert [person.name for person in database.reader().find_people(typed)] == [found]


def test_a_renamed_member_is_found_by_the_new_name_only(database: Database) -> None:
    id = FixedWorld(1).new_id()
    database.writer.commit(Work(people=(Person(member=id, name="Anna Nowak"),)))
    database.writer.commit(Work(people=(Person(member=id, name="Anna Kowalska"),)))
    reader = database.reader()
    assert reader.find_people("nowak") == []
    assert [person.name for person in reader.find_people("kowal")] == ["Anna Kowalska"]


def test_products_by_code_word_and_category(database: Database) -> None:
    items = [
        product("1", name="Mleko", codes=("5901234000178", "400"), category="dairy/milk"),
        product("2", name="Kawa", names={"ru": "Кофе"}, codes=("5901234000161",)),
    ]
    database.writer.put_products(items)
    reader = database.reader()
    milk = reader.product_by_code("400")
    assert milk is not None
    assert milk.sku == "1"
    assert [item.sku for item in reader.find_products("кофе")] == ["2"]
    assert [item.sku for item in reader.find_products("milk")] == ["1"]
    assert [item.sku for item in reader.find_products("59012340001")] == ["2", "1"], "by code"
    assert not reader.find_products("")
    database.writer.put_products([product("1", name="Maslanka", codes=("5901234000178",))])
    assert reader.product_by_code("400") is None, "a code no longer named is dropped"
    assert reader.find_products("mleko") == []


def test_a_russian_number_is_found_as_it_is_dictated(database: Database) -> None:
    world = FixedWorld(1)
    phones = ("8 (916) 555-12-34", "+7 916 555 99 00", "+48 916 100 200")
    people = tuple(Person(member=world.new_id(), name=phone, phone=phone) for phone in phones)
    database.writer.commit(Work(people=people))
    found = [person.phone for person in database.reader().find_people("916")]
    assert sorted(found) == sorted(phones)
    assert [person.phone for person in database.reader().find_people("916 555 12")] == [phones[0]]


def test_whole_words_come_first(database: Database) -> None:
    world = FixedWorld(1)
    names = ("Janina Kowalska", "Jan Kowal")
    people = tuple(Person(member=world.new_id(), name=name) for name in names)
    database.writer.commit(Work(people=people))
    reader = database.reader()
    assert [person.name for person in reader.find_people("jan")] == ["Jan Kowal", "Janina Kowalska"]
    assert [person.name for person in reader.find_people("jan kowal")] == ["Jan Kowal", "Janina Kowalska"]


def test_a_reader_that_has_searched_still_writes_nothing(database: Database) -> None:
    reader = database.reader()
    reader.find_people("anna")
    with pytest.raises(sqlcipher.OperationalError, match="readonly"):
        reader._run("DELETE FROM person")


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("anna@ex", {1}),
        ("anna@", {1}),
        ("ann@example", set[int]()),
        ("jan.anna@example.p", {1}),
        ("ann example", {0, 1}),
    ],
)
def test_what_stands_before_an_at_sign_is_whole(typed: str, found: set[int]) -> None:
    index = filled(["Annak annak1@example.pl", "Jan jan.anna@example.pl"], search.PEOPLE)
    assert set(index.find(typed, 5)) == found


WORDS = st.from_regex(r"[01679]{1,7}|[abłz]{1,7}[01679]?|[аеёж]{1,7}[019]?", fullmatch=True)
ROWS = st.lists(st.lists(WORDS, min_size=1, max_size=4).map(" ".join), max_size=12)


def holds(words: list[str], typed: search.Typed, table: search.FindTable) -> bool:
    if typed.whole:
        return typed.word in words
    return any(word.startswith(spelled) for word in words for spelled in table.spellings(typed.word))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
@given(
    texts=ROWS,
    typed=st.lists(WORDS, min_size=1, max_size=3),
    at=st.sampled_from(" @"),
    few=st.sampled_from([0, 3, 32]),
)
def test_what_is_found_has_a_word_for_each_begun(
    table: search.FindTable, texts: list[str], typed: list[str], at: str, few: int
) -> None:
    """By any road through the index: the rows are those that a look at every row finds, whole words first."""
    text = at.join(typed)
    wanted = search.words_of(text)
    held = [search.fold(text).split() for text in texts]
    expected = [n for n, words in enumerate(held) if all(holds(words, one, table) for one in wanted)]
    expected.sort(key=lambda n: not all(one.word in held[n] for one in wanted))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(search, "_FEW", few)
        found = filled(texts, table).find(text, 50)
    assert (found if len(wanted) > 1 else sorted(found)) == (
        expected if len(wanted) > 1 else sorted(expected)
    )


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_more_words_than_are_spelled_out(table: search.FindTable) -> None:
    index = filled([f"anna number{n}" for n in range(100)], table)
    assert set(index.find("anna number", 100)) == set(range(100))
    assert set(index.find("ann number3", 50)) == {3, *range(30, 40)}
    assert index.find("anna number", 7) == list(range(7))


def test_the_texts_of_rows_are_those_indexed(database: Database) -> None:
    """What is looked at in place of the index says what the index holds."""
    writer, reader = database.writer, database.reader()
    some = list(people(3))
    writer.commit(Work(people=tuple(some)))
    goods = [
        product("A-7", name="Mleko", names={"ru": "Молоко"}, codes=("590", "7"), category="dairy/milk"),
        product("B"),
    ]
    writer.put_products(goods)
    assert [text for _, text in reader._person_texts([3, 1])] == [
        search.person_text(one.name, one.phone, one.email) for one in (some[0], some[2])
    ]
    assert [set(text.split()) for _, text in reader._product_texts([1, 2])] == [
        set(search.product_text(one.name, one.names, one.sku, one.category, one.codes).split())
        for one in goods
    ]


@given(st.text(max_size=60))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert search.fold(search.fold(text)) == search.fold(text)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
@given(text=st.text(max_size=30))
def test_no_text_breaks_the_index(table: search.FindTable, text: str) -> None:
    filled(["anna"], table).find(text, 5)


def test_the_lengths_are_those_of_the_tables() -> None:
    for table, statement in zip(TABLES, schema.FIND_TABLES, strict=True):
        declared = re.search(r"prefix='([\d ]+)'", statement)
        assert f" {table.name} " in statement
        assert declared is not None
        assert table.prefixes == set(map(int, declared[1].split()))


def test_the_crowd_of_the_benches_is_what_the_writer_would_have_put(tmp_path: Path) -> None:
    """Rows and whatever is found among them, though put in bulk."""
    some = list(people(60))
    for name in ("bulk", "single"):
        database = Database(tmp_path / name)
        with database.writer.transaction() as sql:
            if name == "bulk":
                put_people(sql, 1, some)
            else:
                for person in some:
                    database.writer.take_person(person, NOW_MS)
        database.close()
    bulk, single = (
        Reader(DatabaseFile(tmp_path / n / FILE, database_key(tmp_path / n))) for n in ("bulk", "single")
    )
    rows = "SELECT * FROM person ORDER BY n"
    assert bulk._run(rows).fetchall() == single._run(rows).fetchall()
    for text in ("a", "анна", "48", some[0].name, some[1].phone, some[2].email):
        assert bulk.find_people(text, 60) == single.find_people(text, 60)
