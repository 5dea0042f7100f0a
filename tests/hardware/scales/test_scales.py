"""The serial scale on a real pair of ports, in each protocol; nonsense, silence, and the cable pulled out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.lanes import Backoff
from hardware.ports import ScaleEvent, ScaleFailed, Weighed
from hardware.scales.protocols import read_and, read_toledo
from hardware.scales.serial import ScaleSettings, SerialScale
from hardware.simulated.scale import SimulatedScale
from tests.hardware.contracts import ScaleContract
from tests.support.scale import Pan
from tests.support.serial_pair import SerialPair
from tests.support.told import Told

QUICK = Backoff(0.05, 0.2)
PROTOCOL = {"toledo": "toledo", "and": "and", "cas": "and", "stream": "and-stream"}


class SerialDesk:
    def __init__(self, folder: Path, dialect: str) -> None:
        self.pair = SerialPair(folder).plug()
        self.pan = Pan(self.pair.device_end, dialect)
        port, protocol = str(self.pair.till_end), PROTOCOL[dialect]
        settings = ScaleSettings(port, protocol, bits="8N1", ask_s=0.02, silent_s=0.4, backoff=QUICK)
        self.scale = SerialScale(settings)

    def put(self, weight_milli: int, stable: bool = True) -> None:
        self.pan.weight_milli, self.pan.stable, self.pan.code = weight_milli, stable, ""

    def overload(self) -> None:
        self.pan.code = "overload"

    def lift_the_pan(self) -> None:
        self.pan.code = "below_zero"

    def close(self) -> None:
        assert self.scale.stop()
        self.pan.close()
        self.pair.unplug()


class TestSerialScale(ScaleContract):
    @pytest.fixture(params=list(PROTOCOL))
    def desk(self, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[SerialDesk]:
        desk = SerialDesk(tmp_path, request.param)
        yield desk
        desk.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[SerialDesk]:
    desk = SerialDesk(tmp_path, "toledo")
    yield desk
    desk.close()


@pytest.fixture
def told(desk: SerialDesk) -> Told:
    told = Told()
    desk.scale.start(told)
    told.wait(Weighed)
    return told


def failed(told: Told, code: str) -> None:
    told.wait(ScaleFailed, lambda event: event.code == code)


def test_a_silent_scale_is_told_once_and_speaks_again(desk: SerialDesk, told: Told):
    desk.pan.mute = True
    failed(told, "stalled")
    time.sleep(0.6)
    assert len(told.of(ScaleFailed)) == 1
    desk.pan.mute = False
    desk.put(250)
    told.wait(Weighed, lambda event: event.weight_milli == 250)


def test_nonsense_is_no_weight(desk: SerialDesk, told: Told):
    desk.pan.garbage = b"\x0212.34\x00\xff\r"
    failed(told, "malformed")
    desk.pan.garbage = b"x" * 300
    time.sleep(0.2)
    desk.pan.garbage = b""
    desk.put(250)
    told.wait(Weighed, lambda event: event.weight_milli == 250)
    assert {event.weight_milli for event in told.of(Weighed)} == {0, 250}


def test_pulled_out_and_back(desk: SerialDesk, told: Told):
    desk.pair.unplug()
    failed(told, "unreachable")
    desk.put(777)
    desk.pair.plug()
    told.wait(Weighed, lambda event: event == Weighed(777, stable=True))
    assert [event.code for event in told.of(ScaleFailed)] == ["unreachable"]


@pytest.mark.parametrize("pause_s", [0.02, 0.06], ids=["fast", "slow"])
def test_a_stream_without_an_end_is_told_once(tmp_path: Path, pause_s: float):
    """As a scale sounds at the wrong speed."""
    pair, told = SerialPair(tmp_path).plug(), Told()
    settings = ScaleSettings(str(pair.till_end), "and-stream", bits="8N1", ask_s=0.02, silent_s=0.5)
    scale = SerialScale(settings)
    scale.start(told)
    with pair.device_end.open("wb", buffering=0) as port:
        until_s = time.monotonic() + 2.0
        while time.monotonic() < until_s:
            port.write(b"\xf3\x99\xf3\x80")
            time.sleep(pause_s)
    codes = [event.code for event in told.of(ScaleFailed)]
    assert scale.stop()
    pair.unplug()
    assert codes == ["malformed"]


class SimulatedDesk:
    def __init__(self) -> None:
        self.scale = SimulatedScale()

    def put(self, weight_milli: int, stable: bool = True) -> None:
        self.scale.put(weight_milli, stable)

    def overload(self) -> None:
        self.scale.fail("overload")

    def lift_the_pan(self) -> None:
        self.scale.fail("below_zero")


class TestSimulatedScale(ScaleContract):
    @pytest.fixture
    def desk(self) -> Iterator[SimulatedDesk]:
        desk = SimulatedDesk()
        yield desk
        assert desk.scale.stop()


@pytest.mark.parametrize(
    ("answer", "event"),
    [
        (b"\x0200.642", Weighed(642, True)),
        (b"\x0214.995", Weighed(14_995, True)),
        (b"\x0200.642N", Weighed(642, True)),
        (b"\x0201.42", ScaleFailed("unit", "the scale shows pounds")),
        (b"\x02?\x21", Weighed(300, False)),
        (b"\x02?\x22", ScaleFailed("overload")),
        (b"\x02?\x24", ScaleFailed("below_zero")),
        (b"\x02?\x30", Weighed(0, True)),
    ],
)
def test_what_an_8217_says(answer: bytes, event: ScaleEvent):
    assert read_toledo(answer, 300) == event


@pytest.mark.parametrize(
    ("answer", "event"),
    [
        (b"ST,+0001.234 kg\r", Weighed(1234, True)),
        (b"ST,+00001234  g\r", Weighed(1234, True)),
        (b"US,+0001.230 kg\r", Weighed(1230, False)),
        (b"ST,GS,+001.234kg\r", Weighed(1234, True)),
        (b"ST,NT,  0.500kg\r", Weighed(500, True)),
        (b"ST,-0000.000 kg\r", Weighed(0, True)),
        (b"ST,-0000.010 kg\r", ScaleFailed("below_zero")),
        (b"OL,+9999.999 kg\r", ScaleFailed("overload")),
        (b"OL,-9999.999 kg\r", ScaleFailed("below_zero")),
        (b"ST,+0002.721 lb\r", ScaleFailed("unit", "the scale shows 'lb'")),
        (b"QT,+00000012 PC\r", ScaleFailed("malformed", r"b'QT,+00000012 PC\r'")),
    ],
)
def test_what_an_and_scale_says(answer: bytes, event: ScaleEvent):
    assert read_and(answer) == event


@given(st.binary(max_size=80) | st.from_regex(rb"(ST|US|OL),[+-]?[0-9. ]{0,12}(kg|g)?\r?", fullmatch=True))
@example(b"ST,+.kg")
@example(b"ST,+1.kg")
@example(b"ST,+0.0001kg")
@example(b"ST,1234567890123456789kg")
@example(b"\x02?")
def test_any_bytes_are_an_event(answer: bytes):
    for event in (read_toledo(answer), read_and(answer)):
        assert isinstance(event, ScaleFailed) or event.weight_milli >= 0


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"port": "COM1", "protocol": "logic"}, "toledo, and"),
        ({"port": "COM1", "bits": "9X9"}, "7E1 or 8N1"),
        ({"port": "usb:1"}, "usb:1A86:7523"),
    ],
)
def test_a_setting_that_cannot_be_says_which(settings: dict[str, object], said: str):
    with pytest.raises(ValueError, match=said):
        ScaleSettings(**settings)  # type: ignore[arg-type]
