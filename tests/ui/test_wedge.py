"""The wedge filter in a real window under a real X server, with keys pressed by xdotool."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.wedge_probe import SCANNER_GAP_MS
from tests.support.xvfb import Xvfb, xvfb

__all__ = ["xvfb"]

ROOT = Path(__file__).parents[2]
EAN = "4006381333931"
KEYCODES = {char: str(10 + i) for i, char in enumerate("1234567890-=")} | {
    char: str(first + i)
    for first, row in ((24, "qwertyuiop[]"), (38, "asdfghjkl;'`"), (51, "\\zxcvbnm,./"))
    for i, char in enumerate(row)
}
"""Keys of a US keyboard by their X key codes, as a scanner presses them under any layout."""
ENTER = "36"
SILENT_S = SCANNER_GAP_MS / 1000 + 0.1


class Window:
    """The probe program and what it says of itself."""

    def __init__(self, display: Xvfb) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.wedge_probe"],
            env=display.environment,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tell(self, command: str = "") -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def wait(self, test: Callable[[dict[str, Any]], bool], timeout_s: float = 5.0) -> dict[str, Any]:
        until_s = time.monotonic() + timeout_s
        while not test(state := self.tell()):
            assert time.monotonic() < until_s, state
            time.sleep(0.02)
        return state

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        assert self._process.wait(10) == 0


@pytest.fixture(scope="module")
def shown(xvfb: Xvfb) -> Iterator[Window]:
    window = Window(xvfb)
    yield window
    window.close()


@pytest.fixture
def window(shown: Window, xvfb: Xvfb) -> Window:
    """The window with an empty, focused field and a US layout."""
    xvfb.layout("us")
    shown.tell("reset")
    shown.wait(lambda state: state["focused"] and not state["dialog_open"])
    return shown


def codes(text: str) -> list[str]:
    """The keys a scanner presses for a text; capitals with Shift."""
    return [f"shift+{KEYCODES[c.lower()]}" if c.isupper() else KEYCODES[c] for c in text]


def scan(display: Xvfb, text: str, *after: str) -> None:
    display.keys([*codes(text), *after])


def test_a_scan_reaches_the_till_and_no_field(window: Window, xvfb: Xvfb):
    scan(xvfb, EAN, ENTER)
    state = window.wait(lambda state: state["scans"])
    assert state["scans"] == [[EAN, None]]
    assert (state["most_seen"], state["clicks"], state["shortcuts"]) == ("", 0, 0)


@pytest.mark.parametrize("layout", ["ru", "pl", "us"])
def test_the_layout_does_not_matter(window: Window, xvfb: Xvfb, layout: str):
    xvfb.layout(layout)
    scan(xvfb, "Loy-00017-aZ.;[", ENTER)
    state = window.wait(lambda state: state["scans"])
    assert state["scans"] == [["Loy-00017-aZ.;[", None]]
    assert state["most_seen"] == ""


def test_a_person_types_in_his_own_layout(window: Window, xvfb: Xvfb):
    xvfb.layout("ru")
    window.tell("typing")
    xvfb.keys(codes("vjkjrj2"), every_ms=160)
    state = window.wait(lambda state: len(state["text"]) == 7)
    assert state["text"] == "молоко2"
    assert state["scans"] == []


def test_typed_keys_arrive_once_with_their_shift(window: Window, xvfb: Xvfb):
    window.tell("typing")
    xvfb.keys(codes("Ann"), every_ms=160)
    xvfb.keys(["BackSpace", *codes("aA")], every_ms=160)
    assert window.wait(lambda state: len(state["text"]) == 4)["text"] == "AnaA"


def test_a_fast_roll_over_two_keys_is_typing_in_order(window: Window, xvfb: Xvfb):
    window.tell("typing")
    xvfb.keys(codes("th"), every_ms=10)
    time.sleep(0.2)
    xvfb.keys(codes("er"), every_ms=10)
    assert window.wait(lambda state: len(state["text"]) == 4)["text"] == "ther"


def test_two_codes_in_one_burst(window: Window, xvfb: Xvfb):
    xvfb.keys([*codes(EAN), ENTER, *codes("5901234123457"), ENTER], every_ms=2)
    state = window.wait(lambda state: len(state["scans"]) == 2)
    assert [text for text, _ in state["scans"]] == [EAN, "5901234123457"]
    assert state["most_seen"] == ""


def test_a_missing_suffix_ends_in_silence(window: Window, xvfb: Xvfb):
    scan(xvfb, EAN)
    state = window.wait(lambda state: state["scans"])
    assert state["scans"] == [[EAN, None]]
    assert state["most_seen"] == ""


def test_tab_and_a_doubled_enter_leave_the_focus_and_the_button_alone(window: Window, xvfb: Xvfb):
    window.tell("button")
    scan(xvfb, EAN, "Tab")
    scan(xvfb, EAN, ENTER, ENTER)
    state = window.wait(lambda state: len(state["scans"]) == 2)
    time.sleep(SILENT_S)
    assert window.tell()["clicks"] == 0
    assert state["shortcuts"] == 0


def test_a_modal_dialog_swallows_no_scan_and_is_not_answered_by_it(window: Window, xvfb: Xvfb):
    window.tell("dialog")
    window.wait(lambda state: state["dialog_open"] and state["focused"])
    scan(xvfb, EAN, ENTER)
    state = window.wait(lambda state: state["scans"])
    assert state["scans"] == [[EAN, None]]
    assert (state["dialog_text"], state["dialog_open"]) == ("", True)
    window.tell("typing")
    xvfb.keys([*codes("12"), ENTER], every_ms=160)
    assert window.wait(lambda state: not state["dialog_open"])["dialog_text"] == "12"


def test_enter_and_space_by_hand_still_press_a_button(window: Window, xvfb: Xvfb):
    window.tell("button")
    window.tell("typing")
    xvfb.keys(["space"])
    assert window.wait(lambda state: state["clicks"] == 1)["scans"] == []


def test_shortcuts_work_by_hand_and_never_by_a_scan(window: Window, xvfb: Xvfb):
    scan(xvfb, "555555", ENTER)
    assert window.wait(lambda state: state["scans"])["shortcuts"] == 0
    window.tell("typing")
    xvfb.keys(["F9", ENTER], every_ms=160)
    assert window.wait(lambda state: state["shortcuts"] == 2)["text"] == ""


def test_aim_identifier_and_group_separator(window: Window, xvfb: Xvfb):
    # ] and C and 1, then GS as a keyboard says it: Ctrl and ].
    xvfb.keys([*codes("]C"), *codes("1010400638133393110ab"), "ctrl+35", *codes("3103001256"), ENTER])
    state = window.wait(lambda state: state["scans"])
    assert state["scans"] == [["010400638133393110ab\x1d3103001256", "]C1"]]


def test_a_busy_window_neither_tears_a_scan_nor_makes_one_of_typing(window: Window, xvfb: Xvfb):
    window.tell("busy 20 250")
    scan(xvfb, EAN, ENTER)
    state = window.wait(lambda state: state["scans"])
    assert state["scans"] == [[EAN, None]]
    assert state["most_seen"] == ""
    window.tell("typing")
    window.tell("busy 20 900")
    xvfb.keys(codes("milk"), every_ms=160)
    state = window.wait(lambda state: len(state["text"]) == 4)
    assert (state["text"], len(state["scans"])) == ("milk", 1)


def test_a_key_held_down_repeats_as_typing(window: Window, xvfb: Xvfb):
    window.tell("typing")
    xvfb.run("xdotool", "keydown", "38")
    time.sleep(1.2)  # an X server repeats after 0.66 s, 25 times a second
    xvfb.run("xdotool", "keyup", "38")
    state = window.wait(lambda state: len(state["text"]) > 5)
    assert set(state["text"]) == {"a"}
    assert state["scans"] == []


def test_garbage_is_survived_and_the_next_code_is_read(window: Window, xvfb: Xvfb):
    """A scanner set to another keyboard: arrows, functions, commands and half codes among its characters."""
    garbage = [
        "Escape",
        *codes("40063"),
        "Left",
        "F9",
        *codes("]]"),
        "ctrl+24",
        "BackSpace",
        "Delete",
        "Home",
    ]
    xvfb.keys([*garbage, *codes("81a"), "shift+Tab", "Up", "ctrl+35", *codes("x")], every_ms=2)
    time.sleep(SILENT_S)
    before = len(window.tell()["scans"])
    scan(xvfb, EAN, ENTER)
    state = window.wait(lambda state: len(state["scans"]) > before)
    assert state["scans"][-1] == [EAN, None]
    assert EAN not in state["most_seen"]
