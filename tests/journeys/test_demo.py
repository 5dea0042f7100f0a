"""`stempel demo` without a screen: the sale is played, pictured, printed, synced, and counted."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

STEPS = ("start", "card", "weight", "basket", "points", "payment", "change", "receipt", "synced", "day")


def demo(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    environment = {
        key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")
    }
    environment.pop("QT_QPA_PLATFORM", None)
    command = [sys.executable, "-m", "app.main", "demo", "--folder", str(folder), *options]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=110)


@pytest.mark.parametrize(
    ("lang", "total", "headline"),
    [("pl", "68,11 zł", "Sprzedaż: 68,11 zł"), ("ru", "82,00 zł", "82,00"), ("en", "83.89 zł", "83.89")],
)
def test_the_demo_plays_a_sale_without_a_screen(tmp_path: Path, lang: str, total: str, headline: str) -> None:
    run = demo(tmp_path / "demo", "--lang", lang)
    assert run.returncode == 0, run.stderr
    assert "offscreen" in run.stdout
    assert total in run.stdout.replace("\N{NO-BREAK SPACE}", " ")
    assert headline in run.stdout.replace("\N{NO-BREAK SPACE}", " ")
    pictures = sorted(file.name for file in (tmp_path / "demo" / "pictures").iterdir())
    assert pictures == [f"{n:02}-{step}.png" for n, step in enumerate(STEPS, start=1)]
    assert run.stderr == ""


def test_the_demo_opens_again_and_never_touches_another_folder(tmp_path: Path) -> None:
    assert demo(tmp_path / "demo").returncode == 0
    again = demo(tmp_path / "demo")
    assert again.returncode == 0, again.stderr
    assert "Nr 2" in again.stdout
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "till.db").write_bytes(b"a real shop's")
    refused = demo(tmp_path / "shop", "--fresh")
    assert refused.returncode == 1
    assert "holds a real shop's data" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert (tmp_path / "shop" / "till.db").read_bytes() == b"a real shop's"
