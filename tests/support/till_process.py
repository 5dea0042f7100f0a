"""The real till in a process of its own, on a real display, watched from outside through its database."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.checkout.basket import OpenSale, from_bytes
from app.demo import prepare
from app.ledger.facts import AnyFact, SaleCompleted, decode
from app.store.connection import DatabaseFile, database_key
from app.store.database import FILE
from app.store.reader import Reader
from tests.support.xvfb import Xvfb

SCANNER_MS = 4
PERSON_MS = 200
WEDGE_GAP_MS = 185
"""More than the default: on a busy machine xdotool itself pauses amid a code."""


class TillProcess:
    """`stempel till` on the demo shop in `folder`, with whatever devices the settings name."""

    def __init__(self, folder: Path, display: Xvfb, /, **settings: dict[str, Any]) -> None:
        self.folder, self.display = folder, display
        prepare(folder, lang="pl")
        file = folder / "stempel.toml"
        # The demo's own sections give way to the test's.
        kept = file.read_text("utf-8").split("\n[scanner]")[0]
        lines = [kept]
        for section, values in settings.items():
            lines += [f"\n[{section}]", *(f"{key} = {_toml(value)}" for key, value in values.items())]
        file.write_text("\n".join(lines) + "\n", "utf-8")
        self.process: subprocess.Popen[bytes] | None = None
        self._reader: Reader | None = None

    @property
    def reader(self) -> Reader:
        """A connection of the test's own; the till knows nothing of it."""
        if self._reader is None:
            self._reader = Reader(DatabaseFile(self.folder / FILE, database_key(self.folder)))
        return self._reader

    def start(self) -> TillProcess:
        """Start, and wait until it sells: a shift is open and its window has the keyboard."""
        environment = {
            **self.display.environment,
            "STEMPEL_DATA": str(self.folder),
            "PYTHONFAULTHANDLER": "1",
        }
        self.log = (self.folder / "till.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app.main", "till"], env=environment, stdout=self.log, stderr=self.log
        )
        self.until(lambda: self.reader.open_shift() is not None)
        # The window is named after its shop once it sells.
        self.display.run("xdotool", "search", "--sync", "--onlyvisible", "--name", "Poranek", "windowfocus")
        return self

    def kill(self) -> None:
        """SIGKILL, as the power cut or the task manager would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)
        self.process = None

    def stop(self) -> None:
        """End it if it lives; the test is over."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)
            self.process = None
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    # -- what can be seen ----------------------------------------------------------------------------

    def until(self, done: Callable[[], Any], timeout_s: float = 30.0) -> None:
        """Wait for something to be so; fails with the till's own words if it never is."""
        until = time.monotonic() + timeout_s
        while not done():
            if self.process is not None and self.process.poll() is not None:
                raise AssertionError(f"the till ended: {self.told()}")
            if time.monotonic() > until:
                raise AssertionError(f"it never came to be; basket {self.basket()}; {self.told()}")
            time.sleep(0.01)

    def told(self) -> str:
        return (self.folder / "till.log").read_text("utf-8", errors="replace")[-3000:]

    def basket(self) -> OpenSale | None:
        """The open basket, as it would survive a power cut now."""
        payload = self.reader.basket()
        return None if payload is None else from_bytes(payload)

    def pieces(self) -> int:
        basket = self.basket()
        return sum(line.qty_milli for line in basket.lines) // 1000 if basket else 0

    def facts(self) -> list[AnyFact]:
        return [decode(body) for _, body in self.reader.log()]

    def sales(self) -> list[SaleCompleted]:
        return [fact for fact in self.facts() if isinstance(fact, SaleCompleted)]

    def member_name(self) -> str:
        basket = self.basket()
        member = self.reader.member(basket.member) if basket and basket.member else None
        return member.person.name if member and member.person else ""

    # -- hands ---------------------------------------------------------------------------------------

    def scan(self, code: str) -> None:
        """A wedge scanner's keys."""
        self.display.keys([*code, "Return"], every_ms=SCANNER_MS)

    def type(self, *keys: str) -> None:
        """A person's keys."""
        self.display.keys(keys, every_ms=PERSON_MS)

    def pay_cash(self, amount: str) -> None:
        """Open the payment, type a sum, take it; waits for the sale."""
        before = len(self.sales())
        self.type("F12")
        self.type(*amount, "Return")
        self.until(lambda: len(self.sales()) == before + 1)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return "[" + ", ".join(_toml(each) for each in value) + "]"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
