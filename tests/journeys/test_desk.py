"""A whole desk on the real till: weighed on the scale, paid on the terminal, registered, shown on a pole."""

from __future__ import annotations

import json
import time
from pathlib import Path

from tests.support.pole import Pole
from tests.support.scale import Pan
from tests.support.serial_pair import SerialPair
from tests.support.till_process import WEDGE_GAP_MS, TillProcess
from tests.support.xvfb import Xvfb

APPLES, LATTE = "5901234000185", "5901234000062"


def test_a_sale_over_every_device_of_the_desk(xvfb: Xvfb, tmp_path: Path) -> None:
    (tmp_path / "pole").mkdir()
    (tmp_path / "pan").mkdir()
    wire, cable = SerialPair(tmp_path / "pole").plug(), SerialPair(tmp_path / "pan").plug()
    pole, pan = Pole(wire.device_end), Pan(cable.device_end, "toledo")
    pan.weight_milli = 642
    till = TillProcess(
        tmp_path / "till",
        xvfb,
        reader={"enabled": False},
        scanner={"wedge_gap_ms": WEDGE_GAP_MS},
        display={"port": str(wire.till_end)},
        scale={"port": str(cable.till_end), "bits": "8N1"},
        terminal={"kind": "simulated"},
        fiscal={"mode": "simulated", "rules": "pl"},
    )
    try:
        till.start()
        pole.until(lambda pole: pole.lines[0].startswith("Sklep Poranek"), 30)
        till.scan(APPLES)
        till.until(lambda: till.basket() is not None and till.basket().lines)  # type: ignore[union-attr]
        for _ in range(20):  # Enter takes nothing until the weight lies still
            till.type("Return")
            if till.basket().lines[0].qty_milli == 642:  # type: ignore[union-attr]
                break
            time.sleep(0.5)
        pole.until(lambda pole: pole.lines == ("Jabłka Gala, l 19,20", "Razem       19,20 zł"), 10)
        till.scan(LATTE)
        till.until(lambda: len(till.basket().lines) == 2)  # type: ignore[union-attr]
        till.type("F12", "F9")
        till.until(lambda: len(till.sales()) == 1)
        (sale,) = till.sales()
        pole.until(lambda pole: pole.lines[0].startswith("Dziękujemy!"), 10)
        assert sale.total_minor == 31_20
        charged = json.loads((till.folder / "simulated-terminal.json").read_text())
        assert charged == {sale.tenders[0].request: 31_20}
        registered = json.loads((till.folder / "simulated-fiscal.json").read_text())["documents"]
        assert [entry["kind"] for entry in registered] == ["open", "sale"]
        assert registered[1]["number"] == sale.fiscal
    finally:
        till.stop()
        pole.close()
        pan.close()
        wire.unplug()
        cable.unplug()
