"""Every file of the gallery can be used, each kind has one, and each prices a basket."""

from __future__ import annotations

from pathlib import Path

import pytest

import resources
from app.loyalty.engine import compile_programme
from app.loyalty.programme import check, load_programme
from app.loyalty.rules import KINDS
from tests.loyalty.support import line, price

FILES = sorted(resources.path("programmes", "gallery").glob("*.yaml"))
BASKET = (
    line("MILK-1L", "3.49", "3", "dairy"),
    line("LATTE", "12", "2", "coffee"),
    line("CAMERA", "1999", "1", "camera"),
    line("SD", "49.90", "2", "memory-card"),
    line("COURIER", "9.90", tags=("delivery",)),
)


def test_each_kind_has_its_file() -> None:
    names = {file.stem for file in FILES}
    assert {kind.replace("_", "-") for kind in KINDS} <= names
    assert sum(name.startswith("whole-") for name in names) == 6


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_gallery_file_has_no_problem_and_prices(file: Path) -> None:
    assert check(file) == []
    programme = load_programme(file)
    if not file.stem.startswith("whole-"):
        assert file.stem.replace("-", "_") in {rule.kind for rule in programme.rules}
    compiled = compile_programme(programme)
    decision = price(compiled, *BASKET)
    assert decision.total_minor == decision.goods_minor + decision.delivery_minor - decision.discount_minor
    assert len(decision.why) == len(programme.rules)
    assert price(compiled, *BASKET, state=None).points.earned_centi == 0
