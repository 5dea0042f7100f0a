"""What is plugged in: on a real pcscd, running, stopped and frozen, and on trees like Linux's own."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict
from pathlib import Path

import pytest
from smartcard import scard

from hardware.cards.session import ReaderState
from hardware.devices import (
    Device,
    describe_reader,
    list_card_readers,
    list_devices,
    list_print_queues,
    list_serial_ports,
    list_usb_printers,
    with_uses,
)
from tests.support.virtual_card import ntag213
from tests.support.vpcd import Pcscd, pcscd, pcscd_stopped

__all__ = ["pcscd", "pcscd_stopped"]


def by_name(devices: list[Device]) -> dict[str, Device]:
    return {device.name: device for device in devices}


def test_readers_with_and_without_a_card(pcscd: Pcscd):
    pcscd.insert(ntag213("04A1B2C3D4E580"))
    time.sleep(0.5)  # pcscd looks for cards every 0.4 s
    found = by_name(list_card_readers())
    assert found["pcscd"].state == "ready"
    assert found["Till 00 00"].state == "card"
    assert found["Till 00 01"].state == "ready"
    assert not any(device.wrong for device in found.values())


def test_a_mute_card_is_no_fault_of_the_reader():
    # vpcd has no card that fails to power up: the state word alone is made up.
    reader = describe_reader(ReaderState("Till", scard.SCARD_STATE_PRESENT | scard.SCARD_STATE_MUTE))
    assert (reader.state, reader.wrong) == ("mute", False)
    assert "turn it round" in reader.todo


def test_no_service_says_how_to_start_it(pcscd_stopped: Pcscd):
    (service,) = list_card_readers()
    assert (service.state, service.wrong) == ("away", False)
    assert "pcscd.socket" in service.todo


def test_a_frozen_service_is_not_waited_for(pcscd: Pcscd):
    pcscd.freeze()
    started_s = time.monotonic()
    (service,) = list_card_readers(0.3)
    assert time.monotonic() - started_s < 1.0
    assert (service.state, service.wrong) == ("silent", True)
    assert "Restart" in service.todo
    pcscd.thaw()


def test_serial_ports_say_their_lasting_address_and_who_may_not_open_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    # There is no USB bus here: the list of ports is made up, the files are real.
    class Port:
        manufacturer, product, description = "Honeywell", "Scanner", "Scanner"
        vid, pid, serial_number = 0x0C2E, 0x0B61, "SN7"

        def __init__(self, device: Path) -> None:
            self.device = str(device)

    there, gone = tmp_path / "ttyACM0", tmp_path / "ttyACM1"
    there.touch()
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: [Port(gone), Port(there)])
    ready, closed = list_serial_ports()
    assert (ready.name, ready.state, ready.address) == ("Honeywell Scanner", "ready", "usb:0C2E:0B61:SN7")
    assert (closed.state, closed.wrong) == ("closed", True)
    assert "dialout" in closed.todo


class Plugged:
    """A USB bus, as pyserial lists it: there is none here to plug into."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self._folder = folder
        self._ports: list[object] = []
        monkeypatch.setattr("serial.tools.list_ports.comports", lambda: list(self._ports))

    def plug(self, name: str, vid: int, pid: int, number: str | None) -> None:
        (self._folder / name).touch()

        class Port:
            manufacturer, product, description = "Maker", "Thing", "Thing"
            device = str(self._folder / name)

        port = Port()
        port.vid, port.pid, port.serial_number = vid, pid, number  # type: ignore[attr-defined]
        self._ports.append(port)

    def pull_all(self) -> None:
        self._ports.clear()
        for file in self._folder.iterdir():
            file.unlink()


def test_settings_find_their_devices_after_ports_were_renamed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """Scale and display swap their ports overnight; by what they are, each is still itself."""
    bus = Plugged(monkeypatch, tmp_path)
    wanted = {"scale": "usb:0403:6001:A1", "display": "usb:1A86:7523", "scanner": "usb:0C2E:0B61:SN7"}
    bus.plug("ttyUSB0", 0x0403, 0x6001, "A1")
    bus.plug("ttyUSB1", 0x1A86, 0x7523, None)
    bus.plug("ttyACM0", 0x0C2E, 0x0B61, "SN7")
    for names in (("ttyUSB0", "ttyUSB1", "ttyACM0"), ("ttyUSB1", "ttyUSB0", "ttyACM3")):
        bus.pull_all()
        for name, (vid, pid, number) in zip(
            names, ((0x0403, 0x6001, "A1"), (0x1A86, 0x7523, None), (0x0C2E, 0x0B61, "SN7")), strict=True
        ):
            bus.plug(name, vid, pid, number)
        used = {device.used: device.detail for device in with_uses(list_serial_ports(), wanted)}
        assert used == {
            "scale": str(tmp_path / names[0]),
            "display": str(tmp_path / names[1]),
            "scanner": str(tmp_path / names[2]),
        }


def test_a_device_that_the_settings_name_and_nobody_plugged_in_is_missed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    bus = Plugged(monkeypatch, tmp_path)
    bus.plug("ttyUSB0", 0x0403, 0x6001, "B2")
    (other, away) = with_uses(list_serial_ports(), {"scale": "usb:0403:6001:A1"})
    assert other.used == ""
    assert (away.state, away.used, away.wrong) == ("away", "scale", True)
    assert "[scale]" in away.todo


def test_usb_printers_from_the_system_tree(tmp_path: Path):
    for name, text in {
        "1-2/manufacturer": "EPSON",
        "1-2/product": "TM-T20III",
        "1-2:1.0/bInterfaceClass": "07",
        "1-2:1.0/usbmisc/lp0/dev": "180:0",
        "1-3/product": "Keyboard",
        "1-3:1.0/bInterfaceClass": "03",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text + "\n")
    (ready,) = list_usb_printers(tmp_path, lambda path: True)
    assert ready == Device(
        "printer", "EPSON TM-T20III", "ready", "file:///dev/usb/lp0", detail="/dev/usb/lp0"
    )
    for name, text in (("idVendor", "04b8"), ("idProduct", "0e28"), ("serial", "X3Y")):
        (tmp_path / "1-2" / name).write_text(text + "\n")
    (named,) = list_usb_printers(tmp_path, lambda path: True)
    assert named.address == "usb:04B8:0E28:X3Y"
    (closed,) = list_usb_printers(tmp_path, lambda path: False)
    assert (closed.state, closed.wrong) == ("closed", True)
    assert "lp" in closed.todo
    assert list_usb_printers(tmp_path / "nothing") == []


def test_print_queues(tmp_path: Path):
    spooler = tmp_path / "lpstat"
    for script, expected in (("printf 'kitchen\\nbar\\n'", ["kitchen", "bar"]), ("exit 1", [])):
        spooler.write_text(f"#!/bin/sh\n{script}\n")
        spooler.chmod(0o755)
        assert [queue.name for queue in list_print_queues(2.0, str(spooler))] == expected
    assert list_print_queues(2.0, str(tmp_path / "absent")) == []


def test_a_spooler_that_hangs_is_not_waited_for(tmp_path: Path):
    spooler = tmp_path / "lpstat"
    spooler.write_text("#!/bin/sh\nexec sleep 20\n")
    spooler.chmod(0o755)
    (silent,) = list_print_queues(0.2, str(spooler))
    assert (silent.state, silent.wrong) == ("silent", True)


def test_everything_together_is_plain_data(pcscd_stopped: Pcscd):
    devices = list_devices(1.0)
    assert json.loads(json.dumps([asdict(device) for device in devices]))[0]["kind"] == "card service"
    assert os.environ["PCSCLITE_CSOCK_NAME"]
