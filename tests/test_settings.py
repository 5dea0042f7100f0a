"""Settings changed on the screen: the rest of the file stays, and what would not start a till is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

import resources
from app.config import FILE, ConfigProblem, load
from app.settings import KEYS, change, settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    text = resources.path("demo", FILE).read_text("utf-8")
    (tmp_path / FILE).write_text(f"# the shop's own words\n{text}", "utf-8")
    return tmp_path


def test_every_setting_that_is_offered_exists(folder: Path) -> None:
    assert [one.key for one in settings(load(folder))] == list(KEYS)


def test_one_line_changes_and_comments_stay(folder: Path) -> None:
    before = (folder / FILE).read_text("utf-8").splitlines()
    config = change(folder, "shop.name", "Sklep „Pod Lipą”")
    after = (folder / FILE).read_text("utf-8").splitlines()
    assert config.shop.name == "Sklep „Pod Lipą”"
    assert load(folder) == config
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert len(changed) == 1


def test_a_file_that_an_editor_put_a_mark_before_can_be_changed(folder: Path) -> None:
    file = folder / FILE
    file.write_text("\ufeff" + file.read_text("utf-8"), "utf-8")
    assert change(folder, "till.zoom", "140") == load(folder)
    assert load(folder).till.zoom == 140


def test_a_section_that_was_not_there_is_made(folder: Path) -> None:
    assert change(folder, "scale.port", "COM4").scale.port == "COM4"
    assert change(folder, "display.window", "true").display.window is True


def test_a_number_is_written_as_one(folder: Path) -> None:
    assert change(folder, "till.zoom", "140").till.zoom == 140


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("till.theme", "pink"),
        ("server.url", "office.example"),
        ("till.zoom", "90"),
        ("till.zoom", "large"),
        ("shop.currency", "EUR"),
    ],
)
def test_what_the_till_could_not_start_with_is_not_written(folder: Path, key: str, value: str) -> None:
    before = (folder / FILE).read_bytes()
    with pytest.raises(ConfigProblem):
        change(folder, key, value)
    assert (folder / FILE).read_bytes() == before
    assert [entry.name for entry in folder.iterdir()] == [FILE], "nothing is left lying about"


def test_a_printers_model_stays_a_choice(folder: Path) -> None:
    change(folder, "printer.profile", "TM-T20III")
    profile = next(one for one in settings(load(folder)) if one.key == "printer.profile")
    assert profile.value in profile.choices
