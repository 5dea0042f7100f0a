"""Sound cues: patterns that can be told apart, once for each cue."""

from __future__ import annotations

import sys

import pytest
from pytestqt.qtbot import QtBot

from app.screens.views import Cue
from app.ui.sounds import Sounds


@pytest.mark.parametrize(("kind", "beeps"), [("ok", 1), ("paid", 2), ("refused", 3), ("", 0)])
def test_each_cue_has_its_number_of_beeps(qtbot: QtBot, kind: str, beeps: int) -> None:
    heard: list[None] = []
    sounds = Sounds(lambda: heard.append(None))
    sounds.hear(Cue(kind, 1))
    qtbot.wait(260)
    assert len(heard) == beeps


def test_the_same_view_again_is_silent(qtbot: QtBot) -> None:
    heard: list[None] = []
    sounds = Sounds(lambda: heard.append(None))
    for cue in (Cue("ok", 1), Cue("ok", 1), Cue("ok", 2)):
        sounds.hear(cue)
    assert len(heard) == 2


def test_beeps_leave_nothing_behind(qtbot: QtBot) -> None:
    sounds = Sounds(lambda: None)
    sounds.hear(Cue("refused", 1))
    qtbot.wait(200)
    before = sys.getrefcount(None)
    for number in range(2, 52):
        sounds.hear(Cue("refused", number))
    qtbot.wait(200)
    assert sys.getrefcount(None) - before < 20
