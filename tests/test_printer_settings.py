"""The `[printer]` section: from the settings' words to printers that stand in for each other."""

from __future__ import annotations

import queue
import time
from pathlib import Path

import pytest
from PIL import Image as PillowImage

from app.checkout.ports import Slip, Work
from app.config import FILE, ConfigProblem, load
from app.demo import prepare
from app.devices import real_devices
from app.lanes import RealWorld
from app.rig import Devices, Rig, SparePrinter
from hardware.ports import JobPrinted, PrinterChanged, PrinterState, PrintEvent
from hardware.printers.paper import Picture, interpret
from hardware.printers.profile import PROFILES
from hardware.receipt import Document, Image, PrintJob, Text
from hardware.simulated.paper import PaperPrinter

SECTION = """
[printer]
address = "tcp://192.0.2.1"
profile = "80mm?cp852=54"
logo = "logo.png"

[[printer.also]]
name = "Kuchnia"
address = "usb:04B8:0E15"
profile = "58mm"

[[printer.also]]
name = "Biuro"
address = "cups://biuro"
drawer = true
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "demo"
    prepare(folder, lang="pl")
    return folder


def settings(folder: Path, section: str) -> None:
    file = folder / FILE
    text = file.read_text("utf-8").partition("[printer]")[0]
    file.write_text(f"{text}\n{section}", "utf-8")


def test_printers_that_stand_in_are_named_in_the_settings(folder: Path) -> None:
    settings(folder, SECTION)
    devices = real_devices(load(folder))
    assert devices.printer is not None
    assert devices.profile is not None
    assert devices.profile.pages["cp852"] == 54
    assert [(spare.name, spare.profile.columns, spare.drawer) for spare in devices.spare_printers] == [
        ("Kuchnia", 32, False),
        ("Biuro", 48, True),
    ]


@pytest.mark.parametrize(
    ("section", "why"),
    [
        ('[printer]\naddress = "lpt1"', "no printer's address"),
        ('[printer]\naddress = "tcp://x"\nprofile = "A4"', "no printer profile 'A4'"),
        ('[printer]\n[[printer.also]]\nname = "K"\naddress = "usb:1"', "no USB device"),
        ('[printer]\n[[printer.also]]\naddress = "tcp://x"', "missing required field `name`"),
    ],
)
def test_a_setting_that_cannot_be_is_named(folder: Path, section: str, why: str) -> None:
    settings(folder, section)
    with pytest.raises(ConfigProblem, match=why):
        real_devices(load(folder))


def test_a_receipt_comes_out_of_the_spare_printer_with_the_shops_logo(folder: Path) -> None:
    PillowImage.new("L", (600, 100), 0).save(folder / "logo.png")
    settings(folder, '[printer]\nlogo = "logo.png"')
    own, spare = PaperPrinter(PROFILES["80mm"]), PaperPrinter(PROFILES["58mm"])
    own.set_state(PrinterState(False, code="cover_open"))
    events: queue.SimpleQueue[PrintEvent] = queue.SimpleQueue()
    rig = Rig(folder, load(folder), post=lambda call: call(), world=RealWorld())
    rig.start_devices(
        Devices(
            printer=own,
            profile=own.profile,
            spare_printers=(SparePrinter("Kuchnia", spare, spare.profile),),
        ),
        on_card=lambda event: None,
        on_scan=lambda event: None,
        on_print=events.put,
    )
    job = PrintJob(Document((Image("logo"), Text("Wydruk próbny")), "pl"), open_drawer=True)
    rig.database.write(Work(slips=(Slip("test", job),), at_ms=RealWorld().now_ms()))
    deadline_s = time.monotonic() + 60
    while not spare.jobs and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert own.jobs == ()
    (stream,) = spare.jobs
    (logo,) = [mark for mark in interpret(stream, spare.profile).marks if isinstance(mark, Picture)]
    assert logo.bitmap.width == 384
    assert spare.drawer_opened == 0
    heard: list[PrintEvent] = []
    while not any(isinstance(event, JobPrinted) for event in heard):
        heard.append(events.get(timeout=5))
    assert heard[-1] == JobPrinted(1, "Kuchnia")
    assert PrinterChanged(PrinterState(False, code="cover_open"), "Kuchnia") in heard
    assert rig.close()
