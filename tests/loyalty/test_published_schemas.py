"""The published JSON Schemas against what the engine really takes and gives."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import resources
from app.loyalty.contract import Contract
from app.loyalty.engine import compile_programme, evaluate
from app.loyalty.programme import ProgrammeProblems, load_programme
from app.loyalty.refund import refund
from tests.loyalty.cases import case
from tests.loyalty.plain_cases import plain_case

FILES = sorted(resources.path("programmes").rglob("*.yaml"))


def published(name: str) -> Draft202012Validator:
    schema = json.loads(resources.path("schemas", f"{name}.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


PROGRAMME, CASE, DECISION = published("programme"), published("price-case"), published("price-decision")


class Editors(yaml.SafeLoader):
    """YAML as editors with a schema read it (1.2, core schema): dates are words."""


Editors.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def document(file: Path) -> Any:
    return yaml.load(file.read_text("utf-8"), Editors)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_programme_of_the_gallery_fits_the_schema(file: Path) -> None:
    PROGRAMME.validate(document(file))


DOCUMENTS = [document(file) for file in FILES]
WORDS: list[Any] = ["", "x", [], {}, [1], {"x": 1}, "NaN", "120%", "2026-02-30", "a b"]
NUMBERS: list[Any] = [-1, 0, 1.5, 10**20]
"""Only in place of a number: the engine takes any bare word as text, an editor may see a number there."""


def spoil(rng: Random, value: Any) -> Any:
    """The document with one thing in it replaced, left out, repeated or renamed."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(list(value))
        how = rng.random()
        if how < 0.1:
            return {name: inner for name, inner in value.items() if name != key}
        if how < 0.2:
            return {(f"{name}x" if name == key else name): inner for name, inner in value.items()}
        return {**value, key: spoil(rng, value[key])}
    if isinstance(value, list) and value and rng.random() < 0.9:
        number = rng.randrange(len(value))
        return [*value[:number], spoil(rng, value[number]), *value[number + 1 :]]
    return rng.choice(WORDS + NUMBERS if isinstance(value, int | float) else WORDS)


@given(st.integers(0, 2**32))
def test_what_is_taken_fits_the_schema_and_what_is_not_says_why(seed: int) -> None:
    rng = Random(seed)
    spoilt = spoil(rng, rng.choice(DOCUMENTS))
    try:
        load_programme(json.dumps(spoilt).encode())
    except ProgrammeProblems as refused:
        assert all(problem.reason and problem.line for problem in refused.problems)  # noqa: PT017
    else:
        PROGRAMME.validate(spoilt)


@given(st.integers(0, 2**40))
def test_cases_and_decisions_fit_their_schemas_and_say_what_the_engine_says(seed: int) -> None:
    rules, state, basket, context = case(seed)
    compiled = compile_programme(rules)
    contract = Contract(compiled)
    asked = plain_case(contract, state, basket, context)
    CASE.validate(asked)
    sold = evaluate(compiled, state, basket, context, explain=True)
    told = json.loads(json.dumps(contract.decision(sold)))
    DECISION.validate(told)
    assert json.loads(json.dumps(contract.answer(json.dumps(asked)))) == told
    whole = {line.id: line.qty_milli for line in basket.lines}
    back = contract.decision(refund(sold, whole, at_ms=context.at_ms, state=sold.state_after))
    DECISION.validate(json.loads(json.dumps(back)))
    lines = [
        {"line": line.id, "qty": told_line["qty"]}
        for line, told_line in zip(basket.lines, told["lines"], strict=True)
    ]
    member = {**asked["member"], "state": told["state_after"]} if state is not None else None
    returning = {"at": asked["at"], "sale": "back", "refund_of": told, "basket": lines, "member": member}
    CASE.validate(returning)
    assert json.loads(json.dumps(contract.answer(json.dumps(returning)))) == json.loads(json.dumps(back))
