"""The statements for Citus, run on PostgreSQL with functions in Citus's place that hold them to its rules.

Citus itself is not there: Debian has no package of it.
"""

from __future__ import annotations

import psycopg
import pytest

from sync.server import citus, schema
from sync.server.database import Database
from tests.sync.postgres import Postgres

_RULES = """
CREATE TABLE placed (name text PRIMARY KEY, kind text, beside text);
CREATE FUNCTION create_reference_table(name text) RETURNS void LANGUAGE plpgsql AS $$BEGIN
    PERFORM name::regclass;
    INSERT INTO placed VALUES (name, 'reference', NULL);
END$$;
CREATE FUNCTION create_distributed_table(
    name text, by_column text, colocate_with text, shard_count int DEFAULT NULL
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE wrong text; family text; BEGIN
    SELECT string_agg(c.conname, ', ') INTO wrong FROM pg_constraint c
        WHERE c.conrelid = name::regclass AND c.contype IN ('p', 'u') AND NOT EXISTS (
            SELECT FROM pg_attribute a
            WHERE a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey) AND a.attname = by_column);
    IF wrong IS NOT NULL THEN RAISE EXCEPTION '% has keys without %: %', name, by_column, wrong; END IF;
    IF EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = name::regclass AND NOT t.tgisinternal) THEN
        RAISE EXCEPTION '% has triggers', name; END IF;
    family := CASE colocate_with WHEN 'none' THEN name
        ELSE (SELECT p.beside FROM placed p WHERE p.name = colocate_with) END;
    IF family IS NULL THEN RAISE EXCEPTION '% is not distributed', colocate_with; END IF;
    SELECT string_agg(c.conname, ', ') INTO wrong FROM pg_constraint c
        WHERE c.conrelid = name::regclass AND c.contype = 'f' AND NOT EXISTS (
            SELECT FROM placed p WHERE p.name::regclass = c.confrelid
            AND (p.kind = 'reference' OR p.beside = family));
    IF wrong IS NOT NULL THEN RAISE EXCEPTION '% refers to what is elsewhere: %', name, wrong; END IF;
    INSERT INTO placed VALUES (name, 'distributed', family);
END$$;
"""


def test_every_table_is_placed_once_and_by_the_rules(postgres: Postgres) -> None:
    url = postgres.fresh_database()
    db = Database.postgres(url)
    db.migrate()
    db.close()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_RULES)  # type: ignore[arg-type]
        for statement in citus.statements():
            connection.execute(statement)  # type: ignore[arg-type]
        placed = dict(connection.execute("SELECT name, beside FROM placed").fetchall())
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("SELECT create_reference_table('store')")
    families = {table.name: table.info["family"] for table in schema.metadata.sorted_tables}
    assert placed.keys() == families.keys()
    for one, family in families.items():
        assert [other for other in families if placed[other] == placed[one]] == [
            other for other in families if families[other] == family
        ]


def test_the_places_are_enough_for_most_shards_to_have_one_of_their_own(postgres: Postgres) -> None:
    """By PostgreSQL's own hash of a smallint, as Citus uses it."""
    query = """
        SELECT count(DISTINCT (hashint2(s::int2)::bigint + 2147483648) / (4294967296 / %s))
        FROM generate_series(0, 63) s
    """
    with psycopg.connect(postgres.dsn("postgres")) as connection:
        used = connection.execute(query, (citus.SPREAD,)).fetchone()
    assert used is not None
    assert used[0] >= 50
