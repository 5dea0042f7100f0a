"""The same measures on a screen scaled to 200 % and 150 %: Qt takes the factor when a program starts."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


def measured(factor: str, which: str) -> None:
    """The layout's tests in a process of their own, at a scale."""
    command = [sys.executable, "-m", "pytest", "-q", "--timeout=0", "tests/ui/test_layout.py", "-k", which]
    env = {**os.environ, "QT_SCALE_FACTOR": factor}
    for variable in [name for name in env if name.startswith("PYTEST_")]:
        del env[variable]  # a worker's own, which another run must not take for its
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
    assert " passed" in done.stdout


def test_no_word_is_cut_at_200_percent() -> None:
    """In the language with the longest words; all of them stand in the long runs."""
    measured("2", "1366x768 and ru")


@pytest.mark.faults
@pytest.mark.parametrize("factor", ["1.5", "2"])
def test_no_word_is_cut_at_any_scale(factor: str) -> None:
    measured(factor, "1024x768 or 1366x768 or 1920x1080")
