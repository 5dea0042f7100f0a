"""Rows copied in binary are the rows that were given."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.server import copying, schema
from sync.server.database import Database, RowsRefused
from tests.sync.postgres import Postgres

TABLE = sa.Table(
    "copied",
    sa.MetaData(),
    sa.Column("place", sa.BigInteger, primary_key=True),
    sa.Column("short", sa.SmallInteger),
    sa.Column("middle", sa.Integer),
    sa.Column("long", sa.BigInteger),
    sa.Column("id", schema.Id),
    sa.Column("text", sa.Text),
    sa.Column("bytes", sa.LargeBinary),
    sa.Column("doc", schema.DOCUMENT),
    prefixes=["TEMPORARY"],
)
cells = st.tuples(
    st.none() | st.integers(-(2**15), 2**15 - 1),
    st.none() | st.integers(-(2**31), 2**31 - 1),
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.uuids(),
    st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
    st.none() | st.binary(max_size=40),
    st.sampled_from([None, b"{}", '{"ł": [1, "ё"]}'.encode()]),
)


@pytest.fixture(scope="module")
def db(postgres: Postgres) -> Iterator[Database]:
    database = Database.postgres(postgres.fresh_database())
    yield database
    database.close()


@pytest.fixture(scope="module")
def connection(db: Database) -> Iterator[sa.Connection]:
    with db.engine.connect() as connection:
        TABLE.create(connection)
        yield connection


@settings(max_examples=40)
@given(st.lists(cells, min_size=1, max_size=6))
def test_rows_come_back_as_they_went_in(
    db: Database, connection: sa.Connection, rows: list[tuple[Any, ...]]
) -> None:
    placed = [(place, *row) for place, row in enumerate(rows)]
    with connection.begin_nested() as kept:
        db.insert(connection, TABLE, placed)
        read = connection.execute(sa.select(TABLE).order_by(TABLE.c.place)).all()
        kept.rollback()
    assert [(*row[:7], row.doc) for row in read] == [
        (*row[:7], row[7] and json.loads(bytes(row[7]))) for row in placed
    ]


@pytest.mark.parametrize(
    "row",
    [
        (0, 2**15, *[None] * 6),
        (2**63, *[None] * 7),
        (0, *[None] * 4, "\0", None, None),
        (0, *[None] * 6, b"{"),
    ],
)
def test_a_row_that_cannot_be_is_refused_and_the_transaction_goes_on(
    db: Database, connection: sa.Connection, row: tuple[object, ...]
) -> None:
    with pytest.raises(RowsRefused):
        db.insert(connection, TABLE, [row])
    assert connection.execute(sa.select(sa.func.count()).select_from(TABLE)).scalar() == 0


def test_every_column_of_every_table_can_be_copied() -> None:
    values = {sa.Text: "", sa.LargeBinary: b"", schema.Id: uuid.UUID(int=0), type(schema.DOCUMENT): b"{}"}
    for table in schema.metadata.sorted_tables:
        row = tuple(values.get(type(column.type), 0) for column in table.columns)
        assert copying.binary(table, [row, row]).startswith(b"PGCOPY\n")
