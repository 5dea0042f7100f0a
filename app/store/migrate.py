"""Bringing a database to this version's shape. Alembic costs a quarter of a second to import, so it is
imported only when the version differs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection

from app.store.connection import StoreProblem, driver, transaction

HEAD: Final = "0001"
"""The newest migration; a test proves it equal to the scripts' head."""


def version(connection: Connection) -> str | None:
    """The database's version, None for an empty file."""
    query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"
    if connection.exec_driver_sql(query).scalar() is None:
        return None
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def migrate(connection: Connection) -> bool:
    """Upgrade in one transaction, all or nothing. True if anything was done."""
    found = version(connection)
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
    with transaction(driver(connection)):
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return True


def alembic_config() -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
