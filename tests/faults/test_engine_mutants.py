"""Mutants of the engine: a change of its code that no test notices is a fault of the tests.

STEMPEL_MUTANTS draws so many at random, by STEMPEL_SEED; left out, every mutant is tried of the files that
pyproject.toml names, but for those of how settings are checked and worded.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="mutants are forked")
def test_every_mutant_is_noticed_or_known_to_change_nothing() -> None:
    sample = os.environ.get("STEMPEL_MUTANTS", "0")
    seed = os.environ.get("STEMPEL_SEED", "1")
    options = ["--deciding", "--sample", sample, "--seed", seed]
    command = [sys.executable, "-m", "tests.faults.mutants", *options]
    ended = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert ended.returncode == 0, ended.stdout[-20_000:]
