"""The statements that spread the server's tables over the machines of a Citus cluster, from the metadata.

Each family is distributed by `shard` and stays together; reference tables are whole on every machine.
"""

from __future__ import annotations

from typing import Final

from sync.server import schema

SPREAD: Final = 256
"""Citus puts values of `shard` into so many places by their hash. With 64 places, 64 values would meet in a
few of them and leave others empty."""


def statements() -> list[str]:
    """SQL for the coordinator, in order, once the database is migrated and before servers start."""
    references: list[str] = []
    families: dict[str, list[str]] = {}
    for table in schema.metadata.sorted_tables:
        if table.info == schema.REFERENCE:
            references.append(table.name)
        else:
            families.setdefault(table.info["family"], []).append(table.name)
    return [
        *_unprotect(),
        *(f"SELECT create_reference_table('{name}');" for name in references),
        *(statement for names in families.values() for statement in _distribute(names)),
    ]


def _distribute(names: list[str]) -> list[str]:
    """A family's tables, together with the first of them."""
    first, *others = names
    apart = f"shard_count => {SPREAD}, colocate_with => 'none'"
    return [
        f"SELECT create_distributed_table('{first}', 'shard', {apart});",
        *(
            f"SELECT create_distributed_table('{name}', 'shard', colocate_with => '{first}');"
            for name in others
        ),
    ]


def _unprotect() -> list[str]:
    """Citus takes no triggers on distributed tables: rights have to do what they did."""
    names = schema.APPEND_ONLY
    triggers = [
        f"DROP TRIGGER {name}_{what} ON {name};" for name in names for what in ("append_only", "no_truncate")
    ]
    return [*triggers, f"REVOKE UPDATE, DELETE, TRUNCATE ON {', '.join(names)} FROM CURRENT_USER;"]
