"""Every programme of the gallery explains itself in three languages, with every form it needs."""

from __future__ import annotations

from pathlib import Path

import pytest

import resources
from app.checkout.wording import spoken
from app.loyalty.programme import load_programme
from app.loyalty.terms import explain
from app.texts import LANGUAGES, texts

FILES = sorted(resources.path("programmes").rglob("*.yaml"))


def say(file: Path, lang: str) -> list[str]:
    """A programme's terms as lines of text."""
    words = texts(lang)
    programme = load_programme(file)
    lines: list[str] = []
    for rule in explain(programme):
        lines.append(rule.name.get(lang))
        for term in rule.terms:
            names = {key: name.get(lang) for key, name in term.names.items()}
            values = {**spoken(words, programme.currency, term.params), **names}
            lines.append("  " + words.get(f"terms.{term.code}", **values))
    return lines


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_programme_explains_itself(file: Path, lang: str) -> None:
    lines = say(file, lang)
    assert not any("{" in line for line in lines)
    assert len(lines) >= 2


def test_the_demo_programme_in_plain_polish() -> None:
    said = [
        line.replace("\N{NO-BREAK SPACE}", " ")
        for line in say(resources.path("programmes", "demo.yaml"), "pl")
    ]
    assert "  3 w cenie 2; najtańsze gratis" in said
    assert "  Od 40,00 zł: rabat 10 %" in said
    assert "  Owoce: 2 % wraca w punktach" in said
    assert "  100 punktów to 1,00 zł" in said
