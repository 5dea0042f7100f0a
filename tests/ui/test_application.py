"""The program's one application: how large it shows everything is settled before it is made."""

from __future__ import annotations

import os
import subprocess
import sys


def dots(zoom: int, **environment: str) -> float:
    """How many dots of the screen a till of that zoom gives each of its own."""
    code = f"""
from app.ui.application import application, enlarge
enlarge({zoom})
print(application().primaryScreen().devicePixelRatio())
"""
    env = {name: value for name, value in os.environ.items() if name != "QT_SCALE_FACTOR"} | environment
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True)
    return float(done.stdout)


def test_the_shops_zoom_enlarges_everything_unless_the_desktop_says_otherwise() -> None:
    assert dots(140) == 1.4
    assert dots(140, QT_SCALE_FACTOR="2") == 2.0
