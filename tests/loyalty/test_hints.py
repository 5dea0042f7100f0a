"""Every problem of a programme file says what to do: whatever is broken in whichever programme."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from app.loyalty.model import Names, When
from app.loyalty.programme import ProgrammeProblems, load_programme
from app.loyalty.reading import EXAMPLES, SCALARS, sample
from app.loyalty.yamltree import Problem

PROGRAMMES = sorted((Path(__file__).parents[2] / "resources" / "programmes").rglob("*.yaml"))
WRONG = (
    "",
    "[]",
    "{}",
    "[x]",
    "{x: y}",
    "-1",
    "101%",
    "nan",
    "2026-02-30",
    "ł",
    "a b",
    "99999999999999999999",
)


def problems_of(data: bytes) -> list[Problem]:
    try:
        load_programme(data)
    except ProgrammeProblems as error:
        return error.problems
    return []


def broken(text: str, draw: random.Random) -> str:
    """A programme with one line changed, doubled, moved in or left out."""
    lines = text.splitlines()
    n = draw.randrange(len(lines))
    key, colon, _ = lines[n].partition(":")
    lines[n : n + 1] = draw.choice(
        [[], [lines[n]] * 2, [f"{key}{colon} {draw.choice(WRONG)}"], [f"  {lines[n]}"]]
    )
    return "\n".join(lines)


@pytest.mark.parametrize("file", PROGRAMMES, ids=lambda file: file.stem)
def test_every_problem_has_a_hint(file: Path) -> None:
    draw, text, seen = random.Random(file.stem), file.read_text("utf-8"), 0
    for round_ in range(80):
        spoilt = text
        for _ in range(1 + round_ % 3):
            spoilt = broken(spoilt, draw)
        for problem in problems_of(spoilt.encode()):
            seen += 1
            assert problem.reason
            assert problem.hint, problem
    assert seen


def test_every_scalar_has_an_example_that_can_be_read() -> None:
    assert set(EXAMPLES) == set(SCALARS)
    for name, example in EXAMPLES.items():
        for text in example.split(" or "):
            SCALARS[name](text, 2)


def test_a_hint_shows_the_shape() -> None:
    assert sample(Names) == "{ru: a text, pl: a text, en: a text}"
    assert sample(When).startswith("{from: 2026-11-30, until: 2026-11-30, weekdays: [mon or tue")


def test_what_is_missing_is_shown() -> None:
    rule = b"stempel: 1\nrules:\n  - {id: x, kind: points, earn: {points: 1, per: {money: 10}}}\n"
    told = [str(problem) for problem in problems_of(rule)]
    assert "line 3, rules[0]: 'name' is missing (write name: {ru: a text, pl: a text, en: a text})" in told
    assert any("rules[0].earn.per: a plain value belongs here, not a mapping (write" in each for each in told)
