"""The server's database for simulation: its own SQL on the driver, without SQLAlchemy's execution around it.

Statements are compiled by SQLAlchemy, once; rows are SQLAlchemy's rows. What is left out is its connections,
transactions and contexts, which take most of a simulated request's time. A test holds the answers that come
of it to those of the whole server, and tests/sync/server runs that on every database.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.engine.result import IteratorResult, SimpleResultMetaData

from sync.server.database import Database, RowsRefused
from tests.sync.memory_file import MemoryFile


class QuickDatabase(Database):
    """SQLite in memory, in one world after the other; all transactions are on one connection."""

    def __init__(self, plain: Database, driver: MemoryFile) -> None:
        super().__init__(plain.engine)
        self.driver = driver
        self._connection = _Connection(plain.engine.dialect, driver)
        self._inserts: dict[sa.Table, tuple[str, list[Any]]] = {}

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        self.driver.execute("BEGIN")
        try:
            yield cast(sa.Connection, self._connection)
        except BaseException:
            self.driver.execute("ROLLBACK")
            raise
        self.driver.execute("COMMIT")

    @contextmanager
    def read(self, *, snapshot: bool = False) -> Iterator[sa.Connection]:
        with self._transaction() as connection:
            yield connection

    write = _transaction

    def insert(self, connection: sa.Connection, table: sa.Table, rows: Sequence[tuple[Any, ...]]) -> None:
        if not rows:
            return
        if table not in self._inserts:
            marks = ", ".join("?" * len(table.columns))
            binders = [column.type.bind_processor(self.engine.dialect) for column in table.columns]
            self._inserts[table] = (f"INSERT INTO {table.name} VALUES ({marks})", binders)
        sql, binders = self._inserts[table]
        bound = [[bind(v) if bind else v for bind, v in zip(binders, row, strict=True)] for row in rows]
        self.driver.execute("SAVEPOINT rows")
        try:
            self.driver.executemany(sql, bound)
        except (self.engine.dialect.loaded_dbapi.IntegrityError, OverflowError) as error:
            self.driver.execute("ROLLBACK TO rows")
            raise RowsRefused(str(error)) from error
        finally:
            self.driver.execute("RELEASE rows")

    put = insert


class _Done:
    """What a change answers."""

    def __init__(self, rowcount: int) -> None:
        self.rowcount = rowcount


class _Connection:
    """As much of `sa.Connection` as the server's handlers use."""

    def __init__(self, dialect: Any, driver: Any) -> None:
        self.dialect = dialect
        self._driver = driver
        self._compiled: dict[Any, Any] = {}
        self._prepared: WeakKeyDictionary[Any, dict[Any, _Prepared]] = WeakKeyDictionary()

    def execute(self, statement: Any, values: Any = None) -> Any:
        many = isinstance(values, list)
        first: Mapping[str, Any] = (values[0] if many else values) or {}
        prepared = self._prepare(statement, tuple(first), many=many and len(values) > 1)
        if many and len(values) > 1:
            bound = [prepared.bind(one)[1] for one in values]
            return _Done(self._run(self._driver.executemany, prepared.sql, bound).rowcount)
        cursor = self._run(self._driver.execute, *prepared.bind(first))
        return prepared.result(cursor)

    def _prepare(self, statement: Any, names: tuple[str, ...], *, many: bool) -> _Prepared:
        of_statement = self._prepared.setdefault(statement, {})
        found = of_statement.get((names, many))
        if found is None:
            compiled, literals, collected, _ = statement._compile_w_cache(
                self.dialect, compiled_cache=self._compiled, column_keys=sorted(names), for_executemany=many
            )
            found = of_statement[names, many] = _Prepared(compiled, literals, collected, self.dialect)
        return found

    def exec_driver_sql(self, sql: str) -> Any:
        cursor = self._run(self._driver.execute, sql)
        if cursor.description is None:
            return _Done(cursor.rowcount)
        return IteratorResult(SimpleResultMetaData([column[0] for column in cursor.description]), cursor)

    def _run(self, work: Any, *arguments: Any) -> Any:
        try:
            return work(*arguments)
        except self.dialect.loaded_dbapi.IntegrityError as error:
            raise exc.IntegrityError(None, None, error) from error


_SHAPES: WeakKeyDictionary[Any, SimpleResultMetaData | None] = WeakKeyDictionary()


def _shape(compiled: Any, dialect: Any) -> SimpleResultMetaData | None:
    """How a compiled statement's rows look; None if it has none."""
    if compiled not in _SHAPES:
        columns = compiled._result_columns
        processors = [column.type._cached_result_processor(dialect, None) for column in columns]
        names = [column.keyname for column in columns]
        _SHAPES[compiled] = SimpleResultMetaData(names, _processors=processors) if names else None
    return _SHAPES[compiled]


class _Prepared:
    """A statement, compiled, with everything that is the same at each execution."""

    def __init__(self, compiled: Any, literals: Any, collected: Any, dialect: Any) -> None:
        self._compiled = compiled
        self._fixed = compiled.construct_params(
            {}, literals, escape_names=False, _check=False, _collected_params=collected
        )
        self._expands = bool(compiled.literal_execute_params or compiled.post_compile_params)
        self._binders: dict[str, Any] = compiled._bind_processors
        self._shape = _shape(compiled, dialect)
        self.sql: str = str(compiled)

    def bind(self, values: Mapping[str, Any]) -> tuple[str, list[Any]]:
        """The SQL, and what its question marks stand for."""
        compiled, given = self._compiled, {**self._fixed, **values}
        sql, names, binders = self.sql, compiled.positiontup, self._binders
        if self._expands:
            expanded = compiled._process_parameters_for_postcompile(given)
            sql, names = expanded.statement, expanded.positiontup
            given, binders = {**given, **expanded.additional_parameters}, {**binders, **expanded.processors}
        return sql, [binders[name](given[name]) if name in binders else given[name] for name in names]

    def result(self, cursor: Any) -> Any:
        if self._shape is None:
            return _Done(cursor.rowcount)
        return IteratorResult(self._shape, iter(cursor.fetchall()))
