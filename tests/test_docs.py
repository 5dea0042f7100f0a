"""The documents: every link leads somewhere, every page is listed for its reader."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    pages = [page for page in (ROOT / "docs").rglob("*.md") if page.parent.name != "decisions"]
    names = {str(page.relative_to(ROOT / "docs")) for page in pages} - {"README.md"}
    assert {name for name in names if f"({name})" not in index} == set()


def test_decisions_have_numbers_of_their_own() -> None:
    numbers = [page.name[:4] for page in (ROOT / "docs" / "decisions").glob("*.md")]
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("lang", ["ru", "pl"])
def test_a_cashiers_page_names_keys_as_the_screen_does(lang: str) -> None:
    page = (ROOT / "docs" / f"use-cashier.{lang}.md").read_text("utf-8")
    named = set(re.findall(r"(?<!\*)\*([^*\n]+)\*(?!\*)", page))
    window = ET.parse(ROOT / "resources" / "translations" / f"stempel_{lang}.ts")
    shown = {each.text for each in window.iter("translation")}
    for file in (ROOT / "resources" / "texts").glob(f"*.{lang}.yaml"):
        shown.update(
            text for text in yaml.safe_load(file.read_text("utf-8")).values() if isinstance(text, str)
        )
    assert named
    assert named - shown == set()
