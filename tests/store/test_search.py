from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.checkout.ports import Person, Work
from app.lanes import FixedWorld
from app.store import search
from app.store.database import Database
from tests.support.facts import product

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
    assert [item.sku for item in reader.find_products("59012340001")] == ["1", "2"]
    assert reader.find_products("") == ()
    database.writer.put_products([product("1", name="Maslanka", codes=("5901234000178",))])
    assert reader.product_by_code("400") is None, "a code no longer named is dropped"
    assert reader.find_products("mleko") == []


@given(st.text(max_size=60))
def test_any_text_makes_a_query_or_none(text: str) -> None:
    query = search.match(text)
    assert query is None or query.startswith('"')
    assert search.fold(search.fold(text)) == search.fold(text)


@given(st.text(max_size=30))
def test_no_text_breaks_the_index(text: str) -> None:
    import sqlite3

    memory = sqlite3.connect(":memory:")
    memory.execute("CREATE VIRTUAL TABLE t USING fts5(folded)")
    if query := search.match(text):
        memory.execute("SELECT * FROM t WHERE t MATCH ?", (query,)).fetchall()
