"""A screen of the test's own (Xvfb), and hands on its keyboard (xdotool)."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence

import pytest


class Xvfb:
    """A virtual X display. `environment` is what a program needs to appear on it."""

    def __init__(self, size: str = "1280x800x24") -> None:
        self._size = size
        self._process: subprocess.Popen[bytes] | None = None
        self.display = ""

    def start(self) -> Xvfb:
        """Start on a free display number; returns once it takes connections."""
        read_end, write_end = os.pipe()
        self._process = subprocess.Popen(
            [
                "Xvfb",
                "-displayfd",
                str(write_end),
                "-screen",
                "0",
                self._size,
                "-nolisten",
                "tcp",
                "-noreset",
            ],
            pass_fds=(write_end,),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(write_end)
        with os.fdopen(read_end) as told:
            number = told.readline().strip()
        if not number:
            raise RuntimeError("Xvfb did not start: is it installed?")
        self.display = f":{number}"
        return self

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "DISPLAY": self.display, "QT_QPA_PLATFORM": "xcb"}

    def run(self, *command: str) -> str:
        """Run an X client to its end and return what it printed."""
        done = subprocess.run(command, env=self.environment, check=True, capture_output=True, text=True)
        return done.stdout

    def layout(self, name: str) -> None:
        """Switch the keyboard's layout: "us", "ru", "pl"."""
        self.run("setxkbmap", name)

    def keys(self, keys: Sequence[str], every_ms: int = 4) -> None:
        """Press keys one after the other; keysym names, or key codes of two and more digits."""
        self.run("xdotool", "key", "--clearmodifiers", "--delay", str(every_ms), *keys)


@pytest.fixture(scope="module")
def xvfb() -> Iterator[Xvfb]:
    """A display for the tests of one module."""
    display = Xvfb().start()
    yield display
    display.stop()
