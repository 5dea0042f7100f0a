"""The published schemas are those that the code makes, and they accept what the code accepts."""

from __future__ import annotations

import json
from typing import Any

import pytest

import resources
from app.loyalty.schema import case_schema, decision_schema, programme_schema

SCHEMAS = {"programme": programme_schema, "price-case": case_schema, "price-decision": decision_schema}


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_published_schema_is_the_codes_own(name: str) -> None:
    published = resources.path("schemas", f"{name}.schema.json").read_text("utf-8")
    assert json.loads(published) == json.loads(json.dumps(SCHEMAS[name]())), (
        "run: python -m app.loyalty.schema resources/schemas"
    )


def references(schema: Any) -> set[str]:
    if isinstance(schema, dict):
        found = {schema["$ref"]} if "$ref" in schema else set[str]()
        return found.union(*(references(value) for value in schema.values()))
    return set[str]().union(*(references(item) for item in schema)) if isinstance(schema, list) else set()


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_reference_leads_somewhere(name: str) -> None:
    schema = SCHEMAS[name]()
    assert references(schema) <= {f"#/$defs/{key}" for key in schema["$defs"]}
