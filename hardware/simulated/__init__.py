"""The desk without devices: a reader to tap, a scanner to fire, a drawer to count.

It must never stand beside a real shop's data: whoever could tap a made-up card there could spend a real
member's points. A folder is a demo's if the desk was the first to be set up in it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from hardware.ports import DeviceProblem

MARK: Final = "DEMO-SHOP"
"""The file that says of a data folder that its shop is made up."""


def claim_demo(data_dir: Path) -> None:
    """Take a data folder for the simulated desk; the composition root calls this before it builds one.

    Marks an absent or empty folder as a demo's, accepts one that is marked, and refuses any other with
    DeviceProblem "simulated_beside_real". Nothing in the folder is changed then.
    """
    mark = data_dir / MARK
    if mark.exists():
        return
    if data_dir.exists() and any(data_dir.iterdir()):
        raise DeviceProblem(
            "simulated_beside_real",
            f"{data_dir} holds a real shop's data: choose an empty folder for the demo, or real devices here",
        )
    data_dir.mkdir(parents=True, exist_ok=True)
    mark.write_text("This folder holds a made-up shop. Its till may run on simulated devices.\n", "utf-8")
