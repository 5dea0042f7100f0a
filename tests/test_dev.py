"""The script that sets everything up, and what it installs from."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
LOCKS = [ROOT / "requirements.txt", ROOT / "requirements-dev.txt"]


@pytest.fixture
def dev(tmp_path: Path) -> Any:
    """The script as a module, pointed at an empty checkout."""
    loader = SourceFileLoader("stempel_dev", str(ROOT / "dev"))
    spec = spec_from_loader("stempel_dev", loader)
    assert spec is not None
    module: Any = module_from_spec(spec)
    dont_write, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    loader.exec_module(module)
    sys.dont_write_bytecode = dont_write
    module.VENV = tmp_path / ".venv"
    return module


def pins(lock: Path) -> set[str]:
    return set(re.findall(r"^[a-z0-9.-]+==[^ ;\\]+", lock.read_text("utf-8"), re.MULTILINE))


def test_alone_it_lists_its_commands() -> None:
    told = subprocess.run([sys.executable, ROOT / "dev"], capture_output=True, text=True)
    assert told.returncode == 0
    for command in ("demo", "test", "check", "format", "lock", "faults", "bench", "screenshots"):
        assert re.search(rf"^  {command} +\w", told.stdout, re.MULTILINE)


def test_an_unknown_command_is_an_error() -> None:
    assert subprocess.run([sys.executable, ROOT / "dev", "tset"], capture_output=True).returncode == 2


@pytest.mark.skipif(sys.platform == "win32", reason="Debian's package tools")
def test_who_may_not_install_gets_one_command_to_run(
    dev: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = tmp_path / "dpkg-query"
    query.write_text("#!/bin/sh\necho gcc installed\necho swig not-installed\n")
    query.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/nowhere")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(dev.Stop) as stopped:
        dev.install_packages("gcc swig xvfb")
    assert (
        "su - -c 'apt-get update && apt-get install -y --no-install-recommends swig xvfb'"
        in str(stopped.value).splitlines()[-1]
    )


def test_a_stamp_is_only_good_for_what_it_was_made_from(dev: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    monkeypatch.setattr(dev, "install_packages", lambda names: steps.append("packages"))
    monkeypatch.setattr(dev, "make_venv", lambda: dev.VENV.mkdir(exist_ok=True))
    monkeypatch.setattr(dev, "pip", lambda *arguments, expected=0: steps.append(arguments[-1]))
    dev.set_up("run")
    assert steps == ["packages", str(LOCKS[0]), str(ROOT)]
    dev.set_up("run")
    assert len(steps) == 3, "nothing changed, nothing done"
    dev.set_up("test")
    assert steps[4] == str(LOCKS[1])
    dev.set_up("run")
    assert len(steps) == 6, "the larger set-up holds the smaller"
    monkeypatch.setattr(dev, "fingerprint", lambda: "another lock")
    dev.set_up("run")
    assert len(steps) == 9


def test_an_interrupted_set_up_is_done_again(dev: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: str, expected: int = 0) -> None:
        raise KeyboardInterrupt

    steps: list[str] = []
    monkeypatch.setattr(dev, "install_packages", lambda names: None)
    monkeypatch.setattr(dev, "make_venv", lambda: dev.VENV.mkdir(exist_ok=True))
    monkeypatch.setattr(dev, "pip", interrupted)
    with pytest.raises(KeyboardInterrupt):
        dev.set_up("test")
    monkeypatch.setattr(dev, "pip", lambda *arguments, expected=0: steps.append(arguments[-1]))
    dev.set_up("test")
    assert steps == [str(LOCKS[1]), str(ROOT)]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_has_hashes_and_no_address(lock: Path) -> None:
    text = lock.read_text("utf-8")
    assert "://" not in text
    assert "--index-url" not in text
    entries = re.split(r"\n(?=\S)", text.strip())
    assert len(entries) > 50
    assert all("--hash=sha256:" in entry for entry in entries)


def test_what_the_till_ships_is_part_of_what_was_tested() -> None:
    shipped, tested = map(pins, LOCKS)
    assert shipped < tested
    assert not any(pin.startswith(("pytest", "pandas", "completejourney")) for pin in shipped)
