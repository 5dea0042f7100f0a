"""The pole display on a real pair of ports, unplugged for real, in both command sets."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.lanes import Backoff
from hardware.displays.pages import PAGES, shown, two_lines
from hardware.displays.pole import Commands, PoleDisplay, PoleSettings, both_lines, wake_up
from hardware.ports import DeviceProblem, DisplayText
from hardware.simulated.display import SimulatedDisplay
from tests.hardware.contracts import CustomerDisplayContract
from tests.support.pole import Pole
from tests.support.serial_pair import SerialPair
from tests.support.told import Told

QUICK = Backoff(0.05, 0.2)


class PoleDesk:
    def __init__(self, folder: Path, commands: Commands) -> None:
        self.pair = SerialPair(folder).plug()
        self.pole = Pole(self.pair.device_end)
        settings = PoleSettings(str(self.pair.till_end), commands, page="cp852", backoff=QUICK)
        self.display = PoleDisplay(settings)

    def seen(self) -> tuple[str, str]:
        assert self.pole.odd == b""
        return self.pole.lines

    def pull(self) -> None:
        self.pair.unplug()

    def plug(self) -> None:
        self.pair.plug()


class TestPoleDisplay(CustomerDisplayContract):
    @pytest.fixture(params=["cd5220", "escpos"])
    def desk(self, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[PoleDesk]:
        desk = PoleDesk(tmp_path, request.param)
        yield desk
        assert desk.display.stop()
        desk.pole.close()
        desk.pair.unplug()

    def test_it_is_told_which_letters_to_show(self, desk: PoleDesk, told: Told):
        desk.display.show(DisplayText("Żółć"))
        desk.pole.until(lambda pole: pole.lines[0].rstrip() == "Żółć")
        assert desk.pole.font in (b"L", bytes([18]))

    def test_a_port_that_comes_late_is_waited_for(self, tmp_path: Path):
        pair, told = SerialPair(tmp_path), Told()
        display = PoleDisplay(PoleSettings(str(pair.till_end), backoff=QUICK))
        display.start(told)
        assert told.wait(DeviceProblem).code == "unreachable"
        pair.plug()
        told.wait(type(None))
        assert display.stop()
        pair.unplug()


class SimulatedDesk:
    def __init__(self) -> None:
        self.display = SimulatedDisplay()

    def seen(self) -> tuple[str, str]:
        return self.display.lines

    def pull(self) -> None:
        self.display.plug(False)

    def plug(self) -> None:
        self.display.plug(True)


class TestSimulatedDisplay(CustomerDisplayContract):
    @pytest.fixture
    def desk(self) -> Iterator[SimulatedDesk]:
        desk = SimulatedDesk()
        yield desk
        assert desk.display.stop()


@pytest.mark.parametrize(
    ("page", "text", "expected"),
    [
        ("cp852", "Żółta łódź 3,50 zł", "Żółta łódź 3,50 zł"),
        ("cp437", "Żółta łódź 3,50 zł", "Zólta lódz 3,50 zl"),
        ("cp866", "Кофе «Ёлка» 99 ₽", 'Кофе "Ёлка" 99 р'),
        ("cp852", "Кофе «Ёлка» 99 ₽", "Kofe «Elka» 99 r"),
        ("cp437", "Щука — 2 × 5 €", "Shchuka - 2 x 5 EUR"),
        ("cp858", "5 €", "5 €"),
        ("cp437", "茶 ☕", "? ?"),
        ("cp437", "e\u0301te\u0301", "été"),
    ],
)
def test_what_a_page_lacks_is_shown_as_near_as_it_can_be(page: str, text: str, expected: str):
    assert shown(text, page) == expected


@given(st.text(), st.text(), st.text(max_size=30), st.sampled_from(PAGES), st.integers(8, 40))
def test_any_text_is_two_lines_of_harmless_bytes(top: str, bottom: str, end: str, page: str, columns: int):
    lines = two_lines(DisplayText(top, bottom, end, end), columns, page)
    for line in lines:
        code = line.encode(page)
        assert len(code) == columns
        assert not any(byte < 0x20 or byte == 0x7F for byte in code)
        assert not any(unicodedata.category(char)[0] == "C" for char in line)


@given(st.text(), st.sampled_from(PAGES))
def test_no_text_becomes_a_command(text: str, page: str):
    settings = PoleSettings("COM1", page=page)
    sent = both_lines(DisplayText(text, text, text, text), settings)
    assert sent[:3] == b"\x1bQA"
    assert sent[23:27] == b"\r\x1bQB"
    assert sent[47:] == b"\r"
    assert len(wake_up(settings)) == 6


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"port": ""}, "serial port"),
        ({"port": "usb:12"}, "usb:1A86:7523"),
        ({"port": "COM1", "commands": "logic"}, "cd5220 or escpos"),
        ({"port": "COM1", "page": "utf-8"}, "cp852"),
        ({"port": "COM1", "columns": 2}, "8 to 40"),
    ],
)
def test_a_setting_that_cannot_be_says_which(settings: dict[str, object], said: str):
    with pytest.raises(ValueError, match=said):
        PoleSettings(**settings)  # type: ignore[arg-type]
