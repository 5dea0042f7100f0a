"""The version of this program, as tills and servers tell each other."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Final


def _installed() -> str:
    try:
        return version("stempel")
    except PackageNotFoundError:  # run from a checkout
        return "0"


PROGRAM: Final = _installed()
