"""Bringing a database to this version's shape. Alembic costs a quarter of a second to import, so it is
imported only when the version differs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from app.store.connection import DatabaseFile, Driver, StoreProblem, transaction

HEAD: Final = "0011"
"""The newest migration; a test proves it equal to the scripts' head."""


def version(sql: Driver) -> str | None:
    """The database's version, None for an empty file."""
    query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"
    if sql.execute(query).fetchone() is None:
        return None
    row = sql.execute("SELECT version_num FROM alembic_version").fetchone()
    return row[0] if row else None


def migrate(file: DatabaseFile) -> bool:
    """Upgrade in one transaction, all or nothing. True if anything was done."""
    sql = file.connect()
    try:
        found = version(sql)
    finally:
        sql.close()
    if found == HEAD:
        return False
    from alembic import command
    from alembic.script import ScriptDirectory

    config = alembic_config()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise StoreProblem(
            f"The database was written by a newer Stempel (version {found}). Install that version again; "
            "nothing was changed."
        )
    # Begun for SQLAlchemy too, or Alembic would begin, and end, one of its own.
    with file.engine().begin() as connection:
        driver: Any = connection.connection.dbapi_connection
        with transaction(driver):
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    return True


def alembic_config() -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
