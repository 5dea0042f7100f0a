"""What holds for every test: no screen, no trace on the machine, and the same run each time."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

_HOME = tempfile.TemporaryDirectory(prefix="stempel-home-")
TESTS = Path(__file__).parent
FAULTS = TESTS / "faults"
LONG = [TESTS / name for name in ("ui/test_scaled.py", "ui/test_layout.py", "journeys", "sync")]
"""Begun first, or one process is still at them when the others have nothing left to do."""

# Before anything imports Qt, keyring or platformdirs. Tests that want real X keys start a program of their
# own on tests.support.xvfb; a zone with summer time shows naive clocks that UTC would hide.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
os.environ["TZ"] = "Europe/Warsaw"
for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
    os.environ[variable] = str(Path(_HOME.name) / variable)
for variable in ("STEMPEL_DATA", "STEMPEL_SERVER", "STEMPEL_TOKEN"):
    os.environ.pop(variable, None)
if hasattr(time, "tzset"):
    time.tzset()

# A busy machine makes generation slow, never wrong. The same examples each run: red means changed code.
_common = settings(deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("test", _common, derandomize=True)
settings.register_profile("faults", _common, max_examples=5_000, print_blob=True)
settings.load_profile("test")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever stands in tests/faults is a long run; files that take long come first."""
    for item in items:
        if FAULTS in item.path.parents:
            item.add_marker("faults")
    items.sort(key=lambda item: _turn(item.path))


def _turn(path: Path) -> int:
    return next((turn for turn, each in enumerate(LONG) if path.is_relative_to(each)), len(LONG))
