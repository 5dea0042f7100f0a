"""What panels have in common: none is modal, and a scan is never lost to one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.screens import views
from app.screens.tools import TOOLS, make, menu
from app.texts import LANGUAGES
from app.ui import scenes

LATTE = scenes.LATTE
OPENED = [tool.key for tool in TOOLS if not tool.place.startswith("acts:")]


@pytest.fixture
def stage() -> Iterator[scenes.Stage]:
    with scenes.Stage("en") as made:
        made.hire()
        made.sale.repaint()
        made.sale.pick("anna")
        for key in "1234":
            made.sale.key(key)
        made.sale.take()
        scenes.selling.selling(made)
        yield made


def test_a_scan_is_rung_up_whatever_is_open(stage: scenes.Stage) -> None:
    for key in OPENED:
        stage.sale.open_tool(key)
        pieces = sum(line.qty_milli for line in stage.till.sale.lines)
        stage.sale.scan(LATTE)
        assert sum(line.qty_milli for line in stage.till.sale.lines) == pieces + 1000, key


def test_escape_leads_back_to_ringing_up(stage: scenes.Stage) -> None:
    for key in OPENED:
        stage.sale.open_tool(key)
        stage.sale.leave()
        assert isinstance(stage.sale.view.middle, views.Favourites), key


def test_every_panel_speaks_every_language(stage: scenes.Stage) -> None:
    """A text that a catalogue lacks is an error where the panel is shown."""
    for lang in LANGUAGES:
        stage.sale.switch_language(lang)
        for key in OPENED:
            stage.sale.open_tool(key)
            assert getattr(stage.sale.view.middle, "title", "x"), key


def test_the_menu_shows_what_the_shop_has(stage: scenes.Stage) -> None:
    assert {"staff", "lock", "open_price"} <= {tool.key for tool in menu(stage.till)}
    with scenes.Stage("en") as other:
        assert {"staff", "lock"}.isdisjoint(tool.key for tool in menu(other.till))


def test_what_cannot_be_used_now_does_not_open(stage: scenes.Stage) -> None:
    stage.sale.detach()
    assert make("member", stage.sale) is None
