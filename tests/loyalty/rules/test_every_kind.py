"""Each kind of rule is its own file, and has its own tests in a file of its name."""

from __future__ import annotations

from pathlib import Path

import pytest

import app.loyalty.rules
from app.loyalty.rules import KINDS, price


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_has_tests_of_its_own(kind: str) -> None:
    file = Path(__file__).with_name(f"test_{kind}.py")
    assert file.exists(), f"write {file.name}: worked examples of what the kind must be able to say"
    assert f"kind: {kind}" in file.read_text("utf-8")


def test_no_file_here_is_about_anything_but_one_kind() -> None:
    files = {file.stem.removeprefix("test_") for file in Path(__file__).parent.glob("test_*.py")}
    assert files - {"every_kind"} == set(KINDS)


def test_a_kind_is_known_by_the_name_of_its_file() -> None:
    kinds = type(KINDS)()
    files = {file.stem for file in Path(app.loyalty.rules.__path__[0]).glob("*.py")} - {"__init__"}
    assert (set(kinds), len(kinds)) == (files, len(files))
    assert "price" in kinds
    assert "prise" not in kinds
    assert kinds["price"] is kinds["price"] is price.KIND
    with pytest.raises(KeyError, match="prise"):
        kinds["prise"]
