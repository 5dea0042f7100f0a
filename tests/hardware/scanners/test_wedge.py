"""Scans out of timed key presses, without a keyboard: the rules of the decoder."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.ports import Scan
from hardware.scanners.keys import TABLES, character
from hardware.scanners.wedge import WedgeScanner, WedgeSettings
from tests.hardware.contracts import ScannerContract
from tests.support.told import Told


class Keyboard:
    """Presses keys on a wedge scanner; `typed` is what came back as typing."""

    def __init__(self, settings: WedgeSettings | None = None) -> None:
        self.scanner: WedgeScanner[str] = WedgeScanner(settings)
        self.now_ms = 1_000
        self.typed: list[str] = []

    def keys(self, text: str, every_ms: int = 5) -> None:
        for char in text:
            self.now_ms += every_ms
            self.typed += self.scanner.press(self.now_ms, char, char)

    def silence(self) -> None:
        self.now_ms += 60
        self.typed += self.scanner.idle()

    def fire(self, text: str) -> None:
        self.keys(text + "\n")


class TestWedgeScanner(ScannerContract):
    @pytest.fixture
    def desk(self) -> Keyboard:
        return Keyboard()


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def keyboard(told: Told) -> Keyboard:
    keyboard = Keyboard()
    keyboard.scanner.start(told)
    return keyboard


def scans(told: Told) -> list[str]:
    return [scan.text for scan in told.of(Scan)]


@pytest.mark.parametrize("end", ["\n", "\t", "\n\n", "\t\n"])
def test_enter_and_tab_end_a_scan_and_are_swallowed_with_it(keyboard: Keyboard, told: Told, end: str):
    keyboard.keys("4006381333931" + end)
    keyboard.silence()
    assert scans(told) == ["4006381333931"]
    assert keyboard.typed == []


def test_silence_ends_a_scan_without_a_suffix(keyboard: Keyboard, told: Told):
    keyboard.keys("4006381333931")
    assert scans(told) == []
    keyboard.silence()
    assert scans(told) == ["4006381333931"]


def test_the_next_key_after_silence_ends_it_too(keyboard: Keyboard, told: Told):
    # The program was busy: the pause was there, but nobody could call idle in it.
    keyboard.keys("4006381333931")
    keyboard.now_ms += 300
    keyboard.keys("5901234123457\n")
    assert scans(told) == ["4006381333931", "5901234123457"]


def test_two_codes_in_one_burst_are_two_scans(keyboard: Keyboard, told: Told):
    keyboard.keys("4006381333931\n5901234123457\n", every_ms=1)
    assert scans(told) == ["4006381333931", "5901234123457"]


def test_typing_comes_back_whole_and_in_order(keyboard: Keyboard, told: Told):
    keyboard.keys("milk 2\n", every_ms=120)
    keyboard.silence()
    assert "".join(keyboard.typed) == "milk 2\n"
    assert scans(told) == []


def test_fast_fingers_are_no_scan(keyboard: Keyboard, told: Told):
    keyboard.keys("the", every_ms=30)
    keyboard.silence()
    keyboard.keys("12\n", every_ms=40)
    assert "".join(keyboard.typed) == "the12\n"
    assert scans(told) == []


def test_a_key_held_down_is_no_scan(keyboard: Keyboard, told: Told):
    keyboard.keys("0" * 30, every_ms=33)
    keyboard.silence()
    assert "".join(keyboard.typed) == "0" * 30
    assert scans(told) == []


def test_a_scan_amid_typing_takes_only_its_own_keys(keyboard: Keyboard, told: Told):
    keyboard.keys("ab", every_ms=120)
    keyboard.now_ms += 100
    keyboard.keys("4006381333931\n")
    keyboard.keys("cd", every_ms=120)
    keyboard.silence()
    assert "".join(keyboard.typed) == "abcd"
    assert scans(told) == ["4006381333931"]


def test_enter_pressed_by_hand_well_after_a_scan_is_typing(keyboard: Keyboard, told: Told):
    keyboard.fire("4006381333931")
    keyboard.now_ms += 200
    keyboard.keys("\n")
    assert keyboard.typed == ["\n"]


def test_a_slow_scanner_needs_its_gap_set(told: Told):
    for gap_ms, expected in ((50, []), (100, ["4006381333931"])):
        keyboard = Keyboard(WedgeSettings(gap_ms=gap_ms))
        keyboard.scanner.start(told)
        keyboard.keys("4006381333931\n", every_ms=80)
        assert scans(told) == expected


def test_a_prefix_makes_short_codes_scans_and_everything_else_typing(told: Told):
    keyboard = Keyboard(WedgeSettings(prefix="~", suffix="#"))
    keyboard.scanner.start(told)
    keyboard.keys("~A#\n")
    keyboard.keys("4006381333931\n")
    assert scans(told) == ["A"]
    assert "".join(keyboard.typed) == "4006381333931\n"


def test_a_clock_that_jumps_back_is_silence(keyboard: Keyboard, told: Told):
    keyboard.keys("4006381333931")
    keyboard.now_ms = 0
    keyboard.keys("ab", every_ms=5)
    keyboard.silence()
    assert scans(told) == ["4006381333931"]
    assert keyboard.typed == ["a", "b"]


def test_after_stop_held_keys_are_typing(keyboard: Keyboard, told: Told):
    keyboard.keys("4006381333931")
    keyboard.scanner.stop()
    keyboard.silence()
    assert "".join(keyboard.typed) == "4006381333931"
    assert scans(told) == []


@settings(max_examples=500)
@given(st.lists(st.tuples(st.sampled_from("0a\n\t~"), st.integers(0, 120)), max_size=60))
def test_every_key_is_typed_once_or_scanned_once(keys: list[tuple[str, int]]):
    told, keyboard = Told(), Keyboard()
    keyboard.scanner.start(told)
    for char, gap_ms in keys:
        keyboard.keys(char, gap_ms)
    keyboard.silence()
    assert not keyboard.scanner.holding
    kept = "".join(char for char, _ in keys if char not in "\n\t")
    typed = [char for char in keyboard.typed if char not in "\n\t"]
    assert sorted("".join(scans(told)) + "".join(typed)) == sorted(kept)


# -- keys ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("platform", TABLES)
def test_every_platform_has_every_character_of_a_us_keyboard(platform: str):
    keys, keypad = TABLES[platform]
    assert sorted(keys.values()) == sorted("1234567890-=qwertyuiop[]asdfghjkl;'`\\zxcvbnm,./ ")
    assert sorted(keypad.values()) == sorted("0123456789.+-*/")
    shifted = {character(platform, code, True, "") for code in keys}
    assert shifted == set('!@#$%^&*()_+QWERTYUIOP{}ASDFGHJKL:"~|ZXCVBNM<>? ')


def test_the_key_decides_and_not_the_layout():
    assert character("x11", 46, False, "д") == "l"
    assert character("x11", 46, True, "Д") == "L"


def test_a_keypad_key_without_a_text_is_an_arrow():
    assert character("x11", 79, False, "7") == "7"
    assert character("x11", 79, False, "") == ""


def test_an_unknown_key_is_what_the_layout_says():
    assert character("x11", 0, False, "ż") == "ż"
    assert character("other", 46, False, "д") == "д"
    assert character("x11", 9, False, "\x1b") == ""
