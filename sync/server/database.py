"""The server's database, SQLite or PostgreSQL through one code path; the differences are all in this file."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.pool import StaticPool

from sync.server import copying, schema
from sync.server.turns import Turns

SQLITE_LEAST: Final = (3, 51, 3)
"""Earlier versions can corrupt a WAL database when it is reset while another connection writes."""
SQLITE_WAIT_S: Final = 10.0
"""How long a connection waits for another that writes."""
_MIGRATION_LOCK: Final = 0x5374656D70656C  # any constant: two servers must not migrate at once

PATIENCE: Final[dict[str, Any]] = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
"""Of libpq, where the URL says nothing else: a leader whose machine is gone is given up within half a minute,
not after the quarter of an hour that TCP takes. Seconds; the last one milliseconds."""

IDLE_S: Final = 1.0
"""So long a connection may have lain idle and be used unasked."""

COMMAND: Final = "stempel command"
"""The name by which PostgreSQL knows what somebody typed, and not a server."""

STUCK_S: Final = 300
"""A transaction in which nothing happened for so long is of a server that hangs, or whose machine was paused.
PostgreSQL ends it: no other server waits any longer for what it had locked."""

LOCK_S: Final = 5
"""So long a statement waits for what another has locked; then its request is answered 503, and comes again.
Else all the threads of all servers would soon wait for the one shard that a server locked and hangs."""

_PACK_FAST: Final = """
    SELECT set_config('default_toast_compression', 'lz4', false) FROM pg_settings
    WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)
"""
"""Long values by lz4 where PostgreSQL was built with it, as every distribution does: a fact takes two thirds
of the time that PostgreSQL's own way needs, and as many bytes."""

_OTHERS: Final = sa.text("""
    SELECT EXISTS (
        SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND application_name LIKE 'stempel%' AND application_name <> :own
    )
""")

_HEADS: Final = {
    table: sa.select(table.c.head).where(table.c.shard == sa.bindparam("shard"))
    for table in (schema.shard_head, schema.member_head)
}


class DatabaseProblem(Exception):
    """The database cannot be used as it is; the text says what to do."""


class RowsRefused(Exception):
    """A row of a bulk insert breaks a key or cannot be represented; nothing of it was kept."""


_MOMENT: Final = sa.text("""
    SELECT ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int,
           (pg_current_wal_insert_lsn() - '0/0')::bigint, (pg_last_wal_replay_lsn() - '0/0')::bigint
""")


class Moment(NamedTuple):
    """Where PostgreSQL's history is: whatever is visible now was written before `written` on `timeline`.

    `forked` is how far the server had followed the timeline before, if it was promoted from there and was not
    restarted since.
    """

    timeline: int
    written: int
    forked: int | None


class Database:
    """Transactions on the server's database. Safe to use from many threads."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self.postgresql = engine.dialect.name == "postgresql"
        self._writing = Turns()

    @classmethod
    def sqlite(cls, path: Path | None) -> Database:
        """One file, opened (or created, readable by its owner alone); None: in memory, for tests."""
        import sqlcipher3.dbapi2 as driver

        if driver.sqlite_version_info < SQLITE_LEAST:
            raise DatabaseProblem(f"SQLite {driver.sqlite_version_info} is too old: install sqlcipher3 anew")
        if path is not None and not path.exists():
            path.touch(mode=0o600)
        pooling: dict[str, Any] = (
            {"poolclass": StaticPool} if path is None else {"pool_size": 8, "pool_use_lifo": True}
        )
        engine = sa.create_engine(
            f"sqlite:///{path or ''}",
            module=driver,
            connect_args={"check_same_thread": False, "timeout": SQLITE_WAIT_S},
            **pooling,
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return cls(engine)

    @classmethod
    def postgres(cls, dsn: str, *, pool_size: int = 10, name: str = "stempel") -> Database:
        """Any libpq connection string, several hosts included; `name` is what pg_stat_activity shows."""
        import psycopg
        from psycopg.conninfo import conninfo_to_dict, make_conninfo

        try:
            given = {**PATIENCE, "fallback_application_name": name}
            said: dict[str, Any] = {**given, **conninfo_to_dict(dsn)}
            wanted = make_conninfo(**said)
        except psycopg.ProgrammingError as error:
            raise DatabaseProblem(f"the database's URL cannot be read: {error}") from error
        engine = sa.create_engine(
            "postgresql+psycopg://",
            creator=lambda: psycopg.connect(wanted),
            pool_size=pool_size,
            max_overflow=0,
            pool_use_lifo=True,
        )
        event.listen(engine, "connect", _prepare_postgres)
        event.listen(engine, "checkin", _put_down)
        event.listen(engine, "checkout", partial(_ask_if_it_lives, engine.dialect))
        event.listen(engine, "handle_error", _give_up)
        return cls(engine)

    @contextmanager
    def read(self, *, snapshot: bool = False) -> Iterator[sa.Connection]:
        """A transaction that only reads; with `snapshot` all its queries see the same moment."""
        with self.engine.connect() as connection:
            if snapshot and self.postgresql:
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextmanager
    def glance(self) -> Iterator[sa.Connection]:
        """For one statement that reads, no transaction around it: PostgreSQL is asked once, not thrice."""
        if not self.postgresql:
            with self.read() as connection:
                yield connection
            return
        with self.engine.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

    def moment(self, connection: sa.Connection) -> Moment | None:
        """Where history is for this transaction; None for SQLite, which has only one."""
        return Moment(*connection.execute(_MOMENT).one()) if self.postgresql else None

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction that is durable once this returns. SQLite has one writer at a time."""
        if self.postgresql:
            with self.engine.begin() as connection:
                yield connection
            return
        with (
            self._writing,
            self.engine.connect() as connection,
            connection.execution_options(stempel_writes=True).begin(),
        ):
            yield connection

    def insert(self, connection: sa.Connection, table: sa.Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert many rows, given as tuples in the order of the table's columns, all or none.

        Raises RowsRefused, with the transaction still usable.
        """
        if rows:
            with connection.begin_nested():
                self.put(connection, table, rows)

    def put(self, connection: sa.Connection, table: sa.Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert many rows that are known to be new: should one be refused, the transaction is lost."""
        if rows and self.postgresql:
            _copy(connection, table, rows)
        elif rows:
            _insert_many(connection, table, rows)

    def lock_shard(self, connection: sa.Connection, shard: int, heads: sa.Table = schema.shard_head) -> int:
        """The shard's head, locked until the transaction ends."""
        # In SQLite the transaction holds the only write lock already.
        query = _HEADS[heads].with_for_update() if self.postgresql else _HEADS[heads]
        return connection.execute(query, {"shard": shard}).scalar_one()

    def lock_shards(
        self, connection: sa.Connection, shards: Collection[int], heads: sa.Table
    ) -> dict[int, int]:
        """The heads of several shards, locked in their order, until the transaction ends."""
        wanted = heads.c.shard.in_(shards)
        query = sa.select(heads.c.shard, heads.c.head).where(wanted).order_by(heads.c.shard)
        rows = connection.execute(query.with_for_update() if self.postgresql else query)
        return {row.shard: row.head for row in rows}

    def migrate(self, *, partitions: int = 0) -> None:
        """Bring the schema to `schema.HEAD`. Alembic is imported only if it is not there yet.

        `partitions` hash-partitions the sharded tables at their creation (PostgreSQL). Raises
        DatabaseProblem if the database cannot be reached, read or written.
        """
        try:
            if self.version() != schema.HEAD:
                self._upgrade(partitions)
        except exc.DatabaseError as error:
            what = "the URL, and that PostgreSQL runs" if self.postgresql else "the data folder and its disk"
            raise DatabaseProblem(f"the database cannot be used: {error.orig}. Check {what}.") from error

    def _upgrade(self, partitions: int) -> None:
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        config.set_main_option("path_separator", "os")
        with self.write() as connection:
            if self.postgresql:
                connection.exec_driver_sql("SET LOCAL lock_timeout = 0")  # another may migrate for minutes
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
            config.attributes.update(connection=connection, partitions=partitions)
            command.upgrade(config, "head")

    def version(self) -> str | None:
        """The migration the database is at, None for an empty one."""
        with self.engine.connect() as connection:
            if not sa.inspect(connection).has_table("alembic_version"):
                return None
            found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        if found is not None and found > schema.HEAD:
            raise DatabaseProblem(
                f"the database is at version {found}, this program knows {schema.HEAD}: start a newer program"
            )
        return found

    def in_use(self) -> bool:
        """Whether a server has this database open: its connections stay when it rests. Leaves SQLite's file
        with no connection of our own."""
        if self.postgresql:
            with self.read() as connection:
                return bool(connection.execute(_OTHERS, {"own": COMMAND}).scalar_one())
        self.engine.dispose()
        driver: Any = self.engine.dialect.loaded_dbapi
        alone = driver.connect(self.engine.url.database, timeout=0)
        try:
            # Whoever has a file open in WAL mode shares a lock on it, also between transactions.
            alone.execute("PRAGMA locking_mode=EXCLUSIVE")
            alone.execute("BEGIN EXCLUSIVE")
        except driver.OperationalError:
            return True
        finally:
            alone.close()
        return False

    def scrub(self) -> None:
        """Leave no trace of what was erased in SQLite's files: its log of changes still has it.

        Who reads at this moment is not waited for, since others would wait, too: it goes when the log begins
        anew. PostgreSQL overwrites by its own VACUUM.
        """
        if not self.postgresql and self.engine.url.database:
            alone = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            with self._writing, alone as connection:
                connection.exec_driver_sql("PRAGMA busy_timeout=0")
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                connection.exec_driver_sql(f"PRAGMA busy_timeout={SQLITE_WAIT_S * 1000:.0f}")

    def copy_to(self, path: Path) -> None:
        """Copy an SQLite database as it is at this moment, while it is in use, into an empty file."""
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.connection.cursor().execute("VACUUM INTO ?", (str(path),))

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def open_database(url: str | None, data_dir: Path | None, name: str = "stempel") -> Database:
    """The database of a URL, or without one the SQLite file in the data folder.

    `url` is `postgresql://…` (any libpq URI) or `sqlite:///path`; PostgreSQL knows its clients by `name`.
    """
    if url is None:
        if data_dir is None:
            raise DatabaseProblem("a data folder or a database URL is needed")
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Database.sqlite(data_dir / "server.sqlite")
    if re.match(r"postgres(ql)?://", url):
        return Database.postgres(url, name=name)
    if url.startswith("sqlite:///"):
        return Database.sqlite(Path(url.removeprefix("sqlite:///")))
    raise DatabaseProblem(
        f"{url.split(':')[0]}: is no database this server knows; use postgresql:// or sqlite:///"
    )


def _give_up(context: Any) -> None:
    """What PostgreSQL refuses on this connection and would take on another, as a failed connection: its work
    is tried again. A server that takes no writes leads no more; one that hung lost its transaction."""
    import psycopg

    error = context.original_exception
    elsewhere = psycopg.errors.ReadOnlySqlTransaction | psycopg.errors.IdleInTransactionSessionTimeout
    if isinstance(error, elsewhere):
        context.is_disconnect = True
        raise exc.OperationalError(context.statement, context.parameters, error) from error


def _prepare_postgres(connection: Any, _record: Any) -> None:
    connection.execute(_PACK_FAST)
    connection.execute(f"SET idle_in_transaction_session_timeout = '{STUCK_S}s'")
    connection.execute(f"SET lock_timeout = '{LOCK_S}s'")
    connection.commit()


def _put_down(_connection: Any, record: Any) -> None:
    record.info["put_down_s"] = time.monotonic()


def _ask_if_it_lives(dialect: sa.Dialect, connection: Any, record: Any, _proxy: Any) -> None:
    """A connection that lay idle may be of a server that is gone, and so are all others. One in use just now
    is not asked; should it be dead all the same, the request that it is for is answered 503."""
    now_s = time.monotonic()
    if now_s - record.info.get("put_down_s", now_s) < IDLE_S:
        return
    try:
        alive = dialect.do_ping(connection)
    except connection.Error as error:
        if not dialect.is_disconnect(error, connection, None):
            raise
        alive = False
    if not alive:
        raise exc.InvalidatePoolError


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin where we say so
    # What is deleted or replaced is overwritten in the file: somebody may have asked to be forgotten.
    settings = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY")
    for pragma in (*settings, "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("stempel_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _insert_many(connection: sa.Connection, table: sa.Table, rows: Sequence[tuple[Any, ...]]) -> None:
    marks = ", ".join("?" * len(rows[0]))
    cells = zip(*rows, strict=True)
    # Of all types that the tables have, SQLite alone needs ids otherwise than Python has them.
    columns = [
        _id_bytes(values) if isinstance(column.type, schema.Id) else values
        for column, values in zip(table.columns, cells, strict=True)
    ]
    values = list(zip(*columns, strict=True))
    try:
        connection.exec_driver_sql(f"INSERT INTO {table.name} VALUES ({marks})", values)
    except (exc.IntegrityError, exc.DataError, OverflowError) as error:
        raise RowsRefused(str(error)) from error


def _id_bytes(ids: Sequence[uuid.UUID | None]) -> list[bytes | None]:
    return [id and id.int.to_bytes(16, "big") for id in ids]


def _copy(connection: sa.Connection, table: sa.Table, rows: Sequence[tuple[Any, ...]]) -> None:
    import psycopg

    driver = connection.connection.driver_connection
    assert driver is not None
    try:
        statement, data = copying.statement(table), copying.binary(table, rows)
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(data)
    except (
        psycopg.errors.IntegrityError,
        psycopg.errors.DataError,
        psycopg.errors.ProgramLimitExceeded,
        OverflowError,
    ) as error:
        raise RowsRefused(str(error)) from error
